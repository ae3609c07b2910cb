"""What the outputs of a search must hold and must not: phrases of tokens, in any order, and where one is under way.

A phrase has alternatives, the ways in which it may be written; one of them is enough. All is a function of the tokens
alone, so that a search may ask it of any hypothesis, whatever became of the others.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

from clearhead.errors import TranslationError

Sequences = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class WordEdges:
    """Which ids go on with a word, so that a phrase is found as words and not within longer ones."""

    joins: frozenset[int] = frozenset()
    """Begin with a letter or a digit, without a space before it."""
    opens: frozenset[int] = frozenset()
    """End so that what follows them begins a word: with a space, an apostrophe, a bracket."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the output of one sentence is held to."""

    phrases: tuple[Sequences, ...] = ()
    """Each must occur in one of its alternatives, none sharing a token with another."""
    initial: tuple[Sequences, ...] = ()
    """For each phrase alternatives that will do where the output begins; () for no such of any."""
    forbidden: Sequences = ()
    """None of them may occur."""
    most: int | None = None
    """Most tokens, where that is less than usual: nothing far longer than an output without the phrases."""

    def __bool__(self) -> bool:
        return bool(self.phrases or self.forbidden)

    @property
    def without_phrases(self) -> "Wanted":
        """What is left where the phrases are held in another way."""
        return Wanted(forbidden=self.forbidden)

    @property
    def tokens(self) -> int:
        """Tokens of all phrases, each in its longest alternative."""
        return sum(max(map(len, phrase)) for phrase in self.phrases)


NOTHING = Wanted()


@dataclass(frozen=True)
class Progress:
    """How far an output is."""

    met: frozenset[int] = frozenset()
    """Places of the phrases that it has."""
    tokens: int = 0
    """Tokens of the phrases that it has, and of the one that is under way."""
    next_ids: tuple[int, ...] = ()
    """Ids that begin a phrase that it lacks, or go on with the one under way."""


class Phrases:
    """What the outputs of a batch are held to, in its order; `edges` say where words begin and end.

    Raises TranslationError for a phrase without tokens.
    """

    def __init__(self, wanted: Sequence[Wanted], edges: WordEdges | None = None) -> None:
        self.wanted = list(wanted)
        self.edges = edges or WordEdges()
        for sequences in (held for one in wanted for held in (*one.phrases, *one.initial, one.forbidden)):
            if any(not sequence for sequence in sequences):
                raise TranslationError("a phrase of no tokens cannot be held; give a word")
        self._everywhere = [one.phrases for one in wanted]
        self._at_first = [
            tuple(phrase + more for phrase, more in zip(one.phrases, one.initial, strict=True))
            if one.initial
            else one.phrases
            for one in wanted
        ]
        self._longest = [
            max((len(sequence) for phrase in ways for sequence in phrase), default=0)
            for ways in self._at_first
        ]
        self.progress = lru_cache(maxsize=1 << 16)(self._progress)

    def __len__(self) -> int:
        """Return the number of sentences."""
        return len(self.wanted)

    def holds(self, sentence: int, tokens: Sequence[int]) -> bool:
        """Say whether a finished output has every phrase and nothing that is forbidden."""
        wanted, output = self.wanted[sentence], tuple(tokens)
        for sequence in wanted.forbidden:
            for place in range(len(output) - len(sequence) + 1):
                if self._stands(output, place, sequence) and self._ends(output, place + len(sequence)):
                    return False
        return len(self.progress(sentence, output).met) == len(wanted.phrases)

    def banned(self, sentence: int, tokens: tuple[int, ...]) -> list[int]:
        """Return the ids that would complete what is forbidden, be it a word or the beginning of a longer one."""
        return [
            sequence[-1]
            for sequence in self.wanted[sentence].forbidden
            if len(sequence) <= len(tokens) + 1
            and self._stands((*tokens, sequence[-1]), len(tokens) + 1 - len(sequence), sequence)
        ]

    def _progress(self, sentence: int, tokens: tuple[int, ...]) -> Progress:
        phrases = self.wanted[sentence].phrases
        if not phrases:
            return Progress()
        beginning = next(
            (at for at, token in enumerate(tokens) if token not in self.edges.opens), len(tokens)
        )
        sizes = [max(map(len, phrase)) for phrase in phrases]
        missing = set(range(len(phrases)))
        place = end = 0
        while place < len(tokens) and missing:
            ways = self._ways(sentence, place <= beginning)
            whole = self._whole(tokens, place, ways, missing)
            if whole is None:
                place += 1
            else:
                missing.discard(whole[1])
                place = end = place + whole[0]
        under_way = {
            (len(tokens) - start, sequence[len(tokens) - start])
            for start in range(max(end, len(tokens) - self._longest[sentence] + 1), len(tokens) + 1)
            for number in missing
            for sequence in self._ways(sentence, start <= beginning)[number]
            if len(tokens) - start < len(sequence)
            and tokens[start:] == sequence[: len(tokens) - start]
            and self._begins(tokens, start, sequence[0])
        }
        met = frozenset(range(len(phrases))) - missing
        return Progress(
            met,
            sum(sizes[number] for number in met) + max((done for done, _ in under_way), default=0),
            tuple(sorted({following for _, following in under_way})),
        )

    def _ways(self, sentence: int, at_first: bool) -> tuple[Sequences, ...]:
        """Return the ways to write each phrase, where an output begins or anywhere else."""
        return (self._at_first if at_first else self._everywhere)[sentence]

    def _whole(
        self, tokens: tuple[int, ...], place: int, ways: Sequence[Sequences], missing: Set[int]
    ) -> tuple[int, int] | None:
        """Return (length, number) of the longest missing phrase that stands at a place, of equal ones the first."""
        whole = [
            (len(sequence), number)
            for number in sorted(missing)
            for sequence in ways[number]
            if self._stands(tokens, place, sequence) and self._ends(tokens, place + len(sequence))
        ]
        return max(whole, key=lambda found: found[0], default=None)

    def _stands(self, tokens: tuple[int, ...], place: int, sequence: tuple[int, ...]) -> bool:
        return tokens[place : place + len(sequence)] == sequence and self._begins(tokens, place, sequence[0])

    def _begins(self, tokens: Sequence[int], place: int, first: int) -> bool:
        """Say whether a word may begin at a place with an id."""
        return first not in self.edges.joins or place == 0 or tokens[place - 1] in self.edges.opens

    def _ends(self, tokens: Sequence[int], end: int) -> bool:
        """Say whether a word may end before a place; the end of what there is may be the end of a word."""
        return end >= len(tokens) or tokens[end] not in self.edges.joins
