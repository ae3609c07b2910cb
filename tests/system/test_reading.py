"""The tokens that are shown, scored and aligned are those that the model reads when it translates."""

import numpy as np
import pytest

import clearhead

TEXTS = [
    "Hello {name}, you have 25 messages.",
    "The file costs 1,250 euros at https://example.org/a?b=1.",
    "PRESS THE 12 BUTTONS NOW",
    "It is 10:30 on 12/05/2023 and 5 km away.",
    "A plain sentence.",
]


@pytest.fixture(scope="module")
def translator():
    return clearhead.load()


@pytest.fixture
def read(translator, monkeypatch):
    """What the engine is given: the ids of sources, and of targets where there are any."""
    found = []
    for name in ("translate", "score"):
        original = getattr(translator.engine, name)

        def noted(srcs, second, *more, original=original, name=name):
            found.append((srcs, second if name == "score" else None))
            return original(srcs, second, *more)

        monkeypatch.setattr(translator.engine, name, noted)
    return found


@pytest.mark.parametrize("text", TEXTS)
def test_looking_shows_what_translating_reads(translator, read, text):
    translation = translator.translate(text, to="fr", split="never")
    ((ids,), _) = read[-1]
    maps = translator.look(text, to="fr")
    assert list(maps.source.ids) == ids
    assert maps.source.text.casefold() == text.casefold()  # in whatever case it is read
    assert maps.produced[:-1] == translation.tokens
    assert maps.target.text.casefold() == translation.text.casefold()


@pytest.mark.parametrize("text", TEXTS)
def test_score_align_and_look_agree(translator, read, text):
    target = translator.translate(text, to="fr", split="never").text
    (scored,) = translator.score([text], [target], to="fr")
    (source,), (produced,) = read[-1]
    maps = translator.look(text, to="fr", target=target)
    (attended,) = translator.attended([text], [target], to="fr")
    for found in (maps, attended):
        assert list(found.source.ids) == list(source)
        assert list(found.target.ids)[:-1] == list(produced)
        assert (found.source.text, found.target.text) == (text, target)
        assert np.log(found.probabilities).sum() == pytest.approx(scored.log_prob, abs=1e-2)
    (spaced,) = translator.align([text], [target], to="fr", words="space")
    assert (list(spaced.source), list(spaced.target)) == (text.split(), target.split())
    (split,) = translator.align([text], [target], to="fr")
    for alignment in (spaced, split):
        words = [(alignment.source[i], alignment.target[j]) for i, j in alignment.links]
        for carried in ("{name}", "https://example.org/a?b=1", "12/05/2023"):
            same = (carried, carried)
            assert (carried in alignment.source) <= (same in words)


def test_a_translation_is_aligned_as_the_pair_is(translator):
    text = TEXTS[1]
    translation = translator.translate(text, to="fr", align=True, split="never")
    (pair,) = translator.align([text], [translation.text], to="fr")
    found = translation.alignment  # which has what is carried in its parts
    assert "".join(found.source) == "".join("".join(pair.source).split())
    assert "".join(found.target) == "".join("".join(pair.target).split())
    whole = {(pair.source[i], pair.target[j]) for i, j in pair.links}
    parts = {(found.source[i], found.target[j]) for i, j in found.links}
    alike = {link for link in parts if link[0] in pair.source and link[1] in pair.target}
    assert alike
    assert alike <= whole
