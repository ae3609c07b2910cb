"""Symbols put in the places of what must come through, and taken out again after translating.

Where a symbol would touch a letter or a digit, a space is put between them, so that the word next to it is one
that the vocabulary knows, and is taken out again on the same side.
"""

import re
from collections import Counter, deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from random import Random

from clearhead.surface.carried import Carried, digits, find, key
from clearhead.surface.numerals import of_the_day, written
from clearhead.text.symbols import EACH, KIND_OF, RESERVED, SYMBOLS

_FIGURES = ("number", "year", "amount")
_DIGIT = re.compile(r"\d")
_RUN = re.compile(r"(?<!\d)\d{1,3}(?:[.,'’ ]\d{3})+(?!\d)|\d+")


@dataclass(frozen=True, slots=True)
class Placed:
    """A symbol in a text, and what it stands for."""

    symbol: str
    carried: Carried
    joined_before: bool
    """Whether it touched a letter, a digit or another one before it."""
    joined_after: bool


@dataclass(frozen=True, slots=True)
class Masked:
    """A text with symbols, and what each stands for, from left to right."""

    text: str
    placed: tuple[Placed, ...] = ()

    @property
    def carried_by(self) -> dict[str, str]:
        """What each symbol stands for; the first where it is used again."""
        return {placed.symbol: placed.carried.text for placed in reversed(self.placed)}


def mask(
    text: str,
    kinds: Collection[str],
    learned: Collection[str] | None = None,
    *,
    stretches: Sequence[Carried] | None = None,
    draws: Random | None = None,
) -> Masked:
    """Return a text with symbols of the given kinds for what must come through.

    The symbols of a kind are taken in order, or in one that `draws` gives; a text with more of a kind than there
    are uses them again. `stretches` is what `find` returns, where that is known already. A symbol that the text
    itself holds is carried as well, by one of any kind.
    """
    if not kinds:
        return Masked(text)
    chosen = _carried(find(text, learned) if stretches is None else stretches, kinds)
    if not chosen:
        return Masked(text)
    free: dict[str, list[str]] = {}
    symbols: list[str] = []
    for stretch in chosen:
        if not free.get(stretch.kind):
            free[stretch.kind] = _in_order(stretch.kind, draws)
        symbols.append(free[stretch.kind].pop())
    return _with_symbols(text, list(zip(chosen, symbols, strict=True)))


def _carried(candidates: Sequence[Carried], kinds: Collection[str]) -> list[Carried]:
    """Return the stretches of the given kinds, and those that hold a symbol themselves."""
    other = min(kinds)
    stretches = []
    for stretch in candidates:
        if stretch.kind in kinds:
            stretches.append(stretch)
        elif not RESERVED.isdisjoint(stretch.text):
            stretches.append(replace(stretch, kind=other))
    return stretches


def _in_order(kind: str, draws: Random | None) -> list[str]:
    """Return the symbols of a kind, last to first."""
    symbols = list(SYMBOLS[kind])
    if draws is None:
        return symbols[::-1]
    return draws.sample(symbols, EACH)


@dataclass(frozen=True, slots=True)
class Restored:
    """A translation with everything back in its place."""

    text: str
    missing: tuple[str, ...] = ()
    """What the translation lost."""
    doubled: tuple[str, ...] = ()
    """What it has more often than the source."""


def restored(
    translation: str, masked: Masked, target: str | None = None, source: str | None = None
) -> Restored:
    """Put what was carried back in the place of its symbols; figures are written as the target language does."""
    if not masked.placed and KIND_OF.keys().isdisjoint(translation):  # as nearly always
        return Restored(translation)
    waiting: dict[str, list[Placed]] = {}
    for placed in masked.placed:
        waiting.setdefault(placed.symbol, []).append(placed)
    last = {symbol: places[-1] for symbol, places in waiting.items()}
    parts: list[str] = []
    doubled: list[str] = []
    swallow = False
    for character in translation:
        if character in last:
            if waiting[character]:
                placed = waiting[character].pop(0)
            else:
                placed = last[character]
                doubled.append(placed.carried.text)
            if placed.joined_before and parts and parts[-1] == " ":
                parts.pop()
            parts.append(_shown(placed.carried, target, source))
            swallow = placed.joined_after
            continue
        if character in KIND_OF and character not in masked.text:  # a symbol that the source does not have
            continue
        if not (swallow and character == " "):
            parts.append(character)
        swallow = False
    missing = tuple(placed.carried.text for places in waiting.values() for placed in places)
    return Restored("".join(parts), missing, tuple(doubled))


def placed_in(
    translation: str, masked: Masked, target: str | None = None, source: str | None = None
) -> tuple[Placed, ...]:
    """Return what the symbols of a translation stand for, from left to right, as `restored` writes it."""
    waiting: dict[str, deque[Placed]] = {}
    for placed in masked.placed:
        waiting.setdefault(placed.symbol, deque()).append(placed)
    in_order = []
    for symbol in filter(waiting.__contains__, translation):
        placed = waiting[symbol][0]
        if len(waiting[symbol]) > 1:  # the last serves for all that are more often in the translation
            waiting[symbol].popleft()
        in_order.append(
            replace(placed, carried=replace(placed.carried, text=_shown(placed.carried, target, source)))
        )
    return tuple(in_order)


