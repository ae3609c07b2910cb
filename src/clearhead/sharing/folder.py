"""The folder of outputs: parts that are done, files that are joined from them, and the manifest of both.

    OUT/news/a.txt                    an output, there only when it is whole
    OUT/manifest.json                 what was done: lines and SHA-256 of each file, when all are there
    OUT/.sharing/job.json             what is done to the inputs, the same for every process
    OUT/.sharing/done/news/a.txt.json of an output: the sums of the parts it was made of, and its own
    OUT/.sharing/parts/news/a.txt/7   a part: a line of JSON, then its lines; removed when the file is joined

Everything appears under its name by one rename of a flushed file, and has a name that depends on the work alone. So a
process may end at any moment, and two may do the same part: the later one replaces it, by the same bytes where both ran
on the same kind of processor.
"""

import hashlib
import json
import os
import shutil
import socket
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from clearhead.corpora.packed import packing
from clearhead.errors import CheckpointError, ConfigError, DataError
from clearhead.sharing.inputs import Input
from clearhead.sharing.parts import Part, Results
from clearhead.storage import untrusted
from clearhead.storage.files import (
    PARTIAL,
    flush_directory,
    json_bytes,
    publish_file,
    read_object,
    write_flushed,
    write_refused,
)

MANIFEST = "manifest.json"
_INSIDE, _JOB = ".sharing", "job.json"
_TRIES = 3
"""For what fails where another process removes a folder at the same moment."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """What is kept of an output that is whole."""

    parts: tuple[str, ...]
    """Sums of the rows of each part of the input."""
    lines: int
    sha256: str
    """Of the file as it lies there, packed or not."""
    notes: int = 0

    @classmethod
    def read(cls, path: Path) -> "Done | None":
        """Read a record; None where there is none. Raises CheckpointError for one that is damaged."""
        if not path.exists():
            return None
        value = read_object(path)
        try:
            return cls(
                parts=tuple(map(str, value["parts"])),
                lines=int(value["lines"]),
                sha256=str(value["sha256"]),
                notes=int(value["notes"]),
            )
        except (KeyError, TypeError, ValueError):
            raise CheckpointError(f"{path} is damaged; remove it and the output that it is of") from None


class OutputFolder:
    """A folder of outputs, which any number of processes write."""

    def __init__(self, path: Path, job: Mapping[str, Any]) -> None:
        """Open a folder for a job. Raises ConfigError where it holds another job."""
        self.path = path
        self._inside = path / _INSIDE
        self._job = json_bytes(job)
        self._sum = hashlib.sha256(self._job).hexdigest()
        self._begun = False
        if (self._inside / _JOB).exists():
            self._begin()

    def _begin(self) -> None:
        """Write what the job is, before the first part is; where it stands already, it must be the same."""
        record = self._inside / _JOB
        if not self._begun and not record.exists():
            _write(record, self._job)
        if not self._begun:
            _check_same(self.path, read_object(record), json.loads(self._job))
        self._begun = True

    def output(self, input: Input) -> Path:
        """Return where the output of a file is."""
        return self.path / input.name

    def done(self, input: Input) -> Done | None:
        """Return the record of an output; None where it is not whole yet, or was removed to be made again.

        Raises DataError for an output that was not written here.
        """
        output, record = self.output(input), self._record(input)
        # In this order: who joins a file writes its record before the parts go.
        if output.exists() and not self._parts(input).exists() and not record.exists():
            raise DataError(f"{output} is there already, and was not written for this; give another --output")
        return Done.read(record) if output.exists() else None

    def check_output(self, input: Input, done: Done) -> None:
        """Raise DataError for an output that is not what was written."""
        output = self.output(input)
        with output.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != done.sha256:
                raise DataError(f"{output} has changed since it was written; remove it to have it made again")

    def has(self, part: Part) -> bool:
        """Say whether a part is done and whole. Raises DataError where it was made of other text."""
        read = self._read(part.input, part.number)
        if read is None:
            return False
        if read[0]["source"] != part.sha256:
            raise DataError(changed(part.input, self._parts(part.input)))
        return True

    def write(self, part: Part, results: Results) -> None:
        """Keep what was made of a part, and wait until the disk has it. Raises ConfigError when the disk refuses."""
        assert len(results.lines) == len(part.rows), "a line for each row"
        body = "".join(f"{line}\n" for line in results.lines).encode()
        assert body.count(b"\n") == len(part.rows), "no end of a line within a line"
        head = {
            "job": self._sum,
            "lines": len(part.rows),
            "notes": results.notes,
            "sha256": hashlib.sha256(body).hexdigest(),
            "source": part.sha256,
        }
        path = self._parts(part.input) / str(part.number)
        for left in reversed(range(_TRIES)):
            try:
                self._begin()
                _write(path, json.dumps(head).encode() + b"\n" + body)
                return
            except OSError as error:
                raced = isinstance(error, FileNotFoundError | FileExistsError)
                if raced and self._is_joined(part):
                    return
                if not raced or not left:
                    raise write_refused(path, error, "--output") from None

    def _is_joined(self, part: Part) -> bool:
        """Say whether another process has joined a part meanwhile, and so removed the folder that it was to lie in."""
        done = self.done(part.input)
        return done is not None and done.parts[part.number : part.number + 1] == (part.sha256,)

    def missing(self, input: Input, count: int) -> list[int]:
        """Return the parts of a file, of so many, that are not there."""
        folder = self._parts(input)
        return [number for number in range(count) if not (folder / str(number)).exists()]

    def join(self, input: Input, sums: Sequence[str]) -> Done | None:
        """Join the parts of a file, known by the sums of their rows, to its output; None where some are missing.

        Of several processes that find all parts there, each writes the same. Raises DataError where a part was made
        of other text, ConfigError when the disk refuses.
        """
        folder = self._parts(input)
        if not all((folder / str(number)).exists() for number in range(len(sums))):
            return None
        try:
            self._begin()
            if not sums:  # the folder says that the output is ours, and no part has made it
                _make(folder)
            done = self._joined(input, sums)
            if done is not None:
                _write(self._record(input), json_bytes(vars(done)))
                shutil.rmtree(folder, ignore_errors=True)
            return done
        except OSError as error:
            raise write_refused(self.output(input), error, "--output") from None

    def _joined(self, input: Input, sums: Sequence[str]) -> Done | None:
        """Write the output of a file; None where a part is damaged, or gone since another process joined them."""
        output = self.output(input)
        output.parent.mkdir(parents=True, exist_ok=True)
        partial = _partial(output)
        try:
            with partial.open("w+b") as file:
                with packing(file, input.name) as packed:
                    heads = [self._append(input, number, sums[number], packed) for number in range(len(sums))]
                if None in heads:
                    return None
                file.flush()
                os.fsync(file.fileno())
                file.seek(0)
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            publish_file(partial, output)
            flush_directory(output.parent)
        finally:  # after an interruption too
            with suppress(OSError):
                partial.unlink(missing_ok=True)
        lines, notes = (sum(head[key] for head in heads if head) for key in ("lines", "notes"))
        return Done(parts=tuple(sums), lines=lines, sha256=digest, notes=notes)

    def _append(self, input: Input, number: int, expected: str, file: IO[bytes]) -> dict[str, Any] | None:
        """Write the lines of a part behind others, and return what its first line says; None where it is damaged."""
        read = self._read(input, number)
        if read is None:
            return None
        head, body = read
        if head["source"] != expected:
            raise DataError(changed(input, self._parts(input)))
        file.write(body)
        return head

    def _read(self, input: Input, number: int) -> tuple[dict[str, Any], bytes] | None:
        """Return the first line of a part, and the others; None where it is not there or not whole.

        One that is not whole is removed, so that it counts as missing. Raises ConfigError for one of another job.
        """
        path = self._parts(input) / str(number)
        try:
            first, _, body = path.read_bytes().partition(b"\n")
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            head = untrusted.parse_json(first)
            whole = head["sha256"] == hashlib.sha256(body).hexdigest()
            of_this, _ = head["job"] == self._sum, (head["lines"] + head["notes"], head["source"])
        except (KeyError, TypeError, ValueError):
            whole = False
        if not whole:
            path.unlink(missing_ok=True)
            return None
        if not of_this:
            raise ConfigError(f"{path} was made with other options; give another --output")
        return head, body

    def write_manifest(self, job: Mapping[str, Any], files: Mapping[str, Done]) -> None:
        """Write what was done of all files. Raises ConfigError when the disk refuses."""
        listed = {
            name: {"lines": done.lines, "notes": done.notes, "sha256": done.sha256}
            for name, done in files.items()
        }
        try:
            _write(self.path / MANIFEST, json_bytes({"job": job, "files": listed}))
        except OSError as error:
            raise write_refused(self.path / MANIFEST, error, "--output") from None

    def surplus(self, inputs: Iterable[Input]) -> list[str]:
        """Return the outputs that were written here and have no input any more."""
        known = {self._record(input) for input in inputs}
        folder = self._inside / "done"
        left = sorted(path for path in folder.rglob("*.json") if path not in known)
        names = [path.relative_to(folder).as_posix().removesuffix(".json") for path in left]
        return [name for name in names if (self.path / name).exists()]

    def _parts(self, input: Input) -> Path:
        return self._inside / "parts" / input.name

    def _record(self, input: Input) -> Path:
        return self._inside / "done" / f"{input.name}.json"


def changed(input: Input, made: Path) -> str:
    """Say that an input is not what it was when something was made of it."""
    return (
        f"{input} has changed since it was worked on; give another --output, or remove {made} to have all of it made "
        "again"
    )


def _check_same(path: Path, begun: Mapping[str, Any], job: Mapping[str, Any]) -> None:
    """Raise ConfigError where two jobs differ, with what differs."""
    if shown := differences(begun, job):
        raise ConfigError(f"{path} was begun with {shown}; give the same options, or another --output")


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Return in words what a job has that differs from another; empty where they are the same."""
    differing = sorted(name for name in {*one, *other} if one.get(name) != other.get(name))
    return ", ".join(f"{name} {_value(one.get(name))}, not {_value(other.get(name))}" for name in differing)


def _value(value: object) -> str:
    return "left out" if value is None else untrusted.shown(value)


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, whoever writes the same one meanwhile. Raises OSError."""
    _make(path.parent)
    partial = _partial(path)
    try:
        write_flushed(partial, data)
        publish_file(partial, path)
        flush_directory(path.parent)
    finally:  # after an interruption too
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _make(folder: Path) -> None:
    """Make a folder, or take the one that is there, though others may remove it meanwhile. Raises OSError."""
    for left in reversed(range(_TRIES)):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return
        except (FileNotFoundError, FileExistsError):  # it was there, and when asked what it is no more
            if not left:
                raise


def _partial(path: Path) -> Path:
    """Return the name of a file of this process alone, until it is whole."""
    return path.with_name(f"{PARTIAL}{path.name}-{socket.gethostname()}-{os.getpid()}")
