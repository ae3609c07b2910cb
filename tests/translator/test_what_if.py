"""A sentence under a change, of the default model: the plain translation stays beside what comes of it."""

import numpy as np
import pytest

import clearhead
from clearhead.engines.pytorch import PyTorchEngine
from clearhead.errors import ConfigError, TranslationError
from clearhead.inspection.intervention import Row
from clearhead.inspection.maps import AttentionMaps
from clearhead.inspection.what_if import END
from clearhead.translator import what_if as trying

TEXT = "The black cat sleeps."
"""Words 1 to 5, the last a full stop."""


@pytest.fixture(scope="module")
def translator():
    return clearhead.load(engine="pytorch")


@pytest.fixture(scope="module")
def plain(translator):
    return translator.look(TEXT, to="fr")


def changed(translator, **changes):
    maps = translator.look(TEXT, to="fr", **changes)
    (one,) = maps.what_if.changes
    return maps, one


def test_a_head_taken_away_leaves_the_plain_translation_beside_it(translator, plain):
    maps, one = changed(translator, without=("decoder.0.cross.3",))
    assert maps.what_if.text == plain.text == translator.translate(TEXT, to="fr").text
    assert one.names == ("without decoder.0.cross.3",)
    assert one.text == maps.text
    assert maps.about.notes[0] == "changed: without decoder.0.cross.3"
    assert maps.about.confidence is None
    assert maps.what_if.words[-1] == END
    assert "".join(maps.what_if.words[:-1]) in plain.text.replace(" ", "")
    tokens = np.log(plain.probabilities)
    assert maps.what_if.log_prob == pytest.approx(tokens.sum(), abs=1e-4)
    assert one.log_prob < maps.what_if.log_prob - 0.05


def test_what_the_words_of_the_plain_translation_lose_is_what_teacher_forcing_says(translator, plain):
    """The sums over words are the log-probabilities of the tokens under the changed model."""
    maps, one = changed(translator, without=("encoder.1", "decoder.1.cross"))
    model = trying.Intervention(without=("encoder.1", "decoder.1.cross")).of(translator.pytorch.model)
    (scores,) = PyTorchEngine(model, translator.pytorch.ids).score(
        [plain.source.ids], [plain.target.ids[:-1]]
    )
    assert one.log_prob == pytest.approx(sum(scores), abs=1e-4)
    assert one.log_probs[-1] == pytest.approx(scores[-1], abs=1e-4)
    assert np.log(maps.probabilities).sum() != pytest.approx(one.log_prob)  # those are of its own translation


def test_a_masked_word_is_looked_at_by_nobody_and_its_translation_suffers(translator, plain):
    maps, one = changed(translator, mask_source=(2,))
    assert one.names == ("source word 2 (black) masked",)
    (token,) = (i for i, piece in enumerate(maps.src) if piece.endswith("black"))
    assert not maps.cross[..., token].any()
    assert not maps.encoder[..., token].any()
    words = maps.what_if.words
    drops = np.array(one.log_probs) - np.array(maps.what_if.log_probs)
    assert words[int(drops.argmin())] == "noir"
    assert "noir" not in maps.text


def test_rows_are_set_by_hand(translator):
    row = Row(head="decoder.0.cross.3", query=1, weights=(1.0,))
    maps, one = changed(translator, rows=(row,))
    assert one.names == ("row 1 of decoder.0.cross.3 set by hand",)
    np.testing.assert_array_equal(maps.cross[0, 3, 1], np.eye(len(maps.src), dtype=np.float32)[0])


def test_words_are_forced_and_forbidden(translator, plain, monkeypatch):
    maps, one = changed(translator, force="Un chat")
    assert maps.text.startswith("Un chat")
    assert one.log_probs == pytest.approx(maps.what_if.log_probs)  # the model is the same
    word = plain.target.text.split()[1]
    for forbidden in (word, word.upper()):
        maps, one = changed(translator, forbid=(forbidden,))
        assert word.casefold() not in maps.text.casefold().split()
        assert maps.what_if.text == plain.text
    with pytest.raises(
        TranslationError, match="begin with “Un chat”, and “chat” is forbidden; leave out one"
    ):
        changed(translator, force="Un chat", forbid=("chat",))
    # In capitals it has other tokens, so that once is not enough.
    monkeypatch.setattr(trying, "_SPELLINGS", 1)
    with pytest.raises(TranslationError, match="keeps a forbidden word"):
        changed(translator, forbid=(word.upper(),))


def test_an_overview_has_every_layer_and_head_and_survives_saving(translator, plain, tmp_path, monkeypatch):
    monkeypatch.setattr(trying, "MOST_PARTS", 3)
    maps = translator.look("Hello.", to="fr", what_if=True)
    names = [change.names for change in maps.what_if.changes]
    assert names == [("without encoder.0",), ("without encoder.1",), ("without encoder.2",)]
    assert maps.notes[-1] == (
        "what if: the first 3 of 24 layers and heads were tried; --without tries any other"
    )
    assert [str(part) for part in trying.parts_of(translator.info.model)][7:9] == [
        "decoder.1",
        "decoder.0.cross.0",
    ]
    np.testing.assert_array_equal(maps.cross, translator.look("Hello.", to="fr").cross)
    for name in ("look.json", "look.npz"):
        maps.save(tmp_path / name)
        assert AttentionMaps.load(tmp_path / name).what_if == maps.what_if
    assert plain.what_if is None


def test_what_cannot_be_tried_is_said(translator):
    with pytest.raises(ConfigError, match=r"decoder\.7: the decoder of this model has layers 0 to 1"):
        changed(translator, without=("decoder.7",))
    with pytest.raises(
        TranslationError, match="the sentence has words 1 to 5, punctuation marks counted; 6 cannot"
    ):
        changed(translator, mask_source=(6,))
    with pytest.raises(TranslationError, match="on one sentence, and the text has 2; give them one by one"):
        translator.look("It is late. Sleep.", to="fr", without=("encoder.0",))
    with pytest.raises(TranslationError, match="needs no target; leave it out"):
        translator.look(TEXT, to="fr", target="Le chat.", what_if=True)
