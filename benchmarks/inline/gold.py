"""Sentences with tags, and what may stand for their words in a translation (README.md says how they were made)."""

import csv
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from clearhead.segments.segment import Marked, Tag

FILE = Path(__file__).parent / "gold.tsv"
_MARKUP = re.compile(r"<(?P<closing>/?)(?P<number>\d)(?P<empty>/?)>|\{(?P<fits>[^}]*)\}")
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, kw_only=True)
class Gloss:
    """A word with a meaning, and what may stand for it in a translation."""

    end: int
    """Where it ends in the source."""
    fits: tuple[str, ...]
    one_is_enough: bool
    """Whether one of the words that fit is enough to be inside a tag."""

    def places(self, text: str) -> frozenset[tuple[int, int]]:
        """Return where the words of a translation stand that may stand for it."""
        return frozenset(
            match.span()
            for match in _WORD.finditer(text)
            if any(fnmatchcase(match[0].casefold(), fit) for fit in self.fits)
        )


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A line of the file."""

    source: str
    target: str
    kind: str
    marked: Marked
    glosses: tuple[Gloss, ...]

    @classmethod
    def parse(cls, direction: str, kind: str, written: str) -> "Sentence":
        """Read a sentence with numbered tags and, in braces, what may stand for its words."""
        text, place = "", 0
        tags: dict[int, Tag] = {}
        opened: list[int] = []
        glosses = []
        for match in _MARKUP.finditer(written):
            text += written[place : match.start()]
            place = match.end()
            if match["fits"]:
                fits = match["fits"].casefold()
                glosses.append(
                    Gloss(
                        end=len(text), fits=tuple(fits.lstrip("~").split("|")), one_is_enough=fits[0] == "~"
                    )
                )
                continue
            number = int(match["number"]) - 1
            if match["closing"]:
                opened.remove(number)
                tags[number] = Tag(start=tags[number].start, end=len(text), parent=tags[number].parent)
                continue
            tags[number] = Tag(start=len(text), end=len(text), parent=opened[-1] if opened else None)
            if not match["empty"]:
                opened.append(number)
        text += written[place:]
        source, target = direction.split("-")
        marked = Marked(text=text, tags=tuple(tags[number] for number in range(len(tags))))
        return cls(source=source, target=target, kind=kind, marked=marked, glosses=tuple(glosses))


def read(file: Path = FILE) -> list[Sentence]:
    """Return the sentences in the order of the file."""
    with file.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [Sentence.parse(row["direction"], row["kind"], row["source"]) for row in rows]
