"""The corpora of a run read, checked and stored, without training."""

from collections.abc import Iterator
from pathlib import Path

from clearhead.config import RunConfig
from clearhead.data.preparation import Progress
from clearhead.data.store import Store
from clearhead.engines import directory
from clearhead.errors import ConfigError
from clearhead.pipeline.corpora import check_store, ensure_store, open_corpora


def prepare_store(config: RunConfig) -> Iterator[Progress | Store]:
    """Prepare the store that the configuration names, yielding how far it is, and at last the store."""
    if not config.data.store:
        raise ConfigError("no place for the prepared text given; say --store DIR, or store under [data]")
    path = Path(config.data.store)
    tokenizer = directory.read_tokenizer(directory.find(config.init)) if config.init else None
    corpora = open_corpora(config)
    yield from (Progress("reading", 0, note=warning) for warning in corpora.warnings)
    check_store(path, config, corpora, tokenizer)
    yield from ensure_store(path, config, corpora, tokenizer)
    yield Store(path)
