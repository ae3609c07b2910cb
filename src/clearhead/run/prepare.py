"""The corpora of a run read, checked and stored, without training."""

from collections.abc import Iterator
from pathlib import Path

from clearhead.config import RunConfig
from clearhead.data.preparation import Progress
from clearhead.data.store import Store
from clearhead.errors import ConfigError
from clearhead.run.corpora import check_store, ensure_store, open_corpora
from clearhead.run.origin import Origin


def prepare_store(config: RunConfig) -> Iterator[Progress | Store]:
    """Prepare the store that the configuration names, yielding how far it is, and at last the store."""
    if not config.data.store:
        raise ConfigError("no place for the prepared text given; say --store DIR, or store under [data]")
    path = Path(config.data.store)
    origin = Origin.of(config)
    corpora = open_corpora(config, path)
    yield from (Progress("reading", 0, note=warning) for warning in corpora.warnings)
    tokenizer = origin.with_targets(text.config for text in corpora.train).tokenizer if origin else None
    check_store(path, config, corpora, tokenizer)
    yield from ensure_store(path, config, corpora, tokenizer)
    yield Store(path)
