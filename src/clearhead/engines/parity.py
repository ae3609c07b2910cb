"""The proof that a converted model translates as our own code does; part of every conversion."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from clearhead.config import DecodingConfig
from clearhead.engines import directory
from clearhead.engines.protocol import SearchOptions
from clearhead.errors import EngineError
from clearhead.text.tokenizer import EOS

LARGEST_DIFFERENCE = 1e-3
"""Of a token's log-probability, in fp32."""
TIE = 1e-4
"""Two tokens nearer than this in log-probability may be exchanged."""
_LENGTHS = (1, 2, 3, 5, 8, 13, 21, 34, 300)
_MOST_TOKENS = 40


def random_sources(path: Path, seed: int = 0) -> list[list[int]]:
    """Return sources of random pieces in many lengths, one beyond every table of usual size."""
    tokenizer = directory.read_tokenizer(path)
    draws = np.random.default_rng(seed)
    ids = sorted(tokenizer.text_pieces.values())
    tags = [tokenizer.encode("", to=language) for language in tokenizer.languages] or [[]]
    return [
        [*tags[number % len(tags)], *draws.choice(ids, length).tolist(), EOS]
        for number, length in enumerate(_LENGTHS)
    ]


def prove(path: Path, folder: Path, sources: Sequence[Sequence[int]] = ()) -> None:
    """Compare a converted model with the PyTorch engine in fp32; raise EngineError where they differ.

    Log-probabilities of random targets, and greedy translations token for token, except where the two
    best tokens are nearer than `TIE`. `sources` are compared beside random ones.
    """
    from clearhead.engines.ctranslate2 import CTranslate2Engine, Setting
    from clearhead.engines.pytorch import PyTorchEngine

    tokenizer = directory.read_tokenizer(path)
    ours = PyTorchEngine.load(path, tokenizer.forbidden_ids)
    theirs = CTranslate2Engine(path, folder, Setting("float32", 1, 1))
    srcs = [*random_sources(path), *sources]
    tgts = [src[:-1] for src in random_sources(path, seed=1)]
    tgts += [[]] * (len(srcs) - len(tgts))
    for one, other in zip(ours.score(srcs, tgts), theirs.score(srcs, tgts), strict=True):
        worst = float(np.max(np.abs(np.subtract(one, other))))  # a NaN stays one
        if not worst <= LARGEST_DIFFERENCE:
            raise _unequal(path, f"a log-probability differs by {worst:.2g}")
    greedy = SearchOptions(
        decoding=DecodingConfig(beam_size=1, alpha=0.0, max_length_factor=0.0, max_length_offset=_MOST_TOKENS)
    )
    found, expected = (
        {number: hypotheses[0] for number, hypotheses in engine.translate(srcs, greedy)}
        for engine in (theirs, ours)
    )
    for number, src in enumerate(srcs):
        if found[number].repetition or expected[number].repetition:
            continue  # the engines break endless loops in different ways
        a, b = ([*each[number].tokens, EOS] for each in (found, expected))
        if a == b:
            continue
        same = next(place for place, (x, y) in enumerate(zip(a, b, strict=False)) if x != y)
        gap = abs(ours.score([src], [a[: same + 1]])[0][same] - ours.score([src], [b[: same + 1]])[0][same])
        if gap > TIE:
            raise _unequal(
                path, f"a greedy translation differs where the two best tokens are {gap:.2g} apart"
            )


def _unequal(path: Path, how: str) -> EngineError:
    return EngineError(
        f"{path} cannot run in CTranslate2 as it does in PyTorch: {how}; use --engine pytorch and report this"
    )
