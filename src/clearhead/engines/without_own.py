"""What CTranslate2 gives for sentences that our own code would translate, where that cannot run.

Nothing is left untranslated and nothing is lost in silence: what is cut is marked as cut, and the text layer notes what
of a source is not in its translation.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from clearhead.decoding.hypothesis import Hypothesis
from clearhead.engines.ctranslate2 import POSITIONS
from clearhead.engines.protocol import Engine, Ids, SearchOptions, Source, part
from clearhead.engines.wide_beam import wide_beam
from clearhead.extras import require_torch


def without_own(
    engine: Engine, srcs: Sequence[Source], options: SearchOptions, prefixes: Sequence[Ids] | None
) -> Iterator[tuple[int, list[Hypothesis]]]:
    """Yield (index of the source, its hypotheses best first), the best that `engine`, which is CTranslate2, has.

    They may lack symbols of their source: where those fit into its positions, a wide beam has been tried. What would
    be longer than these is cut there. Raises MissingPackageError for a source beyond them.
    """
    forced = [len(prefix) for prefix in prefixes] if prefixes else [0] * len(srcs)
    fitting: list[int] = []
    long: list[int] = []
    for index, (src, prefix) in enumerate(zip(srcs, forced, strict=True)):
        if max(len(src), prefix + 1) > POSITIONS:
            require_torch(f"a sentence of more than {POSITIONS:,} tokens")
        (fitting if options.positions(len(src), prefix) <= POSITIONS else long).append(index)
    yield from _free(engine, fitting, srcs, options, prefixes)
    cut = replace(options.decoding, max_length_factor=0.0, max_length_offset=POSITIONS - 1)
    at_most = replace(options, decoding=cut)
    lost = []
    for place, hypotheses in wide_beam(engine, *part(long, srcs, at_most, prefixes)):
        if hypotheses:
            yield long[place], hypotheses
        else:
            lost.append(long[place])
    yield from _free(engine, lost, srcs, at_most, prefixes)


def _free(
    engine: Engine,
    indices: Sequence[int],
    srcs: Sequence[Source],
    options: SearchOptions,
    prefixes: Sequence[Ids] | None,
) -> Iterator[tuple[int, list[Hypothesis]]]:
    """Yield translations of some sources that need not have their symbols."""
    if indices:
        free = replace(options, carry=False)
        for place, hypotheses in engine.translate(*part(indices, srcs, free, prefixes)):
            yield indices[place], hypotheses
