"""`clearhead learn`."""

import dataclasses
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from tyro.conf import arg

from clearhead.cli.model import Device, Model, translator_of
from clearhead.cli.options import Headings
from clearhead.cli.output import print_json, show, tell
from clearhead.extras import require_torch

if TYPE_CHECKING:
    from clearhead.corrections.parts import Parts
    from clearhead.corrections.report import Change, Report

_MOST_SHOWN = 5
"""Sentences of each kind that are printed; the report in the directory has all."""


@dataclass(frozen=True, kw_only=True)
class Learn:
    """Learn the corrections that people made, and report what changed.

    The model goes on from its weights, few steps at a small rate, with general text beside the corrections so that
    it forgets less. Some of the corrections are set aside and only measured.

    Examples:
        clearhead learn --corrections fixed.po --from en --to fr --out runs/learned
        clearhead learn --model runs/fr-en --corrections fixed.tmx --general train.tsv --out runs/learned
    """

    headings: ClassVar[Headings] = {"Training": ("steps", "rate", "seed", "threads", "device")}

    corrections: Annotated[tuple[str, ...], arg(metavar="FILE")]
    """Files of both sides with the corrected translations (.po, .tmx, .tsv, .jsonl); of two corrections of one text the
    last counts."""
    out: Annotated[Path, arg(metavar="DIR")]
    """Directory to create for the run, its model and the report."""
    model: Model = None
    general: Annotated[str | None, arg(metavar="FILE")] = None
    """General text of both sides, such as a part of what the model was trained on; for the model that comes with
    Clearhead sentences of the built-in grammar are taken, if there is none."""
    to: str | None = None
    """Language of the corrections; required for a model with several targets."""
    from_: Annotated[str | None, arg(name="from")] = None
    """Language of their source; needed for files that hold several languages (.tmx, .jsonl)."""
    resume: bool = False
    """Go on with the run in --out that was interrupted."""
    steps: int = 0
    """Number of steps; 0: as many as show each correction about 12 times."""
    rate: float = 3e-4
    """Learning rate; higher ones learn more and forget more."""
    seed: int = 1
    """Seed of the order of the text and the dropout."""
    threads: int = 0
    """CPU threads; 0: one per core."""
    device: Device = "auto"
    json: bool = False
    """Print the report as one JSON object."""

    def run(self) -> None:
        """Learn, and print the report."""
        require_torch("clearhead learn")
        from clearhead.corrections import report
        from clearhead.corrections.parts import Parts
        from clearhead.measuring.languages import languages_of
        from clearhead.terminal.watched import watched
        from clearhead.translator import Translator

        translator = translator_of(self.model, "auto", self.device)
        languages = languages_of(translator, self.to, self.from_)
        parts = Parts.of(self.corrections, self.general, languages, built_in=self.model is None)
        self._tell(parts)
        before = report.translations(translator, parts, watched)
        self._learn(parts)
        after = report.translations(Translator.load(self.out, device=self.device), parts, watched)
        result = report.report(parts, before, after)
        self._keep(parts, result)
        self._print(result)

    def _tell(self, parts: "Parts") -> None:
        """Say what is learned and what is measured, and what is missing for that."""
        tell(
            f"{len(parts.learned):,} corrections to learn, {len(parts.aside):,} set aside; "
            f"{len(parts.general):,} pairs of general text beside them, {len(parts.general_aside):,} set aside"
        )
        if parts.left_out or parts.replaced:
            tell(
                f"{parts.left_out:,} corrections without text on one side were left out, {parts.replaced:,} were "
                "replaced by later ones of the same text"
            )
        if not parts.aside:
            tell(
                "warning: fewer than 20 corrections, so none is set aside: what it makes of new text is not known"
            )
        if not parts.general:
            tell(
                "warning: no general text, so what it forgets is neither held back nor measured; give --general FILE"
            )
        elif self.general is None:
            tell(
                "note: the general text is simple sentences of the built-in grammar, which shows little of what is "
                "forgotten; give text of your own with --general FILE"
            )

    def _learn(self, parts: "Parts") -> None:
        """Train; exit where a signal stopped it, with its checkpoint saved."""
        from clearhead.corrections.lesson import corpora_of, lesson
        from clearhead.run import train
        from clearhead.run.events import Stopped
        from clearhead.run.interruption import Interrupted, Interruption
        from clearhead.terminal.console import SafeConsole
        from clearhead.terminal.training import show as drawn
        from clearhead.translator.unsaved import translated

        config = lesson(
            str(self.model or "default"),
            parts,
            steps=self.steps,
            rate=self.rate,
            seed=self.seed,
            threads=self.threads,
            device=self.device,
        )
        console = SafeConsole(stderr=True, highlight=False, markup=False)
        try:
            with Interruption() as interruption:
                events = train.run(
                    config,
                    self.out,
                    translate=translated,
                    resume=self.resume,
                    corpora=corpora_of(parts),
                    interruption=interruption,
                )
                for event in drawn(events, console, config.training.max_steps):
                    if isinstance(event, Stopped):
                        tell(
                            f"stopped at step {event.step:,}, which is saved; go on with the same command and --resume"
                        )
                        sys.exit(128 + event.signal)
        except Interrupted as stop:
            tell("clearhead: interrupted; go on with the same command and --resume")
            sys.exit(128 + stop.signal)

    def _keep(self, parts: "Parts", result: "Report") -> None:
        """Write the report and the text that it was measured on beside the model."""
        from clearhead.storage.files import write_file

        folder = self.out / "corrections"
        folder.mkdir(exist_ok=True)
        for name, pairs in parts.measured.items():
            write_file(folder / f"{name.replace(' ', '-')}.jsonl", parts.json_lines(pairs).encode())
        text = json.dumps(dataclasses.asdict(result), ensure_ascii=False, indent=1)
        write_file(folder / "report.json", f"{text}\n".encode())

    def _print(self, result: "Report") -> None:
        if self.json:
            print_json({**dataclasses.asdict(result), "model": str(self.out / "model")})
            return
        for part in result.parts:
            before, after = part.before, part.after
            show(
                f"{part.name}: {part.sentences:,} sentences; BLEU {before.bleu.value:.2f} before, "
                f"{after.bleu.value:.2f} after; chrF {before.chrf.value:.2f}, {after.chrf.value:.2f}; exactly right "
                f"{before.exact:,}, {after.exact:,}"
            )
        show(f"{result.parts[0].after.bleu.signature}; {result.parts[0].after.chrf.signature}")
        for word, changes in (("better", result.better), ("worse", result.worse)):
            _print_changes(word, changes)
        show(f"model {self.out / 'model'}; the report with all sentences is in {self.out / 'corrections'}")


def _print_changes(word: str, changes: Sequence["Change"]) -> None:
    most = f"; the {_MOST_SHOWN} that changed most:" if len(changes) > _MOST_SHOWN else ":" if changes else ""
    show(f"{len(changes):,} sentences changed for the {word}{most}")
    for change in changes[:_MOST_SHOWN]:
        show(f"  {change.gain:+.0f} chrF, {change.part}: {change.source}")
        show(f"    before: {change.before}")
        show(f"    after:  {change.after}")
        show(f"    wanted: {change.reference}")
