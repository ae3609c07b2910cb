"""Making a store: read, normalise, examine, learn the vocabulary, encode, in memory that does not grow with the text.

One pass over the files writes what is kept as raw pairs; duplicates are found among 64-bit keys; a second pass, over
the raw pairs, writes the store.
"""

import os
import shutil
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from clearhead.config import CorpusConfig, DataConfig, FilterConfig, TokenizerConfig
from clearhead.corpora.frames import Frames, read_frames
from clearhead.corpora.pair import Pair
from clearhead.corpora.word_links import Link
from clearhead.data.faults import DUPLICATE, LONG, STRAY_LINK, dropped_faults, pair_faults, text_faults
from clearhead.data.held_out import HeldOut
from clearhead.data.ids import ids_of, token_links
from clearhead.data.raw_pairs import RawPairs
from clearhead.data.report import CorpusReport
from clearhead.data.store import settings
from clearhead.data.store_writer import StoreWriter
from clearhead.data.vocabulary_sample import TargetsOnly, Texts, learn_vocabulary
from clearhead.errors import ConfigError, DataError
from clearhead.storage.files import PARTIAL
from clearhead.text.language_codes import find
from clearhead.text.normalize import normalize
from clearhead.text.tokenizer import Tokenizer

_BLOCK = 8192
"""Pairs that are encoded, and reported, at a time."""
_FRAMES_BLOCK = 256
"""The same where the sources are frames, which take more room."""
_LONGEST_TOKEN = 100
"""Characters: a side with more for each token that it may have is too long, and is not examined further."""

Side = TypeVar("Side")
Kept = np.ndarray[Any, np.dtype[np.bool_]]
"""Which raw pairs stay."""


@dataclass(frozen=True)
class CorpusText:
    """A corpus and its pairs, read as they are asked for."""

    config: CorpusConfig
    pairs: Iterable[Pair]
    notes: Sequence[str] = ()
    """How its files were understood; complete when all pairs were read."""
    alone: bool = False
    """Whether it is plain text, whose pairs have no source."""

    def faults(self, pair: Pair, src: str, tgt: str, filters: FilterConfig) -> Iterator[str]:
        """Yield what is wrong with one of its pairs; `src` and `tgt` are the sides after normalisation."""
        if self.alone:
            return text_faults(pair, tgt, self.config.target_lang or self.config.source_lang)
        return pair_faults(pair, src, tgt, self.config, filters)


@dataclass(frozen=True)
class Progress:
    """How far the preparation is."""

    stage: str
    """`reading`, `learning the vocabulary`, `encoding`."""
    pairs: int
    total: int | None = None
    note: str = ""
    """Something to print, in one line."""


@dataclass(frozen=True)
class _Direction:
    """One corpus in one direction."""

    corpus: int
    config: CorpusConfig
    swapped: bool
    """Whether the target is translated into the source."""
    tag: str | None
    """Target language that the first source id names; None where a model has one target."""

    def sides(self, pair: tuple[Side, Side]) -> tuple[Side, Side]:
        """Return source and target of this direction."""
        return pair[::-1] if self.swapped else pair

    @property
    def languages(self) -> tuple[str, str]:
        """The languages of source and target."""
        return self.sides((self.config.source_lang, self.config.target_lang))


def prepare(
    path: Path,
    texts: Sequence[CorpusText],
    *,
    tokenizer: TokenizerConfig | Tokenizer,
    filters: FilterConfig,
    max_tokens: int,
    max_frames: int = DataConfig.max_frames,
    held_out: HeldOut,
    sources: Sequence[str] = (),
    validation: Iterable[Mapping[str, str]] = (),
) -> Iterator[Progress]:
    """Write a store of several corpora, yielding how far it is; `path` appears only when all is written.

    `sources` are the files whose later change is to be noticed, `validation` the pairs to keep with the store. A joint
    vocabulary is learned where `tokenizer` is a configuration (§5.1). Raises DataError for faulty files and where
    no pair is left.
    """
    partial = path.with_name(PARTIAL + path.name)
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        preparation = _Preparation(partial, texts, tokenizer, filters, (max_tokens, max_frames), held_out)
        writer = yield from preparation.run()
        writer.finish(
            settings=settings([text.config for text in texts], filters, tokenizer, max_tokens, max_frames),
            sources=sources,
            validation=validation,
            reports=preparation.reports,
        )
        os.rename(partial, path)
    except OSError as error:
        raise DataError(f"could not write {path}: {error.strerror or error}; free some space") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


