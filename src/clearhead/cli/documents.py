"""Documents named by `clearhead translate --input`, and the report at the end."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from clearhead.cli.output import tell
from clearhead.documents.files import Jobs, job_of
from clearhead.documents.run import Outcome, translate
from clearhead.documents.translating import Request
from clearhead.errors import ClearheadError, DocumentError
from clearhead.segments.protocol import Reading
from clearhead.terminal.watched import watched
from clearhead.translator import Translator

_MOST_SHOWN = 20
"""Lines of the report about one document; the rest is counted."""


def translate_documents(
    found: Jobs, translator: Translator, request: Request, reading: Reading, *, resume: bool
) -> None:
    """Translate documents, and report what was left and why.

    One that cannot be translated is reported; the others are translated all the same, and DocumentError is raised at
    the end.
    """
    outcomes = []
    for number, job in enumerate(found.jobs, start=1):
        name = job.input.name if len(found.jobs) == 1 else f"{number}/{len(found.jobs)} {job.input.name}"
        with watched(name, unit="segments") as reached:
            try:
                outcome = translate(
                    job, translator, request, reading, resume=resume, reached=lambda done, _: reached(done)
                )
            except ClearheadError as error:
                outcome = Outcome(job=job, error=error)
        _report(outcome, job.output)
        outcomes.append(outcome)
    _summary(outcomes, found.others)


def print_document(
    path: Path, format: str, translator: Translator, request: Request, reading: Reading
) -> None:
    """Translate a document, and print it whole on standard output in the bytes of its own encoding."""
    with TemporaryDirectory() as folder:
        job = job_of(path, Path(folder) / path.name, format)
        with watched(path.name, unit="segments") as reached:
            outcome = translate(job, translator, request, reading, reached=lambda done, _: reached(done))
        translation = job.output.read_bytes()
    sys.stdout.flush()
    sys.stdout.buffer.write(translation)
    sys.stdout.buffer.flush()
    _report(outcome, path)


def _report(outcome: Outcome, name: Path) -> None:
    """Print what a reader should know of one document."""
    if outcome.error:
        tell(f"error: {outcome.error}")
    remarks = [*(f"{left.place}: left as it was: {left.why}" for left in outcome.left)]
    remarks += [f"{note.place}: {note.why}" for note in outcome.notes]
    for remark in remarks[:_MOST_SHOWN]:
        tell(f"{name}: {remark}")
    if len(remarks) > _MOST_SHOWN:
        tell(f"{name}: {len(remarks) - _MOST_SHOWN} more remarks of this kind")


def _summary(outcomes: list[Outcome], others: int) -> None:
    """Print what was done in all; raise DocumentError where a document failed."""
    written = [outcome for outcome in outcomes if not outcome.error and not outcome.already_done]
    failed = sum(outcome.error is not None for outcome in outcomes)
    passed_over = sum(outcome.already_done for outcome in outcomes)
    resumed = sum(outcome.resumed for outcome in written)
    segments = sum(outcome.segments for outcome in written)
    what = str(written[0].job.output) if len(written) == 1 else f"{len(written)} documents"
    said = [f"wrote {what}: {segments:,} segment{'s' * (segments != 1)}"]
    memory = [outcome.memory for outcome in written if outcome.memory]
    if memory:
        exact, similar = (sum(counts) for counts in zip(*memory, strict=True))
        said.append(f"the memory has {exact:,} of them, and similar texts for {similar:,} more")
    if resumed:
        said.append(f"{resumed:,} of them from before the interruption")
    if passed_over:
        said.append(
            "1 document was done already"
            if passed_over == 1
            else f"{passed_over} documents were done already"
        )
    if others:
        said.append(
            "1 other file is not a document and was not copied"
            if others == 1
            else f"{others} other files are not documents and were not copied"
        )
    tell("; ".join(said))
    if failed:
        raise DocumentError(
            f"{failed} of {len(outcomes)} documents could not be translated; the reasons are above"
        )
