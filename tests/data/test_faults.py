"""Faults of a pair: each with a hand-made one, and with one that is right."""

import pytest

from clearhead.config import CorpusConfig, FilterConfig
from clearhead.corpora.pair import Pair
from clearhead.data import faults
from clearhead.data.faults import pair_faults
from clearhead.data.held_out import HeldOut
from clearhead.text.normalize import normalize
from clearhead.text.script import in_wrong_script


def found(src, tgt, **settings):
    corpus = CorpusConfig(source_lang="en", target_lang="ru")
    pair = Pair(src, tgt, "f", 1)
    return set(pair_faults(pair, normalize(src), normalize(tgt), corpus, FilterConfig(**settings)))


@pytest.mark.parametrize(
    ("src", "tgt", "expected"),
    [
        ("The ball is blue.", "Мяч синий.", set()),
        ("", "Мяч", {faults.EMPTY}),
        ("a", " \u200b ", {faults.EMPTY}),
        ("The\rball", "Мяч", {faults.CARRIAGE_RETURN}),
        ("The\u2028ball", "Мяч", {faults.LINE_SEPARATOR}),
        ("The ball", "Мяч\x85", {faults.LINE_SEPARATOR, faults.CONTROLS}),
        ("It\x92s", "Мяч", {faults.CONTROLS}),
        ("Ball", "5 \x80 Мяч", {faults.CONTROLS}),
        ("a" * 200, "Мяч", {faults.RATIO}),
        ("Yes", "Да, конечно, без сомнения.", set()),
        ("The ball is blue.", "The ball is red.", {faults.SCRIPT}),
        ("Мяч синий", "Мяч", {faults.SCRIPT}),
        ("42 %", "42 %", {faults.IDENTICAL, faults.LETTERLESS}),
        ("1200", "Мяч", {faults.LETTERLESS}),
        ("Ball", "0.71", {faults.LETTERLESS}),
    ],
)
def test_faults_of_a_pair(src, tgt, expected):
    assert found(src, tgt) == expected


@pytest.mark.parametrize(
    ("text", "language", "wrong"),
    [
        ("Je suis étudiant", "fr", False),
        ("Je suis étudiant", "fr-CA", False),
        ("Я студент", "fra", True),
        ("Я студент", "FR_ca", True),
        ("Я студент", "fr", True),
        ("Я student of Москва", "ru", True),
        ("Я студент MIT", "ru", False),
        ("私は学生です", "ja", False),
        ("我是学生", "zh", False),
        ("人々", "ja", False),
        ("\uff7a\uff70\uff8b\uff70", "ja", False),  # half-width kana, long vowels
        ("コーヒー", "ru", True),
        ("1º", "es", False),
        ("м\u02bcяч", "uk", False),
        ("hello", "xx", False),
        ("12 + 3", "ru", False),
        ("", "el", False),
    ],
)
def test_scripts(text, language, wrong):
    assert in_wrong_script(text, language) == wrong


def test_held_out_sentences_are_found_either_way_round():
    held = HeldOut.of([("a b", "c d"), ("e", "f")])
    assert held.overlap("a b", "c d") == faults.OVERLAP
    assert held.overlap("c d", "a b") == faults.OVERLAP
    assert held.overlap("a b", "other") == faults.PARTIAL_OVERLAP
    assert held.overlap("other", "f") == faults.PARTIAL_OVERLAP
    assert held.overlap("a", "b") is None
    assert HeldOut().overlap("a b", "c d") is None
