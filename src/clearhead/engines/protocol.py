"""What every engine can do: ids in, hypotheses and log-probabilities out."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from clearhead.config import DecodingConfig
from clearhead.config.checks import check, check_flags, check_integer, check_number
from clearhead.config.decoding import MOST_HYPOTHESES
from clearhead.corpora.frames import Frames
from clearhead.decoding.hypothesis import Hypothesis
from clearhead.decoding.limits import check_beam
from clearhead.decoding.phrases import WordEdges
from clearhead.errors import TranslationError
from clearhead.text.escape import SPACE_MARK
from clearhead.text.tokenizer import Tokenizer

Ids = Sequence[int]
Source = Ids | Frames
"""Ids; or frames, of a model whose source is no text."""


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """How to search; `beam_size` 1 is greedy, `temperature` above 0 samples instead."""

    decoding: DecodingConfig = field(default_factory=DecodingConfig)
    num_hypotheses: int = 1
    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 1
    min_length: int = 0
    no_repeat_ngram: int = 0
    carry: bool = True
    """Hold a translation to the symbols of its source and to whole characters; proofs of equality do without."""
    scores: bool = True
    """Whether anybody uses the scores: under rules (prefix, least length, n-grams) they may cost one more pass."""
    batch_tokens: int = 4096
    """Most source tokens of one batch, times the hypotheses kept for each sentence."""

    def __post_init__(self) -> None:
        check_integer("num_hypotheses", self.num_hypotheses, 1, MOST_HYPOTHESES)
        check_number("temperature", self.temperature, 0, 100)
        check(
            not 0 < self.temperature < 0.001, "temperature", self.temperature, "0 (no draws), or 0.001 to 100"
        )
        check_integer("top_k", self.top_k, 0, 10_000_000)
        check_number("top_p", self.top_p, 0, 1)
        check(self.top_p > 0, "top_p", self.top_p, "above 0, up to 1 (all tokens)")
        check_integer("seed", self.seed, -(2**63), 2**63 - 1)
        check_integer("min_length", self.min_length, 0, 10_000)
        check_integer("no_repeat_ngram", self.no_repeat_ngram, 0, 10_000)
        check_integer("batch_tokens", self.batch_tokens, 1, 10_000_000)
        check_flags(self, "options")
        if not self.temperature:
            check_beam(self.num_hypotheses, self.decoding.beam_size)

    def most_tokens(self, src: int, prefix: int = 0, learned: int | None = None) -> int:
        """Return the most tokens of a translation, of a source of `src` tokens with `prefix` tokens forced.

        A prefix is never cut. `learned` is the number of positions that a model has; BOS takes one of them.
        """
        most = max(self.decoding.max_length(src), prefix)
        return most if learned is None else min(most, learned - 1)

    def positions(self, src: int, prefix: int = 0, learned: int | None = None) -> int:
        """Return how many positions the longer side of such a translation may take, BOS counted."""
        return max(src, self.most_tokens(src, prefix, learned) + 1)


def search_options(
    defaults: DecodingConfig,
    *,
    beam_size: int | None = None,
    alpha: float | None = None,
    num_hypotheses: int = 1,
    **more: Any,
) -> SearchOptions:
    """Return how to search, by a model's defaults where nothing else is wanted; the beam is as wide as it must be."""
    check_integer("num_hypotheses", num_hypotheses, 1, MOST_HYPOTHESES)
    width = max(defaults.beam_size, num_hypotheses) if beam_size is None else beam_size
    decoding = replace(defaults, beam_size=width, alpha=defaults.alpha if alpha is None else alpha)
    return SearchOptions(decoding=decoding, num_hypotheses=num_hypotheses, **more)


