"""Making a store: read, normalise, examine, learn the vocabulary, encode, in memory that does not grow with the text.

One pass over the files writes what is kept into raw columns; duplicates are found among 64-bit keys;
a second pass, over the raw columns, writes the final ones.
"""

import hashlib
import json
import os
import shutil
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from clearhead.config import CorpusConfig, FilterConfig, TokenizerConfig
from clearhead.data.faults import (
    DUPLICATE,
    LONG,
    STRAY_LINK,
    CorpusReport,
    HeldOut,
    dropped_faults,
    pair_faults,
    pair_key,
)
from clearhead.data.lines import Pair
from clearhead.data.manifest import FORMAT_VERSION, MANIFEST, manifest_bytes
from clearhead.data.store import (
    BYTES,
    LINK_TYPE,
    REPORT,
    TOKENIZER,
    Part,
    Strings,
    file_sum,
    settings,
)
from clearhead.data.word_links import fit, of_tokens, parse, pharaoh
from clearhead.errors import ConfigError, DataError
from clearhead.text.masking import mask_pair
from clearhead.text.normalize import normalize
from clearhead.text.symbols import KINDS
from clearhead.text.tokenizer import Tokenizer

_BLOCK = 8192
"""Pairs that are encoded, and told of, at a time."""


@dataclass(frozen=True)
class CorpusText:
    """A corpus and its pairs, read as they are asked for."""

    config: CorpusConfig
    pairs: Iterable[Pair]


@dataclass(frozen=True)
class Progress:
    """How far the preparation is."""

    stage: str
    """`reading`, `learning the vocabulary`, `encoding`."""
    pairs: int
    total: int | None = None


def prepare(
    path: Path,
    texts: Sequence[CorpusText],
    *,
    tokenizer: TokenizerConfig | Tokenizer,
    filters: FilterConfig,
    max_tokens: int,
    held_out: HeldOut,
    sources: Sequence[str] = (),
) -> Iterator[Progress]:
    """Write a store of several corpora, yielding how far it is; nothing stands at `path` before all does.

    `sources` are the files whose later change is to be noticed. A joint vocabulary is learned where
    `tokenizer` is a configuration (§5.1). Raises DataError for faulty files and where no pair is left.
    """
    partial = path.with_name(f".partial-{path.name}")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        yield from _Preparation(partial, texts, tokenizer, filters, max_tokens, held_out, sources).run()
        os.rename(partial, path)
    except OSError as error:
        raise DataError(f"could not write {path}: {error.strerror or error}; free some space") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


