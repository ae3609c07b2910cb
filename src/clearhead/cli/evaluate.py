"""`clearhead evaluate`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import arg

from clearhead.cli.model import Model, translator_of
from clearhead.cli.output import check_writable, print_json, show, tell, writer
from clearhead.config.choices import EngineName, Split
from clearhead.errors import ConfigError

if TYPE_CHECKING:
    from clearhead.measuring.evaluate import Evaluation


@dataclass(frozen=True, kw_only=True)
class Evaluate:
    """Translate a test set and measure BLEU, chrF and perplexity, with their signatures.

    With --calibrate: fit on validation pairs, instead, how sure the model may be of a translation and of each word.

    Examples: clearhead evaluate --model runs/fr-en --source test.fr --reference test.en
    clearhead evaluate --model runs/fr-en --source valid.fr --reference valid.en --calibrate
    """

    source: str
    """Source side of the test set, or one file of both sides (.tsv, .jsonl, .tmx, .po)."""
    reference: str | None = None
    """Its translation by people, line for line; left out where one file holds both."""
    model: Model = None
    to: str | None = None
    """Target language, where the model has several."""
    from_: Annotated[str | None, arg(name="from")] = None
    """Language of the source, where the model has several, or the files hold texts by their languages."""
    beam: int | None = None
    alpha: float | None = None
    split: Split = "never"
    """never: a line is one sentence, as test sets have it; auto: it is split and joined again."""
    tokenize: str = "auto"
    """How BLEU splits words. auto: 13a, but zh for Chinese and char for other targets without spaces between words;
    none: for text that is already tokenised; intl."""
    lowercase: bool = False
    """Ignore case in BLEU and chrF."""
    output: Path | None = None
    """File for the translations, a line each."""
    engine: EngineName = "auto"
    calibrate: bool = False
    """Fit confidence on one half of the pairs, measure it on the other, and keep it in the model directory."""
    json: bool = False
    """Print one JSON object."""

    def run(self) -> None:
        """Print the scores, or calibrate."""
        if self.calibrate:
            self._calibrate()
            return
        from clearhead.measuring.evaluate import evaluate
        from clearhead.terminal.watched import watched

        if self.output:
            check_writable(self.output)
        translator = translator_of(self.model, self.engine)
        result = evaluate(
            translator,
            self.source,
            self.reference,
            to=self.to,
            source_lang=self.from_,
            tokenize=self.tokenize,
            lowercase=self.lowercase,
            split=self.split,
            beam_size=self.beam,
            alpha=self.alpha,
            watch=watched,
        )
        for warning in result.warnings:
            tell(f"warning: {warning}")
        try:
            if self.output:
                with writer(self.output) as out:
                    # An entry of a catalogue may have several lines.
                    out.writelines(" ".join(each.text.split("\n")) + "\n" for each in result.translations)
        finally:  # a full disk loses no figures
            self._print(result)

    def _print(self, result: "Evaluation") -> None:
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

    def _calibrate(self) -> None:
        """Keep in the model how sure it may be, and print how well that holds."""
        from clearhead import model_directory
        from clearhead.measuring import calibrate
        from clearhead.measuring.languages import languages_of
        from clearhead.terminal.watched import watched

        if self.output or self.beam is not None or self.alpha is not None or self.split != "never":
            raise ConfigError(
                "--calibrate takes the model's own search and each line as one sentence; leave out --output, --beam, "
                "--alpha and --split"
            )
        model_directory.files_of(model_directory.find(self.model))  # what cannot be kept is not worth fitting
        translator = translator_of(self.model, self.engine)
        languages = languages_of(translator, self.to, self.from_)
        pairs = calibrate.read(self.source, self.reference, self.to, languages)
        found = calibrate.calibrate(translator, pairs, watched)
        kept = calibrate.keep(self.model, found)
        if self.json:
            print_json({**found.to_dict(), "path": str(kept)})
            return
        for name, curve in (("sentences", found.sentence), ("words", found.word)):
            print(
                f"{name}: expected calibration error {curve.ece:.3f}, AUC {curve.auc:.3f}, on {curve.measured_on:,} "
                "that it was not fitted on"
            )
        show(f"a note below {found.note_below:.2f}\nkept in {kept}")
