"""Read a lexicon off Tatoeba's own sentences: words and short phrases that translate each other, where that is sure.

Usage: python recipes/default-model/lexicon.py TATOEBA OUT [--most 20000]

TATOEBA is what `data.py` reads, OUT the folder that it is going to write to: it finds `lexicon.en-fr.tsv`, `-es` and
`-de` there, two columns each. Only sentences that are learned from anyway are read. Words are aligned in both
directions by IBM's model 1 (Brown et al. 1993) that prefers the diagonal (Dyer et al. 2013), and links that both
directions agree on are kept. A phrase of up to three words goes with what its words are linked to, if that is a phrase
too, linked to nothing else, and without a word beside it that is linked to nothing and may belong to it. A pair is
taken where each is the other's commonest partner, it was seen COUNT times, and it makes up SHARE of all times that
either of them was linked so.
"""

import argparse
import itertools
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from data import LANGUAGES, Pairs, aside_keys, tatoeba  # the recipe's other script

LONGEST = 3
"""Words of a phrase."""
COUNT = 5
SHARE = 0.5
ROUNDS = 5
"""Rounds of expectation and maximisation."""
DIAGONAL = 4.0
"""How fast a link gets less likely with its distance from the diagonal, as a share of the sentence."""
NOTHING = 0.08
"""Probability that a word comes from no word of the other side."""
COMMONEST = 60
"""A phrase of several words does not end in one of the commonest words, such as an article: it would go on."""
CASES = frozenset(["der", "den", "dem", "des", "einer", "einen", "einem", "eines"])
"""No German phrase begins with one of these: what it would be by itself is not what it is after a verb or `in`."""

Phrase = tuple[int, ...]
Link = tuple[int, int]

_WORD = re.compile(
    r"(?:qu|jusqu|lorsqu|puisqu|quoiqu|[cdjlmnst])['’](?=[^\W\d_])|[^\W\d_]+(?:['’-][^\W\d_]+)*", re.I
)
_ENGLISH_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


@dataclass(frozen=True)
class Sentence:
    """The words of a sentence, as they are written, and what stands between them."""

    words: tuple[str, ...]
    joins: tuple[bool, ...]
    """For each word whether nothing but a space stands before it, so that a phrase may go on."""
    begins: tuple[bool, ...]
    """For each word whether a capital may be owed to its place."""


def sentence(text: str, language: str) -> Sentence:
    """Return the words of a sentence; French ones are parted at their elision (`l'eau` is two)."""
    pattern = _WORD if language == "fr" else _ENGLISH_WORD
    found = list(pattern.finditer(text))
    ends = [0, *(match.end() for match in found)]
    between = [text[end : match.start()] for end, match in zip(ends, found, strict=False)]
    begins = [
        number == 0 or any(mark in gap for mark in '.!?:"«¿¡„“”-—') for number, gap in enumerate(between)
    ]
    joins = [number > 0 and gap in ("", " ") for number, gap in enumerate(between)]
    return Sentence(tuple(match[0] for match in found), tuple(joins), tuple(begins))


class Vocabulary:
    """Words by number, in lower case, and how each is written where no sentence begins with it."""

    def __init__(self, sentences: Sequence[Sentence]) -> None:
        inside: dict[str, Counter[str]] = {}
        first: dict[str, Counter[str]] = {}
        for each in sentences:
            for word, begins in zip(each.words, each.begins, strict=True):
                (first if begins else inside).setdefault(word.lower(), Counter())[word] += 1
        self.numbers = {word: number for number, word in enumerate(sorted(inside.keys() | first.keys()))}
        self.written = [
            (inside.get(word) or Counter({word: 1})).most_common(1)[0][0] for word in self.numbers
        ]
        counts = Counter(word.lower() for each in sentences for word in each.words)
        self.commonest = {self.numbers[word] for word, _ in counts.most_common(COMMONEST)}

    def encode(self, each: Sentence) -> np.ndarray:
        """Return the numbers of the words of a sentence."""
        return np.array([self.numbers[word.lower()] for word in each.words], dtype=np.int64)

    def unfinished(self, words: Phrase) -> bool:
        """Say whether a phrase of several words ends in a word after which one expects another."""
        return len(words) > 1 and words[-1] in self.commonest

    def phrase(self, words: Phrase) -> str:
        """Return a phrase as it is written inside a sentence."""
        text = " ".join(self.written[word] for word in words)
        return re.sub(r"(['’]) ", r"\1", text)


def links(
    sources: Sequence[np.ndarray], targets: Sequence[np.ndarray], rounds: int = ROUNDS
) -> list[np.ndarray]:
    """Return for each target word of each pair the place of the source word it comes from, or -1 for none.

    Each array of `sources` and `targets` holds the words of a sentence as numbers.
    """
    # A cell is a source word (or none, last) and a target word of one pair; cells of a target word are neighbours.
    places, words, others, owners, priors = [], [], [], [], []
    owner = 0
    for source, target in zip(sources, targets, strict=True):
        n, m = len(source), len(target)
        at = np.arange(n)[None, :] / max(n, 1) - np.arange(m)[:, None] / max(m, 1)
        near = np.exp(-DIAGONAL * np.abs(at))
        near *= (1 - NOTHING) / np.maximum(near.sum(axis=1, keepdims=True), 1e-9)
        priors.append(np.concatenate([near, np.full((m, 1), NOTHING)], axis=1).ravel())
        places.append(np.tile(np.append(np.arange(n), -1), m))
        words.append(np.tile(np.append(source, -1), m))
        others.append(np.repeat(target, n + 1))
        owners.append(np.repeat(np.arange(owner, owner + m), n + 1))
        owner += m
    place, word, other, of = (np.concatenate(each) for each in (places, words, others, owners))
    prior = np.concatenate(priors)
    width = int(other.max(initial=0)) + 1
    kinds, kind = np.unique((word + 1) * width + other, return_inverse=True)
    source_of = kinds // width
    table = np.ones(len(kinds))
    for _ in range(rounds):
        expected = prior * table[kind]
        expected /= np.bincount(of, expected, minlength=owner)[of]
        counts = np.bincount(kind, expected, minlength=len(kinds))
        table = counts / np.bincount(source_of, counts)[source_of]
    likely = prior * table[kind]
    starts = np.flatnonzero(np.diff(of, prepend=-1))
    best = np.maximum.reduceat(likely, starts) if owner else likely
    chosen = np.flatnonzero(likely == best[of])
    _, first = np.unique(of[chosen], return_index=True)
    found = place[chosen[first]]
    return np.split(found, np.cumsum([len(target) for target in targets])[:-1])


