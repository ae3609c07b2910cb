"""Translations held to phrases, by the cheapest way that does it for a source.

First all are searched as usual: often the n-best has the phrases. Where it has not, the source is read with symbols in
the place of the words that the phrases translate, which any engine carries. Only where there is no such reading (a
vocabulary without symbols, a forced prefix) or something forbidden is in all that was found, our own constrained search
does it; without torch, which that needs, a wide beam. `docs/guides/terms.md` has what was measured.
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
class Symbolic:
    """A source with symbols in the place of the words that phrases translate."""

    ids: Ids
    spelled: Callable[[Ids], list[list[int]]]
    """Gives the ways to write a translation with the phrases in the place of these symbols, best known first."""


@dataclass(frozen=True, kw_only=True)
class HeldSource:
    """A source and what its translation is held to."""

    ids: Ids
    wanted: Wanted = NOTHING
    symbolic: Symbolic | None = None
    """The other reading of it, where there is one."""
    prefix: Ids | None = None

    @property
    def without_phrases(self) -> "HeldSource":
        """Return the other reading, of which only what is forbidden is left to hold."""
        assert self.symbolic is not None
        return HeldSource(ids=self.symbolic.ids, wanted=Wanted(forbidden=self.wanted.forbidden))


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

    def holding(self, source: HeldSource, hypotheses: Sequence[Hypothesis]) -> list[Hypothesis]:
        """Return the hypotheses that hold what is wanted."""
        phrases = Phrases([source.wanted], self.edges)
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
    symbolic: list[int] = []
    constrained: list[tuple[int, HeldSource]] = []
    for index in held:
        source = sources[index]
        holding = search.holding(source, usual[index])
        if len(holding) >= count:
            yield index, _told(holding[:count], usual[index])
        elif source.symbolic is not None and source.wanted.phrases:
            symbolic.append(index)
        else:
            constrained.append((index, source))
    if symbolic:
        others = [sources[index].without_phrases for index in symbolic]
        read = {symbolic[place]: (others[place], several) for place, several in search.free(others)}
        done = {index: search.holding(*both) for index, both in read.items()}
        yield from _rescored(
            {index: several for index, several in done.items() if several}, sources, usual, search
        )
        constrained += [(index, sources[index]) for index in symbolic if not done[index]]
    if constrained:
        lengths = [max((len(each.tokens) for each in usual[index]), default=0) for index, _ in constrained]
        for place, found in search.constrained([source for _, source in constrained], lengths):
            index, source = constrained[place]
            holding = _told(search.holding(source, found), usual[index])
            if not holding and not has_torch():
                _tell_once()
            yield index, holding[:count] or usual[index][:count]


def _rescored(
    found: Mapping[int, Sequence[Hypothesis]],
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
        for ids in _spelled(each.tokens, sources[index])
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


def _spelled(tokens: Ids, source: HeldSource) -> list[list[int]]:
    """Return a translation of the symbolic reading with the phrases in it, in each way to write them."""
    assert source.symbolic is not None
    return source.symbolic.spelled(tokens)


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
