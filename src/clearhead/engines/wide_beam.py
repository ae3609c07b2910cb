"""A second, wider beam for sentences whose translations all lost a symbol of their source.

It is CTranslate2's too, so that one such sentence in thousands costs neither torch nor a second pair of weights.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from clearhead.decoding.hypothesis import Hypothesis
from clearhead.engines.protocol import Engine, Ids, SearchOptions, Source

WIDE = 12
"""Its width."""


def wide_beam(
    engine: Engine, srcs: Sequence[Source], options: SearchOptions, prefixes: Sequence[Ids] | None
) -> Iterator[tuple[int, list[Hypothesis]]]:
    """Yield (index of the source, its hypotheses best first); none where even this loses a symbol."""
    if srcs:
        width = max(WIDE, options.decoding.beam_size)
        decoding = replace(options.decoding, beam_size=width)
        yield from engine.translate(srcs, replace(options, decoding=decoding), prefixes)
