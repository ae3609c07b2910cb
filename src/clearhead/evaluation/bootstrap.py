"""Whether two systems differ by more than chance: sacreBLEU's paired bootstrap."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from clearhead.errors import ConfigError
from clearhead.evaluation.scores import Score, bleu_metric, check

_MOST_SAMPLES = 100_000


@dataclass(frozen=True)
class Significance:
    """Two systems by one metric, and a paired bootstrap test of their difference (Koehn 2004)."""

    a: Score
    b: Score
    a_interval: tuple[float, float]
    """95 % confidence interval of A's score, over the resampled test sets."""
    b_interval: tuple[float, float]
    difference: float
    """B - A."""
    p_value: float
    """Probability of a difference this large if neither system were better."""


def significance(
    a: Sequence[str],
    b: Sequence[str],
    references: Sequence[str],
    *,
    tokenize: str = "13a",
    lowercase: bool = False,
    samples: int = 1000,
    seed: int = 12345,
) -> tuple[Significance, Significance]:
    """Test by sacreBLEU's paired bootstrap whether A and B differ in BLEU and in chrF.

    Takes about 100 bytes of memory times samples times sentences.
    """
    from sacrebleu.metrics.chrf import CHRF
    from sacrebleu.significance import PairedTest, Result

    if samples < 40:  # sacreBLEU leaves out a 40th of the samples on each side
        raise ConfigError(
            f"{samples} samples are too few for a 95 % interval; give at least 40, 1000 is usual"
        )
    if samples > _MOST_SAMPLES:
        raise ConfigError(
            f"{samples} samples would take too much memory; give at most {_MOST_SAMPLES}, 1000 is usual"
        )
    if not 1 <= seed < 2**32:  # sacreBLEU takes 0 for no seed at all, numpy no more than 32 bits
        raise ConfigError(f"the seed must be from 1 to {2**32 - 1}, got {seed}")
    metrics = {"BLEU": bleu_metric(tokenize, lowercase), "chrF": CHRF(lowercase=lowercase)}
    for hypotheses in (a, b):
        check(hypotheses, references)
    with _sacrebleu_seed(seed):
        test = PairedTest(
            [("A", list(a)), ("B", list(b))], metrics, [list(references)], test_type="bs", n_samples=samples
        )
    signatures, scores = test()
    results = []
    for name, key in zip(metrics, signatures, strict=True):
        signature = str(signatures[key])
        of_a, of_b = (result for result in scores[key] if isinstance(result, Result))
        difference = of_b.score - of_a.score
        assert of_b.p_value is not None
        results.append(
            Significance(
                Score(name, of_a.score, signature),
                Score(name, of_b.score, signature),
                _interval(of_a.mean, of_a.ci),
                _interval(of_b.mean, of_b.ci),
                difference,
                # sacreBLEU gives equal systems the least p of all, since none of their samples differs by
                # more than 0; but where there is no difference, nothing can be significant.
                of_b.p_value if difference else 1.0,
            )
        )
    return results[0], results[1]


def _interval(mean: float | None, half_width: float | None) -> tuple[float, float]:
    assert mean is not None
    assert half_width is not None
    return float(mean - half_width), float(mean + half_width)


@contextmanager
def _sacrebleu_seed(seed: int) -> Iterator[None]:
    """Seed the test that is made inside; sacreBLEU takes its seed from the environment only."""
    name = "SACREBLEU_SEED"
    before = os.environ.get(name)
    os.environ[name] = str(seed)
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
