"""Prepared text on disk: normalised pairs and their ids in memory-mapped files, larger than memory if need be.

A store is a folder that is written whole or not at all:

    manifest.json                     settings, sources with their SHA-256, parts, sizes, sums of the files
    report.json                       what was found and left out, corpus by corpus
    tokenizer.model
    src.text  src.text_offsets        UTF-8 of all sources end to end, and where each begins (int64)
    src.ids   src.ids_offsets         their ids without BOS and EOS, tag first (uint16 or int32); or, where they are
    src.frames  src.frames_offsets    no text, their frames end to end (float32), and src.text has their references
    tgt.*                             the same of the targets
    lines                             the line of each pair in its file (int64)
    validation.jsonl                  the validation pairs of the run that it was prepared for
    links     links_offsets           known links of tokens, (source, target) end to end (uint16); where given

Preparing the same text twice gives the same bytes. A file is held against its sum when it is opened, and the
manifest against its own: damage on the disk is reported, and never learned from.
"""

import hashlib
import json
import mmap
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any, Self

import numpy as np

from clearhead.config import CorpusConfig, DataConfig, FilterConfig, TokenizerConfig
from clearhead.config.tables import flat
from clearhead.data.batching import TokenizedCorpus
from clearhead.data.manifest import damaged, read_manifest, read_reports
from clearhead.data.processes import available_cores
from clearhead.data.rows import BYTES, Rows
from clearhead.data.sources import check_sources, file_sum
from clearhead.errors import ConfigError, TextError
from clearhead.text.sampling import SubwordSampler
from clearhead.text.tokenizer import Tokenizer

REPORT, TOKENIZER, VALIDATION = "report.json", "tokenizer.model", "validation.jsonl"
ANEW = "remove the folder and prepare again, or give another --store"
"""What to do with a store that does not match the request."""
LINK_TYPE = np.dtype("<u2")
FRAME_TYPE = np.dtype("<f4")
_READ_IN_ANY_ORDER = (".text", ".ids")
"""Files of which training reads a pair here and a pair there: what a system reads ahead would push out what is needed,
where the text is larger than the memory."""


def id_type_of(tokenizer: Tokenizer) -> "np.dtype[Any]":
    """Return the narrowest type for the ids of a tokenizer."""
    return np.dtype("<u2" if tokenizer.vocab_size <= 1 << 16 else "<i4")


@dataclass(frozen=True)
class Part:
    """Pairs of one corpus in one direction: those from `start` to before `end`."""

    corpus: int
    """Number of the corpus, from 0."""
    source_lang: str
    target_lang: str
    start: int
    end: int
    tag: str | None
    """Target language that the first source id names; None where a model has one target."""

    @property
    def size(self) -> int:
        """Number of pairs."""
        return self.end - self.start


