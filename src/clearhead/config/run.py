"""All of a run: one TOML file, whose tables are the other files of this folder."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, get_type_hints

from clearhead.config.checks import check, nearest
from clearhead.config.data import DataConfig
from clearhead.config.decoding import DecodingConfig
from clearhead.config.model import PRESETS, ModelConfig
from clearhead.config.tables import as_table, coerce, plain, read_toml, section, unknown_key_check
from clearhead.config.tokenizer import TokenizerConfig
from clearhead.config.training import TrainingConfig, going_on
from clearhead.errors import ConfigError


def _check_places(values: Mapping[str, Any]) -> None:
    """Raise ConfigError for a setting at the top level or in a table that belongs in another table."""
    homes: dict[str, list[str]] = {}
    tables = dict(_tables(RunConfig))
    for table, known in tables.items():
        for name in known:
            homes.setdefault(name, []).append(table)
    for table, known in tables.items():
        inside: Any = values
        for part in filter(None, table.split(".")):
            inside = inside.get(part) if isinstance(inside, Mapping) else None
        for key in inside if isinstance(inside, Mapping) else ():
            if key not in known and (right := homes.get(key)):
                place = " or ".join(
                    f"under [{home}]" if home else "at the top, before all tables" for home in right
                )
                where = f"in [{table}]" if table else "at the top level"
                raise ConfigError(f"{key} does not belong {where}; put it {place}")


def _tables(kind: type) -> Iterator[tuple[str, set[str]]]:
    """Yield the tables of a run and those within them, by name, with the keys of each; the top level is ""."""
    yield "", {field.name for field in dataclasses.fields(kind)}
    for name, hint in get_type_hints(kind).items():
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            for inner, keys in _tables(hint):
                yield f"{name}.{inner}".rstrip("."), keys


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """All of a run: what `run.toml` holds."""

    preset: str = "small"
    """Shape that [model] starts from."""
    init: str = ""
    """Model whose weights, shape and tokenizer the run starts from; only dropout is taken from [model]."""
    data: DataConfig = field(default_factory=DataConfig)
    tokenizer: TokenizerConfig = field(default_factory=TokenizerConfig)
    model: ModelConfig = field(default_factory=lambda: ModelConfig.small(vocab_size=8000))
    training: TrainingConfig = field(default_factory=TrainingConfig)
    decoding: DecodingConfig = field(default_factory=DecodingConfig)

    def __post_init__(self) -> None:
        sampled = self.data.subword_sampling > 0 and not self.init
        check(
            not (sampled and self.tokenizer.kind in ("word", "char")),
            "data.subword_sampling",
            self.data.subword_sampling,
            f"0 with a {self.tokenizer.kind} tokenizer, which has one segmentation and cannot sample",
        )
        longest = self.model.longest
        check(
            longest is None or self.data.max_tokens + 2 <= longest,
            "data.max_tokens",
            self.data.max_tokens,
            f"at most {(longest or 0) - 2} with {longest} learned positions (model.max_positions)",
        )
        self._check_source()
        if self.training.guided_alignment and not self.model.attends("cross")[0]:
            raise ConfigError(
                "training.guided_alignment teaches a head that looks at the source, and this model has none; set "
                "model.attention to additive or dot"
            )
        if self.training.guided_alignment and (self.data.subword_sampling or self.data.augmentation):
            raise ConfigError(
                "training.guided_alignment needs the text that the alignments are of; leave out "
                "data.subword_sampling and [data.augmentation]"
            )

        if self.data.augmentation.terms and not (self.tokenizer.terms or self.init):
            raise ConfigError(
                "data.augmentation.terms needs marks in the vocabulary; set tokenizer.terms = true (--tokenizer.terms)"
            )

    def _check_source(self) -> None:
        """Raise ConfigError for settings that need another kind of source."""
        if self.data.source_kind == "text":
            for name in ("source_features", "source_convolutions"):
                size = getattr(self.model, name)
                check(not size, f"model.{name}", size, "0 unless data.source_kind is features")
            return
        reason = "with data.source_kind = features, whose sources are no text"
        check(not self.tokenizer.symbols, "tokenizer.symbols", True, f"false {reason}")
        check(not self.data.augmentation, "data.augmentation", "a table", f"left out {reason}")
        check(
            not self.data.subword_sampling, "data.subword_sampling", self.data.subword_sampling, f"0 {reason}"
        )
        check(not self.decoding.form, "decoding.form", True, f"false {reason}")
        check(not self.decoding.literals, "decoding.literals", True, f"false {reason}")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, preset: str | None = None) -> Self:
        """Build a run from nested tables; `preset` overrides the one that the tables name.

        Raises ConfigError for an unknown key, a wrong type or a value out of range.
        """
        _check_places(values)
        unknown_key_check(values, cls, "")
        name = preset or values.get("preset", "small")
        if str(name) not in PRESETS:
            raise ConfigError(
                f"unknown preset {name!r}{nearest(name, PRESETS)}; there are {', '.join(PRESETS)}"
            )
        init = coerce(values.get("init", ""), str, "init")
        tokenizer = section(TokenizerConfig, values.get("tokenizer", {}), "tokenizer")
        model = as_table(values.get("model", {}), "model")
        size = model.get("vocab_size", tokenizer.vocab_size)
        if size != tokenizer.vocab_size and "vocab_size" not in values.get("tokenizer", {}):
            raise ConfigError(
                f"model.vocab_size is {size!r}, but a run takes it from its tokenizer; set tokenizer.vocab_size instead"
            )
        shape = {"vocab_size": tokenizer.vocab_size, **PRESETS[name], **model}
        training = as_table(values.get("training", {}), "training")
        return cls(
            preset=name,
            init=init,
            data=section(DataConfig, values.get("data", {}), "data"),
            tokenizer=tokenizer,
            model=section(ModelConfig, shape, "model"),
            training=section(TrainingConfig, going_on(training) if init else training, "training"),
            decoding=section(DecodingConfig, values.get("decoding", {}), "decoding"),
        )

    @classmethod
    def load(cls, path: Path | str, *, preset: str | None = None) -> Self:
        """Read a run from a TOML file."""
        return cls.from_dict(read_toml(path), preset=preset)

    def to_dict(self) -> dict[str, Any]:
        """Return the run as nested tables of plain values."""
        tables: dict[str, Any] = plain(dataclasses.asdict(self))
        return tables

    def to_toml(self) -> str:
        """Return the run as TOML, every setting resolved."""
        import tomli_w

        return tomli_w.dumps(self.to_dict())
