"""What is done of a document that is being translated, so that an interrupted translation goes on.

A file beside the output, of one JSON object a line: what it belongs to, then the segments in the order of finishing. It
is flushed after each window, and a last line that was cut is left out when it is read.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from clearhead.segments.segment import Marked, Segment, Tag
from clearhead.storage import untrusted
from clearhead.storage.files import write_file

ENDING = ".partial.jsonl"
"""What the journal's name has after that of the output."""
_LARGEST = 1 << 30


class Journal:
    """The finished segments of one document, on the disk."""

    def __init__(self, path: Path, belongs_to: str, *, resume: bool) -> None:
        """Open the journal of the translation that `belongs_to` names; begin a new one where none is to be resumed."""
        self.path = path
        self._results = _read(path, belongs_to) if resume else {}
        self.resumed = self.count = len(self._results)
        lines = [{"of": belongs_to}, *(_line(key, *result) for key, result in self._results.items())]
        write_file(path, "".join(map(_json, lines)).encode())
        self._file = path.open("a", encoding="utf-8", newline="\n")

    def result(self, segment: Segment) -> tuple[Marked, tuple[str, ...]] | None:
        """Return what was made of a segment; None where it was not translated yet."""
        return self._results.get(_key(segment))

    def write(self, results: Sequence[tuple[Segment, tuple[Marked, tuple[str, ...]]]]) -> None:
        """Keep what was made of some segments, and wait until the disk has it."""
        for segment, result in results:
            key = _key(segment)
            # Known to the windows that follow, as after an interruption: so these are cut into the same batches.
            self._results[key] = result
            self._file.write(_json(_line(key, *result)))
        self.count += len(results)
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self, *, done: bool) -> None:
        """Close the file; where all is done it is removed."""
        self._file.close()
        if done:
            with suppress(OSError):
                self.path.unlink()


def journal_of(output: Path) -> Path:
    """Return where the journal of an output is kept."""
    return output.with_name(output.name + ENDING)


def fingerprint(data: bytes, *facts: object) -> str:
    """Return what a translation belongs to: the input's bytes, the model, the request."""
    digest = hashlib.sha256(data)
    for fact in facts:
        digest.update(b"\0" + repr(fact).encode())
    return digest.hexdigest()


def _key(segment: Segment) -> str:
    return fingerprint(segment.text.encode("utf-8", "surrogatepass"), segment.tags)


def _line(key: str, marked: Marked, notes: tuple[str, ...]) -> dict[str, Any]:
    tags = [(tag.start, tag.end, tag.parent) for tag in marked.tags]
    return {"segment": key, "text": marked.text, "tags": tags, "notes": notes}


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"


def _read(path: Path, belongs_to: str) -> dict[str, tuple[Marked, tuple[str, ...]]]:
    """Return the segments of a journal that belongs to this translation; none of another's."""
    try:
        head, *lines = untrusted.read_bytes(path, _LARGEST).split(b"\n")
    except (OSError, ValueError):
        return {}
    if _value(head) != {"of": belongs_to}:
        return {}
    results = {}
    for value in map(_value, lines[:-1]):  # what follows the last line end was cut
        with suppress(KeyError, TypeError, ValueError):
            tags = tuple(Tag(start=int(a), end=int(b), parent=parent) for a, b, parent in value["tags"])
            marked = Marked(text=str(value["text"]), tags=tags)
            if marked.is_well_formed:
                results[str(value["segment"])] = marked, tuple(map(str, value["notes"]))
    return results


def _value(line: bytes) -> Any:
    try:
        return untrusted.parse_json(line)
    except ValueError:
        return None
