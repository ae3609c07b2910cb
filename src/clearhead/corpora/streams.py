"""Lines of a pipe, a socket or a terminal, which may still be being written."""

import io
import os
import select
import stat
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import IO

_MOMENT = 0.01
"""Seconds; a program that writes line by line needs less from one to the next."""


class Stream:
    """Lines that another program, or somebody, may still be writing."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self._lines: deque[bytes] = deque()
        self._begun: list[bytes] = []
        """Of a line whose end has not come."""
        self._ended = False

    def __iter__(self) -> Iterator[bytes]:
        while True:
            while not self._lines and not self._ended:
                self._take()
            if not self._lines:
                return
            yield self._lines.popleft()

    def waits(self) -> bool:
        """Say whether no whole line is there, and no byte comes for a moment."""
        with suppress(OSError):  # reading the next line reports it
            while not self._lines and not self._ended:
                if not _readable(self._file):
                    return True
                self._take()
        return False

    def _take(self) -> None:
        """Wait for bytes, and take those that are there."""
        taken = self._file.read1(1 << 16)
        *whole, rest = taken.split(b"\n")
        if whole:
            self._lines.append(b"".join([*self._begun, whole[0], b"\n"]))
            self._lines.extend(line + b"\n" for line in whole[1:])
            self._begun.clear()
        if rest:
            self._begun.append(rest)
        if not taken:
            self._ended = True
            if self._begun:
                self._lines.append(b"".join(self._begun))


def _readable(file: io.BufferedReader) -> bool:
    """Say whether reading would give bytes, or the end, within a moment."""
    if os.name == "nt":  # select knows only sockets there: a terminal is answered line by line
        return False
    return bool(select.select([file], [], [], _MOMENT)[0])


def stream_of(file: IO[bytes]) -> Stream | None:
    """Return the lines of a pipe, a socket or a terminal; None for a file on a disk and for packed text."""
    if not isinstance(file, io.BufferedReader):
        return None
    try:
        regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
    except OSError:  # it is not a file of the system
        return None
    if regular or (os.name == "nt" and not file.isatty()):
        return None
    return Stream(file)
