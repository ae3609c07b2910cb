"""Strings against references: BLEU and chrF with their sacreBLEU signatures."""

from collections.abc import Sequence
from dataclasses import dataclass

from clearhead.errors import ConfigError, DataError

TOKENIZERS = ("13a", "none", "intl", "char", "zh")


@dataclass(frozen=True)
class Score:
    """A corpus-level score and exactly how it was computed (Post 2018)."""

    name: str
    value: float
    signature: str


def bleu(
    hypotheses: Sequence[str], references: Sequence[str], *, tokenize: str = "13a", lowercase: bool = False
) -> Score:
    """Return corpus BLEU (Papineni et al. 2002) as sacreBLEU computes it, from 0 to 100.

    `tokenize="none"` is for text that is already tokenised on both sides.
    """
    from sacrebleu.metrics.bleu import BLEU

    if tokenize not in TOKENIZERS:
        raise ConfigError(f"unknown BLEU tokenisation {tokenize!r}; there are {', '.join(TOKENIZERS)}")
    _check(hypotheses, references)
    # force: sacreBLEU would warn on the log that text looks tokenised, which the user may have said.
    metric = BLEU(tokenize=tokenize, lowercase=lowercase, force=True)
    value = metric.corpus_score(list(hypotheses), [list(references)]).score
    return Score("BLEU", value, str(metric.get_signature()))


def chrf(hypotheses: Sequence[str], references: Sequence[str], *, lowercase: bool = False) -> Score:
    """Return corpus chrF (Popovic 2015) as sacreBLEU computes it, from 0 to 100."""
    from sacrebleu.metrics.chrf import CHRF

    _check(hypotheses, references)
    metric = CHRF(lowercase=lowercase)
    value = metric.corpus_score(list(hypotheses), [list(references)]).score
    return Score("chrF", value, str(metric.get_signature()))


def _check(hypotheses: Sequence[str], references: Sequence[str]) -> None:
    if len(hypotheses) != len(references):
        raise DataError(
            f"there are {len(hypotheses):,} translations but {len(references):,} references; give one "
            "reference for each, in the same order"
        )
    if not hypotheses:
        raise DataError(
            "there is nothing to score: no translations and no references; give at least one line"
        )
