"""Documents translated one after another, each written whole or not at all, and what happened to each."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from clearhead.documents import formats
from clearhead.documents.files import Job
from clearhead.documents.journal import Journal, fingerprint, journal_of
from clearhead.documents.translating import Request, translated
from clearhead.errors import ClearheadError, DocumentError
from clearhead.memory import Counts, counted
from clearhead.segments.protocol import Document, Reading
from clearhead.segments.segment import Left
from clearhead.storage import untrusted
from clearhead.storage.files import write_file, write_refused
from clearhead.translator import Translator

LARGEST = 256 << 20
"""Most bytes of a document."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one document."""

    job: Job
    segments: int = 0
    resumed: int = 0
    """Segments that an interrupted translation had done."""
    memory: Counts | None = None
    """For how many segments the memory has a translation, where there is one."""
    left: tuple[Left, ...] = ()
    """What was left as it was."""
    notes: tuple[Left, ...] = ()
    """What a reader should look at."""
    error: ClearheadError | None = None
    already_done: bool = False


def opened(path: Path, format: str, reading: Reading) -> tuple[bytes, Document]:
    """Return the bytes of a file, and the document that it is. Raises DocumentError, which names the file."""
    try:
        data = untrusted.read_bytes(path, LARGEST)
    except OSError as error:
        raise DocumentError(f"cannot read {path}: {error.strerror or error}; check the name") from None
    except ValueError as error:
        raise DocumentError(f"cannot read {path}: {error}; give a smaller document") from None
    try:
        return data, formats.read(data, format, reading)
    except ClearheadError as error:
        raise type(error)(f"{path}: {error}") from None


def translate(
    job: Job,
    translator: Translator,
    request: Request,
    reading: Reading,
    *,
    resume: bool = False,
    reached: Callable[[int, int], None] | None = None,
) -> Outcome:
    """Translate a document and write it.

    With `resume` a document whose translation is there and newer is passed over, and one that was interrupted goes on
    from its journal. `reached` is called with how many segments are done, of how many. Raises ClearheadError.
    """
    if resume and _is_done(job):
        return Outcome(job=job, already_done=True)
    data, document = opened(job.input, job.format, reading)
    total = len(document.segments)
    belongs_to = fingerprint(data, translator.name, translator.info.training, request, reading, job.format)
    try:
        job.output.parent.mkdir(parents=True, exist_ok=True)
        journal = Journal(journal_of(job.output), belongs_to, resume=resume)
    except OSError as error:
        raise write_refused(job.output, error, "--output") from None
    done = False
    try:
        marked, notes = translated(
            document,
            translator,
            request,
            journal,
            None if reached is None else lambda count: reached(count, total),
        )
        target = translator.target(request.to) or (translator.targets[0] if translator.targets else None)
        write_file(job.output, document.written(marked, target))
        done = True
    except OSError as error:
        raise write_refused(job.output, error, "--output") from None
    finally:
        journal.close(done=done or not journal.count)
    memory = request.memory
    return Outcome(
        job=job,
        segments=total,
        resumed=journal.resumed,
        memory=counted(memory, (segment.text for segment in document.segments)) if memory else None,
        left=tuple(document.left),
        notes=tuple(notes),
    )


def _is_done(job: Job) -> bool:
    """Say whether a translation was finished after its input was last changed."""
    return (
        job.output.exists()
        and not journal_of(job.output).exists()
        and job.output.stat().st_mtime >= job.input.stat().st_mtime
    )
