"""Which printed words the words are that a model read or wrote.

Between the two lie symbols in the places of what is carried, letter case, folding, final marks, and literals that were
corrected. So letters are compared, one after the other, whatever their case and the spaces between them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from clearhead.surface.masking import Placed
from clearhead.text.symbols import KIND_OF
from clearhead.text.words import words


@dataclass(frozen=True)
class Printed:
    """The words of a printed text, and where those of a model are among them."""

    words: tuple[str, ...]
    homes: tuple[frozenset[int], ...]
    """For each word of the model the printed words that it is; none where it was left out."""
    carried: dict[int, tuple[int, ...]]
    """For each thing that is carried, by its place in the source, the printed words that hold it."""
    whole: frozenset[int]
    """Printed words that hold nothing but what is carried."""


def printed(of_model: Sequence[str], text: str, placed: Sequence[Placed]) -> Printed:
    """Find the words of a model in the text that is printed; `placed` is what the symbols in them stand for."""
    spelled = list(_spelled(of_model, placed))
    spans = words(text)
    shown = [(text[at], number) for number, span in enumerate(spans) for at in range(*span)]
    homes: list[set[int]] = [set() for _ in of_model]
    carried: dict[int, set[int]] = {}
    mixed: set[int] = {number for _, number in shown}
    strange = set[int]()
    for inner, outer in _pairs([letter for letter, *_ in spelled], [letter for letter, _ in shown]):
        _, word, thing = spelled[inner]
        number = shown[outer][1]
        homes[word].add(number)
        if thing is None:
            strange.add(number)
        else:
            carried.setdefault(thing, set()).add(number)
            mixed.discard(number)
    return Printed(
        tuple(text[start:end] for start, end in spans),
        tuple(map(frozenset, homes)),
        {thing: tuple(sorted(numbers)) for thing, numbers in carried.items()},
        frozenset(range(len(spans))) - mixed - strange,
    )


def _spelled(of_model: Sequence[str], placed: Sequence[Placed]) -> Iterator[tuple[str, int, int | None]]:
    """Yield each letter with the number of its word and of what is carried, symbols spelled out."""
    waiting: dict[str, list[int]] = {}
    for number, placement in enumerate(placed):
        waiting.setdefault(placement.symbol, []).append(number)
    for number, word in enumerate(of_model):
        for character in word:
            if character in waiting:
                numbers = waiting[character]
                thing = numbers.pop(0) if len(numbers) > 1 else numbers[0]  # the last where it is used again
                for letter in placed[thing].carried.text:
                    if not letter.isspace():
                        yield letter, number, thing
            elif character not in KIND_OF:
                yield character, number, None


def _pairs(inner: Sequence[str], outer: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the places of letters that are the same, or stand for each other."""
    lower = [letter.lower() for letter in inner], [letter.lower() for letter in outer]
    for what, start, end, there, past in SequenceMatcher(None, *lower, autojunk=False).get_opcodes():
        inside, outside = end - start, past - there
        if what in ("equal", "replace"):
            longer = max(inside, outside)
            for step in range(longer):
                yield start + step * inside // longer, there + step * outside // longer
