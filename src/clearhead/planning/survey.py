"""What a corpus holds, in a few figures."""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from clearhead.corpora.pair import Pair

CHARACTERS_PER_TOKEN = 3.5
"""Assumed before there is a tokenizer; `clearhead info` shows the figure of a trained model."""
_RARE = 0.01
"""A script with a smaller share of the letters is quotations and names."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """One side of a corpus, of pairs with text on both sides."""

    characters: int
    words: int
    """Runs of characters between spaces."""
    longest: int
    """Characters of the longest sentence."""
    alphabet: int
    """Different characters."""
    scripts: tuple[str, ...]
    """Of its letters, the most frequent first, such as ("LATIN",)."""


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What a corpus holds."""

    pairs: int
    """With text on both sides."""
    without_text: int
    """Pairs with an empty side, or that cannot be read."""
    source: Side
    target: Side
    alphabet: int
    """Different characters of both sides."""

    @property
    def target_tokens(self) -> int:
        """Estimated tokens of the target side, with the end of each sentence."""
        return round(self.target.characters / CHARACTERS_PER_TOKEN) + self.pairs


def survey(pairs: Iterable[Pair]) -> Survey:
    """Count what pairs hold; one pass, in memory for a pair and an alphabet."""
    letters, words, longest = (Counter[str](), Counter[str]()), [0, 0], [0, 0]
    kept = without_text = 0
    for pair in pairs:
        sides = pair.src, pair.tgt
        if pair.fault or not all(map(str.strip, sides)):
            without_text += 1
            continue
        kept += 1
        for number, text in enumerate(sides):
            letters[number].update(text)
            words[number] += len(text.split())
            longest[number] = max(longest[number], len(text))
    source, target = (
        _side(characters, count, length)
        for characters, count, length in zip(letters, words, longest, strict=True)
    )
    return Survey(
        pairs=kept,
        without_text=without_text,
        source=source,
        target=target,
        alphabet=len(letters[0].keys() | letters[1].keys()),
    )


def _side(characters: Counter[str], words: int, longest: int) -> Side:
    return Side(
        characters=characters.total(),
        words=words,
        longest=longest,
        alphabet=len(characters),
        scripts=_scripts(characters),
    )


def _scripts(characters: Counter[str]) -> tuple[str, ...]:
    """Return the scripts of letters by the first word of their Unicode names, but for rare ones."""
    scripts: Counter[str] = Counter()
    for character, count in characters.items():
        if character.isalpha():
            scripts[unicodedata.name(character, "OTHER").partition(" ")[0]] += count
    return tuple(name for name, count in scripts.most_common() if count >= _RARE * scripts.total())
