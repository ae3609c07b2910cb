"""Which strings of a tree of keys are to be translated: `menu.*.label` and the like."""

import re
from collections.abc import Sequence

from clearhead.segments.segment import Left

_MOST_SHOWN = 80


class Keys:
    """The keys that a user chose; none chooses all.

    A part of a key is a name or, in a list, a number from 0; `*` stands for any characters of one part. A key chooses
    all that is below it, too.
    """

    def __init__(self, chosen: Sequence[str]) -> None:
        self._chosen = {key: _pattern(key) for key in chosen}
        self._unused = set(chosen)

    def __contains__(self, path: Sequence[str | int]) -> bool:
        """Say whether the string at a path is chosen."""
        if not self._chosen:
            return True
        name = ".".join(map(str, path))
        matching = [key for key, pattern in self._chosen.items() if pattern.fullmatch(name)]
        self._unused.difference_update(matching)
        return bool(matching)

    @property
    def unused(self) -> list[Left]:
        """Return the chosen keys that no string had."""
        return [
            Left(place=f"key {key}", why="no string has this key; check it, for example: --keys menu.*.label")
            for key in self._chosen
            if key in self._unused
        ]


def _pattern(key: str) -> re.Pattern[str]:
    parts = "[^.]*".join(map(re.escape, key.split("*")))
    return re.compile(rf"{parts}(?:\..*)?", re.DOTALL)


def place_of(path: Sequence[str | int], line: int) -> str:
    """Return where a string stands, for people."""
    name = ".".join(map(str, path))
    shown = name if len(name) <= _MOST_SHOWN else f"{name[: _MOST_SHOWN - 3]}..."
    return f"line {line}, key {shown}" if name else f"line {line}"
