"""Directories and files that are written whole or not at all, and the averaging of their weights (§6.1).

Files are written into a hidden sibling folder, each is flushed to the disk, the manifest with their
SHA-256 sums comes last, and one rename makes the folder appear under its name. Whatever moment the
machine stops at, a folder of that name is complete, or it is not there. No torch is needed here:
tensors are numpy arrays; nothing is ever unpickled.
"""

import errno
import hashlib
import json
import math
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import safetensors
import safetensors.numpy

from clearhead.errors import CheckpointError, ConfigError
from clearhead.untrusted import parse_json, shown
from clearhead.untrusted import read_json as read_any

Arrays = dict[str, np.ndarray[Any, Any]]
MANIFEST = "manifest.json"
_STEP = re.compile(r"step-\d+")
_LONGEST_HEAD = 16 << 20
_MOST_AXES = 8
_BYTES = {"F16": 2, "F32": 4, "F64": 8}
"""What weights may be made of, and the bytes of each number."""
_PARTIAL, _REPLACED = ".partial-", ".replaced-"
_OPEN_STREAMS = ("/dev/std", "/dev/fd/", "/proc/")


def write_directory(path: Path, files: Mapping[str, bytes | Arrays]) -> None:
    """Write a directory of files, whole or not at all; arrays become safetensors.

    An existing directory of that name is replaced; should the machine stop between the two renames this
    needs, `recover` puts the old one back. Raises CheckpointError when the disk refuses.
    """
    partial = path.with_name(_PARTIAL + path.name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove(partial)
        partial.mkdir()
        sums = {}
        for name, content in files.items():
            data = content if isinstance(content, bytes) else safetensors.numpy.save(content)
            sums[name] = hashlib.sha256(data).hexdigest()
            _write_flushed(partial / name, data)
        _write_flushed(partial / MANIFEST, json_bytes({"sha256": sums}))
        _flush_directory(partial)
        _put_in_place(partial, path)
    except OSError as error:
        raise CheckpointError(
            f"could not save {path}: {error.strerror or error}; what was saved before is intact, "
            "free some space or choose another place"
        ) from error
    finally:  # after an interruption too
        shutil.rmtree(partial, ignore_errors=True)


def _put_in_place(partial: Path, path: Path) -> None:
    """Rename a directory, whose files are flushed, to its name; the one that has it goes, or comes back."""
    replaced = path.with_name(_REPLACED + path.name)
    try:
        if path.exists():
            _remove(replaced)
            os.rename(path, replaced)
        os.rename(partial, path)
        _flush_directory(path.parent)
    finally:  # after an interruption too
        if path.exists():
            _remove(replaced)
        elif replaced.exists():
            os.rename(replaced, path)


def write_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: until all is on the disk, what stood under the name stays.

    What cannot be replaced, a pipe or a device, is written to as it is. Raises OSError when the disk refuses.
    """
    if is_stream(path):
        path.write_bytes(data)
        return
    path = Path(os.path.realpath(path))  # not the link, but what it leads to
    partial = path.with_name(_PARTIAL + path.name)
    try:
        _write_flushed(partial, data)
        publish_file(partial, path)
    finally:  # after an interruption too
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def publish_file(partial: Path, path: Path) -> None:
    """Give a file, which is flushed, the name of another beside it, and the permissions that one had."""
    if path.exists():
        shutil.copymode(path, partial)
    os.replace(partial, path)


def refused(path: Path, error: OSError, option: str) -> ConfigError:
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


def recover(folder: Path) -> None:
    """Clear what an interrupted write left in a folder, and put back what it had moved aside."""
    if not folder.is_dir():
        return
    for left in sorted(folder.iterdir()):
        if left.name.startswith(_REPLACED):
            home = left.with_name(left.name.removeprefix(_REPLACED))
            if home.exists():
                _remove(left)
            else:
                os.rename(left, home)
        elif left.name.startswith(_PARTIAL):
            _remove(left)


def verify(path: Path) -> None:
    """Hold every file of a directory against its manifest; raise CheckpointError naming the first fault."""
    if not path.is_dir():
        raise CheckpointError(f"there is no directory {path}")
    try:
        for name, expected in _sums(path).items():
            _verify_file(path, name, expected)
    except FileNotFoundError:
        raise CheckpointError(
            f"{path} has no {MANIFEST}, so it is not a complete checkpoint or model directory"
        ) from None
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"{path} is damaged: {MANIFEST} cannot be read ({error}); copy the directory again, whole"
        ) from None


def _sums(path: Path) -> dict[str, str]:
    """Return the sum of each file by the manifest. Raises OSError and ValueError."""
    manifest = read_any(path / MANIFEST)
    sums = manifest.get("sha256") if isinstance(manifest, dict) else None
    if not isinstance(sums, dict):
        raise ValueError("it holds no sums")
    for name, expected in sums.items():
        if not isinstance(expected, str):
            raise ValueError(f"the sum of {shown(name)} is {shown(expected)}")
        if name in ("", ".", "..") or set(name) & set("/\\:\0"):  # nothing outside the directory is read
            raise ValueError(f"{shown(name)} is no name of a file")
    return sums


def _verify_file(path: Path, name: str, expected: str) -> None:
    if not (path / name).is_file():
        raise CheckpointError(f"{path} is damaged: {name} is missing; copy the directory again, whole")
    with (path / name).open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != expected:
            raise CheckpointError(
                f"{path} is damaged: {name} does not match its checksum; copy the directory again"
            )


def verified_files(path: Path) -> frozenset[str]:
    """Return the names of the files that `verify` holds against the manifest."""
    try:
        return frozenset(_sums(path))
    except (OSError, ValueError):
        return frozenset()


def array_shapes(file: Path) -> dict[str, tuple[int, ...]]:
    """Return the shape of each array of a safetensors file by its head, which is held against the file's length.

    Nothing is taken from memory for the arrays themselves. Raises CheckpointError where the head says what the file
    is not, and for numbers that weights are not made of.
    """
    try:
        head, length = _head(file)
        sizes = {name: _size(name, facts) for name, facts in head.items()}
        if sum(sizes.values()) != length:
            raise ValueError(
                f"its head tells of {sum(sizes.values()):,} bytes of numbers, and it has {length:,}"
            )
    except (OSError, ValueError) as error:
        raise CheckpointError(f"cannot read {file}: {error}; copy it again") from None
    return {name: tuple(facts["shape"]) for name, facts in head.items()}


def read_arrays(file: Path) -> Arrays:
    """Read a safetensors file."""
    array_shapes(file)
    try:
        return safetensors.numpy.load_file(file)
    except (OSError, safetensors.SafetensorError) as error:
        raise CheckpointError(f"cannot read {file}: {error}") from None


def _head(file: Path) -> tuple[dict[str, Any], int]:
    """Return what the head says of each array, and how many bytes there are of numbers."""
    if not file.is_file():
        raise ValueError("it is missing, or no ordinary file")
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if length > _LONGEST_HEAD:
            raise ValueError(f"its head of {length} bytes is none")
        head = parse_json(stream.read(length))
    if not isinstance(head, dict):
        raise ValueError("its head is no JSON object")
    head.pop("__metadata__", None)
    return head, file.stat().st_size - 8 - length


def _size(name: str, facts: object) -> int:
    """Return the bytes of one array. Raises ValueError where its shape and its place do not fit together."""
    kind, shape, places = (
        facts.get(key) if isinstance(facts, dict) else None for key in ("dtype", "shape", "data_offsets")
    )
    if not (_counts(shape) and _counts(places) and len(places) == 2):
        raise ValueError(f"{shown(name)} has no shape or no place in it")
    if not isinstance(kind, str) or kind not in _BYTES:
        raise ValueError(f"{shown(name)} is of type {shown(kind)}; allowed are {', '.join(_BYTES)}")
    size = math.prod(shape) * _BYTES[kind]
    if places[1] - places[0] != size:
        raise ValueError(f"{shown(name)} of shape {shown(shape)} does not fill its place")
    return size


def _counts(values: object) -> TypeGuard[list[int]]:
    """Say whether these are a few whole numbers from 0."""
    return (
        isinstance(values, list)
        and len(values) <= _MOST_AXES
        and all(type(each) is int and each >= 0 for each in values)
    )


def read_shapes(file: Path) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Read the type and the shape of each tensor of a safetensors file, and no more of it."""
    try:
        with safetensors.safe_open(file, "np") as opened:
            parts = {name: opened.get_slice(name) for name in opened.keys()}  # noqa: SIM118 (no mapping)
            return {name: (part.get_dtype(), tuple(part.get_shape())) for name, part in parts.items()}
    except (OSError, safetensors.SafetensorError) as error:
        raise CheckpointError(f"cannot read {file}: {error}") from None


def read_json(file: Path) -> dict[str, Any]:
    """Read a JSON object."""
    try:
        value = read_any(file)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"cannot read {file}: {error}") from None
    if not isinstance(value, dict):
        raise CheckpointError(f"cannot read {file}: it holds no JSON object")
    return value


