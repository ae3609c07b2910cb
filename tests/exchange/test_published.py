"""A directory of anybody's: what is wrong with it is said in a line before anything of it is loaded or run."""

import io
import json
import pickle
import struct

import pytest
import torch
from safetensors.numpy import load_file, save_file
from transformers import MarianConfig, MarianMTModel

from clearhead import cli
from clearhead.errors import EngineError
from clearhead.exchange import huggingface
from clearhead.exchange.marian import import_model
from clearhead.text.tokenizer import Tokenizer

PIECES = ["</s>", "<unk>", "▁a", "b", "c", "<pad>"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The files of a MarianMT directory with nothing learned."""
    folder = tmp_path_factory.mktemp("published")
    settings = {f"{side}_{name}": 8 for side in ("encoder", "decoder") for name in ("ffn_dim",)}
    settings |= {
        f"{side}_{name}": 2 for side in ("encoder", "decoder") for name in ("layers", "attention_heads")
    }
    ids = {"pad_token_id": 5, "decoder_start_token_id": 5, "eos_token_id": 0, "forced_eos_token_id": 0}
    shape = {"d_model": 8, "vocab_size": len(PIECES), "max_position_embeddings": 64}
    MarianMTModel(MarianConfig(**settings, **ids, **shape, scale_embedding=True)).save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(
        json.dumps({**MarianConfig().to_dict(), **config, **settings, **shape})
    )
    spm = Tokenizer.train(["a b c"], kind="char", vocab_size=300).to_bytes()
    for name in ("source.spm", "target.spm"):
        (folder / name).write_bytes(spm)
    (folder / "vocab.json").write_text(json.dumps({piece: i for i, piece in enumerate(PIECES)}))
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture
def folder(files, tmp_path):
    (tmp_path / "theirs").mkdir()
    for name, content in files.items():
        (tmp_path / "theirs" / name).write_bytes(content)
    return tmp_path / "theirs"


@pytest.fixture(autouse=True)
def talkative():
    """Let transformers log, as it does where nobody silenced it before."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_warning()
    yield
    logging.set_verbosity(before)


@pytest.fixture
def refused(folder, capsys, monkeypatch):
    """Return what is said of the folder, which must be one line, and nothing loaded or left behind."""

    def loaded(*args, **settings):
        raise AssertionError("it was loaded")

    monkeypatch.setattr(huggingface, "Transformers", loaded)

    def said():
        with pytest.raises(SystemExit) as stopped:
            cli.main(["import", str(folder), "--out", str(folder.parent / "ours")])
        assert stopped.value.code == 1
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert [path.name for path in folder.parent.iterdir()] == ["theirs"]
        return error

    return said


def edit(file, **values):
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def test_what_is_right_is_loaded(folder, monkeypatch):
    """The other tests would be worth nothing if this were refused as well."""

    def loaded(*args, **settings):
        raise EngineError("it was loaded")

    monkeypatch.setattr(huggingface, "Transformers", loaded)
    with pytest.raises(EngineError, match="it was loaded"):
        import_model(folder, folder.parent / "ours")


NUMBERS = (
    *("vocab_size", "d_model", "encoder_layers", "decoder_layers", "encoder_attention_heads"),
    *("encoder_ffn_dim", "max_position_embeddings", "pad_token_id", "eos_token_id", "decoder_start_token_id"),
)
ODD = ("8", "", None, 2.5, True, [8], {"a": 1}, -1, 0, 10**9, 10**30, float("nan"), float("inf"))


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_of_every_kind_are_refused(name, folder, refused):
    right = json.loads((folder / "config.json").read_text())
    for value in ODD:
        if type(value) is int and (right[name] == value or (value == 0 and name.endswith("_id"))):
            continue  # which is right, or may be
        both = {each: value for each in (name, name.replace("encoder_", "decoder_")) if each in right}
        (folder / "config.json").write_text(json.dumps({**right, **both}))
        assert str(folder) in refused(), value


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("activation_function", 5, "configuration"),
        ("activation_function", "__import__('os')", "activation"),
        ("dropout", "much", "configuration"),
        ("dropout", 7, "dropout"),
        ("dropout", float("nan"), "not a number"),
        ("scale_embedding", "yes", "scale_embedding"),
        ("tie_word_embeddings", 1, "tie_word_embeddings"),
        ("share_encoder_decoder_embeddings", "no", "share_encoder_decoder_embeddings"),
        ("model_type", ["marian"], "family ['marian']"),
        ("clearhead", {"format_version": 10**9, "model": {}}, ""),
        ("num_beams", "six", "num_beams"),
        ("num_beams", 10**9, "num_beams"),
    ],
)
def test_settings_of_other_kinds_are_refused(name, value, said, folder, refused, monkeypatch):
    if name == "clearhead":  # read only where `<s>` is named too
        edit(folder / "config.json", bos_token_id=4)
        vocabulary = json.loads((folder / "vocab.json").read_text())
        del vocabulary["c"]
        (folder / "vocab.json").write_text(json.dumps({**vocabulary, "<s>": 4}))
        said = "'clearhead' in it has format version 1000000000"
    (folder / "generation_config.json").unlink(missing_ok=True)
    edit(folder / "config.json", **{name: value})
    assert said in refused()


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("config.json", b"[" * 200_000, "nested"),
        ("config.json", b"[]", "no JSON object"),
        ("config.json", b"\xff\xfe", "cannot read"),
        ("vocab.json", b"[]", "no JSON object"),
        (
            "vocab.json",
            json.dumps({piece: str(i) for i, piece in enumerate(PIECES)}).encode(),
            "whole numbers",
        ),
        (
            "vocab.json",
            json.dumps({piece: float(i) for i, piece in enumerate(PIECES)}).encode(),
            "whole numbers",
        ),
        (
            "vocab.json",
            json.dumps({piece: 10**9 * i for i, piece in enumerate(PIECES)}).encode(),
            "count from 0",
        ),
        ("vocab.json", json.dumps({f"\ud800{p}": i for i, p in enumerate(PIECES)}).encode(), "surrogate"),
        (
            "vocab.json",
            json.dumps({"</s>": 0, "<unk>": 1, "\ud800": 2, "b": 3, "c": 4, "<pad>": 5}).encode(),
            "surrogate",
        ),
        ("source.spm", b"", "cannot be read"),
        ("source.spm", bytes(1000), "cannot be read"),
        ("target.spm", b"\x0a\xff\xff\xff\xff\x0f", "cannot be read"),
        ("tokenizer_config.json", b"[]", "no JSON object"),
        (
            "tokenizer_config.json",
            b'{"tokenizer_class": "PreTrainedTokenizerFast"}',
            "only 'MarianTokenizer'",
        ),
        ("generation_config.json", b'{"num_beams": {"a": 1}}', "num_beams"),
        ("adapter_config.json", b"{}", "adapter"),
        ("model.safetensors", b"", "model.safetensors"),
        ("model.safetensors", struct.pack("<Q", 1 << 60) + b"{}", "model.safetensors"),
        ("model.safetensors", struct.pack("<Q", 2) + b"{}", "has no weights for"),
    ],
)
def test_damaged_files_are_refused(file, content, said, folder, refused):
    (folder / file).write_bytes(content)
    assert said in refused()


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("model.shared.weight", (1 << 40, 1 << 10)),
        ("model.encoder.layers.0.fc1.weight", (1 << 20, 1 << 20)),
        ("final_logits_bias", (1, 1 << 50)),
    ],
)
def test_a_header_that_lies_of_its_sizes_is_refused(name, shape, folder, refused):
    data = (folder / "model.safetensors").read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    header[name]["shape"] = list(shape)
    header[name]["data_offsets"] = [0, 4 * shape[0] * shape[1]]
    packed = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(packed)) + packed + data[8 + length :])
    assert "cannot read" in refused()


