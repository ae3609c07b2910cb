"""Which words stand close to which, over a word list made beforehand: the built-in grammar's lexicon."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from clearhead.grammar.lexicon import ADJECTIVES, NOUNS, VERBS


class Concept(NamedTuple):
    """What is said in three languages, and its class."""

    kind: str
    words: Mapping[str, str]


def concepts() -> list[Concept]:
    """Return every noun (singular), adjective (masculine) and verb (past in English, participle, present)."""
    return [
        *(Concept("noun", {"en": n.en[0], "fr": n.fr[0], "es": n.es[0]}) for n in NOUNS),
        *(Concept("adjective", {"en": a.en, "fr": a.fr[0], "es": a.es[0]}) for a in ADJECTIVES),
        *(Concept("verb", {"en": v.en[0], "fr": v.fr[0], "es": v.es[0]}) for v in VERBS),
    ]


def told_apart(rows: Sequence[Concept], languages: Sequence[str]) -> list[Concept]:
    """Return those that share no word with another and whose own words differ, so that no spelling tells."""
    kept = []
    for row in rows:
        own = [row.words[language] for language in languages]
        others = {other.words[language] for other in rows if other is not row for language in languages}
        if len(set(own)) == len(own) and others.isdisjoint(own):
            kept.append(row)
    return kept


def found_first(queries: Tensor, candidates: Tensor) -> float:
    """Return how often the candidate of the same row has the largest cosine with a query."""
    cosines = F.normalize(queries, dim=1) @ F.normalize(candidates, dim=1).T
    return float((cosines.argmax(dim=1) == torch.arange(len(queries))).float().mean())


def like_neighbours(vectors: Tensor, kinds: Sequence[str]) -> float:
    """Return how often a word's nearest other word is of its own class."""
    cosines = F.normalize(vectors, dim=1) @ F.normalize(vectors, dim=1).T
    cosines.fill_diagonal_(-2)
    nearest = cosines.argmax(dim=1).tolist()
    same = sum(kinds[near] == kind for near, kind in zip(nearest, kinds, strict=True))
    return float(same / len(kinds))


def by_chance(kinds: Sequence[str]) -> float:
    """Return how often a word drawn from all others would be of a word's own class."""
    return sum(kinds.count(kind) - 1 for kind in kinds) / (len(kinds) * (len(kinds) - 1))
