"""Making a store: read, normalise, examine, learn the vocabulary, encode, in memory that does not grow with the text.

One pass over the files writes what is kept as raw pairs; duplicates are found among 64-bit keys on the disk; a second
pass, over the raw pairs, writes the store. Both go block by block, by any number of processes, with the same result;
a journal says how far they are, so that a preparation that was ended goes on.
"""

import os
import shutil
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clearhead.config import CorpusConfig, DataConfig, FilterConfig, TokenizerConfig
from clearhead.corpora.frames import read_frames
from clearhead.corpora.pair import Pair
from clearhead.data.blocks import blocks_of
from clearhead.data.crew import Crew
from clearhead.data.duplicates import first_of_equals
from clearhead.data.encoding import Direction, Encoded, Encoder, Unencoded
from clearhead.data.examination import Examined, Examiner, Unexamined
from clearhead.data.faults import DUPLICATE
from clearhead.data.held_out import HeldOut
from clearhead.data.journal import Journal, request_of
from clearhead.data.raw_pairs import Kept, RawPairs
from clearhead.data.report import SAMPLES, CorpusReport, FaultCount
from clearhead.data.store import TOKENIZER, settings
from clearhead.data.store_writer import StoreWriter
from clearhead.data.vocabulary_sample import learn_vocabulary
from clearhead.errors import ConfigError, DataError, LostProcessError
from clearhead.storage.files import PARTIAL, write_flushed
from clearhead.text.language_codes import find
from clearhead.text.tokenizer import Tokenizer

_BLOCK = 8192
"""Pairs that are examined and encoded at a time."""
_FRAMES_BLOCK = 256
"""The same where the sources are frames, which take more room."""
_FEW = 4
"""Blocks that this process does before it starts others, which takes some tenths of a second."""
_SAVE_EVERY = 20.0
"""Seconds of work that are lost at most when a preparation is ended."""
_FOR_KEYS = 128 << 20
"""Bytes of memory in which duplicates are found."""


@dataclass(frozen=True)
class CorpusText:
    """A corpus and its pairs, read as they are asked for."""

    config: CorpusConfig
    pairs: Iterable[Pair]
    notes: Sequence[str] = ()
    """How its files were understood; complete when all pairs were read."""
    alone: bool = False
    """Whether it is plain text, whose pairs have no source."""
    files: tuple[str, ...] = ()
    """The two plain files whose lines are the pairs; () where the pairs are read otherwise."""


@dataclass(frozen=True)
class Progress:
    """How far the preparation is."""

    stage: str
    """`reading`, `learning the vocabulary`, `encoding`."""
    pairs: int
    total: int | None = None
    note: str = ""
    """Something to print, in one line."""


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
    description: Mapping[str, Any] | None = None,
    processes: int = 1,
    resumable: bool = False,
) -> Iterator[Progress]:
    """Write a store of several corpora, yielding how far it is; `path` appears only when all is written.

    `sources` are the files whose later change is to be noticed, `validation` the pairs to keep with the store, and
    `description` what it is to say of its text to a run that names nothing else. A joint vocabulary is learned where
    `tokenizer` is a configuration (§5.1). The bytes are the same for any number of `processes`. `resumable`: all text
    comes from `sources`, so that a preparation that was ended, by whatever, goes on where it was. Raises DataError for
    faulty files and where no pair is left.
    """
    partial = path.with_name(PARTIAL + path.name)
    wanted = settings([text.config for text in texts], filters, tokenizer, max_tokens, max_frames)
    asked = [wanted, [asdict(text.config) for text in texts], held_out.digest]
    journal = Journal(partial, request_of(asked, sources) if resumable else "")
    state = journal.read()
    ended = False
    preparation = None
    try:
        if state is None:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
        preparation = _Preparation(
            journal, state or {}, texts, tokenizer, filters, (max_tokens, max_frames), held_out, processes
        )
        writer = yield from preparation.run()
        writer.finish(
            settings=wanted,
            sources=sources,
            validation=validation,
            reports=preparation.reports,
            description=description,
            processes=processes,
        )
        preparation.raw.remove()
        journal.remove()
        os.rename(partial, path)
    except OSError as error:
        raise DataError(f"could not write {path}: {error.strerror or error}; free some space") from error
    except BaseException as error:
        ended = isinstance(error, LostProcessError) or not isinstance(error, Exception)
        raise
    finally:
        if preparation:
            preparation.close()
        if not (ended and journal.read()):
            shutil.rmtree(partial, ignore_errors=True)