def phrases(joins: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Yield (first, last) of every phrase of a sentence."""
    for start in range(len(joins)):
        for end in range(start, min(start + LONGEST, len(joins))):
            if end > start and not joins[end]:
                break
            yield start, end


def linked_phrases(
    found: set[Link], source: Sequence[bool], target: Sequence[bool]
) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Yield phrases of both sides, as (first, last), that are linked to each other and to nothing else."""
    linked = {i for i, _ in found}, {j for _, j in found}
    whole = set(phrases(target))
    for start, end in phrases(source):
        ours = [j for i, j in found if start <= i <= end]
        if not ours or (min(ours), max(ours)) not in whole:
            continue
        phrase = min(ours), max(ours)
        theirs = [i for i, j in found if phrase[0] <= j <= phrase[1]]
        if (
            (min(theirs), max(theirs)) == (start, end)
            and _stands_free((start, end), source, linked[0])
            and _stands_free(phrase, target, linked[1])
        ):
            yield (start, end), phrase


def _stands_free(phrase: tuple[int, int], joins: Sequence[bool], linked: set[int]) -> bool:
    before, after = phrase[0] - 1, phrase[1] + 1
    return not (
        (joins[phrase[0]] and before not in linked)
        or (after < len(joins) and joins[after] and after not in linked)
    )


def lexicon(pairs: Iterable[tuple[str, str]], language: str) -> Pairs:
    """Return the words and phrases that translate each other, the commonest first."""
    read = [(sentence(english, "en"), sentence(other, language)) for english, other in pairs]
    read = [(one, other) for one, other in read if one.words and other.words]
    if not read:
        return []
    sides = list(zip(*read, strict=True))
    vocabularies = [Vocabulary(side) for side in sides]
    encoded = [
        [vocabulary.encode(each) for each in side]
        for vocabulary, side in zip(vocabularies, sides, strict=True)
    ]
    forward, reverse = links(*encoded), links(*encoded[::-1])
    together: Counter[tuple[Phrase, Phrase]] = Counter()
    rows = zip(
        *sides, *([words.tolist() for words in side] for side in encoded), forward, reverse, strict=True
    )
    for one, other, ours, theirs, there, back in rows:
        both = {(int(i), j) for j, i in enumerate(there) if i >= 0 and back[i] == j}
        together.update(
            (tuple(ours[i : k + 1]), tuple(theirs[j : m + 1]))
            for (i, k), (j, m) in linked_phrases(both, one.joins, other.joins)
        )
    partners = [best_partners(together, side) for side in (0, 1)]
    seen = [Counter[Phrase](), Counter[Phrase]()]
    for pair, count in together.items():
        for side in (0, 1):
            seen[side][pair[side]] += count
    sure = [
        (-count, *(vocabulary.phrase(phrase) for vocabulary, phrase in zip(vocabularies, pair, strict=True)))
        for pair, count in together.items()
        if count >= COUNT
        and all(partners[side][pair[side]] == pair[1 - side] for side in (0, 1))
        and all(count >= SHARE * seen[side][pair[side]] for side in (0, 1))
        and not any(
            vocabulary.unfinished(phrase) for vocabulary, phrase in zip(vocabularies, pair, strict=True)
        )
    ]
    return [(one, other) for _, one, other in sorted(sure) if fit(one, other, language)]


def fit(english: str, other: str, language: str) -> bool:
    """Say whether a phrase is one by itself: no name and what is said of it, no German article in some case."""
    words, others = english.split(), other.split()
    named = len(words) > 1 and any(word[0].isupper() and not word.startswith("I") for word in words)
    return not named and not (language == "de" and len(others) > 1 and others[0].lower() in CASES)


def best_partners(together: Counter[tuple[Phrase, Phrase]], side: int) -> dict[Phrase, Phrase]:
    """Return for each phrase of a side the one of the other side that it is linked to most often."""
    best: dict[Phrase, tuple[int, Phrase]] = {}
    for pair, count in together.items():
        best[pair[side]] = max(best.get(pair[side], (0, ())), (count, pair[1 - side]))
    return {phrase: partner for phrase, (_, partner) in best.items()}


def main() -> None:
    """Read, align and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tatoeba", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--most", type=int, help="read so many pairs of each, for a try")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    learned, _ = tatoeba(arguments.tatoeba, aside_keys())
    for language in LANGUAGES:
        name = f"en-{language}"
        pairs = lexicon(itertools.islice(learned[name], arguments.most), language)
        file = arguments.out / f"lexicon.{name}.tsv"
        file.write_text("".join(f"{one}\t{other}\n" for one, other in pairs), encoding="utf-8", newline="\n")
        print(f"{name}: {len(pairs):,} words and phrases")


if __name__ == "__main__":
    main()
