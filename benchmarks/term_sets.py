"""Sentences with a glossary entry that is right for them, chosen by counts before any output is seen.

A word of the source gets as its term the word that the reference has for it, where that is not the commonest
translation: what a translator would not write by itself, and what a glossary is for. Translation probabilities are
those of IBM model 1 (Brown et al. 1993), in both directions, learned from training text.

Usage: python -m benchmarks.term_sets --train F.en F.fr --valid V.en V.fr --out terms.en-fr.tsv
"""

import argparse
import gzip
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_NULL = ""
COMMON = 150
"""The commonest words of the source are left alone: articles, pronouns and verbs that no glossary has."""
SHORTEST = 4
"""Letters of a word, on either side."""
LEAST = 0.04
"""Probability that the source word is translated so."""
SURE = 0.15
"""Probability that the target word comes from it."""

Table = dict[str, dict[str, float]]
Pairs = Sequence[tuple[list[str], list[str]]]


class Held(NamedTuple):
    """A pair with the term that is right for it."""

    src: str
    ref: str
    source: str
    target: str
    expected: str
    """The commonest translation of the source word."""


def words(text: str) -> list[str]:
    """Return the words of a text in small letters."""
    return _WORD.findall(text.lower())


def model_1(pairs: Pairs, rounds: int = 5) -> Table:
    """Return p(target word | source word) by expectation and maximisation (Brown et al. 1993, model 1)."""
    table: Table = {}
    for _ in range(rounds):
        counts: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for src, tgt in pairs:
            rows = [(counts[s], table.get(s)) for s in (_NULL, *src)]
            for t in tgt:
                shares = [1.0 if row is None else row.get(t, 0.0) for _, row in rows]
                total = sum(shares) or 1.0
                for (count, _), share in zip(rows, shares, strict=True):
                    if share > 1e-4 * total:
                        count[t] += share / total
        table = {s: _normalised(row) for s, row in counts.items()}
    return table


def _normalised(row: dict[str, float]) -> dict[str, float]:
    total = sum(row.values())
    return {t: value / total for t, value in row.items() if value > 1e-3 * total}


def chosen(train: Pairs, valid: Sequence[tuple[str, str]], most: int) -> Iterator[Held]:
    """Yield at most `most` pairs with their terms, in the order of the file; no entry is taken more than twice."""
    forward, backward = model_1(train), model_1([(tgt, src) for src, tgt in train])
    common = {word for word, _ in Counter(word for src, _ in train for word in src).most_common(COMMON)}
    taken: Counter[tuple[str, str]] = Counter()
    for src, ref in valid:
        found = list(_terms(src, ref, forward, backward, common))
        found = [held for held in found if taken[held.source, held.target] < 2]
        if found and sum(taken.values()) < most:
            best = max(found, key=lambda held: backward[held.target.lower()][held.source])
            taken[best.source, best.target] += 1
            yield best


def _terms(src: str, ref: str, forward: Table, backward: Table, common: set[str]) -> Iterator[Held]:
    src_words, ref_words = Counter(words(src)), Counter(words(ref))
    for source, times in src_words.items():
        row = forward.get(source, {})
        if times > 1 or len(source) < SHORTEST or source in common or not row:
            continue
        expected = max(row, key=lambda t: row[t])
        if expected in ref_words:
            continue
        for target, count in ref_words.items():
            sure = backward.get(target, {}).get(source, 0.0)
            best = max(backward.get(target, {"": 0.0}).items(), key=lambda item: item[1])[0]
            if count == 1 and len(target) >= SHORTEST and row.get(target, 0.0) >= LEAST and sure >= SURE:
                written = _as_written(target, ref)
                if best == source and written:
                    yield Held(src, ref, source, written, expected)


def _as_written(word: str, text: str) -> str:
    """Return a word as a text has it; empty at the beginning, where its capital says nothing."""
    place = next(match for match in _WORD.finditer(text) if match[0].lower() == word)
    return place[0] if any(map(str.isalpha, text[: place.start()])) else ""


def lines(path: Path) -> list[str]:
    """Return the lines of a file."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        return [line.rstrip("\n") for line in file]


def read(path: Path) -> list[Held]:
    """Return a set that was written."""
    return [Held(*line.split("\t")) for line in lines(path)]


def main() -> None:
    """Choose a set and write it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--train", type=Path, nargs=2, required=True, help="source and target, a line each")
    parser.add_argument("--valid", type=Path, nargs=2, required=True, help="the same of what is translated")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--most", type=int, default=150)
    parser.add_argument("--pairs", type=int, default=60_000, help="of the training text that are read")
    options = parser.parse_args()
    srcs, tgts = (lines(path) for path in options.train)
    step = max(1, len(srcs) // options.pairs)
    train = [(words(src), words(tgt)) for src, tgt in list(zip(srcs, tgts, strict=True))[::step]]
    valid = list(zip(*(lines(path) for path in options.valid), strict=True))
    held = list(chosen(train, valid, options.most))
    options.out.write_text("".join("\t".join(each) + "\n" for each in held), encoding="utf-8")
    print(f"{len(held)} sentences with a term, of {len(valid):,}; learned from {len(train):,} pairs")


if __name__ == "__main__":
    main()
