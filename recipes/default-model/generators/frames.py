"""Read frames of sentences in four languages, and fill their slots.

A frame is five lines of a file of the folder `frames`: `:` and its variables, each `name=domain`, then English,
French, Spanish, German. `‹name form …›` says a variable's value; `^` among the forms makes its first letter a
capital. `‹name|one|other›` chooses by the value: singular or plural, or by gender. `‿` joins a word to the next
as the language does: `de‿‹name›`, `y‿‹name›`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from . import codes, english, french, german, spanish
from .draws import draw
from .lexicon import CODES
from .values import Language, Value

FOLDER = Path(__file__).parent / "frames"
LANGUAGES: Mapping[str, Language] = {"en": english, "fr": french, "es": spanish, "de": german}
SLOT = re.compile("‹([^›]*)›")
JOINT = re.compile(r"(\w+)‿(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a value: its variable, the forms asked for, or the alternatives it chooses among."""

    variable: str
    forms: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """Variables with their domains, and by language the text with its slots."""

    variables: tuple[tuple[str, str], ...]
    sides: tuple[tuple[str | Slot, ...], ...]


def parse(block: str) -> Frame:
    """Read one frame."""
    head, *sides = block.split("\n")
    assert head.startswith(":"), block
    assert len(sides) == len(CODES), block
    pairs = (part.split("=", 1) for part in head[1:].split())
    return Frame(tuple((name, domain) for name, domain in pairs), tuple(_parts(side) for side in sides))


def _parts(side: str) -> tuple[str | Slot, ...]:
    found: list[str | Slot] = []
    for place, text in enumerate(SLOT.split(side)):
        if place % 2 == 0:
            found.append(text)
        elif "|" in text:
            variable, *alternatives = text.split("|")
            found.append(Slot(variable, alternatives=tuple(alternatives)))
        else:
            variable, *forms = text.split()
            found.append(Slot(variable, tuple(forms)))
    return tuple(found)


@cache
def frames(name: str) -> tuple[Frame, ...]:
    """Return the frames of a file."""
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").strip("\n")
    return tuple(parse(block) for block in re.split(r"\n\n+", text))


def fill(frame: Frame, draws: Random, *, words: bool) -> tuple[str, ...]:
    """Draw the variables, no two of a domain alike, and say the frame in each language."""
    values: dict[str, Value] = {}
    style = draws.choice(codes.STYLES)
    for name, domain in frame.variables:
        values[name] = draw(domain, draws, words, style, values)
        for _ in range(20):
            if list(values.values()).count(values[name]) == 1 or domain.startswith(("ph:", "small")):
                break
            values[name] = draw(domain, draws, words, style, {k: v for k, v in values.items() if k != name})
    return tuple(
        _said(side, LANGUAGES[code], code, values) for code, side in zip(CODES, frame.sides, strict=True)
    )


def _said(side: tuple[str | Slot, ...], language: Language, code: str, values: Mapping[str, Value]) -> str:
    said = ""
    for part in side:
        if isinstance(part, str):
            said += part
        elif part.alternatives:
            chosen = values[part.variable].choice(language, code)
            said += part.alternatives[min(chosen, len(part.alternatives) - 1)]
        else:
            text = values[part.variable].say(language, code, part.forms, values)
            said += text[0].upper() + text[1:] if "^" in part.forms else text
    while joint := JOINT.search(said):
        said = said[: joint.start()] + language.linked(joint[1], joint[2])
    # The dot of an abbreviation or ordinal is also that of the sentence; in Spanish it stands after the quote.
    return re.sub(r"(?<!\.)\.\.$", ".", said).replace(".»", "».")
