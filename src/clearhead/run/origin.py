"""The model that a run starts from: its weights, shape and tokenizer, and tags for new target languages."""

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from clearhead import model_directory
from clearhead.config import PRESETS, CorpusConfig, ModelConfig, RunConfig, TokenizerConfig
from clearhead.errors import CheckpointError
from clearhead.model_directory import WEIGHTS, ModelInfo
from clearhead.storage.tensors import Arrays, read_arrays
from clearhead.text.tokenizer import Tokenizer

DROPOUTS = ("dropout", "attention_dropout", "feed_forward_dropout")
"""What a run that starts from a model takes from its own [model]."""
_OF_THE_VOCABULARY = (
    "src_embedding.weight",
    "tgt_embedding.weight",
    "output_embedding.weight",
    "output_bias",
)


@dataclass(frozen=True)
class Origin:
    """A model directory, read except for its weights."""

    path: Path
    info: ModelInfo
    tokenizer: Tokenizer
    """With the tags of new target languages."""
    added: tuple[str, ...] = ()
    """Target languages that the model had no tag for."""

    @classmethod
    def of(cls, config: RunConfig, *, instead: Path | None = None) -> Self | None:
        """Find the model that `config.init` names; None where it names none.

        A run that is resumed may find one of its own models `instead`, which has all that is needed of it.
        """
        if not config.init:
            return None
        try:
            path = model_directory.find(config.init)
        except CheckpointError:
            if instead is None or not instead.exists():
                raise
            path = model_directory.find(instead)
        return cls(path, model_directory.read_info(path), model_directory.read_tokenizer(path))

    def with_targets(self, corpora: Iterable[CorpusConfig]) -> Self:
        """Return the origin with a tag for each target language of the corpora that needs one."""
        added = new_targets(self.tokenizer, corpora)
        tokenizer = self.tokenizer.with_targets(added) if added else self.tokenizer
        return replace(self, tokenizer=tokenizer, added=added)

    def shaped(self, config: RunConfig) -> RunConfig:
        """Return the settings of a run with the shape of this model."""
        dropouts = {name: getattr(config.model, name) for name in DROPOUTS}
        return replace(config, model=replace(self.info.model, **dropouts))

    def weights(self) -> Arrays:
        """Read the weights; a new tag starts as the mean of the model's tags, or of all its pieces."""
        arrays = read_arrays(self.path / WEIGHTS)
        if self.added:
            old = model_directory.read_tokenizer(self.path)
            rows = [old.tag(language) for language in old.languages] or list(range(old.vocab_size))
            for name in arrays.keys() & set(_OF_THE_VOCABULARY):
                mean = arrays[name][rows].mean(axis=0, keepdims=True)
                arrays[name] = np.concatenate([arrays[name], *[mean] * len(self.added)])
        return arrays

    def notes(self, config: RunConfig) -> Iterator[str]:
        """Say what is taken from the model of `config.init`, and which settings are therefore not used."""
        unused = ", ".join(overridden(config, self.info))
        yield f"weights, shape and tokenizer are those of {config.init}" + (
            f"; not used: {unused}" if unused else ""
        )
        for language in self.added:
            known = ", ".join(self.info.target_langs) or "one language"
            yield (
                f"{language} is a new target language of the model, which translates to {known}; its tag is added, "
                "starting as the mean of the others"
            )


def new_targets(tokenizer: Tokenizer, corpora: Iterable[CorpusConfig]) -> tuple[str, ...]:
    """Return the target languages of corpora that need a tag and have none; a model of one target needs none."""
    targets = {
        language
        for corpus in corpora
        for language in (corpus.target_lang, *([corpus.source_lang] if corpus.both_directions else []))
    }
    if len(targets) < 2 and not tokenizer.languages:
        return ()
    return tuple(sorted(targets - {"", *tokenizer.languages}))


def overridden(config: RunConfig, info: ModelInfo) -> Iterator[str]:
    """Yield the settings, such as `model.d_ff = 64`, that were given and that differ from those of a model."""
    size, has = info.model.vocab_size, settings_of(info)
    small, preset = (ModelConfig.preset(name, vocab_size=size) for name in ("small", config.preset))
    shape = replace(config.model, vocab_size=size)
    differs = [name for name, value in _values(shape).items() if value != getattr(info.model, name)]
    if any(getattr(small, name) != getattr(preset, name) == getattr(shape, name) for name in differs):
        yield f"preset = {config.preset!r}"
    for name in differs:
        if name not in DROPOUTS and getattr(shape, name) != getattr(preset, name):
            yield f"model.{name} = {getattr(shape, name)!r}"
    for name, value in _values(config.tokenizer).items():
        known = has.get(f"--tokenizer.{name.replace('_', '-')}")
        if value not in (known, getattr(TokenizerConfig(), name)):
            yield f"tokenizer.{name} = {value!r}"


def other_shape(preset: str, info: ModelInfo) -> bool:
    """Say whether the shape of a preset differs from that of a model."""
    plain = ModelConfig.preset(preset, vocab_size=info.model.vocab_size)
    return any(getattr(info.model, name) != getattr(plain, name) for name in PRESETS["small"])


def settings_of(info: ModelInfo) -> dict[str, Any]:
    """Return what is known of a model's shape and tokenizer, by the flags that would set it."""
    shape = {f"--model.{name.replace('_', '-')}": value for name, value in _values(info.model).items()}
    return {**shape, "--tokenizer.kind": info.tokenizer, "--tokenizer.vocab-size": info.model.vocab_size}


def _values(config: Any) -> dict[str, Any]:
    """Return the settings of one table by name."""
    return {setting.name: getattr(config, setting.name) for setting in dataclasses.fields(config)}
