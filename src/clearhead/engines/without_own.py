"""What CTranslate2 gives for sentences that our own code would translate, where that cannot run.

Nothing is left untranslated and nothing is lost in silence: what is cut is marked as cut, and the text layer notes what
of a source is not in its translation.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from clearhead.decoding.hypothesis import Hypothesis
from clearhead.engines.ctranslate2 import POSITIONS
from clearhead.engines.protocol import Engine, Ids, SearchOptions, Source
from clearhead.extras import require_torch

WIDE = 12
"""Width of the second beam that looks for a translation with all symbols of its source."""


def without_own(
    engine: Engine, srcs: Sequence[Source], options: SearchOptions, prefixes: Sequence[Ids] | None
) -> Iterator[tuple[int, list[Hypothesis]]]:
    """Yield (index of the source, its hypotheses best first), the best that `engine`, which is CTranslate2, has.

    Where even a wide beam finds no translation with all symbols of its source, it is one that lacks some. What would
    be longer than the engine's positions is cut there. Raises MissingPackageError for a source beyond these.
    """
    forced = [len(prefix) for prefix in prefixes] if prefixes else [0] * len(srcs)
    fitting: list[int] = []
    long: list[int] = []
    for index, (src, prefix) in enumerate(zip(srcs, forced, strict=True)):
        if max(len(src), prefix + 1) > POSITIONS:
            require_torch(f"a sentence of more than {POSITIONS:,} tokens")
        (fitting if options.positions(len(src), prefix) <= POSITIONS else long).append(index)
    cut = replace(options.decoding, max_length_factor=0.0, max_length_offset=POSITIONS - 1)
    for indices, search in ((fitting, options), (long, replace(options, decoding=cut))):
        chosen = [prefixes[index] for index in indices] if prefixes else None
        for place, hypotheses in _widely(engine, [srcs[index] for index in indices], search, chosen):
            yield indices[place], hypotheses


def _widely(
    engine: Engine, srcs: Sequence[Source], options: SearchOptions, prefixes: Sequence[Ids] | None
) -> Iterator[tuple[int, list[Hypothesis]]]:
    """Yield what a wide beam finds with the symbols of each source; where it finds none, what the usual one does."""
    if not srcs:
        return
    width = max(WIDE, options.decoding.beam_size)
    lost = []
    for index, hypotheses in engine.translate(
        srcs, replace(options, decoding=replace(options.decoding, beam_size=width)), prefixes
    ):
        if hypotheses:
            yield index, hypotheses
        else:
            lost.append(index)
    if lost:
        free = replace(options, carry=False)
        forced = [prefixes[index] for index in lost] if prefixes else None
        for place, hypotheses in engine.translate([srcs[index] for index in lost], free, forced):
            yield lost[place], hypotheses
