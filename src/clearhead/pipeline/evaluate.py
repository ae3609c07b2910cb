"""A model measured on a test set."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from clearhead.data.corpus import read_parallel
from clearhead.evaluation import Score, bleu, chrf, protocol_warnings
from clearhead.pipeline.progress import watched
from clearhead.translator import Split, Translation, Translator


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Scores of a model on a test set, and the translations they were computed from."""

    bleu: Score
    chrf: Score
    perplexity: float
    """exp of the mean negative log-probability of a reference token."""
    sentences: int
    engine: str
    """What translated, and in which precision: figures differ a little between them."""
    translations: tuple[Translation, ...]
    warnings: tuple[str, ...]
    """Where the text is in another form than the scores were asked for."""


def evaluate(
    translator: Translator,
    source: str,
    reference: str,
    *,
    to: str | None = None,
    tokenize: str = "13a",
    lowercase: bool = False,
    split: Split = "never",
    beam_size: int | None = None,
    alpha: float | None = None,
) -> Evaluation:
    """Translate a file and compare it with its reference; blank lines count as they stand."""
    pairs = list(read_parallel(source, reference))
    srcs, references = [pair.src for pair in pairs], [pair.tgt for pair in pairs]
    stream = translator.stream(srcs, to=to, split=split, beam_size=beam_size, alpha=alpha)
    translations = list(watched(stream, "translating", len(srcs)))
    hypotheses = [translation.text for translation in translations]
    return Evaluation(
        bleu=bleu(hypotheses, references, tokenize=tokenize, lowercase=lowercase),
        chrf=chrf(hypotheses, references, lowercase=lowercase),
        perplexity=perplexity(translator, srcs, references, to),
        sentences=len(pairs),
        engine=f"{translator.engine.name} {translator.engine.precision}",
        translations=tuple(translations),
        warnings=protocol_warnings(hypotheses, references, tokenize=tokenize, lowercase=lowercase),
    )


def perplexity(
    translator: Translator, srcs: Sequence[str], references: Sequence[str], to: str | None
) -> float:
    """Return the model's perplexity of the references, a token, over pairs with text on both sides."""
    both = [(s, r) for s, r in zip(srcs, references, strict=True) if s.strip() and r.strip()]
    scores = translator.score([s for s, _ in both], [r for _, r in both], to=to)
    tokens = sum(score.num_tokens for score in scores)
    return math.exp(-math.fsum(score.log_prob for score in scores) / tokens) if tokens else math.nan
