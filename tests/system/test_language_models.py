"""A language model from text to text: trained, resumed, measured, written with, looked into, exported."""

import contextlib
import io
import json
import math
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from clearhead import cli, model_directory
from clearhead.config import DecodingConfig, ModelConfig
from clearhead.engines.protocol import SearchOptions
from clearhead.errors import ConfigError, DataError, EngineError, TranslationError
from clearhead.exchange.write import export
from clearhead.grammar.grammar import generate
from clearhead.inspection.maps import AttentionMaps
from clearhead.measuring.perplexity import perplexity_of_text
from clearhead.storage.tensors import read_arrays
from clearhead.text.vocabulary import EOS
from clearhead.translator import Translator
from clearhead.translator.generation import Writer

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "language-models.md"
SETTINGS = """
preset = "tiny"
[tokenizer]
vocab_size = 380
[model]
kind = "lm"
d_model = 32
d_ff = 64
num_heads = 2
num_decoder_layers = 2
norm = "pre"
[training]
batch_tokens = 400
warmup_steps = 10
learning_rate = 0.05
max_steps = 40
valid_every = 20
save_every = 20
label_smoothing = 0.0
threads = 1
precision = "fp32"
"""


def run(*words):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        cli.main([str(word) for word in words])
    return out.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("lm")
    for part, count in (("train", 400), ("valid", 20), ("test", 30)):
        examples = list(generate(1, count, part=part))
        for language in ("en", "fr"):
            (path / f"{part}.{language}").write_text("".join(f"{each.text(language)}\n" for each in examples))
    (path / "lm.toml").write_text(SETTINGS)
    return path


def train(folder, out, *more):
    flags = ["--source", folder / "train.en", "--valid-source", folder / "valid.en"]
    run("train", "--config", folder / "lm.toml", *flags, "--out", out, *more)
    return out


@pytest.fixture(scope="module")
def trained(folder):
    return train(folder, folder / "run")


@pytest.fixture(scope="module")
def writer(trained):
    return Writer.load(trained)


@pytest.fixture(scope="module")
def translating(folder):
    """A translator of the same kind, hardly trained."""
    target = ("--target", folder / "train.fr", "--valid-target", folder / "valid.fr")
    return train(folder, folder / "translator", *target, "--training.max-steps", 2)


def test_it_learns_from_lines_without_a_source(trained, folder):
    info = model_directory.read_info(trained / "model")
    assert info.plain_text
    assert info.training.validation.loss < 0.75 * math.log(380)
    assert info.training.validation.scores == ""
    log = [json.loads(line) for line in (trained / "log.jsonl").read_text().splitlines()]
    assert log[0]["pairs"] == 400


def test_a_text_is_as_probable_alone_as_in_a_batch_and_as_it_was_written(writer, folder):
    texts = (folder / "test.en").read_text().splitlines()[:7]
    together = writer.score(texts)
    for text, scores in zip(texts, together, strict=True):
        np.testing.assert_allclose(writer.score([text])[0], scores, atol=1e-5)
    options = SearchOptions(temperature=1.0, num_hypotheses=3, decoding=DecodingConfig(max_length_offset=12))
    prefix = writer.tokenizer.encode_target("The man")
    ((_, written),) = writer.engine.translate([[EOS]], options, [prefix])
    for each in written:  # token by token from the cache, and all at once
        assert list(each.tokens[: len(prefix)]) == prefix
        assert sum(writer.engine.score([[EOS]], [each.tokens])[0]) == pytest.approx(each.log_prob, abs=1e-3)


def test_what_is_streamed_is_the_text(writer):
    pieces = list(writer.stream("The man é", max_length=15))
    (found,) = writer.write("The man é", max_length=15)
    assert "".join(pieces) == found.text
    assert len(pieces) > 3


def test_draws_depend_on_seed_and_number_alone(writer):
    def drawn(seed, number=0):
        options = SearchOptions(temperature=1.0, seed=seed, num_hypotheses=2)
        return {each.text for each in writer.write("The", options, max_length=8, number=number)}

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert drawn(1) != drawn(1, number=3)
    greedy = writer.write("The", max_length=8)[0].text
    assert writer.write("The", SearchOptions(temperature=1.0, top_k=1), max_length=8)[0].text == greedy