class _Preparation:
    """One pass over the files into raw pairs, then one over those into the columns of the store."""

    def __init__(
        self,
        folder: Path,
        texts: Sequence[CorpusText],
        tokenizer: TokenizerConfig | Tokenizer,
        filters: FilterConfig,
        limits: tuple[int, int],
        held_out: HeldOut,
    ) -> None:
        self.folder, self.texts, self.tokenizer, self.filters = folder, texts, tokenizer, filters
        (self.max_tokens, self.max_frames), self.held_out = limits, held_out
        self.features = any(text.config.source_kind == "features" for text in texts)
        self.dropped = dropped_faults(filters)
        self.reports = [
            CorpusReport(_name(text.config), text.config.source_lang, text.config.target_lang)
            for text in texts
        ]
        self.raw = RawPairs(folder)

    def run(self) -> Generator[Progress, None, StoreWriter]:
        """Yield how far it is; return the store that is to be finished."""
        tags = _tags([text.config for text in self.texts])
        if tags and self.features:
            raise ConfigError(
                f"there are the target languages {', '.join(tags)}, and sources of features have no tag to say which "
                "is meant; train a model for each language"
            )
        if isinstance(self.tokenizer, Tokenizer):
            _check_tags(tags, self.tokenizer)
        for text, report in zip(self.texts, self.reports, strict=True):
            yield from self._read(text, report)
        self.raw.close()
        kept = self._without_duplicates()
        if not kept.any():
            self._refuse()
        tokenizer = self.tokenizer
        if isinstance(tokenizer, TokenizerConfig):
            yield Progress("learning the vocabulary", min(int(kept.sum()), tokenizer.sample_pairs))
            texts: Texts = TargetsOnly(self.raw.tgts) if self.features else self.raw
            tokenizer = learn_vocabulary(texts, kept, tokenizer, tags, self.max_tokens)
        linked = any(text.config.alignments for text in self.texts)
        writer = StoreWriter(self.folder, tokenizer, linked=linked, features=self.features)
        yield from self._encode(writer, kept)
        self.raw.remove()
        del self.raw  # its offsets take memory
        return writer

    def _read(self, text: CorpusText, report: CorpusReport) -> Iterator[Progress]:
        """Normalise, examine and keep the pairs of one corpus."""
        languages = f"{text.config.source_lang}-{text.config.target_lang}"
        for pair in text.pairs:
            report.pairs_read += 1
            if not pair.fault and max(len(pair.src), len(pair.tgt)) > _LONGEST_TOKEN * self.max_tokens:
                pair = pair._replace(fault=LONG)
            src, tgt = ("", "") if pair.fault else (normalize(pair.src), normalize(pair.tgt))
            src = pair.src if self.features else src  # a path is no text
            faults = list(text.faults(pair, src, tgt, self.filters))
            overlap = None if pair.fault or self.features else self.held_out.overlap(src, tgt)
            faults += [overlap] if overlap else []
            stays = not pair.fault and self.dropped.isdisjoint(faults)
            for fault in faults:
                left_out = fault == pair.fault or fault in self.dropped
                report.count(fault, pair, left_out=left_out, lost=not stays)
            if stays:
                links = () if STRAY_LINK in faults else pair.links
                self.raw.append(src, tgt, links, pair.line, languages)
            if report.pairs_read % _BLOCK == 0:
                yield self._reading()
        self.raw.end_corpus()
        report.notes.extend(text.notes)
        yield self._reading()

    def _reading(self) -> Progress:
        return Progress("reading", sum(report.pairs_read for report in self.reports))

    def _without_duplicates(self) -> Kept:
        """Count equal pairs; return which rows stay."""
        first = self.raw.first_of_equals()
        for row in map(int, np.flatnonzero(~first)):
            corpus = self.raw.corpus_of(row)
            pair = Pair(*self.raw.text(row), self.texts[corpus].config.source, self.raw.lines[row])
            self.reports[corpus].count(DUPLICATE, pair, left_out=DUPLICATE in self.dropped)
        return first if DUPLICATE in self.dropped else np.ones_like(first)

    def _refuse(self) -> None:
        read = sum(report.pairs_read for report in self.reports)
        names = ", ".join(report.name for report in self.reports)
        reasons = [
            f"{entry.count:,} {fault}"
            for report in self.reports
            for fault, entry in report.faults.items()
            if entry.left_out
        ]
        why = f"all of its {read:,} pairs were left out ({'; '.join(reasons)})" if read else "it has no lines"
        raise DataError(f"{names} is an empty corpus: {why}; give at least one pair of sentences")

    def _encode(self, writer: StoreWriter, kept: Kept) -> Iterator[Progress]:
        """Write the pairs of each direction."""
        directions = list(self._directions(writer.tokenizer))
        starts = self.raw.starts
        rows = [start + np.flatnonzero(kept[start:end]) for start, end in pairwise(starts)]
        done, total = 0, sum(len(rows[direction.corpus]) for direction in directions)
        for direction in directions:
            chosen = rows[direction.corpus]
            size = _FRAMES_BLOCK if self.features else _BLOCK
            for start in range(0, len(chosen), size):
                block = chosen[start : start + size].tolist()
                self._encode_block(writer, direction, block)
                done += len(block)
                yield Progress("encoding", done, total)
            writer.end_part(direction.corpus, direction.languages, direction.tag)
        if not len(writer):
            raise DataError(
                f"no pair is left: all {done:,} are longer than data.max_tokens = {self.max_tokens} tokens; raise it"
            )

    def _directions(self, tokenizer: Tokenizer) -> Iterator[_Direction]:
        for corpus, text in enumerate(self.texts):
            for swapped in (False, True) if text.config.both_directions else (False,):
                target = text.config.source_lang if swapped else text.config.target_lang
                tag = (find(target, tokenizer.languages) or target) if tokenizer.languages else None
                yield _Direction(corpus, text.config, swapped, tag)

    def _encode_block(self, writer: StoreWriter, direction: _Direction, rows: Sequence[int]) -> None:
        """Write the pairs of some rows; those that are too long are left out and counted, once for a corpus."""
        report = self.reports[direction.corpus]
        encoded = [direction.sides(self.raw.encoded(row)) for row in rows]
        texts = [(src.decode(), tgt.decode()) for src, tgt in encoded]
        tagged = direction.tag is not None
        sides = self._sides(writer, texts, direction.tag)
        longest = self.max_frames if self.features else self.max_tokens
        for row, sources, text, src, tgt in zip(rows, encoded, texts, *sides, strict=True):
            line = self.raw.lines[row]
            links = self._links(row, direction) if writer.linked else ()
            pair = Pair(*text, direction.config.source, line, links)
            if len(src) - tagged > longest or len(tgt) > self.max_tokens:
                if not direction.swapped:
                    report.count(LONG, pair, left_out=True)
                continue
            writer.append(sources, (src, tgt), token_links(writer.tokenizer, pair, src, tgt), line)
            characters, tokens = (0, 0) if self.features else (len(pair.src), len(src) - tagged)
            writer.count(characters + len(pair.tgt), tokens + len(tgt))
            if not direction.swapped:
                report.pairs_kept += 1
                report.src_characters += characters
                report.tgt_characters += len(pair.tgt)

    def _sides(
        self, writer: StoreWriter, texts: Sequence[tuple[str, str]], tag: str | None
    ) -> tuple[list[Any], list[list[int]]]:
        """Return the ids of both sides of pairs; where the sources are no text their frames, all of one width."""
        if not self.features:
            return ids_of(writer.tokenizer, texts, tag)
        frames: list[Frames] = []
        for reference, _ in texts:
            frames.append(read_frames(reference, writer.features or (frames[0].shape[1] if frames else 0)))
        return frames, writer.tokenizer.encode_target_batch([tgt for _, tgt in texts])

    def _links(self, row: int, direction: _Direction) -> tuple[Link, ...]:
        return tuple(direction.sides(link) for link in self.raw.links(row))


def _tags(corpora: Sequence[CorpusConfig]) -> tuple[str, ...]:
    """Return the target languages that need a tag: none where there is one target."""
    targets = {corpus.target_lang for corpus in corpora}
    targets |= {corpus.source_lang for corpus in corpora if corpus.both_directions}
    if len(targets) < 2:
        return ()
    if "" in targets:
        raise ConfigError(
            "some corpora name their target language and some do not; give target_lang for every one"
        )
    return tuple(sorted(targets))


def _check_tags(targets: Sequence[str], tokenizer: Tokenizer) -> None:
    """Raise ConfigError unless a tokenizer that was given has a tag for each target."""
    missing = [target for target in targets if find(target, tokenizer.languages) is None]
    if missing:
        raise ConfigError(
            f"the given tokenizer has no tag for the target languages {', '.join(missing)}; train them "
            "one at a time, or train a new model of several languages"
        )


def _name(config: CorpusConfig) -> str:
    return " ".join(filter(None, (config.source, config.target))) or "the corpus"
