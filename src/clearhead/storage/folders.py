"""Folders that are written whole or not at all, and verified when they are read.

Files are written into a hidden sibling folder, each is flushed to the disk, the manifest with their
SHA-256 sums comes last, and one rename makes the folder appear under its name. Whatever moment the
machine stops at, a folder of that name is complete, or it is not there. No torch is needed here.
"""

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from clearhead.errors import CheckpointError
from clearhead.storage import tensors
from clearhead.storage.files import PARTIAL, json_bytes, write_flushed
from clearhead.storage.tensors import Arrays
from clearhead.storage.untrusted import read_json, shown

MANIFEST = "manifest.json"
_REPLACED = ".replaced-"


def write_directory(path: Path, files: Mapping[str, bytes | Arrays]) -> None:
    """Write a directory of files, whole or not at all; arrays become safetensors.

    An existing directory of that name is replaced; should the machine stop between the two renames this
    needs, `recover` puts the old one back. Raises CheckpointError when the disk refuses.
    """
    partial = path.with_name(PARTIAL + path.name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove(partial)
        partial.mkdir()
        sums = {}
        for name, content in files.items():
            data = content if isinstance(content, bytes) else tensors.to_bytes(content)
            sums[name] = hashlib.sha256(data).hexdigest()
            write_flushed(partial / name, data)
        write_flushed(partial / MANIFEST, json_bytes({"sha256": sums}))
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
        elif left.name.startswith(PARTIAL):
            _remove(left)


def remove(path: Path) -> None:
    """Remove a checkpoint; it is moved aside first, so it is never seen half gone."""
    doomed = path.with_name(PARTIAL + path.name)
    _remove(doomed)
    os.rename(path, doomed)
    _remove(doomed)


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
    manifest = read_json(path / MANIFEST)
    sums = manifest.get("sha256") if isinstance(manifest, dict) else None
    if not isinstance(sums, dict):
        raise ValueError("it holds no sums")
    for name, expected in sums.items():
        if not isinstance(expected, str):
            raise ValueError(f"the sum of {shown(name)} is {shown(expected)}")
        if name in ("", ".", "..") or set(name) & set("/\\:\0"):  # nothing outside the directory is read
            raise ValueError(f"{shown(name)} is not a file name")
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
