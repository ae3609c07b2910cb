"""The store that a run learns from: its corpora read, checked and written, without training."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from filelock import FileLock

from clearhead.config import DataConfig, RunConfig
from clearhead.data.held_out import HeldOut
from clearhead.data.preparation import Progress, prepare
from clearhead.data.processes import available_cores
from clearhead.data.store import Store
from clearhead.errors import ConfigError, DataError
from clearhead.run.checks import check_store
from clearhead.run.corpora import Corpora, open_corpora
from clearhead.run.origin import Origin
from clearhead.run.stored_text import description
from clearhead.text.normalize import normalize
from clearhead.text.tokenizer import Tokenizer

_OF_FIRST, _OF_EACH = 0.4, 0.12
"""Gigabytes that the process takes which reads and writes, and learns the vocabulary; and each of the others."""
_LOCK = ".lock-"
"""What the name of a store's lock begins with."""


def prepare_store(config: RunConfig) -> Iterator[Progress | Store]:
    """Prepare the store that `config.data.store` names; yield the progress, and finally the store.

    Raises ConfigError and DataError for whatever is wrong with the settings or the text.
    """
    if not config.data.store:
        raise ConfigError(
            "no directory for the prepared text given; name it with --store DIR, or store = under [data]"
        )
    path = Path(config.data.store)
    origin = Origin.of(config)
    corpora = open_corpora(config, path)
    tokenizer = origin.with_targets(text.config for text in corpora.train).tokenizer if origin else None
    check_store(path, config, corpora, tokenizer)
    yield from (Progress("reading", 0, note=warning) for warning in corpora.warnings)
    yield from ensure_store(path, config, corpora, tokenizer)
    yield Store(path)


def ensure_store(
    path: Path, config: RunConfig, corpora: Corpora, tokenizer: Tokenizer | None
) -> Iterator[Progress]:
    """Prepare the text of a run unless that was done before; yield the progress.

    The vocabulary is learned from the text where no tokenizer is given.
    """
    lock = path.with_name(_LOCK + path.name)
    # A lock may have been left by a process that died; on Windows it always stays.
    if path.exists() and (os.name == "nt" or not lock.exists()):
        return
    with _locked(lock):  # another process that wants the same store waits here, and then finds it
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
                max_frames=config.data.max_frames,
                held_out=HeldOut.of((normalize(pair.src), normalize(pair.tgt)) for pair in corpora.valid),
                sources=corpora.sources,
                validation=map(asdict, corpora.valid),
                description=description(config),
                processes=processes_of(config.data),
                resumable=corpora.from_files,
            )
        finally:
            _remove(lock)


def processes_of(data: DataConfig) -> int:
    """Return how many processes prepare text: as many as asked for, or as cores, within the memory allowed."""
    wanted = data.processes or available_cores()
    if not data.max_memory:
        return wanted
    return max(1, min(wanted, int((data.max_memory - _OF_FIRST) / _OF_EACH)))


@contextmanager
def _locked(lock: Path) -> Iterator[None]:
    """Hold a lock, making its file; raise DataError where that cannot be written."""
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


def _remove(lock: Path) -> None:
    """Remove the file of a lock that is still held; Windows does not allow that, and it may stay."""
    if os.name != "nt":
        lock.unlink(missing_ok=True)
