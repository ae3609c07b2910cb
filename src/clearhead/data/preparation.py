"""Making a store: read, normalise, examine, learn the vocabulary, encode, in memory that does not grow with the text.

One pass over the files writes what is kept into raw columns; duplicates are found among 64-bit keys;
a second pass, over the raw columns, writes the final ones.
"""

import hashlib
import json
import os
import shutil
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from clearhead.data.sources import record
from clearhead.data.store import (
    BYTES,
    LINK_TYPE,
    REPORT,
    TOKENIZER,
    VALIDATION,
    Part,
    Strings,
    settings,
)
from clearhead.data.word_links import fit, of_tokens, parse, pharaoh
from clearhead.errors import ConfigError, DataError
from clearhead.text.language_codes import find
from clearhead.text.masking import mask_pair
from clearhead.text.normalize import normalize
from clearhead.text.symbols import KINDS
from clearhead.text.tokenizer import Tokenizer

_BLOCK = 8192
"""Pairs that are encoded, and told of, at a time."""
_LONGEST_TOKEN = 100
"""Characters: a side of more for each token that it may have is too long, and is not looked into further."""
_LONG_WORD = 30
"""Characters; a word of more (base64, an address) is taken for as many tokens."""
_ROUNDS = 3
"""Times that the vocabulary is learned anew without the pairs that it makes too long."""

Rows = np.ndarray[Any, Any]
"""Numbers of rows, or a truth for each."""


@dataclass(frozen=True)
class CorpusText:
    """A corpus and its pairs, read as they are asked for."""

    config: CorpusConfig
    pairs: Iterable[Pair]
    notes: Sequence[str] = ()
    """How its files were understood; complete when all pairs were read."""


@dataclass(frozen=True)
class Progress:
    """How far the preparation is."""

    stage: str
    """`reading`, `learning the vocabulary`, `encoding`."""
    pairs: int
    total: int | None = None
    note: str = ""
    """What is to be told, in one line."""


