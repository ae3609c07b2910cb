"""The lists of the default model that were written by hand: the phrasebook, the held-out lists, everyday sentences."""

import re
from collections import Counter
from itertools import combinations

import pytest

from tests.test_recipes import RECIPES, script

HERE = RECIPES / "default-model"
LANGUAGES = ("en", "fr", "es", "de")
PLACEHOLDER = re.compile(r"\{\{.*?\}\}|\$?\{[^}]*\}|%(?:\d+\$)?[sdif]\b|%\(\w+\)[sd]|</?\w+>|https?://\S+")
COUNTS = {"first-words": 99, "number-words": 240, "kept": 588, "cut-content": 120}
COLUMNS = {
    "first-words": list(LANGUAGES),
    "number-words": ["from", "to", "source", "must"],
    "kept": ["from", "to", "kind", "source", "keeps"],
    "cut-content": ["from", "to", "source", "full", "cut", "missing"],
}
DIRECTIONS = [pair for language in ("de", "es", "fr") for pair in (("en", language), (language, "en"))]


def table(file):
    """Return the head and the rows of a table, each a list of cells."""
    head, *rows = (
        line.split("\t") for line in file.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    )
    return head, rows


def end(text):
    """Return the final mark of a phrase: what it asks for, or none."""
    return {"!": "!", "?": "?", ".": ".", "…": "…", ":": ":"}.get(text.rstrip("»”\"')")[-1:], "")


@pytest.mark.parametrize("file", sorted((HERE / "phrasebook").glob("*.tsv")), ids=lambda file: file.stem)
def test_a_phrasebook_is_sound(file):
    head, rows = table(file)
    assert head == list(LANGUAGES)
    firsts = Counter(row[0].split(" | ")[0] for row in rows)
    assert [text for text, count in firsts.items() if count > 1] == []
    for row in rows:
        assert len(row) == 4, row
        cells = [cell.split(" | ") for cell in row]
        alternatives = [text for cell in cells for text in cell]
        assert all(text and text == text.strip() and "  " not in text for text in alternatives), row
        assert len({frozenset(Counter(PLACEHOLDER.findall(text)).items()) for text in alternatives}) == 1, row
        assert len({end(cell[0]) for cell in cells}) == 1, row
        for cell in cells:
            assert len(set(cell)) == len(cell), row
        for text in cells[2]:
            assert text.count("¿") == text.count("?"), row
            assert text.count("¡") == text.count("!"), row


@pytest.mark.parametrize("name", COUNTS)
def test_a_held_out_list_is_as_its_page_says(name):
    head, rows = table(HERE / "held-out" / f"{name}.tsv")
    assert head == COLUMNS[name]
    assert len(rows) == COUNTS[name]
    assert re.search(rf"\| `{name}\.tsv` \| {COUNTS[name]}\b", (HERE / "held-out" / "README.md").read_text())
    assert all(len(row) == len(head) and all(cell.strip() for cell in row) for row in rows)
    assert len({tuple(row[: head.index("source") + 1] if "source" in head else row) for row in rows}) == len(
        rows
    )
    if "from" in head:
        each = Counter((row[0], row[1]) for row in rows)
        assert each == dict.fromkeys(DIRECTIONS, len(rows) // 6)


def test_numbers_are_looked_for_with_expressions_that_compile():
    _, rows = table(HERE / "held-out" / "number-words.tsv")
    for *_, source, must in rows:
        assert not re.compile(must, re.IGNORECASE).search(""), source


def test_what_must_be_kept_stands_once_in_the_source():
    _, rows = table(HERE / "held-out" / "kept.tsv")
    for *_, source, keeps in rows:
        for part in keeps.split(" ␟ "):
            if part.startswith("~"):
                assert not re.compile(part[1:], re.IGNORECASE).search(""), source
            else:
                assert source.count(part) == 1, source


def test_what_is_cut_out_is_a_word_of_the_source():
    _, rows = table(HERE / "held-out" / "cut-content.tsv")
    for *_, source, full, cut, missing in rows:
        assert re.search(rf"(?<!\w){re.escape(missing)}(?!\w)", source), source
        assert len(cut.split()) < len(full.split()), source


def test_everyday_sentences_are_as_they_should_be():
    rows = list(script("default-model", "data.py").everyday())
    assert len(rows) >= 90
    assert len({row[:3] for row in rows}) == len(rows)
    assert {row[:2] for row in rows} == {
        pair for one in combinations(LANGUAGES, 2) for pair in (one, one[::-1])
    }
    for _, _, text, accepted in rows:
        assert accepted
        assert all(answer == answer.strip() and answer for answer in (text, *accepted))
