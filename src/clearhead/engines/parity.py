"""The proof that a converted model translates as our own code does; part of every conversion."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np

from clearhead import model_directory
from clearhead.config import DecodingConfig
from clearhead.decoding.hypothesis import Hypothesis
from clearhead.decoding.length_penalty import length_penalty
from clearhead.engines.patience import TRIED, USUAL, Patience
from clearhead.engines.protocol import Ids, SearchOptions
from clearhead.errors import EngineError
from clearhead.grammar import grammar
from clearhead.text.vocabulary import EOS

LARGEST_DIFFERENCE = 1e-3
"""Of a token's log-probability, in fp32."""
TIE = 1e-4
"""Two tokens nearer than this in log-probability may be exchanged."""
_LENGTHS = (1, 2, 3, 5, 8, 13, 21, 34, 300)
_MOST_TOKENS = 40
_BEFORE_ANY_GUARD = 3
"""Tokens that no guard against loops can have changed, however it works."""
WORSE = 1e-3
"""Nats a token by which a beam's translation may score below that of our own search."""
_PROBES = 24
"""Sources of each kind on which the beams are compared."""


def random_sources(path: Path, seed: int = 0) -> list[list[int]]:
    """Return sources of random pieces in many lengths, one beyond every table of usual size."""
    tokenizer = model_directory.read_tokenizer(path)
    most = (
        model_directory.read_info(path).model.longest or max(_LENGTHS) + 3
    ) - 3  # a tag and EOS come to it, or BOS
    draws = np.random.default_rng(seed)
    ids = sorted(tokenizer.text_pieces.values())
    tags = [tokenizer.encode("", to=language) for language in tokenizer.languages] or [[]]
    return [
        [*tags[number % len(tags)], *draws.choice(ids, max(1, min(length, most))).tolist(), EOS]
        for number, length in enumerate(_LENGTHS)
    ]


def probes(path: Path, seed: int = 0) -> list[list[int]]:
    """Return sources to compare beams on: pieces drawn about as often as text has them, and real sentences.

    These are of the built-in grammar, in the model's own source languages as far as that has them.
    """
    tokenizer, info = model_directory.read_tokenizer(path), model_directory.read_info(path)
    draws = np.random.default_rng(seed)
    ids = sorted(tokenizer.text_pieces.values())
    often = 1 / np.arange(10, 10 + len(ids))  # Zipf's law: vocabularies name frequent pieces first
    drawn = [
        draws.choice(ids, length, p=often / often.sum()).tolist() for length in draws.integers(2, 25, _PROBES)
    ]
    known = [language for language in info.source_langs if language in grammar.LANGUAGES]
    sentences = islice(grammar.generate(seed, part="test"), _PROBES if known else 0)
    texts = [sentence.text(known[number % len(known)]) for number, sentence in enumerate(sentences)]
    tags = [tokenizer.encode("", to=language) for language in tokenizer.languages] or [[]]
    bodies = [*drawn, *map(tokenizer.encode, texts)]
    sources = [[*tags[number % len(tags)], *body, EOS] for number, body in enumerate(bodies)]
    longest = info.model.longest
    return [source for source in sources if longest is None or len(source) <= longest]


@dataclass(frozen=True)
class Proof:
    """What was compared, and how near it came."""

    sources: int
    largest_difference: float
    """Of a target token's log-probability."""
    greedy_tokens: int
    """Tokens of the greedy translations that were compared, all equal."""
    cut_short: int
    """Greedy translations compared only at the beginning: up to a tie, or before a loop was broken."""


class Runs(Protocol):
    """What a proof asks of another engine that runs the same model."""

    def translate(
        self, srcs: Sequence[Ids], options: SearchOptions
    ) -> Iterator[tuple[int, list[Hypothesis]]]:
        """Yield (index of the source, its hypotheses best first)."""

    def score(self, srcs: Sequence[Ids], tgts: Sequence[Ids]) -> list[list[float]]:
        """Return the log-probability of every target token and of the EOS after the last."""


def prove(path: Path, folder: Path, sources: Sequence[Ids] = ()) -> Proof:
    """Compare a model that was converted for CTranslate2 with our own code; raise EngineError where they differ."""
    from clearhead.engines.ctranslate2 import CTranslate2Engine, Setting

    converted = CTranslate2Engine(path, folder, Setting("float32", 1, 1))
    return compare(path, converted, "in CTranslate2", [*random_sources(path), *sources])