class Store:
    """A prepared corpus, opened for reading; nothing is held in memory but what is looked at."""

    def __init__(self, path: Path | str, *, trusted: bool = False) -> None:
        """Open a store; raise DataError for one that is missing or damaged.

        `trusted`: another process of this machine holds its files against their sums.
        """
        self.path, self._trusted = Path(path), trusted
        self._checked: set[str] = set()
        self.manifest = read_manifest(self.path)
        self.parts = tuple(Part(**part) for part in self.manifest["parts"])
        self._id_type = np.dtype(self.manifest["id_type"])
        for name, size in self.manifest["bytes"].items():
            file = self.path / name
            if not file.is_file():
                raise damaged(self.path, f"{name} is missing")
            if file.stat().st_size != size:
                raise damaged(self.path, f"{name} has {file.stat().st_size:,} bytes, not {size:,}")

    def __reduce__(self) -> tuple[Callable[..., Self], tuple[Path]]:
        """Pickle as the path, for loader processes, which trust the one that starts them (`check_files`)."""
        return partial(type(self), trusted=True), (self.path,)

    def check_files(self) -> None:
        """Hold all files against their sums, those that were not yet; raise DataError where one does not match."""
        with ThreadPoolExecutor(min(4, available_cores())) as threads:
            list(threads.map(self._whole, self.manifest["bytes"]))

    def __len__(self) -> int:
        """Return the number of pairs."""
        return int(self.manifest["pairs"])

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer that made the ids."""
        try:
            return Tokenizer.load(self._whole(TOKENIZER))
        except TextError as error:
            raise damaged(self.path, str(error)) from None

    @cache  # noqa: B019 - a store is opened once a process
    def sampler(self, alpha: float) -> SubwordSampler:
        """Return the sampler that draws segmentations with this tokenizer."""
        return SubwordSampler(self.tokenizer, alpha)

    @property
    def has_links(self) -> bool:
        """Whether links of words are known of some pairs."""
        return bool(self.manifest["bytes"].get("links"))

    @cached_property
    def corpus(self) -> TokenizedCorpus:
        """The ids of all pairs, and the links of their tokens."""
        links = (
            (self._map("links", LINK_TYPE), self._map("links_offsets")) if self.has_links else (None, None)
        )
        return TokenizedCorpus(
            *self._sources,
            self._map("tgt.ids", self._id_type),
            self._map("tgt.ids_offsets"),
            *links,
        )

    @property
    def features(self) -> int:
        """Width of the frames of sources that are no text; 0 for text."""
        return int(self.manifest.get("features", 0))

    @property
    def _sources(self) -> tuple[Any, Any]:
        """Return all ids, or frames, of the sources end to end, and where each source begins."""
        if not self.features:
            return self._map("src.ids", self._id_type), self._map("src.ids_offsets")
        frames = self._map("src.frames", FRAME_TYPE).reshape(-1, self.features)
        return frames, self._map("src.frames_offsets") // self.features

    def text(self, index: int) -> tuple[str, str]:
        """Return the normalised sides of a pair."""
        src, tgt = self._sides
        return src[index].decode(), tgt[index].decode()

    def part_of(self, index: int) -> Part:
        """Return the part that a pair belongs to."""
        return next(part for part in self.parts if part.start <= index < part.end)

    @property
    def fingerprint(self) -> str:
        """A digest of exactly what a run learns from."""
        sums = self.manifest["sha256"]
        learned = {name: sums[name] for name in sums if name not in (VALIDATION, TOKENIZER, REPORT)}
        return hashlib.sha256(json.dumps(learned, sort_keys=True).encode()).hexdigest()

    @property
    def validation(self) -> list[dict[str, str]] | None:
        """The pairs to validate on, as they were given to `prepare`; None where an earlier release made the store."""
        if VALIDATION not in self.manifest["bytes"]:
            return None
        lines = self._whole(VALIDATION).read_text(encoding="utf-8").split("\n")
        return [json.loads(line) for line in lines if line]

    @cached_property
    def report(self) -> list[dict[str, Any]]:
        """What was found in each corpus."""
        return read_reports(self.path, self._whole(REPORT))

    @cached_property
    def _sides(self) -> tuple[Rows, Rows]:
        src, tgt = (
            Rows(self._map(f"{side}.text", BYTES), self._map(f"{side}.text_offsets"))
            for side in ("src", "tgt")
        )
        return src, tgt

    def _map(self, name: str, dtype: Any = np.int64) -> Any:
        file = self._whole(name)
        if not file.stat().st_size:  # plain text has no sources, and nothing cannot be mapped
            return np.empty(0, dtype=dtype)
        mapped = np.memmap(file, dtype=dtype, mode="r")
        if name.endswith(_READ_IN_ANY_ORDER) and hasattr(mmap, "MADV_RANDOM"):
            mapped._mmap.madvise(mmap.MADV_RANDOM)  # type: ignore[attr-defined]
        return mapped

    def _whole(self, name: str) -> Path:
        """Return a file that is as it was written; a gigabyte takes a second or two, once a process."""
        # Earlier releases kept no sum of the tokenizer and the report.
        expected = None if self._trusted or name in self._checked else self.manifest["sha256"].get(name)
        if expected is not None and file_sum(self.path / name) != expected:
            raise damaged(self.path, f"{name} does not match its checksum")
        self._checked.add(name)
        return self.path / name

    def check(self, settings: Mapping[str, Any], sources: Sequence[str] | None, remedy: str = ANEW) -> None:
        """Raise ConfigError where the store was made with other settings or from files that have changed.

        None for the files: another process looks at them. `remedy` says what else to do than to put them back.
        """
        made_with = {"columns": [[] for _ in settings["columns"]]} | self.manifest["settings"]
        if isinstance(
            settings["tokenizer"], str
        ):  # a given one: how the store came by the same does not matter
            made_with["tokenizer"] = _digest(self.tokenizer)
        before, now = dict(flat(made_with)), dict(flat(settings))
        differences = [
            f"{name} was {before.get(name)!r}, is {now.get(name)!r}"
            for name in before | now
            if before.get(name) != now.get(name)
        ]
        if differences:
            raise ConfigError(
                f"{self.path} was prepared with other settings: {'; '.join(differences)}; give those, or {remedy}"
            )
        if sources is not None:
            check_sources(self.path, sources, self.manifest["sources"], remedy)


def settings(
    corpora: Sequence[CorpusConfig],
    filters: FilterConfig,
    tokenizer: TokenizerConfig | Tokenizer,
    max_tokens: int,
    max_frames: int = DataConfig.max_frames,
) -> dict[str, Any]:
    """Return what decides the contents of a store besides the text, as plain values."""
    features = any(corpus.source_kind == "features" for corpus in corpora)
    return {
        **({"source_kind": "features", "max_frames": max_frames} if features else {}),
        "languages": [[corpus.source_lang, corpus.target_lang, corpus.both_directions] for corpus in corpora],
        "columns": [list(corpus.columns) for corpus in corpora],
        "filters": asdict(filters),
        "max_tokens": max_tokens,
        "tokenizer": _settings(tokenizer) if isinstance(tokenizer, TokenizerConfig) else _digest(tokenizer),
    }


def _settings(tokenizer: TokenizerConfig) -> dict[str, Any]:
    """Return what decides a vocabulary; marks of terms only where it has them, which earlier releases did not know."""
    return {name: value for name, value in asdict(tokenizer).items() if name != "terms" or value}


def _digest(tokenizer: Tokenizer) -> str:
    """Return what distinguishes a tokenizer from any other."""
    return hashlib.sha256(tokenizer.to_bytes()).hexdigest()
