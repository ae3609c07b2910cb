"""What is measured while a model is trained is what `evaluate` says of it afterwards."""

from dataclasses import replace

import pytest

from clearhead.engines.pytorch import PyTorchEngine
from clearhead.measuring.evaluate import evaluate
from clearhead.run.corpora import SentencePair
from clearhead.run.validation import validate
from clearhead.translator import Translator
from clearhead.translator.unsaved import translated

PAIRS = [
    ("4 7 1.", "four seven one."),
    ("3 3", "three three"),
    ("你好，世界", "你好，世界"),
    ("5 5 5!", "five five five!"),
]


@pytest.mark.parametrize("kept_apart", [False, True])
def test_validation_says_what_evaluate_says(tiny_run, tmp_path, kept_apart):
    loaded = Translator.load(tiny_run.path, engine="pytorch")
    decoding = replace(loaded.info.decoding, form=kept_apart, literals=kept_apart, beam_size=1)
    assert isinstance(loaded.engine, PyTorchEngine)
    pairs = [SentencePair(src, tgt, "en", "en") for src, tgt in PAIRS]
    found = validate(
        loaded.engine.model, loaded.tokenizer, pairs, translate=translated, decoding=decoding, tokenize="auto"
    ).figures
    for name, side in (("source", 0), ("reference", 1)):
        (tmp_path / name).write_text("".join(f"{pair[side]}\n" for pair in PAIRS), encoding="utf-8")
    translator = Translator(loaded.engine, loaded.tokenizer, replace(loaded.info, decoding=decoding))
    expected = evaluate(translator, str(tmp_path / "source"), str(tmp_path / "reference"))
    assert found.bleu == pytest.approx(expected.bleu.value)
    assert found.chrf == pytest.approx(expected.chrf.value)
    assert found.bleu_signature == expected.bleu.signature
    assert found.perplexity == pytest.approx(expected.perplexity, rel=1e-4)


def test_each_set_is_parted_as_its_language_is(tiny_run):
    loaded = Translator.load(tiny_run.path, engine="pytorch")
    pairs = [
        SentencePair("4 7", "four seven", "en", "en", "en-en"),
        SentencePair("4 7", "今天天气很好。", "en", "zh", "en-zh"),
    ]
    found = validate(
        loaded.engine.model,
        loaded.tokenizer,
        pairs,
        translate=translated,
        decoding=loaded.info.decoding,
        tokenize="auto",
    ).figures
    assert [part.split("tok:")[1].split("|")[0] for part in found.bleu_signature.split(", ")] == ["13a", "zh"]
    assert found.bleu_by_set.keys() == {"en-en", "en-zh"}
