"""The tables of the folder `lexicon`: nouns with gender and plural, words, names."""

from collections import defaultdict
from functools import cache
from pathlib import Path

from .values import Noun, Word

FOLDER = Path(__file__).parent / "lexicon"
CODES = ("en", "fr", "es", "de")


def _rows(name: str) -> list[list[str]]:
    return [line.split("\t") for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()[1:]]


@cache
def nouns() -> dict[str, tuple[Noun, ...]]:
    """Return the nouns by tag, and each by its English singular."""
    found: dict[str, list[Noun]] = defaultdict(list)
    for tags, *sides in _rows("nouns.tsv"):
        entry = {}
        for code, side in zip(CODES, sides, strict=True):
            gender, _, forms = ("", "", side) if code == "en" else side.partition(" ")
            entry[code] = (gender, tuple(forms.split("/")))
        for tag in {*tags.split(","), entry["en"][1][0]}:
            found[tag].append(Noun(entry))
    return {tag: tuple(group) for tag, group in found.items()}


@cache
def words() -> dict[str, tuple[Word, ...]]:
    """Return the words by class."""
    found: dict[str, list[Word]] = defaultdict(list)
    for group, *sides in _rows("words.tsv"):
        found[group].append(
            Word({code: tuple(side.split("/")) for code, side in zip(CODES, sides, strict=True)})
        )
    return {group: tuple(entries) for group, entries in found.items()}


@cache
def names() -> dict[str, tuple[str, ...]]:
    """Return first names of men (m) and women (f), and surnames (s)."""
    found: dict[str, list[str]] = defaultdict(list)
    for kind, name in _rows("names.tsv"):
        found[kind].append(name)
    return {kind: tuple(group) for kind, group in found.items()}