def is_begun(path: Path) -> bool:
    """Say whether a preparation of a store was ended, and can go on."""
    return Journal(path.with_name(PARTIAL + path.name), "").exists


class _Preparation:
    """One pass over the files into raw pairs, then one over those into the columns of the store."""

    def __init__(
        self,
        journal: Journal,
        state: Mapping[str, Any],
        texts: Sequence[CorpusText],
        tokenizer: TokenizerConfig | Tokenizer,
        filters: FilterConfig,
        limits: tuple[int, int],
        held_out: HeldOut,
        processes: int,
    ) -> None:
        self.journal, self.state, self.folder = journal, state, journal.folder
        self.texts, self.tokenizer, self.processes = texts, tokenizer, processes
        self.max_tokens, self.max_frames = limits
        self.features = any(text.config.source_kind == "features" for text in texts)
        self.linked = any(text.config.alignments for text in texts)
        self.examiner = Examiner(
            corpora=[text.config for text in texts],
            alone=[text.alone for text in texts],
            filters=filters,
            max_tokens=self.max_tokens,
            held_out=held_out,
            linked=self.linked,
        )
        self.reports = [CorpusReport.from_dict(report) for report in state.get("reports", ())] or [
            CorpusReport(_name(text.config), text.config.source_lang, text.config.target_lang)
            for text in texts
        ]
        self.raw = RawPairs(self.folder, linked=self.linked, sizes=state.get("raw"))
        self.writer: StoreWriter | None = None
        self._saved = time.monotonic()

    def close(self) -> None:
        """Close the files as they are."""
        for column in self.raw.columns.values():
            column.close()
        if self.writer:
            self.writer.close()

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
        if "store" not in self.state:
            yield from self._read_all()
        self.raw.close()
        if "store" in self.state:
            kept, tokenizer = self.raw.kept(), Tokenizer.load(self.folder / TOKENIZER)
        else:
            kept = self._without_duplicates()
            if not kept.any():
                self._refuse()
            tokenizer = yield from self._vocabulary(kept, tags)
            self.raw.keep(kept)
            write_flushed(self.folder / TOKENIZER, tokenizer.to_bytes())
        self.writer = StoreWriter(
            self.folder,
            tokenizer,
            linked=self.linked,
            features=self.features,
            state=self.state.get("store"),
        )
        yield from self._encode(self.writer, kept)
        return self.writer

    def _crew(self, work: Any) -> "Crew[Any, Any]":
        """Return the processes that examine or encode; this one alone where there is no more than one."""
        several = self.processes if self.processes > 1 and not self.features else 0
        return Crew(
            work=work,
            processes=several,
            doing="prepares text",
            remedy="start the same command again, it goes on where it was",
            fewer="with --processes 1",
            first=_FEW,
            ahead=several,
        )

    def _is_due(self) -> bool:
        """Say whether it is time to note how far it is."""
        return bool(self.journal.request) and time.monotonic() - self._saved >= _SAVE_EVERY

    def _save(self, **state: Any) -> None:
        """Note how far it is; the files are flushed."""
        sizes = {name: column.size for name, column in self.raw.columns.items()}
        reports = [report.to_dict() for report in self.reports]
        self.journal.write({"raw": sizes, "reports": reports, **state})
        self._saved = time.monotonic()

    def _read_all(self) -> Iterator[Progress]:
        """Normalise, examine and keep the pairs of all corpora."""
        first = self.state.get("corpus", 0)
        crew: Crew[Unexamined, Examined] = self._crew(self.examiner)
        with crew.working() as results:
            for number in range(first, len(self.texts)):
                text, report = self.texts[number], self.reports[number]
                blocks = blocks_of(
                    number,
                    iter(text.pairs),
                    _FRAMES_BLOCK if self.features else _BLOCK,
                    files=text.files,
                    skipped=report.pairs_read,
                )
                for _, examined in results(blocks):
                    report.add(examined.report)
                    if len(examined.rows):
                        self.raw.append(number, examined.rows, examined.keys, examined.fits)
                    yield self._reading()
                    self._save_reading(number)
                report.notes.extend(text.notes)
                yield self._reading()

    def _save_reading(self, corpus: int) -> None:
        if self._is_due():
            for column in self.raw.columns.values():
                column.flush()
            self._save(corpus=corpus)

    def _reading(self) -> Progress:
        return Progress("reading", sum(report.pairs_read for report in self.reports))

    def _without_duplicates(self) -> Kept:
        """Count equal pairs; return which rows stay."""
        first = first_of_equals(self.folder / "raw.keys", _FOR_KEYS)
        left_out = DUPLICATE in self.examiner.dropped
        for block in self.raw.blocks:
            rows = block.rows[0] + np.flatnonzero(~first[slice(*block.rows)])
            if not len(rows):
                continue
            report = self.reports[block.corpus]
            entry = report.faults.setdefault(DUPLICATE, FaultCount(left_out=left_out))
            missing = SAMPLES - len(entry.samples)
            for row in rows[:missing].tolist():
                src, tgt, line = self.raw.pair(row)
                file = self.texts[block.corpus].config.source
                report.count(DUPLICATE, Pair(src, tgt, file, line), left_out=left_out)
            entry.count += max(0, len(rows) - missing)
        return first if left_out else np.ones_like(first)

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

    def _vocabulary(self, kept: Kept, tags: Sequence[str]) -> Generator[Progress, None, Tokenizer]:
        """Return the tokenizer that was given, or one that is learned."""
        config = self.tokenizer
        if isinstance(config, Tokenizer):
            return config
        yield Progress("learning the vocabulary", min(int(np.count_nonzero(kept)), config.sample_pairs))
        return learn_vocabulary(self.raw, kept, config, tags, self.max_tokens, targets_only=self.features)

    def _encode(self, writer: StoreWriter, kept: Kept) -> Iterator[Progress]:
        """Write the pairs of each direction."""
        directions = list(self._directions(writer.tokenizer))
        encoder = Encoder(
            reader=self.raw.reader,
            tokenizer=writer.tokenizer,
            directions=directions,
            max_tokens=self.max_tokens,
            max_frames=self.max_frames,
            linked=self.linked,
            features=self.features,
        )
        blocks = [[block for block in self.raw.blocks if block.corpus == way.corpus] for way in directions]
        counts = [[int(np.count_nonzero(kept[slice(*block.rows)])) for block in way] for way in blocks]
        first, begun = self.state.get("direction", 0), self.state.get("block", 0)
        done = sum(map(sum, counts[:first])) + sum(counts[first][:begun])
        total = sum(map(sum, counts))
        crew: Crew[Unencoded, Encoded] = self._crew(encoder)
        with crew.working() as results:
            for number in range(first, len(directions)):
                direction, start = directions[number], begun if number == first else 0
                tasks = (
                    Unencoded(number, block, kept[slice(*block.rows)]) for block in blocks[number][start:]
                )
                for place, (task, encoded) in enumerate(results(tasks), start=start):
                    self._write(writer, task, encoded)
                    done += counts[number][place]
                    yield Progress("encoding", done, total)
                    if self._is_due():
                        self._save(store=writer.state(), direction=number, block=place + 1)
                writer.end_part(direction.corpus, direction.languages, direction.tag)
        if not len(writer):
            raise DataError(
                f"no pair is left: all {done:,} are longer than data.max_tokens = {self.max_tokens} tokens; raise it"
            )

    def _write(self, writer: StoreWriter, task: Unencoded, encoded: Encoded) -> None:
        """Write a block; its frames must be as wide as those before, else the fault is raised as its reader does."""
        if encoded.features and writer.features not in (0, encoded.features):
            for reference in self.raw.reader.read(task.block).sides[0]:
                read_frames(reference, writer.features)
        self.reports[task.block.corpus].add(encoded.report)
        writer.append(encoded)

    def _directions(self, tokenizer: Tokenizer) -> Iterator[Direction]:
        for corpus, text in enumerate(self.texts):
            for swapped in (False, True) if text.config.both_directions else (False,):
                target = text.config.source_lang if swapped else text.config.target_lang
                tag = (find(target, tokenizer.languages) or target) if tokenizer.languages else None
                yield Direction(corpus, text.config, swapped, tag)


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
