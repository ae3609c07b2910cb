"""A run that names a prepared store and no text: all that is said of text is what the store was prepared with."""

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from clearhead.config import CorpusConfig, DataConfig, FilterConfig, RunConfig, TokenizerConfig
from clearhead.data.store import Store


def description(config: RunConfig) -> dict[str, Any]:
    """Return what a store has to say of its text, as plain values, so that a run needs nothing else."""
    data = config.data
    return {
        "corpora": [asdict(corpus) for corpus in data.train_sets],
        "validation": [asdict(corpus) for corpus in data.valid_sets],
        "source_kind": data.source_kind,
        "max_tokens": data.max_tokens,
        "max_frames": data.max_frames,
        "filters": asdict(data.filters),
        "tokenizer": asdict(config.tokenizer),
    }


def with_stored_text(config: RunConfig) -> RunConfig:
    """Return settings with the text of the store that they name, where they name a store and no text.

    What they set otherwise than by default stays, and is compared with the store as ever. A store of an earlier
    release does not say what it was made of.
    """
    data = config.data
    if data.train_sets or data.valid_sets or not data.store or not Path(data.store).exists():
        return config
    known: Mapping[str, Any] | None = Store(data.store).manifest.get("text")
    if known is None:
        return config
    stored = {
        **{name: known[name] for name in ("source_kind", "max_tokens", "max_frames")},
        "filters": FilterConfig(**known["filters"]),
    }
    usual = {field.name: getattr(DataConfig(), field.name) for field in fields(DataConfig)}
    taken: dict[str, Any] = {
        name: value for name, value in stored.items() if getattr(data, name) == usual[name]
    }
    taken |= {name: tuple(map(_corpus, known[name])) for name in ("corpora", "validation")}
    tokenizer = TokenizerConfig(**known["tokenizer"])
    return replace(
        config,
        data=replace(data, **taken),
        tokenizer=tokenizer if config.tokenizer == TokenizerConfig() else config.tokenizer,
    )


def _corpus(values: Mapping[str, Any]) -> CorpusConfig:
    return CorpusConfig(**{**values, "columns": tuple(values["columns"])})
