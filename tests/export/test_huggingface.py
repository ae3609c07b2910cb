"""A model in transformers translates as it does in our own code."""

import json

import pytest
import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from clearhead import checkpoint, cli
from clearhead.config import DecodingConfig
from clearhead.engines import directory, parity
from clearhead.engines.pytorch import PyTorchEngine
from clearhead.errors import CheckpointError, EngineError
from clearhead.export import huggingface
from clearhead.export.write import REPORT, export
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.vocabulary import EOS, PAD
from tests.engines.test_ctranslate2 import SHAPES, TEXTS, write_model

ALLOWED = sorted(SHAPES.keys() - {"swiglu", "rms", "learned", "rotary", "all of them"})


@pytest.fixture(scope="module", params=ALLOWED)
def exported(request, tmp_path_factory):
    """A model and the folder that transformers reads."""
    folder = tmp_path_factory.mktemp("models")
    model = write_model(folder / "model", languages=("de", "fr"), **SHAPES[request.param])
    export(model, folder / "hf", "huggingface")
    return model, folder / "hf"


def test_the_proof_is_kept_beside_it(exported):
    report = json.loads((exported[1] / REPORT).read_text())
    assert report["sources"] >= 9
    assert report["greedy_tokens"] >= 3 * report["sources"]
    assert (exported[1] / "README.md").read_bytes() == (exported[0] / "README.md").read_bytes()
    modes = {file.stat().st_mode & 0o777 for file in exported[1].iterdir()}
    assert modes == {(exported[0] / "config.json").stat().st_mode & 0o777}
    assert report["largest_difference"] < 1e-4
    assert report["versions"]["transformers"]


def test_logits_are_the_same_with_padding_and_in_any_batch(exported):
    model, folder = exported
    theirs = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    ours = PyTorchEngine.load(model)
    srcs = parity.random_sources(model, seed=5)[:6]
    tgts = [src[1:-1] for src in parity.random_sources(model, seed=6)[:6]]
    width, length = max(map(len, srcs)), max(map(len, tgts)) + 1
    src = torch.tensor([[*row, *[PAD] * (width - len(row))] for row in srcs])
    tgt = torch.tensor([[PAD, *row, *[EOS] * (length - 1 - len(row))] for row in tgts])
    with torch.no_grad():
        logits = theirs(input_ids=src, attention_mask=src != PAD, decoder_input_ids=tgt).logits
    log_probs = logits.log_softmax(dim=-1)
    for row, expected in enumerate(ours.score(srcs, tgts, allowed_only=True)):
        right = torch.tensor([*tgts[row], EOS])
        found = log_probs[row, : len(right)].gather(1, right[:, None]).squeeze(1)
        assert torch.allclose(found, torch.tensor(expected), atol=1e-4)


def test_text_becomes_the_same_ids_and_comes_back(exported):
    model, folder = exported
    theirs, ours = AutoTokenizer.from_pretrained(folder), directory.read_tokenizer(model)
    for text in ("a b three", "nine 😀 x", "Ωé", "ten."):
        expected = [*ours.encode(text, to="fr"), EOS]
        for given in (f">>fr<< {text}", f">>fr<<{text}", f">>fr<<  {text} "):
            assert theirs(given)["input_ids"] == expected
        assert theirs.decode(expected, skip_special_tokens=True).removeprefix(">>fr<<").strip() == text


def test_it_never_writes_controls(exported):
    model, folder = exported
    theirs = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    assert theirs.generation_config.num_beams == DecodingConfig().beam_size
    found = theirs.generate(
        torch.tensor([[7, 8, EOS]]), do_sample=True, num_beams=1, max_length=40, num_return_sequences=20
    )
    forbidden = torch.tensor(sorted(directory.read_tokenizer(model).forbidden_ids - {PAD}))
    assert not torch.isin(found, forbidden).any()


@pytest.mark.parametrize("wrong", ["order", "start", "norm"])
def test_a_wrong_form_is_refused_and_leaves_nothing(wrong, tmp_path, monkeypatch):
    model = write_model(tmp_path / "model", norm="pre", languages=("de", "fr"))
    renamed = huggingface._renamed

    def changed(weights, shape):
        for name, tensor in renamed(weights, shape):
            if wrong == "order" and name.endswith("layers.1.fc1.weight"):
                yield name, tensor[:, torch.arange(tensor.shape[1]).roll(1)]
            elif wrong == "start" and name == "model.shared.weight":
                tensor[PAD] = tensor[PAD + 3]
                yield name, tensor
            elif wrong == "norm" and name.endswith("encoder.layer_norm.bias"):
                yield name, tensor + 0.05
            else:
                yield name, tensor

    monkeypatch.setattr(huggingface, "_renamed", changed)
    with pytest.raises(EngineError, match="does not run in transformers as it does in PyTorch"):
        export(model, tmp_path / "hf", "huggingface")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]


def test_a_wrong_tokenizer_is_refused(tmp_path, monkeypatch):
    model = write_model(tmp_path / "model", languages=("de", "fr"))
    write = huggingface._write_tokenizer

    def changed(tokenizer, folder):
        write(tokenizer, folder)
        file = folder / "vocab.json"
        tags = {">>de<<": ">>fr<<", ">>fr<<": ">>de<<"}
        vocabulary = json.loads(file.read_text())
        file.write_text(json.dumps({tags.get(piece, piece): i for piece, i in vocabulary.items()}))

    monkeypatch.setattr(huggingface, "_write_tokenizer", changed)
    with pytest.raises(EngineError, match=r"cuts .* otherwise"):
        export(model, tmp_path / "hf", "huggingface")
    assert not (tmp_path / "hf").exists()


def test_what_has_no_form_is_refused_in_a_line(tmp_path, capsys):
    untied = write_model(tmp_path / "untied", norm="pre", tied_embeddings=False)
    with pytest.raises(EngineError, match="not tied has no form"):
        export(untied, tmp_path / "hf", "huggingface")
    for name in ("swiglu", "rms", "learned", "rotary"):
        model = write_model(tmp_path / name, **SHAPES[name])
        with pytest.raises(EngineError, match=f"{name}' has no form in transformers; "):
            export(model, tmp_path / "hf", "huggingface")
    model = write_model(tmp_path / "model")
    words = Tokenizer.train(TEXTS, kind="word", vocab_size=300)
    files = directory.files_of(model)
    checkpoint.write_directory(model, {**files, directory.TOKENIZER: words.to_bytes()})
    with pytest.raises(EngineError, match="word vocabulary has no form"):
        export(model, tmp_path / "hf", "huggingface")
    with pytest.raises(CheckpointError, match="already there"):
        export(untied, tmp_path, "huggingface")
    with pytest.raises(SystemExit):
        cli.main(["export", "--model", str(untied), "--format", "huggingface", "--out", str(tmp_path / "hf")])
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "hf").exists()


def test_ctranslate2_is_written_by_the_same_command(tmp_path, capsys):
    model = write_model(tmp_path / "model")
    cli.main(["export", "--model", str(model), "--format", "ctranslate2", "--out", str(tmp_path / "ct2")])
    assert "proved on 9 sources" in capsys.readouterr().out
    assert (tmp_path / "ct2" / "model.bin").exists()
    for file in ("README.md", "tokenizer.model"):
        assert (tmp_path / "ct2" / file).read_bytes() == (model / file).read_bytes()
    assert json.loads((tmp_path / "ct2" / REPORT).read_text())["versions"]["ctranslate2"]