@dataclass(frozen=True, kw_only=True)
class SpecialIds:
    """Ids of a vocabulary that a search treats in a way of their own."""

    forbidden: frozenset[int]
    """Never produced."""
    symbols: frozenset[int] = frozenset()
    """Produced as often as the source has them."""
    byte_ids: tuple[int, ...] = ()
    """Of the bytes 0 to 255, which must spell whole characters; () where a vocabulary has none."""
    edges: WordEdges = field(default_factory=WordEdges)
    """Where words begin and end."""

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> "SpecialIds":
        """Return the special ids of a tokenizer."""
        return cls(
            forbidden=tokenizer.forbidden_ids,
            symbols=frozenset(tokenizer.symbols.values()),
            byte_ids=tokenizer.spelling_ids,
            edges=word_edges(tokenizer),
        )

    def keeps(self, src: Ids, tgt: Ids) -> bool:
        """Say whether a translation has every symbol of its source as often as that."""
        if not self.symbols or self.symbols.isdisjoint((*src, *tgt)):
            return True
        in_src, in_tgt = (Counter(i for i in ids if i in self.symbols) for ids in (src, tgt))
        return in_src == in_tgt


def word_edges(tokenizer: Tokenizer) -> WordEdges:
    """Return which ids of a vocabulary go on with a word; bytes do, since they spell rare letters."""
    pieces = tokenizer.text_pieces
    joins = {number for piece, number in pieces.items() if piece[:1].isalnum()}
    opens = {
        number for piece, number in pieces.items() if piece[-1:] == SPACE_MARK or not piece[-1:].isalnum()
    }
    return WordEdges(frozenset(joins | set(tokenizer.spelling_ids)), frozenset(opens))


def check_lengths(rows: Sequence[Source], longest: int | None) -> None:
    """Raise TranslationError for a sentence with more tokens than the model has positions."""
    check_positions([len(ids) for ids in rows], longest)


def ids_only(srcs: Sequence[Source]) -> list[Ids]:
    """Return sources that are all ids, for an engine that reads nothing else."""
    ids: list[Ids] = []
    for src in srcs:
        assert not isinstance(src, np.ndarray), "load_engine gives frames to our own code"
        ids.append(src)
    return ids


def part(
    indices: Sequence[int], srcs: Sequence[Source], options: SearchOptions, prefixes: Sequence[Ids] | None
) -> tuple[list[Source], SearchOptions, list[Ids] | None]:
    """Return the arguments of `Engine.translate` for some of the sources."""
    forced = [prefixes[index] for index in indices] if prefixes else None
    return [srcs[index] for index in indices], options, forced


def check_positions(counts: Sequence[int], longest: int | None) -> None:
    """Raise TranslationError for a source that takes more positions than the model has."""
    for number, count in enumerate(counts if longest is not None else ()):
        if longest is not None and count > longest:
            raise TranslationError(
                f"sentence {number} has {count} tokens, and the model has learned {longest} positions; split it, or "
                "let it be split with split='auto'"
            )


class Engine(Protocol):
    """A trained model that runs."""

    @property
    def name(self) -> str:
        """Name of the engine."""

    @property
    def precision(self) -> str:
        """Precision of the weights while it translates, such as fp32 or int8."""

    @property
    def at_once(self) -> int:
        """Batches that it translates at the same time, where several threads ask for some."""

    def unsupported(self, options: SearchOptions | None, positions: int = 0) -> str:
        """Return what this engine lacks for a search, or for a sentence of that many positions; empty: nothing.

        Without options it says so of the positions alone, as for scoring.
        """

    def translate(
        self, srcs: Sequence[Source], options: SearchOptions, prefixes: Sequence[Ids] | None = None
    ) -> Iterator[tuple[int, list[Hypothesis]]]:
        """Yield (index of the source, its hypotheses best first), in the order of finishing.

        Sources end with EOS; `prefixes` are target tokens that each translation must start with. Raises ConfigError or
        TranslationError for what the engine does not support.
        """

    def score(self, srcs: Sequence[Source], tgts: Sequence[Ids]) -> list[list[float]]:
        """Return the log-probability of every target token and of the EOS after the last."""
