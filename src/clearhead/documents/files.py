"""Which files are translated, and where their translations go."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from clearhead.documents.formats import BY_ENDING, format_of
from clearhead.errors import DocumentError


@dataclass(frozen=True)
class Job:
    """A file to translate."""

    input: Path
    output: Path
    format: str


@dataclass(frozen=True)
class Jobs:
    """Files to translate, and how many in the folders are in no known format."""

    jobs: tuple[Job, ...]
    others: int = 0


def jobs_of(inputs: Sequence[Path], output: Path | None, format: str | None) -> Jobs:
    """Return the files of some names of files and folders, each with its output.

    One file goes to `output`; several, and those of folders, go into the folder `output` under the names they have
    there. Raises DocumentError for a file that is not there, in no known format, or that two outputs would share.
    """
    for path in inputs:
        if not path.exists():
            raise DocumentError(
                f"{path} is not there; check the name (text to translate is given without --input)"
            )
    single = len(inputs) == 1 and not inputs[0].is_dir()
    if output is None:
        raise DocumentError("name where the translated documents go: --output FILE, or a folder for several")
    if single and not output.is_dir():
        return Jobs((job_of(inputs[0], output, format),))
    jobs: dict[Path, Job] = {}
    others = 0
    for path, relative in _files(inputs):
        if format is None and format_of(path) is None and path not in inputs:
            others += 1
            continue
        job = job_of(path, output / relative, format)
        other = jobs.setdefault(job.output, job)
        if other.input != path:
            raise DocumentError(
                f"{other.input} and {path} would both become {job.output}; translate them into different folders"
            )
    if not jobs:
        raise DocumentError(
            f"no document in {', '.join(map(str, inputs))}; choose a format for all files with --as, or have the lines "
            "of each translated with --shard 0/1"
        )
    return Jobs(tuple(jobs.values()), others)


def job_of(path: Path, output: Path, format: str | None) -> Job:
    """Return one file with its output. Raises DocumentError for no known format, and for an output that is the file."""
    name = format or format_of(path)
    if name is None:
        raise DocumentError(
            f"{path} is in no known document format ({', '.join(sorted(BY_ENDING))}); choose one with --as, or "
            "translate its lines alone, without other files"
        )
    if output.exists() and path.samefile(output):
        raise DocumentError(f"{path} would be replaced by its translation; give another --output")
    return Job(path, output, name)


def _files(inputs: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """Yield files, and the names that they have below their folder."""
    for path in inputs:
        if not path.is_dir():
            yield path, Path(path.name)
            continue
        for file in sorted(path.rglob("*")):
            if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts):
                yield file, file.relative_to(path)
