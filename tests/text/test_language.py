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
        ("Привет мир", "ru"),
        ("今日は暑い", "ja"),
    ],
)
def test_what_is_surely_another_language(text, code):
    found = language.detect(text, KNOWN)
    assert found.language == code
    assert found.foreign
    assert not language.detect(text).foreign  # nothing was expected


def test_without_the_extra(monkeypatch):
    language._identifier.cache_clear()
    monkeypatch.setitem(sys.modules, "py3langid.langid", None)
    with pytest.raises(ConfigError, match=r"pip install 'clearhead\[detect\]'"):
        language.detect("x")
    language._identifier.cache_clear()


def test_a_code_counts_by_its_first_part():
    assert not language.detect("Eu não falo inglês muito bem", ("pt-BR",)).foreign
    assert not language.detect("Das ist gut", ("de_AT", "en")).foreign


def test_a_language_that_nobody_knows():
    with pytest.raises(ConfigError, match="cannot be checked: xx is not among"):
        language.detect("x", ("en", "xx"))