@pytest.mark.parametrize("name", ["model.shared.weight", "model.decoder.layers.1.encoder_attn.v_proj.bias"])
def test_weights_of_another_shape_or_kind_are_refused(name, folder, refused):
    weights = load_file(folder / "model.safetensors")
    for wrong in (weights[name][..., :-1].copy(), weights[name].astype("int32")):
        save_file({**weights, name: wrong}, folder / "model.safetensors", metadata={"format": "pt"})
        assert name in refused()
    del weights[name]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    assert f"no weights for {name}" in refused()


class Harm:
    """Makes a file when it is unpickled."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return open, (str(self.file), "w")


def test_nothing_is_unpickled(folder, refused):
    mark = folder.parent / "harm"
    pickle.loads(pickle.dumps(Harm(mark))).close()
    assert mark.exists()  # that is how it would be
    mark.unlink()
    (folder / "model.safetensors").unlink()
    written = io.BytesIO()
    torch.save(Harm(mark), written)
    for name in ("pytorch_model.bin", "model.safetensors.bin", "tf_model.h5", "optimizer.pt"):
        (folder / name).write_bytes(written.getvalue())
    assert "pickled weights are not read here" in refused()
    assert not mark.exists()


def test_no_code_of_the_folder_is_run(folder):
    """What it names as its own classes has no effect: it is read as a MarianMT model."""
    mark = folder.parent / "harm"
    (folder / "own.py").write_text(f"open({str(mark)!r}, 'w')\nclass Own: pass\n")
    names = ("AutoConfig", "AutoModelForSeq2SeqLM", "AutoTokenizer")
    for file in ("config.json", "tokenizer_config.json"):
        if not (folder / file).exists():
            (folder / file).write_text("{}")
        edit(folder / file, auto_map=dict.fromkeys(names, "own.Own"))
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Harm(mark)))
    cli.main(["import", str(folder), "--out", str(folder.parent / "ours")])
    assert (folder.parent / "ours" / "model.safetensors").exists()
    assert not mark.exists()