class _Preparation:
    """One pass over the files into raw columns, then one over those into the final ones."""

    def __init__(
        self,
        folder: Path,
        texts: Sequence[CorpusText],
        tokenizer: TokenizerConfig | Tokenizer,
        filters: FilterConfig,
        max_tokens: int,
        held_out: HeldOut,
        sources: Sequence[str],
    ) -> None:
        self.folder, self.texts, self.filters, self.held_out = folder, texts, filters, held_out
        self.sources, self.asked, self.max_tokens = sources, tokenizer, max_tokens
        self.dropped = dropped_faults(filters)
        self.reports = [
            CorpusReport(_name(text.config), text.config.source_lang, text.config.target_lang)
            for text in texts
        ]
        self.text: list[_Column] = []
        self.ids: list[_Column] = []
        self.linked = any(text.config.alignments for text in texts)
        self.links: list[_Column] = []
        self.lines = array("q")
        self.characters = self.tokens = 0
        self.parts: list[Part] = []

    def run(self) -> Iterator[Progress]:
        missing = set(self._tags()) - set(self.asked.languages) if isinstance(self.asked, Tokenizer) else ()
        if missing:
            raise ConfigError(
                f"the given tokenizer has no tag for the target languages {', '.join(sorted(missing))}; train them "
                "one at a time, or a model of several languages anew"
            )
        raw = [_Column(self.folder, name) for name in ("raw.src", "raw.tgt", "raw.links")]
        lines, starts, keys = array("q"), [0], array("Q")
        for text, report in zip(self.texts, self.reports, strict=True):
            yield from self._read(text, report, raw, lines, keys)
            starts.append(len(lines))
        for column in raw:
            column.close()
        srcs, tgts, links = (column.strings() for column in raw)
        kept = self._without_duplicates(keys, starts, srcs, tgts, lines)
        del keys
        if not kept.any():
            self._refuse()
        if isinstance(self.asked, TokenizerConfig):
            yield Progress("learning the vocabulary", min(int(kept.sum()), self.asked.sample_pairs))
        tokenizer = self._tokenizer(srcs, tgts, kept)
        yield from self._encode(tokenizer, srcs, tgts, links, starts, kept, lines)
        for column in raw:
            column.remove()
        del raw, srcs, tgts, links, lines
        self._finish(tokenizer)

    def _read(
        self,
        text: CorpusText,
        report: CorpusReport,
        raw: list["_Column"],
        lines: "array[int]",
        keys: "array[int]",
    ) -> Iterator[Progress]:
        """Normalise, examine and keep the pairs of one corpus."""
        # The same words are a pair of their own in another pair of languages.
        languages = f"{text.config.source_lang}-{text.config.target_lang}"
        for pair in text.pairs:
            report.pairs_read += 1
            src, tgt = normalize(pair.src), normalize(pair.tgt)
            faults = list(pair_faults(pair, src, tgt, text.config, self.filters))
            overlap = self.held_out.overlap(src, tgt)
            faults += [overlap] if overlap else []
            stays = self.dropped.isdisjoint(faults)
            for fault in faults:
                report.count(fault, pair, left_out=fault in self.dropped, lost=not stays)
            if stays:
                raw[0].append(src.encode())
                raw[1].append(tgt.encode())
                raw[2].append(pharaoh(() if STRAY_LINK in faults else pair.links).encode())
                lines.append(pair.line)
                keys.append(pair_key(f"{languages}\n{src}", tgt))
            if report.pairs_read % _BLOCK == 0:
                yield Progress("reading", sum(each.pairs_read for each in self.reports))
        yield Progress("reading", sum(each.pairs_read for each in self.reports))

    def _without_duplicates(
        self, keys: "array[int]", starts: list[int], srcs: "Strings", tgts: "Strings", lines: "array[int]"
    ) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Count equal pairs; return which rows stay."""
        first = np.zeros(len(keys), dtype=bool)
        first[np.unique(np.frombuffer(keys, dtype=np.uint64), return_index=True)[1]] = True
        for row in np.flatnonzero(~first):
            place = int(np.searchsorted(starts, row, side="right")) - 1
            config, report = self.texts[place].config, self.reports[place]
            pair = Pair(srcs[row], tgts[row], config.source, lines[int(row)])
            report.count(DUPLICATE, pair, left_out=DUPLICATE in self.dropped)
        return first if DUPLICATE in self.dropped else np.ones_like(first)

    def _refuse(self) -> None:
        read = sum(report.pairs_read for report in self.reports)
        names = ", ".join(report.name for report in self.reports)
        found = [
            f"{entry.count:,} {fault}"
            for report in self.reports
            for fault, entry in report.faults.items()
            if entry.left_out
        ]
        why = f"all of its {read:,} pairs were left out ({'; '.join(found)})" if read else "it has no lines"
        raise DataError(f"{names} is an empty corpus: {why}; give at least one pair of sentences")

    def _tokenizer(self, srcs: "Strings", tgts: "Strings", kept: np.ndarray[Any, Any]) -> Tokenizer:
        if isinstance(self.asked, Tokenizer):
            return self.asked
        rows = np.flatnonzero(kept)
        every = -(-len(rows) // self.asked.sample_pairs)
        pairs = ((srcs[row], tgts[row]) for row in rows[::every])
        if self.asked.symbols:  # what is carried teaches no pieces
            pairs = (mask_pair(src, tgt, KINDS) for src, tgt in pairs)
        sample = (side for pair in pairs for side in pair)
        return Tokenizer.train(
            sample,
            kind=self.asked.kind,
            vocab_size=self.asked.vocab_size,
            languages=self._tags(),
            symbols=self.asked.symbols,
            split_digits=self.asked.split_digits,
        )

    def _tags(self) -> tuple[str, ...]:
        """Return the target languages that need a tag: none where there is one target."""
        targets = {text.config.target_lang for text in self.texts}
        targets |= {text.config.source_lang for text in self.texts if text.config.both_directions}
        if len(targets) < 2:
            return ()
        if "" in targets:
            raise ConfigError(
                "some corpora name their target language and some do not; give target_lang for every one"
            )
        return tuple(sorted(targets))

    def _encode(
        self,
        tokenizer: Tokenizer,
        srcs: "Strings",
        tgts: "Strings",
        links: "Strings",
        starts: list[int],
        kept: np.ndarray[Any, Any],
        lines: "array[int]",
    ) -> Iterator[Progress]:
        """Write the final columns, part by part."""
        id_type = np.dtype("<u2" if tokenizer.vocab_size <= 1 << 16 else "<i4")
        self.text = [_Column(self.folder, f"{side}.text") for side in ("src", "tgt")]
        self.ids = [_Column(self.folder, f"{side}.ids", id_type) for side in ("src", "tgt")]
        self.links = [_Column(self.folder, "links", LINK_TYPE)] if self.linked else []
        rows = [start + np.flatnonzero(kept[start:end]) for start, end in pairwise(starts)]
        ways = [
            (place, swapped)
            for place, each in enumerate(self.texts)
            for swapped in ((False, True) if each.config.both_directions else (False,))
        ]
        done, total = 0, sum(len(rows[place]) for place, _ in ways)
        for place, swapped in ways:
            config = self.texts[place].config
            langs, sides = (config.source_lang, config.target_lang), (srcs, tgts)
            if swapped:
                langs, sides = langs[::-1], sides[::-1]
            tag = langs[1] if tokenizer.languages else None
            start = len(self.lines)
            for block in range(0, len(rows[place]), _BLOCK):
                chosen = rows[place][block : block + _BLOCK]
                pairs = [
                    Pair(
                        sides[0][row],
                        sides[1][row],
                        config.source,
                        lines[int(row)],
                        parse(links[row], swapped=swapped),
                    )
                    for row in chosen
                ]
                self._encode_block(tokenizer, tag, pairs, self.reports[place], counted=not swapped)
                done += len(chosen)
                yield Progress("encoding", done, total)
            self.parts.append(Part(place, *langs, start, len(self.lines), tag))
        if not self.lines:
            raise DataError(
                f"no pair is left: all {done:,} are longer than data.max_tokens = {self.max_tokens} tokens; raise it"
            )

    def _encode_block(
        self, tokenizer: Tokenizer, tag: str | None, pairs: list[Pair], report: CorpusReport, *, counted: bool
    ) -> None:
        kinds, learned = tokenizer.symbol_kinds, tokenizer.learned
        sides = [mask_pair(pair.src, pair.tgt, kinds, learned) for pair in pairs]
        src_ids = tokenizer.encode_batch([src for src, _ in sides], to=tag)
        tgt_ids = tokenizer.encode_target_batch([tgt for _, tgt in sides])
        for pair, src, tgt in zip(pairs, src_ids, tgt_ids, strict=True):
            if len(src) - (tag is not None) > self.max_tokens or len(tgt) > self.max_tokens:
                if counted:
                    report.count(LONG, pair, left_out=True)
                continue
            for column, row in zip(self.text, (pair.src, pair.tgt), strict=True):
                column.append(row.encode())
            for column, ids in zip(self.ids, (src, tgt), strict=True):
                column.append(np.array(ids, dtype=column.dtype).tobytes())
            for column in self.links:
                column.append(np.array(_token_links(tokenizer, pair, src, tgt), dtype=column.dtype).tobytes())
            self.lines.append(pair.line)
            self.characters += len(pair.src) + len(pair.tgt)
            self.tokens += len(src) - (tag is not None) + len(tgt)
            if counted:
                report.pairs_kept += 1
                report.src_characters += len(pair.src)
                report.tgt_characters += len(pair.tgt)

    def _finish(self, tokenizer: Tokenizer) -> None:
        sums, sizes = {}, {}
        reports = json.dumps([report.to_dict() for report in self.reports], ensure_ascii=False, indent=1)
        files = {
            "lines": _little_endian(self.lines),
            TOKENIZER: tokenizer.to_bytes(),
            REPORT: reports.encode(),
        }
        for column in (*self.text, *self.ids, *self.links):
            column.close()
            sums[column.name], sizes[column.name] = column.digest.hexdigest(), column.position
            files[f"{column.name}_offsets"] = _little_endian(column.offsets)
        for name, data in files.items():
            _write(self.folder / name, data)
            sums[name], sizes[name] = hashlib.sha256(data).hexdigest(), len(data)
        configs = [text.config for text in self.texts]
        manifest = {
            "format_version": FORMAT_VERSION,
            "settings": settings(configs, self.filters, self.asked, self.max_tokens),
            "sources": [{"file": file, "sha256": file_sum(file)} for file in self.sources],
            "pairs": len(self.lines),
            "parts": [asdict(part) for part in self.parts],
            "id_type": self.ids[0].dtype.str,
            "characters": self.characters,
            "tokens": self.tokens,
            "sha256": sums,
            "bytes": sizes,
        }
        _write(self.folder / MANIFEST, manifest_bytes(manifest))
        if os.name != "nt":  # Windows has no handle of a folder to flush
            descriptor = os.open(self.folder, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)


class _Column:
    """Rows of different lengths written end to end, and where each begins."""

    def __init__(self, folder: Path, name: str, dtype: np.dtype[Any] = BYTES) -> None:
        self.folder, self.name, self.dtype = folder, name, dtype
        self.file = (folder / name).open("wb", buffering=1 << 20)
        self.digest = hashlib.sha256()
        self.position = 0
        """Bytes so far."""
        self.offsets = array("q", [0])

    def append(self, row: bytes) -> None:
        self.file.write(row)
        self.digest.update(row)
        self.position += len(row)
        self.offsets.append(self.position // self.dtype.itemsize)

    def close(self) -> None:
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()

    def strings(self) -> "Strings":
        self.reader = _FileBytes(self.folder / self.name)
        return Strings(self.reader, self.offsets)

    def remove(self) -> None:
        self.reader.file.close()
        (self.folder / self.name).unlink()


class _FileBytes:
    """The bytes of a file by slice, read when asked for: pages of a map would count as memory in use."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("rb", buffering=1 << 16)

    def __getitem__(self, part: slice) -> bytes:
        self.file.seek(part.start)
        return self.file.read(part.stop - part.start)


def _name(config: CorpusConfig) -> str:
    return " ".join(filter(None, (config.source, config.target))) or "the corpus"


def _little_endian(numbers: "array[int]") -> bytes:
    return np.frombuffer(numbers, dtype=np.int64).astype("<i8").tobytes()


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _token_links(
    tokenizer: Tokenizer, pair: Pair, src: Sequence[int], tgt: Sequence[int]
) -> list[tuple[int, int]]:
    """Return the known links of a pair's tokens; none where the words are not the same in what the ids spell.

    They are not where an imported vocabulary changes a text or has no piece for a part of it, and where a symbol
    stands for several words or for a part of one.
    """
    spelled = tokenizer.decode(src), tokenizer.decode(tgt)
    if not pair.links or not fit(pair, *spelled):
        return []
    return of_tokens(pair.links, spelled, (tokenizer.spans(src), tokenizer.spans(tgt)))
