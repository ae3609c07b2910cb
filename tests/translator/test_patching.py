"""What a part of the default model carries, put in from another sentence: the same one changes nothing, all is all."""

from functools import cache

import pytest

import clearhead
from clearhead.engines.pytorch import PyTorchEngine
from clearhead.errors import ConfigError, TranslationError
from clearhead.inspection.patching import Patch

TEXT, OTHER = "The dog is black.", "The cat is red."
"""Of seven tokens each, with the language and the end; tokens 2 and 4 differ."""
LONGER = "The little cat is red."
PARTS = (
    "encoder.0",
    "encoder.4.feed_forward",
    "encoder.3.self.5",
    "decoder.0",
    "decoder.1.cross",
    "decoder.0.self.2",
)


@pytest.fixture(scope="module")
def translator():
    return clearhead.load(engine="pytorch")


@pytest.fixture(scope="module")
def looked(translator):
    return cache(lambda text: translator.look(text, to="fr"))


def patched(translator, *patches, other=OTHER):
    maps = translator.look(TEXT, to="fr", patch=tuple(map(Patch.of, patches)), patch_from=other)
    (one,) = maps.what_if.changes
    return maps, one


def test_the_same_sentence_changes_nothing(translator):
    maps, one = patched(translator, *PARTS, "encoder.2:1,3", other=TEXT)
    assert one.text == maps.text == maps.what_if.text == translator.translate(TEXT, to="fr").text
    assert one.log_probs == pytest.approx(maps.what_if.log_probs, abs=1e-5)


def test_the_whole_memory_is_the_other_sentence(translator, looked):
    maps, one = patched(translator, "encoder.5")
    other = looked(OTHER)
    assert one.text == other.text == translator.translate(OTHER, to="fr").text
    assert maps.probabilities == pytest.approx(other.probabilities, abs=1e-5)
    assert maps.cross == pytest.approx(other.cross, abs=1e-4)
    assert one.names == ("encoder.5 as in “The cat is red.”",)
    assert maps.notes[0] == "changed: encoder.5 as in “The cat is red.”"


@pytest.mark.parametrize("parts", [("encoder.5",), ("decoder.1",), ("decoder.0.cross", "decoder.1.cross")])
def test_with_everything_patched_each_word_is_as_probable_as_after_the_other_sentence(
    translator, looked, parts
):
    other = OTHER if parts[0].startswith("encoder") else LONGER  # the decoder takes any length
    _, one = patched(translator, *parts, other=other)
    (scores,) = PyTorchEngine(translator.pytorch.model, translator.pytorch.ids).score(
        [looked(other).source.ids], [looked(TEXT).target.ids[:-1]]
    )
    assert one.log_prob == pytest.approx(sum(scores), abs=1e-4)
    assert one.log_probs[-1] == pytest.approx(scores[-1], abs=1e-4)


def test_every_head_of_an_attention_is_the_attention(translator):
    heads = [f"encoder.0.self.{head}" for head in range(translator.info.model.num_heads)]
    (_, of_heads), (_, of_all) = patched(translator, *heads), patched(translator, "encoder.0.self")
    assert of_heads.log_probs == pytest.approx(of_all.log_probs, abs=1e-4)


def test_a_token_carries_its_word(translator):
    """At the patched token the other word comes in, and nothing else does."""
    assert patched(translator, "encoder.3:4")[1].text == "Le chien est rouge."
    assert patched(translator, "encoder.3:2")[1].text == "Le chat est noir."
    # with its tokens named, the other sentence may be longer
    assert patched(translator, "encoder.3:5,6", other=LONGER)[1].text != "Le chat est rouge."
    maps, one = patched(translator, "encoder.3:1")
    assert one.text == maps.what_if.text == "Le chien est noir."


def test_in_the_decoder_a_place_alone_changes(translator):
    maps, one = patched(translator, "decoder.1:3")
    before, after = maps.what_if.log_probs, one.log_probs
    place = maps.what_if.words.index("noir")
    assert after[place] < before[place] - 1
    assert (*after[:place], *after[place + 1 :]) == pytest.approx(
        (*before[:place], *before[place + 1 :]), abs=1e-5
    )


def test_what_cannot_be_patched_is_said(translator):
    with pytest.raises(
        ConfigError, match=r"7 tokens where the other has 8; take another one, name tokens \(enc"
    ):
        patched(translator, "encoder.3", other=LONGER)
    with pytest.raises(
        ConfigError, match=r"encoder\.3:7: both runs have tokens 0 to 6 there; name one of these"
    ):
        patched(translator, "encoder.3:7", other=LONGER)
    with pytest.raises(ConfigError, match=r"'encoder\.3:' is not a part to patch; write PART or PART:TOKENS"):
        patched(translator, "encoder.3:")
    with pytest.raises(ConfigError, match=r"encoder\.9: the encoder of this model has layers 0 to 5"):
        patched(translator, "encoder.9")
    for other in ("It is late. Sleep.", "  "):
        with pytest.raises(TranslationError, match=r"a patch is taken from one sentence, and .* has [02] to"):
            patched(translator, "encoder.3", other=other)
    with pytest.raises(TranslationError, match="give both, patch and patch_from"):
        translator.look(TEXT, to="fr", patch_from=OTHER)
