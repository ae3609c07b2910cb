"""A model measured on a test set."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from clearhead.corpora.sides import read_sides
from clearhead.errors import DataError
from clearhead.evaluation import AUTO, Score, bleu, chrf, protocol_warnings, resolved
from clearhead.measuring.languages import languages_of
from clearhead.measuring.watching import Watch, unwatched
from clearhead.translator import WINDOW, PairScore, Split, Translation, Translator


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Scores of a model on a test set, and the translations they were computed from."""

    bleu: Score
    chrf: Score
    perplexity: float
    """exp of the mean negative log-probability of the reference tokens."""
    sentences: int
    engine: str
    """The engine and its precision: figures differ a little between them."""
    translations: tuple[Translation, ...]
    warnings: tuple[str, ...]
    """One for each sign that the text and the settings of the scores do not match."""


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
    """Translate a file and compare the translations with its reference; blank lines are scored like any other.

    Without a reference, `source` must be a file of both sides. `watch` may draw the progress. Raises DataError for
    files that are empty, do not match, or hold no reference text.
    """
    languages = languages_of(translator, to, source_lang)
    pairs = list(read_sides(source, reference, languages, "--reference"))
    srcs, references = [pair.src for pair in pairs], [pair.tgt for pair in pairs]
    if not pairs:
        raise DataError(f"{source} is empty; give a file with at least one sentence")
    if not any(map(str.strip, references)):
        raise DataError(
            f"{reference or source} has no reference text, so there is nothing to compare with; give a human "
            "translation for each line"
        )
    tokenize = resolved(tokenize, references, languages.target)
    with watch("translating", len(srcs)) as reach:
        translations = list(
            translator.stream(
                srcs,
                to=to,
                source=source_lang,
                split=split,
                beam_size=beam_size,
                alpha=alpha,
                reached=reach,
            )
        )
    hypotheses = [translation.text for translation in translations]
    return Evaluation(
        bleu=bleu(hypotheses, references, tokenize=tokenize, lowercase=lowercase),
        chrf=chrf(hypotheses, references, lowercase=lowercase),
        perplexity=perplexity(translator, srcs, references, to, watch),
        sentences=len(pairs),
        engine=f"{translator.engine.name} {translator.engine.precision}",
        translations=tuple(translations),
        warnings=protocol_warnings(hypotheses, references, tokenize=tokenize, lowercase=lowercase),
    )


def perplexity(
    translator: Translator,
    srcs: Sequence[str],
    references: Sequence[str],
    to: str | None,
    watch: Watch = unwatched,
) -> float:
    """Return the model's perplexity per reference token, over the pairs with text on both sides."""
    pairs = [(src, tgt) for src, tgt in zip(srcs, references, strict=True) if src.strip() and tgt.strip()]
    scores: list[PairScore] = []
    with watch("scoring the references", len(pairs)) as reach:
        for start in range(0, len(pairs), WINDOW):
            window = pairs[start : start + WINDOW]
            scores += translator.score([src for src, _ in window], [tgt for _, tgt in window], to=to)
            reach(len(scores))
    tokens = sum(score.num_tokens for score in scores)
    return math.exp(-math.fsum(score.log_prob for score in scores) / tokens) if tokens else math.nan