def test_stopped_and_resumed_ends_in_the_same_weights(folder, trained):
    halves = train(folder, folder / "halves", "--training.max-steps", 20)
    train(folder, halves, "--training.max-steps", 40, "--resume")
    one, other = (
        read_arrays(run / "checkpoints/step-00000040/model.safetensors") for run in (trained, halves)
    )
    assert one.keys() == other.keys()
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_prepared_text_is_learned_from(folder, trained):
    store = folder / "store"
    files = ("--source", folder / "train.en", "--valid-source", folder / "valid.en")
    run("prepare", "--config", folder / "lm.toml", *files, "--store", store)
    again = train(folder, folder / "from-store", "--store", store, "--training.max-steps", 20)
    one, other = (
        read_arrays(run / "checkpoints/step-00000020/model.safetensors") for run in (trained, again)
    )
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_perplexity_shares_the_same_log_probability_out(writer, folder):
    test = folder / "test.en"
    found = perplexity_of_text(writer, str(test))
    lines = test.read_text().splitlines()
    assert found.characters == sum(map(len, lines)) + len(lines)
    assert found.words == sum(len(line.split()) + 1 for line in lines)
    assert found.log_prob == pytest.approx(sum(map(sum, writer.score(lines))), rel=1e-5)
    assert found.per_character < found.per_token < found.per_word
    assert found.bits_per_character == pytest.approx(math.log2(found.per_character))
    said = json.loads(run("evaluate", "--model", folder / "run", "--source", test, "--json"))
    assert said["per_word"] == pytest.approx(found.per_word, rel=1e-5)


def test_exported_it_gives_the_same_in_ctranslate2(trained, tmp_path):
    proof = export(trained, tmp_path / "ct2", "ctranslate2")
    assert proof.largest_difference < 1e-3
    assert proof.greedy_tokens > 20


def test_the_mask_is_seen(trained, tmp_path):
    run("look", "The man", "--model", trained, "--out", tmp_path / "a.npz")
    maps = AttentionMaps.load(tmp_path / "a.npz")
    assert maps.encoder.shape[0] == maps.cross.shape[0] == 0
    assert np.array_equal(maps.decoder, np.tril(maps.decoder))
    np.testing.assert_allclose(maps.decoder.sum(-1), 1, atol=1e-5)
    assert maps.text.startswith("The man")
    run("look", "The man", "--model", trained, "--out", tmp_path / "a.svg", "--grid")
    assert "masked" in (tmp_path / "a.svg").read_text()


def test_a_translator_as_a_language_model(translating, folder):
    translator = Translator.load(translating)
    texts = (folder / "test.en").read_text().splitlines()[:6]
    refs = (folder / "test.fr").read_text().splitlines()[:6]
    assert len(translator.translate(texts)) == 6
    together = [each.log_prob for each in translator.score(texts, refs)]
    alone = [translator.score([text], [ref])[0].log_prob for text, ref in zip(texts, refs, strict=True)]
    assert together == pytest.approx(alone, abs=1e-3)
    other = translator.score(texts[1:] + texts[:1], refs)
    assert [each.log_prob for each in other] != pytest.approx(together, abs=1e-3)  # the source is read


def test_what_it_cannot_do_is_said_in_one_line(trained, translating, folder, tmp_path):
    with pytest.raises(TranslationError, match="translates nothing"):
        Translator.load(trained)
    with pytest.raises(TranslationError, match="clearhead translate"):
        Writer.load(translating)
    with pytest.raises(EngineError, match="--format ctranslate2"):
        export(trained, tmp_path / "o", "onnx")
    with pytest.raises(ConfigError, match="positions"):
        ModelConfig(kind="lm", vocab_size=20, positions="learned")
    with pytest.raises(ConfigError, match=r"\.svg"):
        cli_error("look", "The", "--model", trained, "--out", tmp_path / "a.html")
    with pytest.raises(DataError, match="without a target"):
        cli_error(
            "train",
            "--source",
            folder / "train.en",
            "--valid-source",
            folder / "valid.en",
            "--out",
            tmp_path / "t",
        )


def cli_error(*words):
    """Run a command and raise what it would have said."""
    run(*words, "--debug")


def test_the_guide_is_true(folder, tmp_path, monkeypatch):
    """Every command of the guide, in order, with fewer steps."""
    monkeypatch.chdir(tmp_path)
    for part in ("train", "valid", "test"):
        Path(f"{part}.txt").write_text((folder / f"{part}.en").read_text())
    guide = GUIDE.read_text(encoding="utf-8")
    (settings,) = re.findall(r"^```toml title=lm.toml\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    Path("lm.toml").write_text(re.sub(r"max_steps = \d+", "max_steps = 30", settings))
    commands = 0
    for block in re.findall(r"^```console\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL):
        for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
            got = run(*shlex.split(command)[1:])
            pattern = ".*".join(re.escape(part) for part in expected.strip().split("..."))
            assert re.fullmatch(pattern, got.strip(), re.DOTALL), f"{command}\n{got}"
            commands += 1
    assert commands >= 7
