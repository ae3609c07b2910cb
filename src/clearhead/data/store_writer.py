"""Writing a store: the final columns, pair by pair, then everything else and the manifest."""

import hashlib
import json
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from clearhead.corpora.frames import Frames
from clearhead.corpora.word_links import Link
from clearhead.data.manifest import FORMAT_VERSION, MANIFEST, manifest_bytes
from clearhead.data.report import CorpusReport
from clearhead.data.rows import RowWriter
from clearhead.data.sources import record
from clearhead.data.store import FRAME_TYPE, LINK_TYPE, REPORT, TOKENIZER, VALIDATION, Part
from clearhead.storage.files import flush_directory, write_flushed
from clearhead.text.tokenizer import Tokenizer


class StoreWriter:
    """Writes the files of a store into a folder; the pairs come first, `finish` last."""

    def __init__(
        self, folder: Path, tokenizer: Tokenizer, *, linked: bool = False, features: bool = False
    ) -> None:
        """Begin the columns.

        `linked` says whether links of words are known of some pairs, `features` whether the sources are frames.
        """
        self.folder, self.tokenizer, self.linked = folder, tokenizer, linked
        id_type = np.dtype("<u2" if tokenizer.vocab_size <= 1 << 16 else "<i4")
        self._texts = [RowWriter(folder / f"{side}.text") for side in ("src", "tgt")]
        sources = ("src.frames", FRAME_TYPE) if features else ("src.ids", id_type)
        self._ids = [RowWriter(folder / name, dtype) for name, dtype in (sources, ("tgt.ids", id_type))]
        self.features: int | None = None
        """Width of the frames, once there are some."""
        self._links = RowWriter(folder / "links", LINK_TYPE) if linked else None
        self._lines = array("q")
        self._parts: list[Part] = []
        self._characters = self._tokens = 0

    def __len__(self) -> int:
        """Return the number of pairs so far."""
        return len(self._lines)

    def append(
        self,
        texts: tuple[bytes, bytes],
        ids: tuple[Sequence[int] | Frames, Sequence[int]],
        links: Iterable[Link],
        line: int,
    ) -> None:
        """Write a pair: its sides in UTF-8, their ids with a tag where there is one, and the links of its tokens.

        A source that is no text is written as its frames.
        """
        if isinstance(ids[0], np.ndarray):
            self.features = ids[0].shape[1]
        for column, text in zip(self._texts, texts, strict=True):
            column.append(text)
        for column, side in zip(self._ids, ids, strict=True):
            column.append(np.array(side, dtype=column.dtype).tobytes())
        if self._links:
            self._links.append(np.array([*links], dtype=LINK_TYPE).tobytes())
        self._lines.append(line)

    def count(self, characters: int, tokens: int) -> None:
        """Add to what the manifest says of all pairs, tags not counted."""
        self._characters += characters
        self._tokens += tokens

    def end_part(self, corpus: int, languages: tuple[str, str], tag: str | None) -> None:
        """Let the pairs since the last part be those of a corpus in one direction."""
        start = self._parts[-1].end if self._parts else 0
        self._parts.append(Part(corpus, *languages, start, len(self), tag))

    def finish(
        self,
        *,
        settings: Mapping[str, Any],
        sources: Sequence[str],
        validation: Iterable[Mapping[str, str]],
        reports: Sequence[CorpusReport],
    ) -> None:
        """Write what is not a column, and the manifest last."""
        rows = (json.dumps(row, ensure_ascii=False, sort_keys=True) for row in validation)
        account = json.dumps([report.to_dict() for report in reports], ensure_ascii=False, indent=1)
        files = {
            "lines": _little_endian(self._lines),
            VALIDATION: "".join(f"{row}\n" for row in rows).encode(),
            TOKENIZER: self.tokenizer.to_bytes(),
            REPORT: account.encode(),
        }
        sums, sizes = {}, {}
        for column in (*self._texts, *self._ids, *([self._links] if self._links else [])):
            column.close()
            sums[column.path.name], sizes[column.path.name] = column.sha256, column.position
            files[f"{column.path.name}_offsets"] = _little_endian(column.offsets)
        for name, data in files.items():
            write_flushed(self.folder / name, data)
            sums[name], sizes[name] = hashlib.sha256(data).hexdigest(), len(data)
        manifest = {
            "format_version": FORMAT_VERSION,
            "settings": settings,
            "sources": [record(file) for file in sources],
            "pairs": len(self),
            "parts": [asdict(part) for part in self._parts],
            "id_type": self._ids[1].dtype.str,
            **({"features": self.features} if self.features else {}),
            "characters": self._characters,
            "tokens": self._tokens,
            "sha256": sums,
            "bytes": sizes,
        }
        write_flushed(self.folder / MANIFEST, manifest_bytes(manifest))
        flush_directory(self.folder)


def _little_endian(numbers: "array[int]") -> bytes:
    return np.frombuffer(numbers, dtype=np.int64).astype("<i8").tobytes()
