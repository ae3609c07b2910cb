"""A model measured on a test set."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from clearhead.data.sides import read_sides
from clearhead.errors import DataError
from clearhead.evaluation import AUTO, Score, bleu, chrf, protocol_warnings, resolved
from clearhead.measuring.languages import languages_of
from clearhead.measuring.watching import Watch, unwatched
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
    reference: str | None = None,
    *,
    to: str | None = None,
    source_lang: str | None = None,
    tokenize: str = AUTO,
    lowercase: bool = False,
    split: Split = "never",
    beam_size: int | None = None,
    alpha: float | None = None,
    watch: Watch = unwatched,
) -> Evaluation:
    """Translate a file and compare it with its reference; blank lines count as they stand.

    Where no reference is given, the source is a file of both sides. `watch` may draw how far the translating is.
    """
    languages = languages_of(translator, to, source_lang)
    pairs = list(read_sides(source, reference, languages, "--reference"))
    srcs, references = [pair.src for pair in pairs], [pair.tgt for pair in pairs]
    if not pairs:
        raise DataError(f"{source} is empty: there are no pairs to measure on; give at least one")
    if not any(map(str.strip, references)):
        raise DataError(
            f"{reference or source} has no text on the side of the references, so there is nothing to measure by; "
            "give a translation for each line"
        )
    tokenize = resolved(tokenize, references, languages.target)
    stream = translator.stream(srcs, to=to, source=source_lang, split=split, beam_size=beam_size, alpha=alpha)
    translations = list(watch(stream, "translating", len(srcs)))
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
