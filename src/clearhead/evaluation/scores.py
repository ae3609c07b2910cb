"""BLEU and chrF as sacreBLEU computes them, with its signatures."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clearhead.errors import DataError
from clearhead.evaluation.tokenisation import checked

if TYPE_CHECKING:
    from sacrebleu.metrics.bleu import BLEU


@dataclass(frozen=True)
class Score:
    """A corpus-level score and exactly how it was computed (Post 2018)."""

    name: str
    value: float
    signature: str


def bleu(
    hypotheses: Sequence[str],
    references: Sequence[str],
    *,
    tokenize: str = "13a",
    lowercase: bool = False,
    effective_order: bool = False,
) -> Score:
    """Return corpus BLEU (Papineni et al. 2002) as sacreBLEU computes it, from 0 to 100.

    `tokenize="none"` is for text that is already tokenised on both sides. `effective_order` leaves out
    n-grams too long for any translation, for which BLEU would be 0 whatever the words.
    """
    metric = bleu_metric(tokenize, lowercase, effective_order)
    check(hypotheses, references)
    value = metric.corpus_score(list(hypotheses), [list(references)]).score
    return Score("BLEU", value, str(metric.get_signature()))


def chrf(hypotheses: Sequence[str], references: Sequence[str], *, lowercase: bool = False) -> Score:
    """Return corpus chrF (Popovic 2015) as sacreBLEU computes it, from 0 to 100."""
    from sacrebleu.metrics.chrf import CHRF

    check(hypotheses, references)
    metric = CHRF(lowercase=lowercase)
    value = metric.corpus_score(list(hypotheses), [list(references)]).score
    return Score("chrF", value, str(metric.get_signature()))


def sentence_chrf(
    hypotheses: Sequence[str], references: Sequence[str], *, lowercase: bool = False, beta: int = 2
) -> list[float]:
    """Return chrF of each sentence as sacreBLEU computes it, from 0 to 100.

    What is missing counts `beta` times as much as what is too much.
    """
    from sacrebleu.metrics.chrf import CHRF

    check(hypotheses, references)
    metric = CHRF(lowercase=lowercase, beta=beta)
    return [metric.sentence_score(h, [r]).score for h, r in zip(hypotheses, references, strict=True)]


def words(lines: Iterable[str], *, tokenize: str = "13a", lowercase: bool = False) -> Iterator[list[str]]:
    """Yield the words of each line as BLEU counts them."""
    tokenizer = bleu_metric(tokenize, lowercase).tokenizer
    for line in lines:
        yield tokenizer((line.lower() if lowercase else line).rstrip()).split()


def bleu_metric(tokenize: str, lowercase: bool, effective_order: bool = False) -> "BLEU":
    """Return sacreBLEU's BLEU with one of our tokenisations. Raises ConfigError for any other."""
    from sacrebleu.metrics.bleu import BLEU

    # force: sacreBLEU would warn on the log that text looks tokenised, which the user may have said.
    return BLEU(tokenize=checked(tokenize), lowercase=lowercase, effective_order=effective_order, force=True)


def check(hypotheses: Sequence[str], references: Sequence[str]) -> None:
    """Raise DataError unless there is one reference for each of at least one translation."""
    if len(hypotheses) != len(references):
        raise DataError(
            f"there are {len(hypotheses):,} translations but {len(references):,} references; give one "
            "reference for each, in the same order"
        )
    if not hypotheses:
        raise DataError(
            "there is nothing to score: no translations and no references; give at least one line"
        )
