"""No text takes more time than its length: not by a pattern, not by the cutting into sentences."""

import importlib
import pkgutil
import re
import time
from collections.abc import Iterator

import pytest

import clearhead.surface
import clearhead.text
import clearhead.translator
from clearhead.surface.carried import find
from clearhead.text import sentences
from clearhead.text.normalize import normalize

UNITS = [
    *(
        "a",
        "A",
        "1",
        "_",
        " ",
        "\t",
        ".",
        ",",
        "-",
        "@",
        "<",
        "&",
        "%",
        "*",
        "\u0301",
        "\u200d",
        "\U0001f600",
    ),
    *(
        "1 ",
        "1.",
        "1,",
        "1.111",
        "a ",
        "a.",
        "a-",
        "a'",
        "a@",
        "a@a.",
        "aB1",
        "A1-",
        "- ",
        "< a",
        "{0}",
        "a_",
        "[x] ",
    ),
    *(
        "http://",
        "www.",
        "</",
        "\u20ac1",
        "1\xa0",
        "\u00ab ",
        "((",
        "$a",
        "::",
        "1:",
        "~/",
        "a/",
        "%(",
        "--a=",
    ),
]
"""Of these strings are made that a pattern nearly matches, many times over."""
ONE_MATCH = {
    "clearhead.surface.literals._KINDS",
    "clearhead.translator.passage._BULLET",
    "clearhead.translator.passage._ORDINAL",
}
"""Patterns that are tried at the beginning of a word or a line only."""
CHARACTERS, SECONDS = 20_000, 0.5


def patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Yield every compiled pattern of the modules that text goes through, also in tuples and tables."""
    for package in (clearhead.text, clearhead.surface, clearhead.translator):
        for info in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            for name, value in vars(importlib.import_module(info.name)).items():
                several = value.values() if isinstance(value, dict) else value
                each = several if isinstance(several, tuple | list) or several is not value else (value,)
                yield from ((f"{info.name}.{name}", one) for one in each if isinstance(one, re.Pattern))


ALL = [*patterns(), ("clearhead.surface.carried._joined", clearhead.surface.carried._joined()[0])]


def seconds(pattern: re.Pattern[str], text: str, once: bool) -> float:
    started = time.process_time()
    if once:
        pattern.match(text)
        pattern.fullmatch(text)
    else:
        for _ in pattern.finditer(text):
            pass
    return time.process_time() - started


def slow(pattern: re.Pattern[str], once: bool = False) -> str | None:
    """Return the string that takes too long; short ones first, so that a bad pattern is not waited for."""
    for size in (24, 1000, CHARACTERS):
        for unit in UNITS:
            text = unit * (size // len(unit))
            for each in (text, f"a{text}\0"):
                if seconds(pattern, each, once) > SECONDS:
                    return f"{size} characters of {unit!r}"
    return None


def test_the_patterns_are_found():
    names = {name for name, _ in ALL}
    assert len(ALL) >= 35
    assert names >= ONE_MATCH
    assert {"clearhead.surface.carried._joined", "clearhead.text.sentence_ends._ORDINAL"} <= names


@pytest.mark.parametrize("name", sorted({name for name, _ in ALL}))
def test_no_pattern_takes_more_than_its_text_is_long(name):
    for pattern in [pattern for other, pattern in ALL if other == name]:
        assert slow(pattern, once=name in ONE_MATCH) is None


def test_a_pattern_that_goes_back_and_back_is_seen():
    assert slow(re.compile(r"(?:a+)+b"))


@pytest.mark.parametrize(
    "unit", ["\u00ab ", "' ", "\u6f22\u3002", "! ", "A. ", "a", "(", "{0} ", "a\u0301\u0302", "\U0001f600"]
)
def test_a_long_line_is_cut_in_time(unit):
    """Forty times what the library sees at a time; with the square of that it took seconds, then hours."""
    text = unit * (160_000 // len(unit))
    started = time.process_time()
    spans = sentences.split(text, "fr")
    find(normalize(text))
    assert "".join(span.text for span in spans) == text
    assert time.process_time() - started < 4


def test_a_long_line_has_the_sentences_of_its_parts():
    text = "Bonjour le monde. Il fait beau ! " * 1000
    found = [span.text for span in sentences.split(text, "fr") if span.is_sentence]
    assert found == ["Bonjour le monde.", "Il fait beau !"] * 1000
