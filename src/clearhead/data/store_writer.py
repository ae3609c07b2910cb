"""Writing a store: the final columns, block by block, then everything else and the manifest."""

import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from clearhead.data.encoding import Encoded
from clearhead.data.manifest import FORMAT_VERSION, MANIFEST, manifest_bytes
from clearhead.data.report import CorpusReport
from clearhead.data.rows import BYTES, Column
from clearhead.data.sources import file_sum, record
from clearhead.data.store import FRAME_TYPE, LINK_TYPE, REPORT, TOKENIZER, VALIDATION, Part, id_type_of
from clearhead.storage.files import flush_directory, write_flushed
from clearhead.text.tokenizer import Tokenizer

_OFFSETS = np.dtype("<i8")
_LINES = "lines"


class StoreWriter:
    """Writes the files of a store into a folder; the pairs come first, `finish` last."""

    def __init__(
        self,
        folder: Path,
        tokenizer: Tokenizer,
        *,
        linked: bool = False,
        features: bool = False,
        state: Mapping[str, Any] | None = None,
    ) -> None:
        """Begin the columns, or go on from a `state` that was noted.

        `linked` says whether links of words are known of some pairs, `features` whether the sources are frames.
        """
        self.folder, self.tokenizer = folder, tokenizer
        before = state or {"sizes": {}, "parts": [], "pairs": 0, "characters": 0, "tokens": 0, "features": 0}
        id_type = id_type_of(tokenizer)
        sources = ("src.frames", FRAME_TYPE) if features else ("src.ids", id_type)
        types = {"src.text": BYTES, "tgt.text": BYTES, sources[0]: sources[1], "tgt.ids": id_type}
        self._data = types | ({"links": LINK_TYPE} if linked else {})
        offsets = {f"{name}_offsets": _OFFSETS for name in self._data}
        self.columns = {
            name: Column(folder / name, dtype, size=before["sizes"].get(name, 0))
            for name, dtype in (self._data | {_LINES: _OFFSETS} | offsets).items()
        }
        if not state:
            for name in offsets:
                self.columns[name].append([0])
        self.features: int = before["features"]
        """Width of the frames, once there are some."""
        self._parts = [Part(**part) for part in before["parts"]]
        self._pairs, self._characters, self._tokens = (
            int(before[name]) for name in ("pairs", "characters", "tokens")
        )

    def state(self) -> dict[str, Any]:
        """Return what it can go on from, with all that was written flushed."""
        for column in self.columns.values():
            column.flush()
        return {
            "sizes": {name: column.size for name, column in self.columns.items()},
            "parts": [asdict(part) for part in self._parts],
            "pairs": self._pairs,
            "characters": self._characters,
            "tokens": self._tokens,
            "features": self.features,
        }

    def close(self) -> None:
        """Close the files as they are."""
        for column in self.columns.values():
            column.close()

    def __len__(self) -> int:
        """Return the number of pairs so far."""
        return self._pairs

    def append(self, block: Encoded) -> None:
        """Write the pairs of a block."""
        self.features = self.features or block.features
        for name, stretch in block.columns.items():
            column = self.columns[name]
            before = column.size // column.dtype.itemsize
            column.append(stretch.data)
            self.columns[f"{name}_offsets"].append(before + np.cumsum(stretch.sizes, dtype=np.int64))
        self.columns[_LINES].append(block.lines)
        self._pairs += len(block.lines)
        self._characters += block.characters
        self._tokens += block.tokens

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
        description: Mapping[str, Any] | None = None,
        processes: int = 1,
    ) -> None:
        """Write what is not a column, and the manifest last; sums are made by so many threads."""
        rows = (json.dumps(row, ensure_ascii=False, sort_keys=True) for row in validation)
        account = json.dumps([report.to_dict() for report in reports], ensure_ascii=False, indent=1)
        files = {
            VALIDATION: "".join(f"{row}\n" for row in rows).encode(),
            TOKENIZER: self.tokenizer.to_bytes(),
            REPORT: account.encode(),
        }
        for name, data in files.items():
            write_flushed(self.folder / name, data)
        self.state()
        self.close()
        names = [*self._data, _LINES, *files, *(f"{name}_offsets" for name in self._data)]
        with ThreadPoolExecutor(processes) as threads:
            sums = list(threads.map(lambda name: file_sum(self.folder / name), names))
            records = list(threads.map(record, sources))
        manifest = {
            "format_version": FORMAT_VERSION,
            "settings": settings,
            "sources": records,
            **({"text": description} if description else {}),
            "pairs": len(self),
            "parts": [asdict(part) for part in self._parts],
            "id_type": id_type_of(self.tokenizer).str,
            **({"features": self.features} if self.features else {}),
            "characters": self._characters,
            "tokens": self._tokens,
            "sha256": dict(zip(names, sums, strict=True)),
            "bytes": {name: (self.folder / name).stat().st_size for name in names},
        }
        write_flushed(self.folder / MANIFEST, manifest_bytes(manifest))
        flush_directory(self.folder)
