"""Translations held to phrases, by the cheapest way that does it for a source.

First all are searched as usual: often the n-best has the phrases. Where it has not, the source is read in other ways
that any engine can search: with the phrases beside the words that they translate, by a model that has learned to use
them, and with symbols in the place of these words. Only where there is no such reading (a vocabulary without symbols,
a forced prefix) or none gives what is wanted, our own constrained search does it; without torch, which that needs, a
wide beam. `docs/guides/terms.md` has what was measured.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from clearhead.decoding.hypothesis import Hypothesis
from clearhead.decoding.length_penalty import length_penalty
from clearhead.decoding.phrases import NOTHING, Phrases, Wanted, WordEdges
from clearhead.engines.choice import OwnCode
from clearhead.engines.protocol import Engine, Ids, SearchOptions
from clearhead.errors import TranslationError
from clearhead.extras import has_torch, missing

_log = logging.getLogger("clearhead.engines")

MORE = 3
"""Tokens by which an output may be longer than one without its phrases, besides these."""
WIDEST = 32
"""Hypotheses among which one that holds is looked for where there is no constrained search."""
Numbered = Iterator[tuple[int, list[Hypothesis]]]


@dataclass(frozen=True)
class Reading:
    """A source with its phrases beside the words that they translate, or with symbols in the place of these."""

    ids: Ids
    wanted: Wanted
    """What its translations must hold: symbols hold the phrases by themselves."""
    spelled: Callable[[Ids], list[list[int]]]
    """Gives the ways to write a translation with the phrases in the place of these symbols, best known first."""


@dataclass(frozen=True, kw_only=True)
class HeldSource:
    """A source and what its translation is held to."""

    ids: Ids
    wanted: Wanted = NOTHING
    readings: tuple[Reading, ...] = ()
    """The other ways to read it, in the order in which they are tried."""
    prefix: Ids | None = None


@dataclass(frozen=True)
class _Search:
    """What does not change from source to source."""

    engine: Engine
    own: OwnCode
    options: SearchOptions
    edges: WordEdges

    def free(self, sources: Sequence[HeldSource]) -> Numbered:
        """Yield what the engine finds, as many hypotheses as its beam has."""
        wide = max(self.options.decoding.beam_size, self.options.num_hypotheses)
        yield from self.engine.translate(
            [source.ids for source in sources], replace(self.options, num_hypotheses=wide), prefixes(sources)
        )

    def constrained(self, sources: Sequence[HeldSource], lengths: Sequence[int]) -> Numbered:
        """Yield what our own search finds, held to what is wanted; `lengths` are those of the longest free ones.

        Without torch it is what the engine finds with a wide beam, whether that holds or not.
        """
        if not has_torch():
            _log.info("%d sentences get a wide beam in place of a constrained search", len(sources))
            width = max(WIDEST, self.options.decoding.beam_size)
            wide = replace(self.options, decoding=replace(self.options.decoding, beam_size=width))
            yield from replace(self, options=wide).free(sources)
            return
        _log.info("engine pytorch for %d sentences: their terms need a constrained search", len(sources))
        limited = [
            replace(source.wanted, most=length + source.wanted.tokens + MORE)
            for source, length in zip(sources, lengths, strict=True)
        ]
        ids = [source.ids for source in sources]
        yield from self.own().translate(ids, self.options, prefixes(sources), limited)

    def holding(self, wanted: Wanted, hypotheses: Sequence[Hypothesis]) -> list[Hypothesis]:
        """Return the hypotheses that hold what is wanted."""
        phrases = Phrases([wanted], self.edges)
        return [each for each in hypotheses if phrases.holds(0, each.tokens)]


def translate_held(
    engine: Engine, own: OwnCode, sources: Sequence[HeldSource], options: SearchOptions, edges: WordEdges
) -> Numbered:
    """Yield (index of the source, its hypotheses best first), in the order of finishing.

    Sources of which nothing is wanted are translated as they would be without the others. Where no way holds what is
    wanted the hypotheses are those of the usual search. Raises TranslationError for sampling.
    """
    if options.temperature:
        raise TranslationError("terms need a search, and samples are drawn; leave the temperature out")
    free = [index for index, source in enumerate(sources) if not source.wanted]
    begun = None
    if free:
        usual = [sources[index] for index in free]
        begun = engine.translate([source.ids for source in usual], options, prefixes(usual))
    return _completed(begun, free, sources, _Search(engine, own, options, edges))


@cache
def _tell_once() -> None:
    needs = missing("a search that holds every term", "torch")
    _log.warning("%s; without it a note says which is not held", needs)


def _completed(
    begun: Numbered | None, free: Sequence[int], sources: Sequence[HeldSource], search: _Search
) -> Numbered:
    held = [index for index, source in enumerate(sources) if source.wanted]
    usual = {held[place]: several for place, several in search.free([sources[index] for index in held])}
    for place, hypotheses in begun or ():
        yield free[place], hypotheses
    count = search.options.num_hypotheses
    left: list[int] = []
    for index in held:
        holding = search.holding(sources[index].wanted, usual[index])
        if len(holding) >= count:
            yield index, _told(holding[:count], usual[index])
        else:
            left.append(index)
    for turn in range(max((len(sources[index].readings) for index in left), default=0)):
        readings = {
            index: sources[index].readings[turn]
            for index in left
            if turn < len(sources[index].readings) and sources[index].wanted.phrases
        }
        done = _read(readings, search)
        yield from _rescored(done, readings, sources, usual, search)
        left = [index for index in left if index not in done]
    if left:
        constrained = [(index, sources[index]) for index in left]
        lengths = [max((len(each.tokens) for each in usual[index]), default=0) for index, _ in constrained]
        for place, found in search.constrained([source for _, source in constrained], lengths):
            index, source = constrained[place]
            holding = _told(search.holding(source.wanted, found), usual[index])
            if not holding and not has_torch():
                _tell_once()
            yield index, holding[:count] or usual[index][:count]


def _read(readings: Mapping[int, Reading], search: _Search) -> dict[int, list[Hypothesis]]:
    """Search for translations of other readings; return those that hold what is wanted, for the sources with any."""
    indices = list(readings)
    found = search.free([HeldSource(ids=readings[index].ids) for index in indices])
    holding = {
        indices[place]: search.holding(readings[indices[place]].wanted, several) for place, several in found
    }
    return {index: several for index, several in holding.items() if several}


def _rescored(
    found: Mapping[int, Sequence[Hypothesis]],
    readings: Mapping[int, Reading],
    sources: Sequence[HeldSource],
    usual: Mapping[int, Sequence[Hypothesis]],
    search: _Search,
) -> Numbered:
    """Yield hypotheses with the phrases in them, ranked and scored as translations of the source as it is written.

    A symbol has no gender and no number; the model sees these where it reads a phrase in its place, and prefers of
    several hypotheses, and of several ways to write the phrase, what agrees.
    """
    pairs = [
        (index, each, ids)
        for index, several in found.items()
        for each in several
        for ids in readings[index].spelled(each.tokens)
    ]
    log_probs = search.engine.score(
        [sources[index].ids for index, _, _ in pairs], [ids for _, _, ids in pairs]
    )
    alpha = search.options.decoding.alpha
    ranked: dict[int, list[Hypothesis]] = {index: [] for index in found}
    for (index, each, ids), values in zip(pairs, log_probs, strict=True):
        score, total = sum(values) / length_penalty(len(values), alpha), sum(values)
        ranked[index].append(
            replace(each, tokens=tuple(ids), score=score, log_prob=total, token_log_probs=tuple(values))
        )
    for index, several in ranked.items():
        several.sort(key=lambda each: -each.score)
        yield index, _told(several[: search.options.num_hypotheses], usual[index])


def _told(hypotheses: Sequence[Hypothesis], free: Sequence[Hypothesis]) -> list[Hypothesis]:
    """Return hypotheses with what of the score was given up, measured by the best that was found without."""
    best = max((each.score for each in free), default=None)
    return [
        each if best is None else replace(each, given_up=max(0.0, best - each.score)) for each in hypotheses
    ]


def prefixes(sources: Sequence[HeldSource]) -> list[Ids] | None:
    """Return the forced prefixes of sources; None where nothing is forced."""
    forced = [source.prefix for source in sources if source.prefix is not None]
    return forced if len(forced) == len(sources) and forced else None