def prepare(
    path: Path,
    texts: Sequence[CorpusText],
    *,
    tokenizer: TokenizerConfig | Tokenizer,
    filters: FilterConfig,
    max_tokens: int,
    held_out: HeldOut,
    sources: Sequence[str] = (),
    validation: Iterable[Mapping[str, str]] = (),
) -> Iterator[Progress]:
    """Write a store of several corpora, yielding how far it is; nothing stands at `path` before all does.

    `sources` are the files whose later change is to be noticed, `validation` the pairs to keep beside. A joint
    vocabulary is learned where `tokenizer` is a configuration (§5.1). Raises DataError for faulty files and where
    no pair is left.
    """
    partial = path.with_name(f".partial-{path.name}")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        preparation = _Preparation(partial, texts, tokenizer, filters, max_tokens, held_out, sources)
        preparation.validation = validation
        yield from preparation.run()
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
        self.validation: Iterable[Mapping[str, str]] = ()
        self.characters = self.tokens = 0
        self.parts: list[Part] = []

    def run(self) -> Iterator[Progress]:
        tags = self.asked.languages if isinstance(self.asked, Tokenizer) else self._tags()
        missing = [target for target in self._tags() if find(target, tags) is None]
        if missing:
            raise ConfigError(
                f"the given tokenizer has no tag for the target languages {', '.join(missing)}; train them "
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
            if not pair.fault and max(len(pair.src), len(pair.tgt)) > _LONGEST_TOKEN * self.max_tokens:
                pair = pair._replace(fault=LONG)
            src, tgt = ("", "") if pair.fault else (normalize(pair.src), normalize(pair.tgt))
            faults = list(pair_faults(pair, src, tgt, text.config, self.filters))
            overlap = None if pair.fault else self.held_out.overlap(src, tgt)
            faults += [overlap] if overlap else []
            stays = not pair.fault and self.dropped.isdisjoint(faults)
            for fault in faults:
                left_out = fault == pair.fault or fault in self.dropped
                report.count(fault, pair, left_out=left_out, lost=not stays)
            if stays:
                raw[0].append(src.encode())
                raw[1].append(tgt.encode())
                raw[2].append(pharaoh(() if STRAY_LINK in faults else pair.links).encode())
                lines.append(pair.line)
                keys.append(pair_key(f"{languages}\n{src}", tgt))
            if report.pairs_read % _BLOCK == 0:
                yield Progress("reading", sum(each.pairs_read for each in self.reports))
        report.notes.extend(text.notes)
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
        # A text has no more tokens than bytes; of the others it is to be seen.
        wide = (srcs.sizes >= self.max_tokens) | (tgts.sizes >= self.max_tokens)
        rows = np.flatnonzero(self._fitting(kept, wide, srcs, tgts))
        rows = rows[:: -(-len(rows) // self.asked.sample_pairs)]
        for _ in range(_ROUNDS):
            tokenizer = self._learned(self.asked, rows, srcs, tgts)
            long = self._too_long(tokenizer, rows[wide[rows]], srcs, tgts)
            if not 0 < len(long) < len(rows):
                return tokenizer
            rows = np.setdiff1d(rows, long, assume_unique=True)
        return self._learned(self.asked, rows, srcs, tgts)

    def _fitting(self, kept: Rows, wide: Rows, srcs: "Strings", tgts: "Strings") -> Rows:
        """Return which rows that are kept will surely not be too long; all where there is none.

        What is not trained on must not shape the vocabulary: one line of base64 could fill it.
        """
        fitting = kept.copy()
        for row in np.flatnonzero(kept & wide):
            tokens = max(_estimated_tokens(srcs[row]), _estimated_tokens(tgts[row]))
            fitting[row] = tokens <= self.max_tokens
        return fitting if fitting.any() else kept

    def _too_long(self, tokenizer: Tokenizer, rows: Rows, srcs: "Strings", tgts: "Strings") -> list[int]:
        """Return those rows that a vocabulary makes too long, so that they will not be trained on."""
        long: list[int] = []
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            src_ids, tgt_ids = _ids(tokenizer, [(srcs[row], tgts[row]) for row in block])
            long += [
                row
                for row, src, tgt in zip(block, src_ids, tgt_ids, strict=True)
                if max(len(src), len(tgt)) > self.max_tokens
            ]
        return long

    def _learned(self, asked: TokenizerConfig, rows: Rows, srcs: "Strings", tgts: "Strings") -> Tokenizer:
        pairs = ((srcs[row], tgts[row]) for row in rows)
        if asked.symbols:  # what is carried teaches no pieces
            pairs = (mask_pair(src, tgt, KINDS) for src, tgt in pairs)
        sample = (side for pair in pairs for side in pair)
        return Tokenizer.train(
            sample,
            kind=asked.kind,
            vocab_size=asked.vocab_size,
            languages=self._tags(),
            symbols=asked.symbols,
            split_digits=asked.split_digits,
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
            tag = (find(langs[1], tokenizer.languages) or langs[1]) if tokenizer.languages else None
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
        src_ids, tgt_ids = _ids(tokenizer, [(pair.src, pair.tgt) for pair in pairs], tag)
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
        rows = (json.dumps(row, ensure_ascii=False, sort_keys=True) for row in self.validation)
        reports = json.dumps([report.to_dict() for report in self.reports], ensure_ascii=False, indent=1)
        files = {
            "lines": _little_endian(self.lines),
            VALIDATION: "".join(f"{row}\n" for row in rows).encode(),
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
            "sources": [record(file) for file in self.sources],
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


def _ids(
    tokenizer: Tokenizer, pairs: Sequence[tuple[str, str]], tag: str | None = None
) -> tuple[list[list[int]], list[list[int]]]:
    """Return the ids of both sides of pairs, source ids with their tag."""
    kinds, learned = tokenizer.symbol_kinds, tokenizer.learned
    sides = [mask_pair(src, tgt, kinds, learned) for src, tgt in pairs]
    return (
        tokenizer.encode_batch([src for src, _ in sides], to=tag),
        tokenizer.encode_target_batch([tgt for _, tgt in sides]),
    )


def _estimated_tokens(text: str) -> float:
    """Return about how many tokens a text will have, when the vocabulary is not known yet."""
    return sum(len(word) if len(word) > _LONG_WORD else 1 + len(word) / 6 for word in text.split())


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
