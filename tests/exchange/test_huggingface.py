"""A model in transformers translates as it does in our own code."""

import json
from dataclasses import replace

import ctranslate2
import numpy as np
import pytest
import torch
from ctranslate2.converters import TransformersConverter
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, GenerationConfig

from clearhead import cli, model_directory
from clearhead.config import DecodingConfig
from clearhead.decoding.hypothesis import Hypothesis
from clearhead.engines import conversion, parity
from clearhead.engines.pytorch import PyTorchEngine
from clearhead.errors import CheckpointError, EngineError
from clearhead.exchange import huggingface, vocabulary
from clearhead.exchange.marian import import_model
from clearhead.exchange.write import REPORT, export
from clearhead.model.transformer import Transformer
from clearhead.storage import folders
from clearhead.storage.tensors import read_arrays
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.vocabulary import BOS, EOS, PAD
from tests.engines.test_ctranslate2 import SHAPES, TEXTS, write_model

REFUSED = {"swiglu", "rms", "learned", "rotary", "all of them"}
FORMS = {
    **{name: {"languages": ("de", "fr"), **SHAPES[name]} for name in sorted(SHAPES.keys() - REFUSED)},
    "symbols, one target, 6+2": {"symbols": True, "num_encoder_layers": 6, "num_decoder_layers": 2},
    "symbols, three targets": {"symbols": True, "languages": ("de", "es", "fr"), "norm": "pre"},
}


@pytest.fixture(scope="module", params=FORMS)
def exported(request, tmp_path_factory):
    """A model and the folder that transformers reads."""
    folder = tmp_path_factory.mktemp("models")
    model = write_model(folder / "model", **FORMS[request.param])
    export(model, folder / "hf", "huggingface")
    return model, folder / "hf"


def test_it_comes_back_as_it_was(exported, tmp_path, request):
    """Everything that is said of it, letter for letter; weights bit for bit, or but for rounding in post-norm."""
    model, folder = exported
    import_model(folder, tmp_path / "back")
    for file in (model_directory.CONFIG, model_directory.TOKENIZER, model_directory.CARD):
        assert (tmp_path / "back" / file).read_bytes() == (model / file).read_bytes()
    before, after = (read_arrays(each / model_directory.WEIGHTS) for each in (model, tmp_path / "back"))
    assert before.keys() == after.keys()
    rounding = 0 if model_directory.read_info(model).model.norm == "pre" else 2e-6
    for name in before:
        np.testing.assert_allclose(after[name], before[name], rtol=0, atol=rounding)
    srcs, tgts = (parity.random_sources(model, seed=seed) for seed in (7, 8))
    scores = [PyTorchEngine.load(each).score(srcs, tgts) for each in (model, tmp_path / "back")]
    for one, other in zip(*scores, strict=True):  # of all ids, those that are never produced too
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-4)
    if request.node.callspec.params["exported"] in ("output bias", "swish"):  # the others have no other way
        assert conversion.converted(tmp_path / "back").exists()  # proved by its making


class Converted:
    """What CTranslate2's own converter makes of a folder, run as the guide does."""

    def __init__(self, folder, out):
        TransformersConverter(str(folder)).convert(str(out))
        self.translator, self.tokenizer = (
            ctranslate2.Translator(str(out)),
            AutoTokenizer.from_pretrained(folder),
        )
        banned = GenerationConfig.from_pretrained(folder).suppress_tokens
        known = json.loads((out / "shared_vocabulary.json").read_text())
        pieces = self.tokenizer.convert_ids_to_tokens(banned)
        self.never = [[piece] for piece in pieces if piece in known]
        self.their_ids = vocabulary.their_ids(len(self.tokenizer.get_vocab()))

    def translate(self, srcs, options):
        most = options.decoding.max_length_offset
        for number, src in enumerate(srcs):
            words = self.tokenizer.convert_ids_to_tokens([self.their_ids[i] for i in src])
            found = self.translator.translate_batch(
                [words],
                beam_size=1,
                max_input_length=0,
                max_decoding_length=most,
                suppress_sequences=self.never,
            )
            ids = self.tokenizer.convert_tokens_to_ids(found[0].hypotheses[0])
            tokens = tuple(self.their_ids.index(i) for i in ids)
            yield number, [Hypothesis(tokens, 0.0, 0.0, (), truncated=False, repetition=False)]


def test_the_converter_of_ctranslate2_makes_the_same_of_it(exported, tmp_path):
    model, folder = exported
    theirs = Converted(folder, tmp_path / "ct2")
    theirs.score = PyTorchEngine.load(
        model
    ).score  # translations are compared, where they part a tie is allowed
    proof = parity.compare(model, theirs, "after CTranslate2's converter", parity.random_sources(model))
    assert proof.greedy_tokens >= 3 * proof.sources


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
    tgt = torch.tensor([[BOS, *row, *[EOS] * (length - 1 - len(row))] for row in tgts])
    moved = torch.tensor(vocabulary.their_ids(theirs.config.vocab_size))
    with torch.no_grad():
        found = theirs(input_ids=moved[src], attention_mask=src != PAD, decoder_input_ids=moved[tgt])
    logits = found.logits[..., moved]
    logits[..., sorted(model_directory.read_tokenizer(model).forbidden_ids)] = -torch.inf
    log_probs = logits.log_softmax(dim=-1)
    for row, expected in enumerate(ours.score(srcs, tgts, allowed_only=True)):
        right = torch.tensor([*tgts[row], EOS])
        found = log_probs[row, : len(right)].gather(1, right[:, None]).squeeze(1)
        assert torch.allclose(found, torch.tensor(expected), atol=1e-4)


