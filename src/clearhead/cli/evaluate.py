"""`clearhead evaluate`."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from tyro.conf import arg

from clearhead.cli.model import Device, Engine, Model, translator_of
from clearhead.cli.options import Headings
from clearhead.cli.output import check_writable, print_json, show, tell, writer
from clearhead.config.choices import Split
from clearhead.errors import ConfigError

if TYPE_CHECKING:
    from clearhead.measuring.evaluate import Evaluation


@dataclass(frozen=True, kw_only=True)
class Evaluate:
    """Translate a test set and report BLEU, chrF and perplexity.

    Each score comes with its sacreBLEU signature. A language model reads the text and gets its perplexity, per token,
    character and word. With --calibrate, the pairs are used to fit how confident the model may be in a translation and
    in each word.

    Examples:
        clearhead evaluate --to es --source test.en --reference test.es
        clearhead evaluate --model runs/fr-en --source test.fr --reference test.en
        clearhead evaluate --model runs/fr-en --source valid.fr --reference valid.en --calibrate
    """

    headings: ClassVar[Headings] = {
        "Scores": ("tokenize", "lowercase", "output", "json"),
        "Search": ("beam", "alpha", "split", "engine", "device"),
        "Confidence": ("calibrate",),
    }

    source: str
    """Source text, one sentence per line; or one file with both sides (.tsv, .jsonl, .tmx, .po, .xliff)."""
    reference: str | None = None
    """Its human translation, aligned line by line; leave it out when --source holds both sides."""
    model: Model = None
    to: str | None = None
    """Language of the reference; required for a model with several targets."""
    from_: Annotated[str | None, arg(name="from")] = None
    """Language of the source; needed for files that hold several languages (.tmx, .jsonl)."""
    beam: int | None = None
    """Beam size; 1 is greedy search. By default the model's own."""
    alpha: float | None = None
    """Exponent of the length penalty; 0: none. By default the model's own."""
    split: Split = "never"
    """never: treat a line as one sentence, as in test sets; auto: split it and join the translations."""
    tokenize: str = "auto"
    """How BLEU splits words: 13a, intl, zh, char, or none for text that is already tokenised; auto: 13a, but zh for
    Chinese and char for other languages without spaces between words."""
    lowercase: bool = False
    """Ignore case in BLEU and chrF."""
    output: Path | None = None
    """File to write the translations to, one per line."""
    engine: Engine = "auto"
    device: Device = "cpu"
    calibrate: bool = False
    """Fit confidence on half of the pairs, measure it on the other half, and save it in the model directory."""
    json: bool = False
    """Print the result as one JSON object."""

    def run(self) -> None:
        """Print the scores, or calibrate."""
        if self._is_of_text():
            self._read_text()
            return
        if self.calibrate:
            self._calibrate()
            return
        from clearhead.measuring.evaluate import evaluate
        from clearhead.terminal.watched import watched

        if self.output:
            check_writable(self.output)
        translator = translator_of(self.model, self.engine, self.device)
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
                    out.writelines(
                        " ".join(translation.text.split("\n")) + "\n" for translation in result.translations
                    )
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
                f"perplexity {result.perplexity:.3f} per token, {result.sentences:,} sentences, {result.engine}"
            )

    def _is_of_text(self) -> bool:
        """Say whether the model is a language model of plain text."""
        from clearhead import model_directory

        return model_directory.read_config(model_directory.find(self.model, quiet=True)).plain_text

    def _read_text(self) -> None:
        """Print how well a language model predicts the text."""
        if self.reference or self.to or self.output or self.calibrate:
            raise ConfigError(
                "this is a language model of plain text, which translates nothing; give its text alone: --source FILE"
            )
        from clearhead.measuring.perplexity import perplexity_of_text
        from clearhead.terminal.watched import watched
        from clearhead.translator.generation import Writer

        writer = Writer.load(self.model, device=self.device)
        found = perplexity_of_text(writer, self.source, watched)
        if self.json:
            figures = ("per_token", "per_character", "per_word", "bits_per_character")
            print_json({**{name: getattr(found, name) for name in figures}, **dataclasses.asdict(found)})
            return
        print(
            f"perplexity {found.per_token:.3f} per token, {found.per_character:.3f} per character "
            f"({found.bits_per_character:.3f} bits), {found.per_word:.1f} per word; {found.lines:,} lines, the end of "
            f"each counted as one more of each; {writer.engine.name} {writer.engine.precision}"
        )

    def _calibrate(self) -> None:
        """Keep in the model how sure it may be, and print how well that holds."""
        from clearhead import model_directory
        from clearhead.measuring import calibrate
        from clearhead.measuring.languages import languages_of
        from clearhead.terminal.watched import watched

        if self.output or self.beam is not None or self.alpha is not None or self.split != "never":
            raise ConfigError(
                "--calibrate uses the model's own search and treats each line as one sentence; leave out --output, "
                "--beam, --alpha and --split"
            )
        model_directory.files_of(model_directory.find(self.model))  # what cannot be kept is not worth fitting
        translator = translator_of(self.model, self.engine, self.device)
        languages = languages_of(translator, self.to, self.from_)
        pairs = calibrate.read(self.source, self.reference, self.to, languages)
        calibration = calibrate.calibrate(translator, pairs, watched)
        kept = calibrate.keep(self.model, calibration)
        if self.json:
            print_json({**calibration.to_dict(), "path": str(kept)})
            return
        for name, curve in (("sentences", calibration.sentence), ("words", calibration.word)):
            print(
                f"{name}: expected calibration error {curve.ece:.3f}, AUC {curve.auc:.3f}, on {curve.measured_on:,} "
                "that it was not fitted on"
            )
        show(f"a note below {calibration.note_below:.2f}\nkept in {kept}")
