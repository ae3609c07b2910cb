"""Files that are written whole or not at all, and the JSON in them.

A file is written next to its place, flushed to the disk, and takes its name by one rename: whatever moment the machine
stops at, the name has either the old content or the new.
"""

import errno
import json
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from clearhead.errors import CheckpointError, ConfigError
from clearhead.storage import untrusted

PARTIAL = ".partial-"
"""What the name of something unfinished begins with."""
_OPEN_STREAMS = ("/dev/std", "/dev/fd/", "/proc/")


def write_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: until all is on the disk, what stood under the name stays.

    What cannot be replaced, a pipe or a device, is written to as it is. Raises OSError when the disk refuses.
    """
    if is_stream(path):
        path.write_bytes(data)
        return
    path = Path(os.path.realpath(path))  # not the link, but what it leads to
    partial = path.with_name(PARTIAL + path.name)
    try:
        write_flushed(partial, data)
        publish_file(partial, path)
    finally:  # after an interruption too
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def publish_file(partial: Path, path: Path) -> None:
    """Give a flushed file the name of another in the same folder, and its permissions."""
    if path.exists():
        shutil.copymode(path, partial)
    os.replace(partial, path)


def write_flushed(file: Path, data: bytes) -> None:
    """Write a file and wait until the disk has it."""
    with file.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def flush_directory(path: Path) -> None:
    """Wait until the disk has the names in a folder."""
    if os.name == "nt":  # Windows has no handle of a folder to flush
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_refused(path: Path, error: OSError, option: str) -> ConfigError:
    """Return the error for a file that the disk refuses, whose name an option gave."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    space = "free some space, or " if full else ""
    return ConfigError(f"cannot write {path}: {error.strerror or error}; {space}give another {option}")


def is_stream(path: Path) -> bool:
    """Say whether a name is that of a pipe, a device or an open stream, which can only be written to as it is."""
    return str(path).startswith(_OPEN_STREAMS) or (path.exists() and not path.is_file())


def json_bytes(value: object) -> bytes:
    """Return JSON text, always the same for the same value."""
    return (json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def read_object(file: Path) -> dict[str, Any]:
    """Read a JSON object. Raises CheckpointError for anything else."""
    try:
        value = untrusted.read_json(file)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"cannot read {file}: {error}") from None
    if not isinstance(value, dict):
        raise CheckpointError(f"cannot read {file}: it is not a JSON object")
    return value
