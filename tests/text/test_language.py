"""Which language a text is in."""

import sys

import pytest

from clearhead.errors import ConfigError
from clearhead.text import language

KNOWN = ("de", "en", "es", "fr")


@pytest.mark.parametrize(
    "text",
    [
        "Je suis étudiant.",
        "Je suis etudiant",
        "The ball is blue",
        "Das ist gut",
        "hola amigo",
        "ok",
        "12345",
        "Tom",
        "",
    ],
)
def test_what_may_be_known_is_not_foreign(text):
    assert not language.detect(text, KNOWN).foreign


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Det är mycket bra", "sv"),
        ("Io sono uno studente.", "it"),
        ("Мы завтра едем в город.", "ru"),
        ("今日は暑い", "ja"),
    ],
)
def test_what_is_surely_another_language(text, code):
    found = language.detect(text, KNOWN)
    assert found.language == code
    assert found.foreign
    assert not language.detect(text).foreign  # nothing was expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The ball is blue", "en"),
        ("Das ist gut", "de"),
        ("Wie geht's?", "de"),
        ("Ich bin da, wo du bist.", "de"),
        ("Je suis étudiant.", "fr"),
        ("Buenos días", "es"),
        ("I love you", "en"),
        ("Guten Tag", "de"),
        ("Happy New Year!", "en"),
    ],
)
def test_the_expected_languages_come_first(text, code):
    """Whatever small neighbours of theirs are as probable, as Luxembourgish is, or Nigerian English."""
    found = language.detect(text, KNOWN)
    assert (found.language, found.foreign) == (code, False)
    assert 0.75 <= found.probability <= 1


@pytest.mark.parametrize(
    "text", ["", "12345", "hi", "ok", "Tom", "Hello!", "Home", "Paris", "No", "seventeen", "!?"]
)
@pytest.mark.parametrize("expected", [(), KNOWN])
def test_what_is_too_short_has_no_name(text, expected):
    found = language.detect(text, expected)
    assert (found.language, found.foreign) == (None, False)


@pytest.mark.parametrize("text", ["Привет", "Привет мир"])
def test_another_script_is_told_by_one_word(text):
    found = language.detect(text, KNOWN)
    assert (found.language, found.foreign) == (None, True)


@pytest.mark.parametrize("expected", [(), KNOWN, ("de", "en"), ("fr",)])
def test_a_long_text_is_never_too_short(expected):
    for text in ("Wir gehen morgen alle zusammen in die Stadt.", "We all go to town together tomorrow. " * 3):
        assert language.detect(text, expected).language is not None


def test_without_the_extra(monkeypatch):
    language._identifier.cache_clear()
    monkeypatch.setitem(sys.modules, "py3langid.langid", None)
    with pytest.raises(ConfigError, match=r"--detect needs py3langid; .*: pip install 'py3langid>="):
        language.detect("x")
    language._identifier.cache_clear()


def test_a_code_counts_by_its_first_part():
    assert not language.detect("Eu não falo inglês muito bem", ("pt-BR",)).foreign
    assert not language.detect("Das ist gut", ("de_AT", "en")).foreign


def test_a_language_that_nobody_knows():
    with pytest.raises(ConfigError, match="cannot be checked: xx is not among"):
        language.detect("x", ("en", "xx"))
