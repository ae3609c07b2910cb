"""From configured files to the store that a run learns from and the pairs it is validated on."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock

from clearhead.config import CorpusConfig, RunConfig
from clearhead.data.corpus import read_pairs
from clearhead.data.faults import LONG, HeldOut
from clearhead.data.formats import silent
from clearhead.data.lines import STANDARD_INPUT, is_stream
from clearhead.data.loader import Recipe
from clearhead.data.preparation import CorpusText, Progress, prepare
from clearhead.data.store import ANEW, Store, settings
from clearhead.errors import ConfigError, DataError
from clearhead.run.directory import RunDirectory
from clearhead.text.language_codes import canonical, find
from clearhead.text.masking import mask_pair
from clearhead.text.normalize import normalize
from clearhead.text.tokenizer import Tokenizer

_LOCK = ".lock-"


@dataclass(frozen=True, slots=True)
class SentencePair:
    """A sentence and its translation, and the direction."""

    src: str
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
    """Files that it is read from, but for streams."""
    warnings: tuple[str, ...] = ()
    """What is to be told of the validation text."""
    streamed: bool = False
    """Whether some of it comes from standard input or a pipe, which can be read once and not compared."""


def open_corpora(config: RunConfig, store: Path | None = None, *, resume: bool = False) -> Corpora:
    """Open the training text of a run and read its validation text; raise for whatever is wrong with them.

    Where the text was prepared, in `store`, it stands in for files that are gone, and for streams of a run that is
    resumed: what came from those was read.
    """
    data = config.data
    if not data.train_sets:
        raise ConfigError(
            "no training data given; name it by --source F --target F, or under [data] in the run.toml"
        )
    if not data.valid_sets:
        raise ConfigError(
            "no validation data given; name it by --valid-source F --valid-target F: the best model is "
            "chosen on text that training does not see; clearhead init sets some aside"
        )
    files = _files((*data.train_sets, *data.valid_sets))
    if files.count(STANDARD_INPUT) > 1:
        raise ConfigError(
            f"standard input ({STANDARD_INPUT}) is named {files.count(STANDARD_INPUT)} times, but it can be read once; "
            "give files for the rest, or both sides parted by a tab"
        )
    streams = [file for file in files if is_stream(file)]
    train = [_in_usual_codes(corpus) for corpus in data.train_sets]
    trained = {lang: None for corpus in train for lang in (corpus.source_lang, corpus.target_lang)}
    prepared = Store(store) if store and store.exists() else None
    gone = [file for file in files if file not in streams and not Path(file).exists()] if prepared else []
    absent = {*gone, *(streams if resume else ())}
    kept = prepared.validation if prepared and absent.intersection(_files(data.valid_sets)) else None
    if kept is None:
        valid, warnings = _validation_pairs([_in_usual_codes(corpus, trained) for corpus in data.valid_sets])
    else:
        valid, warnings = [SentencePair(**row) for row in kept], []
    return Corpora(
        train=[_text(corpus) for corpus in train],
        valid=valid,
        warnings=(
            *warnings,
            *([f"{_some(gone)} not here any more; what {store} holds of it is taken"] if gone else ()),
        ),
        sources=tuple(file for file in files if file not in streams),
        streamed=bool(streams),
    )


def _files(corpora: Iterable[CorpusConfig]) -> list[str]:
    """Return the files that corpora name, in order."""
    return [file for corpus in corpora for file in (corpus.source, corpus.target, corpus.alignments) if file]


def _some(files: Sequence[str]) -> str:
    """Return the first of some files, how many more there are, and the verb."""
    return f"{files[0]} is" if len(files) == 1 else f"{files[0]} and {len(files) - 1} more files are"


def _text(corpus: CorpusConfig) -> CorpusText:
    notes: list[str] = []
    return CorpusText(corpus, read_pairs(corpus, notes.append), notes)


def _in_usual_codes(corpus: CorpusConfig, known: Iterable[str] = ()) -> CorpusConfig:
    """Return a corpus whose languages are those of the known codes, or else written in the usual way."""
    source_lang, target_lang = (
        find(lang, known) or canonical(lang) for lang in (corpus.source_lang, corpus.target_lang)
    )
    return replace(corpus, source_lang=source_lang, target_lang=target_lang)


def _validation_pairs(corpora: Sequence[CorpusConfig]) -> tuple[list[SentencePair], list[str]]:
    """Return the pairs that have text on both sides, both ways where both are learned, and what to tell of them."""
    parts = [
        (corpus, langs, swapped)
        for corpus in corpora
        for langs, swapped in (
            ((corpus.source_lang, corpus.target_lang), False),
            *([((corpus.target_lang, corpus.source_lang), True)] if corpus.both_directions else []),
        )
    ]
    found, blank = [], 0
    notes: list[str] = []
    faults: Counter[str] = Counter()
    for (corpus, langs, swapped), name in zip(
        parts, _names([(c, langs) for c, langs, _ in parts]), strict=True
    ):
        pairs = []
        for pair in read_pairs(corpus, silent if swapped else notes.append):
            if pair.fault:
                faults[pair.fault] += not swapped
            elif normalize(pair.src) and normalize(pair.tgt):
                pairs.append(pair)
            else:
                blank += not swapped
        if not pairs:
            raise DataError(
                f"{corpus.source} is an empty validation set: no pair has text on both sides; give at least one"
            )
        for pair in pairs:
            sides = (pair.tgt, pair.src) if swapped else (pair.src, pair.tgt)
            found.append(SentencePair(*sides, *langs, name))
    notes += [f"{count:,} validation pairs are left out: {fault}" for fault, count in faults.items() if count]
    notes += [f"{blank:,} validation pairs with an empty side are left out"] if blank else []
    return found, notes


def _names(sets: Sequence[tuple[CorpusConfig, tuple[str, str]]]) -> list[str]:
    """Return a name for each validation set: its direction, and as much of its path as tells it from the others."""
    paths = [Path(corpus.source).parts for corpus, _ in sets]
    names: list[str] = []
    for depth in range(max(map(len, paths)) + 1):
        names = [
            " ".join(
                filter(None, ("-".join(lang or "?" for lang in langs), "/".join(path[len(path) - depth :])))
            )
            for (_, langs), path in zip(sets, paths, strict=True)
        ]
        if len(set(names)) == len(names):
            return names
    return [f"{name} ({number})" for number, name in enumerate(names, start=1)]


def check_store(
    path: Path,
    config: RunConfig,
    corpora: Corpora,
    tokenizer: Tokenizer | None,
    *,
    run: RunDirectory | None = None,
) -> None:
    """Make sure that text prepared before, if there is any, is of these files and settings.

    Text from a stream cannot be compared; only a `run` that is resumed goes on with what was read from it.
    """
    if path.exists():
        if corpora.streamed and not run:
            raise ConfigError(
                f"{path} already holds prepared text, and what comes from standard input or a pipe cannot be compared "
                "with it; give another --store, or remove the folder"
            )
        configs = [text.config for text in corpora.train]
        asked = settings(configs, config.data.filters, tokenizer or config.tokenizer, config.data.max_tokens)
        Store(path).check(asked, corpora.sources, run.going_on_with_other_text if run else ANEW)


def ensure_store(
    path: Path, config: RunConfig, corpora: Corpora, tokenizer: Tokenizer | None
) -> Iterator[Progress]:
    """Prepare the text of a run where that was not done before, yielding how far it is.

    The vocabulary is learned from it where no tokenizer is given.
    """
    lock = path.with_name(_LOCK + path.name)
    # A lock may have been left by a process that died; on Windows it always stays.
    if path.exists() and (os.name == "nt" or not lock.exists()):
        return
    with _locked(lock):  # whoever wants the same store waits here, and then finds it
        try:
            if path.exists():
                check_store(path, config, corpora, tokenizer)
                return
            yield from prepare(
                path,
                corpora.train,
                tokenizer=tokenizer or config.tokenizer,
                filters=config.data.filters,
                max_tokens=config.data.max_tokens,
                held_out=HeldOut.of((normalize(pair.src), normalize(pair.tgt)) for pair in corpora.valid),
                sources=corpora.sources,
                validation=map(asdict, corpora.valid),
            )
        finally:
            remove_lock(lock)


@contextmanager
def _locked(lock: Path) -> Iterator[None]:
    """Hold a lock, making its file; raise DataError where the disk refuses that."""
    held = FileLock(lock)
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        held.acquire()
    except OSError as error:
        place = lock.with_name(lock.name.removeprefix(_LOCK))
        raise DataError(f"cannot write {place}: {error.strerror}; give another --store") from None
    try:
        yield
    finally:
        held.release()


def check_alignments(config: RunConfig, corpora: Corpora) -> None:
    """Raise ConfigError where alignments are to be taught and no corpus has any, or are given and not taught."""
    given, taught = any(text.config.alignments for text in corpora.train), config.training.guided_alignment
    if taught and not given:
        raise ConfigError(
            "training.guided_alignment teaches known word alignments, but the training text has none; name a file "
            "of them with --alignments F (or alignments = under [[data.corpora]]), a line for each pair"
        )
    if given and not taught:
        raise ConfigError(
            "word alignments are given, but training.guided_alignment is 0, so that nothing would learn them; set it, "
            "0.05 is usual, or leave them out"
        )


def check_valid_lengths(config: RunConfig, corpora: Corpora, tokenizer: Tokenizer) -> None:
    """Raise ConfigError for a validation pair that has more tokens than there are learned positions."""
    longest = config.model.longest
    for pair, *sides in (
        zip(corpora.valid, *tokenized(tokenizer, corpora.valid), strict=True) if longest else ()
    ):
        most = max(map(len, sides)) + 2
        if longest is not None and most > longest:
            raise ConfigError(
                f"a validation pair has {most} tokens, and model.max_positions is {longest}; leave it out, or "
                f"raise that: {pair.src[:60]!r}"
            )


def check_languages(config: RunConfig, corpora: Corpora, tokenizer: Tokenizer) -> None:
    """Raise ConfigError for a target language, of a validation set or the default one, that there is no tag for."""
    default = config.data.default_target
    if default and find(default, tokenizer.languages) is None:
        raise ConfigError(
            f"data.default_target is {default!r}; the targets are {', '.join(tokenizer.languages) or 'not tagged'}"
        )
    for pair in corpora.valid:
        if tokenizer.languages and find(pair.target_lang, tokenizer.languages) is None:
            raise ConfigError(
                f"a validation set has the target language {pair.target_lang!r}; the training text has "
                f"{', '.join(tokenizer.languages)}: give its target_lang under [[data.validation]]"
            )


def recipe(config: RunConfig, corpora: Corpora) -> Recipe:
    """Return how the loader mixes, varies and batches the pairs of a run."""
    data = config.data
    return Recipe(
        batch_tokens=config.training.batch_tokens,
        seed=config.training.seed,
        weights=[text.config.weight for text in corpora.train],
        temperature=data.temperature,
        subword_sampling=data.subword_sampling,
        augmentation=data.augmentation,
        max_tokens=data.max_tokens,
    )


def remove_lock(lock: Path) -> None:
    """Remove the file of a lock that is still held; Windows does not allow that, and it may stay."""
    if os.name != "nt":
        lock.unlink(missing_ok=True)


def tokenized(tokenizer: Tokenizer, pairs: Sequence[SentencePair]) -> tuple[list[list[int]], list[list[int]]]:
    """Return the ids of pairs without BOS and EOS, source ids with their tag."""
    kinds, learned = tokenizer.symbol_kinds, tokenizer.learned
    sides = [mask_pair(normalize(pair.src), normalize(pair.tgt), kinds, learned) for pair in pairs]
    tags = tokenizer.languages
    srcs = [
        tokenizer.encode(src, to=(find(pair.target_lang, tags) or pair.target_lang) if tags else None)
        for (src, _), pair in zip(sides, pairs, strict=True)
    ]
    return srcs, tokenizer.encode_target_batch([tgt for _, tgt in sides])


def describe(store: Store, corpora: Corpora) -> dict[str, Any]:
    """Return the facts of a run's data for its log, its card and `info`."""
    reports = store.report
    return {
        "pairs": len(store),
        "valid_pairs": len(corpora.valid),
        "left_out_long": sum(report["faults"].get(LONG, {}).get("count", 0) for report in reports),
        "vocab_size": store.tokenizer.vocab_size,
        "characters_per_token": round(store.manifest["characters"] / store.manifest["tokens"], 3),
        "corpora": [
            {
                # File names without their folders: a model travels, the folders do not.
                "name": " ".join(Path(f).name for f in (text.config.source, text.config.target) if f),
                "source_lang": report["source_lang"],
                "target_lang": report["target_lang"],
                "read": report["pairs_read"],
                "kept": report["pairs_kept"],
                "faults": {fault: entry["count"] for fault, entry in report["faults"].items()},
            }
            for report, text in zip(reports, corpora.train, strict=True)
        ],
    }


def directions(store: Store) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the source and the target languages of a store."""
    return (
        tuple(sorted({part.source_lang for part in store.parts} - {""})),
        tuple(sorted({part.target_lang for part in store.parts} - {""})),
    )
