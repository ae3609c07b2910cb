"""What the recipes of digits and speech compute by themselves."""

import importlib.util
import random
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

RECIPES = Path(__file__).parents[2] / "recipes"


def script(name, monkeypatch):
    monkeypatch.syspath_prepend(str(RECIPES / name))
    monkeypatch.setattr(sys, "path", [*sys.path])  # a recipe adds the folder of the generators
    specification = importlib.util.spec_from_file_location(f"recipe_{name}", RECIPES / name / "run.py")
    module = importlib.util.module_from_spec(specification)
    monkeypatch.setitem(sys.modules, f"recipe_{name}", module)
    specification.loader.exec_module(module)
    return module


def test_digits_side_by_side_are_a_number(monkeypatch):
    digits = script("digits", monkeypatch)
    pictures = np.stack([np.full((8, 8), number / 16) for number in range(10)])
    shown = np.arange(10)
    frames, words = digits.numbered(pictures, shown, [4, 0, 7], "en", None)
    assert words == "four hundred and seven"
    assert frames.shape == (24, 10)
    assert frames[0, 0] == pytest.approx(4 / 16)
    assert frames[16, 0] == pytest.approx(7 / 16)
    assert frames[:, 8:].tolist() == [[1, 0]] * 24
    assert digits.numbered(pictures, shown, [4, 2], "de", None)[1] == "zweiundvierzig"
    made = list(digits.numbers(pictures, shown, 200, random.Random(1), vary=True))
    assert all(source.min() >= 0 and source.max() <= 1 for source, _ in made)
    lengths = {len(source) for source, _ in made}
    assert lengths == {8, 16, 24}
    assert not any(words.startswith("zero ") for _, words in made)


def test_a_moved_picture_is_the_same_elsewhere(monkeypatch):
    digits = script("digits", monkeypatch)
    picture = np.zeros((8, 8))
    picture[3:5, 3:5] = 0.5
    for seed in range(20):
        moved = digits.moved(picture, random.Random(seed))
        assert (moved > 0).sum() == 4
        assert abs(np.argwhere(moved > 0).mean(0) - 3.5).max() <= 1


def test_errors_of_words_are_counted(monkeypatch):
    speech = script("speech", monkeypatch)
    assert speech.edits(["turn", "on", "the", "light"], ["turn", "off", "the", "light", "please"]) == 2
    assert speech.edits("", "abc") == 3


def test_a_tone_is_in_its_band(monkeypatch):
    """A high tone is in a higher band than a low one, and every band is centred."""
    speech = script("speech", monkeypatch)
    torch = speech.torch
    time = torch.arange(speech.RATE) / speech.RATE
    bands = []
    for frequency in (300, 1000, 3000):
        tone = torch.sin(2 * np.pi * frequency * time) * (time < 0.5)
        frames = speech.log_mel(tone)
        assert frames.shape == (1 + speech.RATE // speech.HOP, speech.MELS)
        np.testing.assert_allclose(frames.mean(axis=0), 0, atol=1e-3)
        half = len(frames) // 2
        spectrum = torch.stft(
            tone, speech.WINDOW, speech.HOP, window=torch.hann_window(speech.WINDOW), return_complex=True
        )
        bands.append(int(((spectrum.abs() ** 2)[:, : half // 2].mean(1) @ speech.FILTERS).argmax()))
    assert bands == sorted(set(bands))
    assert speech.FILTERS.min() >= 0
    assert (speech.FILTERS.sum(0) > 0).all()


def test_sentences_are_of_few_words(monkeypatch):
    speech = script("speech", monkeypatch)
    draws = random.Random(1)
    sentences = {speech.sentence(draws) for _ in range(3000)}
    words = {word for sentence in sentences for word in sentence.split()}
    assert 90 <= len(words) <= 130
    assert len(sentences) > 1500


@pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng is not installed")
def test_a_voice_speaks(monkeypatch):
    speech = script("speech", monkeypatch)
    slow, fast = (speech.speak("turn on the light", "en-gb", speed, 50) for speed in (130, 200))
    assert len(slow) > 1.2 * len(fast) > 0.5 * speech.RATE
    assert 0.05 < float(fast.abs().max()) <= 1


def test_a_lexicon_turned_round_keeps_what_sounds_alike(monkeypatch):
    g2p = script("g2p", monkeypatch)
    turned = g2p.spellings({"see": ["S IY"], "sea": ["S IY"], "a": ["AH", "EY"]})
    assert turned == {"S IY": ["s e e", "s e a"], "AH": ["a"], "EY": ["a"]}
    assert g2p.error_rates({"S IY": "s e a", "AH": "a"}, turned) == (0.0, 0.0)


def test_bytes_are_written_as_letters_and_read_again(monkeypatch):
    units = script("units", monkeypatch)
    text = "Le garçon a bu le café."
    letters = units.as_bytes(text)
    assert len(letters) == len(text.encode())
    assert units.from_bytes(letters) == text
    assert units.from_bytes(letters[:7]) == "Le gar\ufffd", "half of a letter is shown as what it is"
