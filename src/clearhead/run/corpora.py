"""The text of a run: the files that its settings name, opened for training and read for validation."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from clearhead.config import CorpusConfig, RunConfig
from clearhead.corpora.corpus import form_of, read_pairs
from clearhead.corpora.formats import silent
from clearhead.corpora.frames import Frames, read_frames
from clearhead.corpora.packed import STANDARD_INPUT, is_stream
from clearhead.corpora.pair import Pair
from clearhead.data.plain_text import is_alone, read_text
from clearhead.data.preparation import CorpusText
from clearhead.data.store import Store
from clearhead.errors import ConfigError, DataError
from clearhead.surface.masking import mask_pair
from clearhead.text.language_codes import canonical, find
from clearhead.text.normalize import normalize
from clearhead.text.tokenizer import Tokenizer

_BLANK = ""
"""The fault of a pair that has no text on one side."""


@dataclass(frozen=True, slots=True)
class SentencePair:
    """A sentence and its translation, and the direction."""

    src: str
    """Of a source that is no text, the reference of its frames."""
    tgt: str
    source_lang: str = ""
    target_lang: str = ""
    part: str = ""
    """Which validation set it belongs to: the direction, such as `en-fr`, with its file where several share one."""


@dataclass(frozen=True)
class Corpora:
    """The text of a run."""

    train: Sequence[CorpusText]
    valid: Sequence[SentencePair]
    sources: tuple[str, ...] = ()
    """The files that it is read from, without streams."""
    warnings: tuple[str, ...] = ()
    """Notes for the user on the validation text and on files that are gone."""
    streamed: bool = False
    """Whether some of it comes from standard input or a pipe, which can be read only once."""

    from_files: bool = False
    """Whether all of it is in the files of `sources`, which can be read again."""

    @property
    def alone(self) -> bool:
        """Whether all that is learned from is plain text, which translates nothing."""
        return all(text.alone for text in self.train)


def open_corpora(config: RunConfig, store: Path | None = None, *, resume: bool = False) -> Corpora:
    """Open the training text of a run and read its validation text.

    Where the text was prepared before, in `store`, that replaces files that are gone, and streams of a run that is
    resumed. Raises ConfigError for data that is not named, DataError for whatever is wrong with it.
    """
    data = config.data
    files = _named_files(config)
    streams = [file for file in files if is_stream(file)]
    prepared = Store(store) if store and store.exists() else None
    gone = [file for file in files if file not in streams and not Path(file).exists()] if prepared else []
    absent = {*gone, *(streams if resume else ())}
    kept = prepared.validation if prepared and absent.intersection(_files(data.valid_sets)) else None
    train = [_in_usual_codes(corpus) for corpus in data.train_sets]
    if kept is None:
        trained = {lang: None for corpus in train for lang in (corpus.source_lang, corpus.target_lang)}
        valid, warnings = _validation_pairs(
            [_in_usual_codes(corpus, trained) for corpus in data.valid_sets], config.model.reads_plain_text
        )
    else:
        valid, warnings = [SentencePair(**row) for row in kept], []
    if gone:
        warnings.append(f"{_some(gone)} no longer there; the text kept in {store} is used")
    return Corpora(
        train=[_text(corpus, config.model.reads_plain_text) for corpus in train],
        valid=valid,
        warnings=tuple(warnings),
        sources=tuple(file for file in files if file not in streams),
        streamed=bool(streams),
        from_files=not streams,
    )


def _named_files(config: RunConfig) -> list[str]:
    """Return the files of training and validation text; raise ConfigError where one of the two is missing."""
    data = config.data
    if not data.train_sets:
        raise ConfigError(
            "no training data given; name it with --source F --target F, or under [data] in the run.toml, or name text "
            "that this release prepared with --store DIR"
        )
    if not data.valid_sets:
        raise ConfigError(
            "no validation data given; name it with --valid-source F --valid-target F: the best model is "
            "chosen on text that is not learned from; clearhead init sets some aside"
        )
    files = _files((*data.train_sets, *data.valid_sets))
    if files.count(STANDARD_INPUT) > 1:
        raise ConfigError(
            f"standard input ({STANDARD_INPUT}) is named {files.count(STANDARD_INPUT)} times, but it can be read only "
            "once; give files for the rest, or both sides on one line, separated by a tab"
        )
    return files


def _files(corpora: Iterable[CorpusConfig]) -> list[str]:
    """Return the files that corpora name, in order."""
    return [file for corpus in corpora for file in (corpus.source, corpus.target, corpus.alignments) if file]


def _some(files: Sequence[str]) -> str:
    """Return the first of some files, how many more there are, and the verb."""
    return f"{files[0]} is" if len(files) == 1 else f"{files[0]} and {len(files) - 1} more files are"


def _text(corpus: CorpusConfig, plain: bool) -> CorpusText:
    notes: list[str] = []
    pairs, alone = read(corpus, plain, notes.append)
    return CorpusText(corpus, pairs, notes, alone, _plain_files(corpus))


def _plain_files(corpus: CorpusConfig) -> tuple[str, ...]:
    """Return the two files of a corpus whose lines are its pairs; () where it is read otherwise."""
    files = (corpus.source, corpus.target)
    plain = corpus.source_kind == "text" and not (corpus.alignments or corpus.columns)
    if not plain or any(not file or is_stream(file) or form_of(file) for file in files):
        return ()
    return files


def read(
    corpus: CorpusConfig, plain: bool, note: Callable[[str], None] = silent
) -> tuple[Iterable[Pair], bool]:
    """Return the pairs of a corpus, and whether it is plain text, which only some models learn from (`plain`)."""
    if plain and is_alone(corpus):
        return read_text(corpus), True
    return read_pairs(corpus, note), False


def _in_usual_codes(corpus: CorpusConfig, known: Iterable[str] = ()) -> CorpusConfig:
    """Return a corpus whose languages are those of the known codes, or else written in the usual way."""
    source_lang, target_lang = (
        find(lang, known) or canonical(lang) for lang in (corpus.source_lang, corpus.target_lang)
    )
    return replace(corpus, source_lang=source_lang, target_lang=target_lang)


@dataclass(frozen=True)
class _ValidationSet:
    """A direction of a validation corpus."""

    corpus: CorpusConfig
    swapped: bool
    """Whether the target is translated into the source."""
    plain: bool
    """Whether the model learns from plain text, too."""

    @property
    def langs(self) -> tuple[str, str]:
        """The language to translate from, and the one to translate into."""
        langs = self.corpus.source_lang, self.corpus.target_lang
        return langs[::-1] if self.swapped else langs

    def pairs(self, name: str, note: Callable[[str], None], left_out: Counter[str]) -> list[SentencePair]:
        """Read the pairs that have text on both sides, counting the others by what is wrong with them."""
        pairs = []
        texts, alone = read(self.corpus, self.plain, note)
        for pair in texts:
            if pair.fault or not ((alone or normalize(pair.src)) and normalize(pair.tgt)):
                left_out[pair.fault or _BLANK] += 1
                continue
            sides = (pair.tgt, pair.src) if self.swapped else (pair.src, pair.tgt)
            pairs.append(SentencePair(*sides, *self.langs, name))
        if not pairs:
            raise DataError(
                f"the validation set {self.corpus.source} is empty: no pair has text on both sides; give at least one"
            )
        return pairs


def _validation_pairs(corpora: Sequence[CorpusConfig], plain: bool) -> tuple[list[SentencePair], list[str]]:
    """Return the pairs that have text on both sides, in both directions where both are learned; and notes on the rest.

    A corpus that is read in both directions has its faults counted once.
    """
    sets = [
        _ValidationSet(corpus, swapped, plain)
        for corpus in corpora
        for swapped in ((False, True) if corpus.both_directions else (False,))
    ]
    pairs: list[SentencePair] = []
    notes: list[str] = []
    left_out: Counter[str] = Counter()
    for part, name in zip(sets, _names(sets), strict=True):
        pairs += (
            part.pairs(name, silent, Counter()) if part.swapped else part.pairs(name, notes.append, left_out)
        )
    blank = left_out.pop(_BLANK, 0)
    notes += [f"{_validation(count)} left out: {fault}" for fault, count in left_out.items()]
    notes += [f"{_validation(blank)} left out: one side is empty"] if blank else []
    return pairs, notes


def _validation(count: int) -> str:
    """Return how many validation pairs, with the verb."""
    return "1 validation pair is" if count == 1 else f"{count:,} validation pairs are"


def _names(sets: Sequence[_ValidationSet]) -> list[str]:
    """Return a name for each set: its direction, and as much of its path as distinguishes it from the others."""
    directions = ["-".join(lang or "?" for lang in part.langs) for part in sets]
    paths = [Path(part.corpus.source).parts for part in sets]
    names = directions
    for depth in range(max(map(len, paths)) + 1):
        ends = ["/".join(path[len(path) - depth :]) for path in paths]
        names = [
            f"{direction} {end}" if end else direction
            for direction, end in zip(directions, ends, strict=True)
        ]
        if len(set(names)) == len(names):
            return names
    return [f"{name} ({number})" for number, name in enumerate(names, start=1)]


def tokenized(
    tokenizer: Tokenizer, pairs: Sequence[SentencePair], features: int = 0
) -> tuple[Sequence[Sequence[int] | Frames], list[list[int]]]:
    """Return the ids of pairs without BOS and EOS, source ids with their tag.

    Where sources are no text, they are frames of so many `features`.
    """
    if features:
        targets = tokenizer.encode_target_batch([normalize(pair.tgt) for pair in pairs])
        return [read_frames(pair.src, features) for pair in pairs], targets
    kinds, learned = tokenizer.symbol_kinds, tokenizer.learned
    sides = [mask_pair(normalize(pair.src), normalize(pair.tgt), kinds, learned) for pair in pairs]
    tags = tokenizer.languages
    srcs = [
        tokenizer.encode(src, to=(find(pair.target_lang, tags) or pair.target_lang) if tags else None)
        for (src, _), pair in zip(sides, pairs, strict=True)
    ]
    return srcs, tokenizer.encode_target_batch([tgt for _, tgt in sides])