def _shown(carried: Carried, target: str | None, source: str | None) -> str:
    if carried.written:
        return carried.written
    if carried.kind in ("number", "amount"):
        return written(carried.text, target, source)
    return of_the_day(carried.text, target) if carried.kind == "time" else carried.text


def mask_pair(
    src: str,
    tgt: str,
    kinds: Collection[str],
    learned: Collection[str] | None = None,
    draws: Random | None = None,
) -> tuple[str, str]:
    """Return a pair with symbols for what both sides have, the same one on each."""
    source, target = masked_pair(src, tgt, kinds, learned, draws)
    return source.text, target.text


def masked_pair(
    src: str,
    tgt: str,
    kinds: Collection[str],
    learned: Collection[str] | None = None,
    draws: Random | None = None,
) -> tuple[Masked, Masked]:
    """Return what `mask_pair` returns, with what each symbol stands for.

    What the source has must be found in the target: letter for letter, or figures by their digits, since each
    language parts them in its own way. What is written otherwise there (5 p.m. and 17 Uhr) stays as it is.
    """
    stretches = [stretch for stretch in find(src, learned) if stretch.kind in kinds] if kinds else []
    if not stretches:
        return Masked(src), Masked(tgt)
    partners = _Partners(tgt, find(tgt, learned))
    matches = ((stretch, partners.take(stretch)) for stretch in stretches)
    pairs = [(stretch, there) for stretch, there in matches if there is not None]
    if not pairs:
        return Masked(src), Masked(tgt)
    masked = mask(src, kinds, stretches=[stretch for stretch, _ in pairs], draws=draws)
    symbol_of = {id(placed.carried): placed.symbol for placed in masked.placed}
    others = sorted(
        ((there, symbol_of[id(stretch)]) for stretch, there in pairs), key=lambda item: item[0].start
    )
    return masked, _with_symbols(tgt, others)


def _with_symbols(text: str, places: Sequence[tuple[Carried, str]]) -> Masked:
    """Return a text with each symbol in the place of its stretch; these are in order."""
    starts = {stretch.start for stretch, _ in places}
    parts: list[str] = []
    placed: list[Placed] = []
    end = 0
    for stretch, symbol in places:
        between = text[end : stretch.start]
        touching = bool(placed) and stretch.start == end
        before = touching or between[-1:].isalnum()
        after = text[stretch.end : stretch.end + 1].isalnum() and stretch.end not in starts
        parts.append(between + (" " if before else "") + symbol + (" " if after else ""))
        placed.append(Placed(symbol, stretch, before, after))
        end = stretch.end
    return Masked("".join(parts) + text[end:], tuple(placed))


class _Partners:
    """What a target has for the stretches of its source; each stretch is taken once."""

    def __init__(self, text: str, stretches: Sequence[Carried]) -> None:
        self._text = text
        self._waiting: dict[str, deque[Carried]] = {}
        for stretch in stretches:
            self._waiting.setdefault(key(stretch), deque()).append(stretch)
        self._taken = bytearray(len(text))
        self._looked: dict[tuple[str, str], int] = {}
        """Where to look for a text from: what was no partner before never becomes one."""

    def take(self, stretch: Carried) -> Carried | None:
        """Return where the target has what the source has; None where it has not, or has it more often."""
        waiting = self._waiting.get(key(stretch), deque())
        while waiting:
            same = waiting.popleft()
            if self._free(same.start, same.end):
                return self._marked(same)
        name = (stretch.kind, stretch.text)
        start = self._text.find(stretch.text, self._looked.get(name, 0))
        while start >= 0:
            end = start + len(stretch.text)
            if self._alone(stretch, start, end) and self._free(start, end):
                self._looked[name] = end
                return self._marked(Carried(start, end, stretch.kind, stretch.text))
            start = self._text.find(stretch.text, start + 1)
        self._looked[name] = len(self._text)
        return None

    def _free(self, start: int, end: int) -> bool:
        return self._taken.find(1, start, end) < 0

    def _marked(self, stretch: Carried) -> Carried:
        self._taken[stretch.start : stretch.end] = b"\1" * (stretch.end - stretch.start)
        return stretch

    def _alone(self, stretch: Carried, start: int, end: int) -> bool:
        """Say whether a place holds the text itself, not a part of a longer word or number."""
        text = self._text
        if (text[start - 1 : start].isalnum() and stretch.text[0].isalnum()) or (
            text[end : end + 1].isalnum() and stretch.text[-1].isalnum()
        ):
            return False
        return stretch.kind not in _FIGURES or _whole(text, start, end)


def _whole(text: str, start: int, end: int) -> bool:
    """Say whether figures are not a part of larger ones, such as the 12 of 12.50."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    return not (
        (len(before) == 2 and before[0].isdigit() and before[1] in ".,")
        or (len(after) == 2 and after[1].isdigit() and after[0] in ".,")
    )


def lost_digits(source: str, translation: str) -> list[str]:
    """Return the figures of a source that its translation does not have, however they are parted."""
    runs = _runs(source)
    return list((Counter(runs) - Counter(_runs(translation))).elements()) if runs else []


def _runs(text: str) -> list[str]:
    """Return the digits of each number, those of its groups as one and those of its decimals apart."""
    return [digits(run) for run in _RUN.findall(text)] if _DIGIT.search(text) else []
