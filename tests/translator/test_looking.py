"""Looking shows what translating gives, whatever the text is made of."""

from itertools import pairwise

import numpy as np
import pytest

import clearhead
from clearhead.errors import ConfigError, TranslationError
from clearhead.inspection.maps import AttentionMaps
from clearhead.inspection.passage import PassageMaps
from clearhead.translator import looking

TEXTS = [
    "Hello.",
    "hello",
    "The little boy is playing with his black dog.",
    "Hello {name}, you have 25 messages.",
    "The file costs 1,250 euros at https://example.org/a?b=1.",
    "It costs $12.50. That is too much!",
    "PRESS THE 12 BUTTONS NOW",
    "SAVE",
    "Save",
    "The Quick Brown Fox Likes the Lazy Dog",
    "It is 10:30 on 12/05/2023 and 5 km away.",
    "I did not believe her. She left.",
    "First paragraph.\n\nSecond paragraph.\n",
    "  Spaces before, and after.  ",
    "\n\nHello.\n\n\n",
    "- Open the door\n- Close the window",
    "1. Open the door.\n2. Close the window.",
    "Name\tPrice\nbread\t2 euros",
    "I love you 😀",
    "😀 Hello! 🎉",
    "школа is a school.",
    "Is it? Yes! No... Perhaps.",
    "[door opens]",
    "(He laughs.) That is funny.",
    "“Where are you?” she asked.",
    "Click <b>here</b> to go on.",
    "%s has sent you %d files.",
    "Dr. Smith arrived at 5 p.m. He was late.",
    "The year 1998 was good. 2001 was not.",
    "l’eau -- c’est bon…",
    "word " * 60,
]


LEFT_AS_IT_IS = ["{name}", "😀 🎉", "25", "школа"]


@pytest.fixture(scope="module")
def translator():
    return clearhead.load()


@pytest.mark.parametrize("text", TEXTS)
def test_the_text_that_is_looked_at_is_the_one_that_is_translated(translator, text):
    translation = translator.translate(text, to="es")
    maps = translator.look(text, to="es")
    assert maps.text == translation.text
    assert maps.notes == translation.notes
    assert min(each.about.confidence for each in maps.sentences) == translation.confidence
    pieces = [piece for each in maps.sentences for piece in each.produced[:-1]]
    assert tuple(pieces) == translation.tokens
    for each in maps.sentences:
        assert each.source.text in text
        assert each.target.text in translation.text
        for tokens in (each.source, each.target):
            spans = [span for span in tokens.spans if span is not None]
            assert all(0 <= span.start <= span.end <= len(tokens.text) for span in spans)
            assert all(one.start <= two.start for one, two in pairwise(spans))
        assert len(each.about.word_confidence) == len(each.target.words())


@pytest.mark.parametrize("text", LEFT_AS_IT_IS)
def test_what_is_left_as_it_is_cannot_be_looked_at(translator, text):
    assert translator.translate(text, to="es").text == text
    with pytest.raises(TranslationError, match=r"is translated, so that there is nothing to look at \(.+\)"):
        translator.look(text, to="es")


def test_words_are_those_that_are_printed(translator):
    maps = translator.look("PRESS THE 12 BUTTONS NOW", to="es")
    words = [maps.source.text[start:end] for start, end in maps.source.words()]
    assert words == ["PRESS", "THE", "12", "BUTTONS", "NOW"]
    for piece, span in zip(maps.src, maps.source.spans, strict=True):
        if span is not None and piece.strip("\u2581").isalpha():
            assert maps.source.text[span.start : span.end].lower() == piece.strip("\u2581").lower()


def test_each_sentence_of_several_is_as_it_is_alone(translator):
    maps = translator.look("I did not believe her. The ball is blue.", to="fr")
    assert isinstance(maps, PassageMaps)
    assert len(maps) == 2
    alone = translator.look("The ball is blue.", to="fr")
    assert isinstance(alone, AttentionMaps)
    assert maps[1].target == alone.target
    np.testing.assert_allclose(maps[1].cross, alone.cross, atol=1e-5)
    assert maps[1].about.confidence == pytest.approx(alone.about.confidence, abs=1e-5)


def test_of_a_long_text_the_first_sentences_are_looked_at(translator, monkeypatch):
    monkeypatch.setattr(looking, "MOST_SENTENCES", 2)
    text = "The ball is blue. The ball is red. The ball is green."
    maps = translator.look(text, to="fr")
    assert len(maps) == 2
    assert maps.text == translator.translate(text, to="fr").text
    assert [each.sentence for each in maps.stretches if each.translated] == [0, 1, None]
    (note,) = maps.notes
    assert note.startswith("3 sentences were translated, but only the first 2 can be inspected at once")


@pytest.mark.parametrize("suffix", [".json", ".npz"])
def test_several_sentences_are_saved_and_loaded(translator, tmp_path, suffix):
    maps = translator.look("The ball is blue.\nHello.", to="fr")
    file = tmp_path / f"maps{suffix}"
    maps.save(file)
    loaded = PassageMaps.load(file)
    assert (loaded.stretches, loaded.notes, loaded.to) == (maps.stretches, maps.notes, maps.to)
    for one, two in zip(maps, loaded, strict=True):
        assert (one.source, one.target, one.about) == (two.source, two.target, two.about)
        np.testing.assert_array_equal(one.cross, two.cross)
    with pytest.raises(ConfigError, match="does not hold attention maps"):
        AttentionMaps.load(file)


def test_a_pair_in_capitals_is_read_as_it_is_translated(translator):
    text = "PRESS THE BUTTON NOW"
    maps = translator.look(text, to="es")
    (attended,) = translator.attended([text], [maps.text], to="es")
    assert attended.source.ids == maps.source.ids
    assert attended.source.text == text
    (alignment,) = translator.align([text], [maps.text], to="es")
    assert alignment.source == ("PRESS", "THE", "BUTTON", "NOW")


def test_a_pair_that_is_too_long_is_refused(translator):
    with pytest.raises(TranslationError, match=r"the pair has up to 301 tokens on a side, and 256 can be"):
        translator.look("a", target="a " * 300, to="en")


def test_it_is_told_in_a_line(translator, tmp_path):
    maps = translator.look("The ball is blue.", to="fr")
    several = translator.look("The ball is blue. Hello. " * 4, to="fr")
    for each in (translator, maps, several):
        assert "\n" not in repr(each)
        assert len(repr(each)) < 220
    assert repr(maps).startswith("AttentionMaps('The ball is blue.' -> ")
    maps.save(tmp_path / "look.html")
    assert 'id="data"' in (tmp_path / "look.html").read_text(encoding="utf-8")
    with pytest.raises(ConfigError, match=r"must end in \.html, \.json or \.npz"):
        several.save(tmp_path / "look.txt")


@pytest.mark.parametrize("device", ["cuda:77", "nowhere", ""])
def test_a_device_that_is_not_there_is_told_in_a_line(device):
    with pytest.raises(ConfigError, match=r"cannot be used here \(.+\); use 'cpu'") as error:
        clearhead.load(device=device)
    assert "\n" not in str(error.value)
