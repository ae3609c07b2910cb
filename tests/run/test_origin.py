"""What is taken from the model that a run starts from, and what of its settings is not used."""

import pytest

from clearhead.config import CorpusConfig, DecodingConfig, ModelConfig, RunConfig
from clearhead.model_directory import ModelInfo
from clearhead.run.origin import new_targets, other_shape, overridden
from clearhead.text.tokenizer import Tokenizer

TEXT = ["one two three", "un deux trois", "eins zwei drei"]


def tokenizer(*languages):
    return Tokenizer.train(TEXT, vocab_size=400, languages=languages)


def corpora(*ways):
    return [
        CorpusConfig(source="x", source_lang=way[0], target_lang=way[1], both_directions=len(way) > 2)
        for way in ways
    ]


@pytest.mark.parametrize(
    ("known", "ways", "new"),
    [
        ((), [("en", "fr")], ()),  # a model of one target has no tags, whatever the target is
        ((), [("", "")], ()),
        ((), [("en", "fr"), ("en", "de")], ("de", "fr")),
        ((), [("en", "fr", True)], ("en", "fr")),
        (("en", "fr"), [("en", "fr")], ()),
        (("en", "fr"), [("en", "de")], ("de",)),
        (("en", "fr"), [("es", "de", True), ("de", "en")], ("de", "es")),
        (("en", "fr"), [("en", "")], ()),  # told of where it is encoded
    ],
)
def test_which_targets_need_a_tag(known, ways, new):
    assert new_targets(tokenizer(*known), corpora(*ways)) == new


SHAPE = {"d_model": 64, "d_ff": 96}


@pytest.mark.parametrize(
    ("values", "unused"),
    [
        ({}, []),
        ({"preset": "tiny", "model": SHAPE}, []),  # as it was trained
        ({"preset": "tiny", "model": {**SHAPE, "dropout": 0.3}}, []),
        ({"preset": "tiny", "model": {**SHAPE, "norm": "pre"}}, ["model.norm = 'pre'"]),
        ({"preset": "base", "model": SHAPE}, ["preset = 'base'"]),
        ({"model": {"d_ff": 128}}, ["model.d_ff = 128"]),
        ({"tokenizer": {"kind": "bpe", "vocab_size": 400}}, ["tokenizer.kind = 'bpe'"]),
        ({"tokenizer": {"vocab_size": 500}}, ["tokenizer.vocab_size = 500"]),
        ({"tokenizer": {"split_digits": True}}, ["tokenizer.split_digits = True"]),
    ],
)
def test_settings_that_a_model_overrides(values, unused):
    info = ModelInfo(
        model=ModelConfig.tiny(vocab_size=400, **SHAPE), decoding=DecodingConfig(), tokenizer="unigram"
    )
    assert list(overridden(RunConfig.from_dict({**values, "init": "m"}), info)) == unused


def test_presets_of_another_shape():
    info = ModelInfo(model=ModelConfig.tiny(vocab_size=9), decoding=DecodingConfig(), tokenizer="bpe")
    assert [name for name in ("tiny", "small", "base", "big") if other_shape(name, info)] == [
        "small",
        "base",
        "big",
    ]
