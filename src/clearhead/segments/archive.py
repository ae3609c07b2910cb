"""A zip archive from outside, such as a book or a letter: read within bounds, and written with some entries replaced.

Nothing is ever unpacked to the disk. Written without a replacement, an archive is the very bytes that were read; else
its entries keep their order, names, times and kind of compression, and equal contents give equal bytes.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from clearhead.errors import DocumentError

MOST_ENTRIES = 10_000
LARGEST_TOTAL = 512 << 20
"""Most bytes of all entries together, unpacked."""
LARGEST_RATIO = 200
"""Most bytes unpacked for one that is packed. Dense markup has about 20; a bomb has up to 1,032, deflate's bound."""
ALWAYS_FITS = 4 << 20
"""Unpacked bytes of an entry below which its ratio does not matter: a short entry of blanks harms nobody."""

_ENCRYPTED = 0x1
_KINDS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,  # UnicodeDecodeError among them
    OverflowError,
    NotImplementedError,
    RuntimeError,
)
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Archive:
    """Entries of a zip archive, which are unpacked when they are read."""

    data: bytes
    names: tuple[str, ...]
    """Of the files in it, in their order."""

    @cached_property
    def _zip(self) -> zipfile.ZipFile:
        return _zip(self.data)

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.names)

    def __contains__(self, name: str) -> bool:
        return name in self._known

    def read(self, name: str) -> bytes:
        """Return the bytes of an entry. Raises DocumentError for one that is missing or broken."""
        if name not in self:
            raise DocumentError(
                f"{name} is not in the archive; save the file again with the program that made it"
            )
        return _unpacked(self._zip, self._zip.getinfo(name))

    def replaced(self, entries: Mapping[str, bytes]) -> bytes:
        """Return the archive with other bytes for some of its entries, by their names."""
        changes = {name: data for name, data in entries.items() if data != self.read(name)}
        if not changes:
            return self.data
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w") as result:
            result.comment = self._zip.comment
            for info in self._zip.infolist():
                content = changes.get(info.filename)
                result.writestr(copy(info), _unpacked(self._zip, info) if content is None else content)
        return written.getvalue()


def opened(data: bytes) -> Archive:
    """Return the archive that some bytes are.

    Raises DocumentError for what is no zip archive, is cut or encrypted, unpacks to more than the bounds of this
    module, or has names that lead out of it or that two entries share.
    """
    with _zip(data) as archive:
        entries = archive.infolist()
        if len(entries) > MOST_ENTRIES:
            raise DocumentError(f"{len(entries):,} entries are too many; at most {MOST_ENTRIES:,} are read")
        total = sum(info.file_size for info in entries)
        if total > LARGEST_TOTAL:
            raise DocumentError(
                f"unpacked it has {total >> 20:,} MiB; at most {LARGEST_TOTAL >> 20} MiB are read, split the document"
            )
        names: set[str] = set()
        for info in entries:
            _check(info)
            if info.filename in names:
                raise DocumentError(f"two entries are called {info.filename!r}; pack the archive again")
            names.add(info.filename)
        for info in entries:  # so that nothing is found broken after all of it was translated
            _verify(archive, info)
    return Archive(data, tuple(info.filename for info in entries if not info.is_dir()))


def _check(info: zipfile.ZipInfo) -> None:
    """Raise DocumentError for an entry that is not safe to read."""
    name = info.orig_filename
    if (
        name.startswith("/")
        or "\\" in name
        or "\0" in name
        or ":" in name.split("/")[0]
        or ".." in name.split("/")
    ):
        raise DocumentError(f"the entry {name!r} leads out of the archive; do not open this file")
    if info.flag_bits & _ENCRYPTED:
        raise DocumentError(f"{name} is encrypted; save the document without a password")
    if info.compress_type not in _KINDS:
        raise DocumentError(
            f"{name} is packed by another method than deflate; pack the archive again with zip"
        )
    if info.file_size > max(ALWAYS_FITS, LARGEST_RATIO * info.compress_size):
        raise DocumentError(
            f"{name} unpacks to {info.file_size >> 20:,} MiB from {info.compress_size >> 10:,} KiB, as zip bombs do; "
            "do not open this file"
        )


def _zip(data: bytes) -> zipfile.ZipFile:
    return _whole(lambda: zipfile.ZipFile(io.BytesIO(data)))


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Return the bytes of an entry; no more are unpacked than it says to have."""

    def read() -> bytes:
        with archive.open(info) as entry:
            return entry.read(info.file_size + 1)  # without a number, zipfile unpacks all that is there

    content = _whole(read)
    if len(content) != info.file_size:
        raise DocumentError(f"{info.filename} is cut; get the file again")
    return content


def _verify(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    """Raise DocumentError for an entry that does not unpack to what its checksum says."""

    def read() -> int:
        with archive.open(info) as entry:
            return sum(map(len, iter(lambda: entry.read(1 << 16), b"")))

    if _whole(read) != info.file_size:
        raise DocumentError(f"{info.filename} is cut; get the file again")


def _whole(read: Callable[[], _Value]) -> _Value:
    """Return what is read of an archive. Raises DocumentError in one line where it is broken."""
    try:
        return read()
    except _BROKEN as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DocumentError(f"not a whole zip archive ({why}); get the file again") from None
