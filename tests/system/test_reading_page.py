"""The walk through the code leads somewhere: every file and symbol is there, each stop is short, the examples run."""

import doctest
import inspect
import re
from pathlib import Path

import pytest

from tests.symbols import resolve

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"
PAGE = (ROOT / "docs" / "reading.md").read_text(encoding="utf-8")
SYMBOLS = sorted(set(re.findall(r"`(clearhead(?:\.\w+)+)`", PAGE)))
FILES = sorted(set(re.findall(r"`(clearhead/[\w/]+\.py)`", PAGE)))
STOPS = re.findall(r"^## (\d+\. \w.*?)\n(.*?)(?=^## )", PAGE, re.MULTILINE | re.DOTALL)
QUESTIONS = re.findall(r"^\*\*([^*]+\?)\*\*(.*?)(?=^\*\*|\Z)", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_symbols_exist(symbol):
    resolve(symbol)


@pytest.mark.parametrize("file", FILES)
def test_files_exist(file):
    assert (SRC / file).is_file()


@pytest.mark.parametrize(("title", "text"), STOPS, ids=[title for title, _ in STOPS])
def test_a_stop_is_short(title, text):
    """A file below 150 lines, or a function or class of a longer file below 70."""
    first = re.search(r"`(clearhead[\w.]+)`", text)
    assert first, f"{title} names nothing"
    value = resolve(first[1])
    file = inspect.getsourcefile(value)
    of_file = len(Path(file).read_text(encoding="utf-8").splitlines())
    own = len(inspect.getsourcelines(value)[0])
    assert of_file < 150 or own < 70, f"{title}: {file} has {of_file} lines, {first[1]} {own}"


def test_there_are_twelve_stops_and_five_answers():
    assert [title.split(".")[0] for title, _ in STOPS] == [str(number) for number in range(1, 13)]
    assert len(QUESTIONS) == 5
    for question, answer in QUESTIONS:
        assert re.search(r"`clearhead\.\w", answer), f"{question} is answered without a symbol"
        assert len(answer.splitlines()) <= 8, f"{question} is answered at length"


def test_examples():
    results = doctest.testfile(str(ROOT / "docs" / "reading.md"), module_relative=False, encoding="utf-8")
    assert results.attempted >= 15
    assert results.failed == 0