def compare(path: Path, peer: Runs, where: str, srcs: Sequence[Ids], *, allowed_only: bool = False) -> Proof:
    """Compare who runs a model in fp32 with our own code; raise EngineError where they differ.

    Log-probabilities of random targets, and greedy translations token for token, except where the two
    best tokens are nearer than `TIE`. `allowed_only`: they give probabilities among what may be produced.
    """
    from clearhead.engines.pytorch import PyTorchEngine

    ours = PyTorchEngine.load(path)
    tgts = _random_targets(path)[: len(srcs)]
    tgts += [[]] * (len(srcs) - len(tgts))
    expected_scores = ours.score(srcs, tgts, allowed_only=allowed_only)
    largest = _largest_difference(path, where, expected_scores, peer.score(srcs, tgts))
    greedy = SearchOptions(
        decoding=DecodingConfig(
            beam_size=1, alpha=0.0, max_length_factor=0.0, max_length_offset=_MOST_TOKENS
        ),
        carry=False,
    )
    translations, expected = (
        {number: hypotheses[0] for number, hypotheses in engine.translate(srcs, greedy)}
        for engine in (peer, ours)
    )
    compared = cut_short = 0
    for number, src in enumerate(srcs):
        a, b = ([*hypotheses[number].tokens, EOS] for hypotheses in (translations, expected))
        if translations[number].repetition or expected[number].repetition:
            a, b = a[:_BEFORE_ANY_GUARD], b[:_BEFORE_ANY_GUARD]
            cut_short += 1
        if a == b:
            compared += len(b)
            continue
        same = next(place for place, (x, y) in enumerate(zip(a, b, strict=False)) if x != y)
        gap = abs(ours.score([src], [a[: same + 1]])[0][same] - ours.score([src], [b[: same + 1]])[0][same])
        if gap > TIE:
            raise UnequalError(
                path, where, f"a greedy translation differs where the two best tokens are {gap:.2g} apart"
            )
        compared += same
        cut_short += 1
    return Proof(len(srcs), largest, compared, cut_short)


def _random_targets(path: Path) -> list[list[int]]:
    forbidden = model_directory.read_tokenizer(path).forbidden_ids
    return [[i for i in src[:-1] if i not in forbidden] for src in random_sources(path, seed=1)]


def _largest_difference(
    path: Path, where: str, expected: Sequence[Sequence[float]], others: Sequence[Sequence[float]]
) -> float:
    """Return by how much the log-probabilities differ; raise UnequalError where that is too much."""
    largest = 0.0
    for row, other in zip(expected, others, strict=True):
        worst = float(np.max(np.abs(np.subtract(row, other))))  # a NaN stays one
        if not worst <= LARGEST_DIFFERENCE:
            raise UnequalError(path, where, f"a log-probability differs by {worst:.2g}")
        largest = max(largest, worst)
    return largest


def compare_scores(path: Path, folder: Path) -> float:
    """Compare the log-probabilities of a converted model with those of the equations in numpy; no torch is needed.

    Returns the largest difference; raises EngineError where that is too much. No search is compared.
    """
    from clearhead.engines.ctranslate2 import CTranslate2Engine, Setting
    from clearhead.engines.teacher_forced import TeacherForced

    srcs, tgts = random_sources(path), _random_targets(path)
    peer = CTranslate2Engine(path, folder, Setting("float32", 1, 1), USUAL)
    expected = TeacherForced.load(path).score(srcs, tgts)
    return _largest_difference(path, "in CTranslate2", expected, peer.score(srcs, tgts))


def patience_of(path: Path, folder: Path, sources: Sequence[Ids] = ()) -> Patience:
    """Return the least patience with which a converted model's beam finds what our own search finds.

    Where none of those tried does so for every source, that with which it does so most often. What either search kept
    from repeating itself, or ended at its greatest length, is another matter and not compared.
    """
    from clearhead.engines.ctranslate2 import CTranslate2Engine, Setting
    from clearhead.engines.pytorch import PyTorchEngine

    decoding = model_directory.read_info(path).decoding
    options = SearchOptions(decoding=replace(decoding, beam_size=max(2, decoding.beam_size)), carry=False)
    ours = PyTorchEngine.load(path)
    srcs = [*probes(path), *sources]
    expected = {number: hypotheses[0] for number, hypotheses in ours.translate(srcs, options)}
    tried = []
    for patience in TRIED:
        converted = CTranslate2Engine(path, folder, Setting("float32", 1, 1), patience)
        lacking = _lacking(srcs, converted, expected, ours, options)
        if not lacking:
            return Patience()
        worse = sum(shortfall > WORSE for shortfall in lacking)
        tried.append(
            Patience(
                patience=patience,
                beam_size=options.decoding.beam_size,
                sources=len(lacking),
                worse=worse,
                largest=round(max(0.0, *lacking), 6),
            )
        )
        if not worse:
            break
    return min(tried, key=lambda trial: trial.worse)  # of equal ones the first


def _lacking(
    srcs: Sequence[Ids], peer: Runs, expected: Mapping[int, Hypothesis], ours: Runs, options: SearchOptions
) -> list[float]:
    """Return what each translation lacks of the score of our own search's, in nats a token of that."""
    ends = {
        number
        for number, hypothesis in expected.items()
        if not hypothesis.repetition and not hypothesis.truncated
    }
    best = {number: hypotheses[0] for number, hypotheses in peer.translate(srcs, options)}
    numbers = sorted(number for number in ends if not best[number].repetition)
    alpha = options.decoding.alpha
    scored = ours.score([srcs[number] for number in numbers], [best[number].tokens for number in numbers])
    lacking = []
    for number, log_probs in zip(numbers, scored, strict=True):
        length = len(expected[number].tokens) + 1
        score = sum(log_probs) / length_penalty(len(log_probs), alpha)
        lacking.append((expected[number].score - score) * length_penalty(length, alpha) / length)
    return lacking


class UnequalError(EngineError):
    """What runs elsewhere gives something else."""

    def __init__(self, path: Path, where: str, how: str) -> None:
        super().__init__(
            f"{path} does not run {where} as it does in PyTorch: {how}; report this, and use engine='pytorch'"
        )
        self.how = how
