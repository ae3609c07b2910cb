"""Terms given within the sources of training text, taken from known word alignments (Dinu et al. 2019).

A model that has seen the translation of a word beside it, many times and of many words, has learned to use what it
is given: `the ⟨term⟩ house⟨is⟩ demeure⟨/term⟩ is big`. What is given is what the target has, in the form it has there.
"""

from collections.abc import Iterable, Sequence
from random import Random

from clearhead.corpora.word_links import Link
from clearhead.text.symbols import with_term
from clearhead.text.words import Span

LONGEST = 3
"""Most words of a term, on either side."""
_MOST = 3
"""Most terms of a sentence."""
_ONE_MORE = 0.3
"""How often another term is given where there is one already."""
_SHORTEST = 3
"""Characters of the shortest target: articles and prepositions are nobody's terms."""

Phrase = tuple[Span, Span]
"""Places of words in the source, and of what they are in the target."""


def token_phrases(
    links: Sequence[Link], spans: tuple[Sequence[Span | None], Sequence[Span | None]]
) -> list[Phrase]:
    """Return where words that are linked stand, as phrases: stretches of both sides linked only with each other.

    `links` are of tokens, (source, target), and `spans` their places in the texts. One phrase for each run of
    source words is enough, so only those of least length are returned: the parts of `connected` links.
    """
    source, target = spans
    phrases = []
    for sources, targets in _connected(links):
        there = [source[s] for s in sources], [target[t] for t in targets]
        if _gapless(sources) and _gapless(targets) and all(None not in side for side in there):
            phrases.append((_around(there[0]), _around(there[1])))
    return sorted(phrases)


def _connected(links: Iterable[Link]) -> list[tuple[set[int], set[int]]]:
    """Return the links as groups, of which no two share a token."""
    groups: list[tuple[set[int], set[int]]] = []
    for s, t in links:
        touching = [group for group in groups if s in group[0] or t in group[1]]
        groups = [group for group in groups if group not in touching]
        groups.append(
            ({s}.union(*(group[0] for group in touching)), {t}.union(*(group[1] for group in touching)))
        )
    return groups


def _gapless(places: set[int]) -> bool:
    return max(places) - min(places) + 1 == len(places)


def _around(spans: Sequence[Span | None]) -> Span:
    there = [span for span in spans if span is not None]
    return Span(min(span.start for span in there), max(span.end for span in there))


def give_terms(src: str, tgt: str, phrases: Sequence[Phrase], draws: Random) -> str:
    """Return a source with the translations of one to three of its phrases beside them; as it is if there are none."""
    fit = [(here, there) for here, there in phrases if _is_term(src[slice(*here)], tgt[slice(*there)])]
    draws.shuffle(fit)
    count = 1
    while count < _MOST and draws.random() < _ONE_MORE:
        count += 1
    for here, there in sorted(fit[:count], reverse=True):  # from the last on, so that places stay
        given = with_term(src[slice(*here)], tgt[slice(*there)])
        src = src[: here.start] + given + src[here.end :]
    return src


def _is_term(source: str, target: str) -> bool:
    """Say whether a phrase could stand in a glossary: words without marks, neither long nor tiny."""
    return (
        all(
            0 < len(side.split()) <= LONGEST and side[0].isalnum() and side[-1].isalnum()
            for side in (source, target)
        )
        and len(target) >= _SHORTEST
    )