def test_text_becomes_the_same_ids_and_comes_back(exported):
    model, folder = exported
    theirs, ours = AutoTokenizer.from_pretrained(folder), model_directory.read_tokenizer(model)
    their_ids = vocabulary.their_ids(ours.vocab_size)
    to, tag = ("fr", ">>fr<<") if ours.languages else (None, "")
    for text in ("a b three", "nine 😀 x", "Ωé", "ten."):
        expected = [their_ids[i] for i in [*ours.encode(text, to=to), EOS]]
        for given in (f"{tag} {text}", f"{tag}{text}", f"{tag}  {text} "):
            assert theirs(given)["input_ids"] == expected
        assert theirs.decode(expected, skip_special_tokens=True).removeprefix(tag).strip() == text


def test_it_never_writes_controls(exported):
    model, folder = exported
    theirs = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    assert theirs.generation_config.num_beams == DecodingConfig().beam_size
    their_ids = vocabulary.their_ids(theirs.config.vocab_size)
    found = theirs.generate(
        torch.tensor([[their_ids[i] for i in (7, 8, EOS)]]),
        do_sample=True,
        num_beams=1,
        max_length=40,
        num_return_sequences=20,
    )
    forbidden = [their_ids[i] for i in model_directory.read_tokenizer(model).forbidden_ids - {BOS}]
    assert not torch.isin(found, torch.tensor(forbidden)).any()
    for row in found[:, 1:]:  # after the end nothing but padding, before it none
        end = (row == their_ids[EOS]).nonzero().flatten().tolist()[0]
        assert not (row[:end] == their_ids[BOS]).any()


@pytest.mark.parametrize("wrong", ["order", "start", "norm"])
def test_a_wrong_form_is_refused_and_leaves_nothing(wrong, tmp_path, monkeypatch):
    model = write_model(tmp_path / "model", norm="pre", languages=("de", "fr"))
    renamed = huggingface._renamed

    def changed(weights, shape):
        for name, tensor in renamed(weights, shape):
            if wrong == "order" and name.endswith("layers.1.fc1.weight"):
                yield name, tensor[:, torch.arange(tensor.shape[1]).roll(1)]
            elif wrong == "start" and name == "model.shared.weight":
                tensor[-1] = tensor[2]
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
    write = vocabulary.write

    def changed(tokenizer, folder):
        write(tokenizer, folder)
        file = folder / "vocab.json"
        tags = {">>de<<": ">>fr<<", ">>fr<<": ">>de<<"}
        vocabulary = json.loads(file.read_text())
        file.write_text(json.dumps({tags.get(piece, piece): i for piece, i in vocabulary.items()}))

    monkeypatch.setattr(vocabulary, "write", changed)
    with pytest.raises(EngineError, match=r"splits .* into other tokens"):
        export(model, tmp_path / "hf", "huggingface")
    assert not (tmp_path / "hf").exists()


def test_what_has_no_form_is_refused_in_a_line(tmp_path, capsys):
    untied = write_model(tmp_path / "untied", norm="pre", tied_embeddings=False)
    with pytest.raises(EngineError, match=r"cannot represent .* not tied"):
        export(untied, tmp_path / "hf", "huggingface")
    for name in ("swiglu", "rms", "learned", "rotary"):
        model = write_model(tmp_path / name, **SHAPES[name])
        with pytest.raises(EngineError, match=f"cannot represent .*{name}', only "):
            export(model, tmp_path / "hf", "huggingface")
    model = write_model(tmp_path / "model")
    words = Tokenizer.train(TEXTS, kind="word", vocab_size=300)
    info = model_directory.read_info(model)
    shape = replace(info.model, vocab_size=words.vocab_size)
    weights = {name: p.detach().numpy() for name, p in Transformer(shape).named_parameters()}
    info = replace(info, model=shape, tokenizer=words.kind)
    folders.write_directory(model, model_directory.model_files(info, weights, words, "a model of words"))
    with pytest.raises(EngineError, match="cannot represent a word vocabulary"):
        export(model, tmp_path / "hf", "huggingface")
    with pytest.raises(CheckpointError, match="already exists"):
        export(untied, tmp_path, "huggingface")
    with pytest.raises(SystemExit):
        cli.main(["export", "--model", str(untied), "--format", "huggingface", "--out", str(tmp_path / "hf")])
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "hf").exists()


def test_ctranslate2_is_written_by_the_same_command(tmp_path, capsys):
    model = write_model(tmp_path / "model")
    cli.main(["export", "--model", str(model), "--format", "ctranslate2", "--out", str(tmp_path / "ct2")])
    assert "verified on 9 sources" in capsys.readouterr().out
    assert (tmp_path / "ct2" / "model.bin").exists()
    for file in ("README.md", "tokenizer.model"):
        assert (tmp_path / "ct2" / file).read_bytes() == (model / file).read_bytes()
    assert json.loads((tmp_path / "ct2" / REPORT).read_text())["versions"]["ctranslate2"]
