"""How far an unfinished preparation is, so that it goes on after whatever ended it.

What was written is flushed first, then the journal takes the place of the one before by a rename. A preparation that
goes on cuts its files to the lengths that the journal has: whatever came after them is done again.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearhead.storage.files import PARTIAL, flush_directory, write_file

_JOURNAL = "progress.json"


def request_of(values: Sequence[Any], sources: Sequence[str]) -> str:
    """Return what distinguishes a preparation from any other: its settings, and the files with sizes and times."""
    files = [(file, *_state_of(file)) for file in sources]
    return hashlib.sha256(json.dumps([values, files], sort_keys=True, default=str).encode()).hexdigest()


def _state_of(file: str) -> tuple[int, int]:
    with suppress(OSError):
        state = os.stat(file)
        return state.st_size, state.st_mtime_ns
    return 0, 0


@dataclass(frozen=True)
class Journal:
    """The journal of a folder, for one request."""

    folder: Path
    request: str
    """Empty where the text cannot be read twice, so that nothing can go on."""

    def read(self) -> dict[str, Any] | None:
        """Return what was noted last; None where there is nothing, or something of another request."""
        with suppress(OSError, ValueError, TypeError, KeyError):
            values: dict[str, Any] = json.loads((self.folder / _JOURNAL).read_bytes())
            if self.request and values["request"] == self.request:
                return values
        return None

    def write(self, values: Mapping[str, Any]) -> None:
        """Note how far it is; all files are flushed."""
        flush_directory(self.folder)
        write_file(self.folder / _JOURNAL, json.dumps({**values, "request": self.request}).encode())

    @property
    def exists(self) -> bool:
        """Whether there is something to go on from."""
        return (self.folder / _JOURNAL).is_file()

    def remove(self) -> None:
        """Remove it, and what a kill in the middle of a save left of the next."""
        for name in (_JOURNAL, PARTIAL + _JOURNAL):
            (self.folder / name).unlink(missing_ok=True)
