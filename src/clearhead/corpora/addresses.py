"""Files that are elsewhere, named by an address such as `s3://bucket/part-*.zst`: fsspec finds and opens them."""

import io
import posixpath
from typing import IO, Any

from clearhead.errors import DataError, MissingPackageError
from clearhead.extras import require

_BUFFER = 1 << 20


def is_address(name: object) -> bool:
    """Say whether a name is an address, not that of a file of this machine."""
    return "://" in str(name)


def open_address(address: str) -> IO[bytes]:
    """Open what an address names for its bytes.

    Raises DataError where it cannot be read, MissingPackageError where a package for it is not installed.
    """
    filesystem, path = _filesystem(address)
    try:
        return io.BufferedReader(filesystem.open(path, "rb"), _BUFFER)
    except Exception as error:  # each kind of storage has errors of its own
        raise DataError(f"cannot read {address}: {_said(error)}; check the address and your access") from None


def files_at(address: str) -> list[tuple[str, str]]:
    """Return the files that an address means, each with its name below it: a file, all of a folder or of a pattern.

    Raises DataError where it cannot be listed, MissingPackageError where a package for it is not installed.
    """
    filesystem, path = _filesystem(address)
    try:
        if has_wildcards(address):
            found = [one for one in filesystem.glob(path) if filesystem.isfile(one)]
        else:
            found = filesystem.find(path)
    except Exception as error:
        raise DataError(f"cannot list {address}: {_said(error)}; check the address and your access") from None
    folder = posixpath.dirname(path) if found == [path] else fixed_part(path)
    return [(filesystem.unstrip_protocol(one), posixpath.relpath(one, folder)) for one in sorted(found)]


def fixed_part(pattern: str) -> str:
    """Return the folder before the first wildcard of a pattern; of any other name all of it."""
    parts = pattern.split("/")
    fixed = next((place for place, part in enumerate(parts) if has_wildcards(part)), len(parts))
    return "/".join(parts[:fixed]) or ("/" if pattern.startswith("/") else ".")


def has_wildcards(name: str) -> bool:
    """Say whether a name is a pattern."""
    return any(character in name for character in "*?[")


def _filesystem(address: str) -> tuple[Any, str]:
    """Return the file system of an address, and the path in it."""
    require(f"reading {address}", "fsspec")
    from fsspec.core import url_to_fs

    try:
        filesystem, path = url_to_fs(address)
    except ImportError as error:
        raise MissingPackageError(
            f"reading {address} needs another package: {_said(error)}; install it with pip"
        ) from None
    except Exception as error:  # ValueError for an unknown protocol; whatever a kind of storage asks for
        raise DataError(f"cannot read {address}: {_said(error)}; check how the address begins") from None
    return filesystem, path


def _said(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
