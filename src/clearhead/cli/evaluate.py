"""`clearhead evaluate`."""

import sys
from dataclasses import dataclass
from pathlib import Path

from clearhead.cli.model import EngineChoice, Model, SplitChoice, translator_of
from clearhead.cli.output import FORMATS, check_writable, print_json, writer


@dataclass(frozen=True, kw_only=True)
class Evaluate:
    """Translate a test set and measure BLEU, chrF and perplexity, with their signatures.

    Example: clearhead evaluate --model runs/fr-en --source test.fr --reference test.en
    """

    source: str
    """Source side of the test set."""
    reference: str
    """Its translation by people, line for line."""
    model: Model = None
    to: str | None = None
    """Target language, where the model has several."""
    beam: int | None = None
    alpha: float | None = None
    split: SplitChoice = "never"
    """never: a line is one sentence, as test sets have it; auto: it is split and joined again."""
    tokenize: str = "13a"
    """How BLEU splits words; none for text that is already tokenised."""
    lowercase: bool = False
    """Ignore case in BLEU and chrF."""
    output: Path | None = None
    """File for the translations, a line each."""
    engine: EngineChoice = "auto"
    json: bool = False
    """Print one JSON object."""

    def run(self) -> None:
        """Print the scores."""
        from clearhead.pipeline.evaluate import evaluate

        if self.output:
            check_writable(self.output)
        translator = translator_of(self.model, self.engine)
        result = evaluate(
            translator,
            self.source,
            self.reference,
            to=self.to,
            tokenize=self.tokenize,
            lowercase=self.lowercase,
            split=self.split,
            beam_size=self.beam,
            alpha=self.alpha,
        )
        for warning in result.warnings:
            print(f"warning: {warning}", file=sys.stderr)
        if self.output:
            with writer(self.output) as out:
                out.writelines(FORMATS["text"](0, translation) for translation in result.translations)
        if self.json:
            scores = {
                score.name: {"value": score.value, "signature": score.signature}
                for score in (result.bleu, result.chrf)
            }
            print_json(
                {
                    **scores,
                    "perplexity": result.perplexity,
                    "sentences": result.sentences,
                    "engine": result.engine,
                    "warnings": result.warnings,
                }
            )
        else:
            for score in (result.bleu, result.chrf):
                print(f"{score.name} {score.value:.2f}  {score.signature}")
            print(
                f"perplexity {result.perplexity:.3f} a token, {result.sentences:,} sentences, {result.engine}"
            )