def step_directory(folder: Path, step: int) -> Path:
    """Return where the checkpoint of a step stands."""
    return folder / f"step-{step:08d}"


def steps(folder: Path) -> list[Path]:
    """Return the checkpoints of a folder, oldest first, complete ones only by the rule of writing."""
    return sorted(path for path in folder.glob("step-*") if _STEP.fullmatch(path.name) and path.is_dir())


def latest(folder: Path) -> tuple[Path | None, list[CheckpointError]]:
    """Return the newest checkpoint that verifies, and what is wrong with the newer ones."""
    faults = []
    for path in reversed(steps(folder)):
        try:
            verify(path)
        except CheckpointError as error:
            faults.append(error)
        else:
            return path, faults
    return None, faults


def step_of(path: Path) -> int:
    """Return the step of a checkpoint."""
    return int(path.name.removeprefix("step-"))


def remove(path: Path) -> None:
    """Remove a checkpoint; it is moved aside first, so it is never seen half gone."""
    doomed = path.with_name(_PARTIAL + path.name)
    _remove(doomed)
    os.rename(path, doomed)
    _remove(doomed)


def average(files: Iterable[Path]) -> Arrays:
    """Return the mean of the arrays of several files, summed in float64 (the last N checkpoints, §6.1)."""
    total: Arrays = {}
    count = 0
    for file in files:
        count += 1
        for name, array in read_arrays(file).items():
            total[name] = total[name] + array if name in total else array.astype(np.float64)
    assert count, "an average of nothing"
    return {name: (array / count).astype(np.float32) for name, array in total.items()}


def _write_flushed(file: Path, data: bytes) -> None:
    with file.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _flush_directory(path: Path) -> None:
    if os.name == "nt":  # Windows has no handle of a folder to flush
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
