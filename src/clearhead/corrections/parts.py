"""Corrections and general text, parted into what is learned and what is only measured."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Self

from clearhead.corpora.pair import Pair
from clearhead.corpora.sides import Languages
from clearhead.errors import DataError
from clearhead.grammar import grammar
from clearhead.memory.reading import read
from clearhead.planning.setting_aside import FEWEST, how_many
from clearhead.text.normalize import normalize

MOST_GENERAL, MOST_MEASURED = 4000, 500
"""Pairs of general text that are learned at most, and of each part that are measured."""
_GRAMMAR_PAIRS = 1200


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Pairs of one direction; no source is in two parts."""

    languages: Languages
    learned: Sequence[Pair]
    """Corrections to learn."""
    aside: Sequence[Pair]
    """Corrections that are not learned; none where there are fewer than 20."""
    general: Sequence[Pair]
    """General text that is learned beside them, so that less is forgotten."""
    general_aside: Sequence[Pair]
    left_out: int
    """Corrections without text on both sides, or that could not be read."""
    replaced: int
    """Corrections that a later one of the same source replaced."""

    @classmethod
    def of(
        cls,
        corrections: Sequence[Path | str],
        general: Path | str | None,
        languages: Languages,
        *,
        built_in: bool,
    ) -> Self:
        """Read corrections and general text; without any, `built_in` takes sentences of the built-in grammar.

        Raises DataError where there is no correction with text on both sides.
        """
        pairs = [pair for file in corrections for pair in read(file, languages.source, languages.target)]
        whole = [pair for pair in pairs if not pair.fault and normalize(pair.src) and normalize(pair.tgt)]
        by_source = _by_source(whole)
        if not by_source:
            files = ", ".join(map(str, corrections))
            raise DataError(f"{files} holds no correction with text on both sides; give at least one")
        ordered = _ordered(by_source)
        aside = how_many(len(ordered)) if len(ordered) >= FEWEST else 0
        others_by_source = _by_source(_general(general, languages, built_in=built_in))
        others = _ordered({key: pair for key, pair in others_by_source.items() if key not in by_source})
        general_aside = min(how_many(len(others)), MOST_MEASURED)
        return cls(
            languages=languages,
            learned=ordered[aside:],
            aside=ordered[:aside],
            general=others[general_aside:][:MOST_GENERAL],
            general_aside=others[:general_aside],
            left_out=len(pairs) - len(whole),
            replaced=len(whole) - len(by_source),
        )

    @property
    def measured(self) -> Mapping[str, Sequence[Pair]]:
        """The parts that the model is measured on, by name."""
        parts = {
            "corrections set aside": self.aside,
            "corrections learned": self.learned,
            "general text": self.general_aside,
        }
        return {name: pairs[:MOST_MEASURED] for name, pairs in parts.items() if pairs}

    def json_lines(self, pairs: Iterable[Pair]) -> str:
        """Return pairs as JSON Lines that `clearhead evaluate` reads."""
        source, target = self.languages.source or "source", self.languages.target or "target"
        return "".join(
            json.dumps({source: pair.src, target: pair.tgt}, ensure_ascii=False) + "\n" for pair in pairs
        )


def _general(file: Path | str | None, languages: Languages, *, built_in: bool) -> Iterable[Pair]:
    """Return general text; of a model that knows the built-in grammar's languages, sentences of that."""
    if file is not None:
        pairs = read(file, languages.source, languages.target)
        return [pair for pair in pairs if not pair.fault and normalize(pair.src) and normalize(pair.tgt)]
    source, target = languages.source, languages.target
    if not built_in or not {source, target} <= set(grammar.LANGUAGES):
        return []
    examples = islice(grammar.generate(1, _GRAMMAR_PAIRS, part="train"), _GRAMMAR_PAIRS)
    return [
        Pair(example.text(source), example.text(target), "the built-in grammar", number)
        for number, example in enumerate(examples, start=1)
    ]


def _by_source(pairs: Iterable[Pair]) -> dict[str, Pair]:
    """Return pairs by their source, of several with one the last."""
    return {normalize(pair.src): pair for pair in pairs}


def _ordered(pairs: Mapping[str, Pair]) -> list[Pair]:
    """Return pairs in an order that depends on nothing but their sources, and is as good as random."""
    return [
        pairs[source] for source in sorted(pairs, key=lambda source: hashlib.sha256(source.encode()).digest())
    ]
