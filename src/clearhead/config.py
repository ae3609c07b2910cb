"""Every setting of a run as frozen, keyword-only dataclasses, read from and written to TOML.

One file a run: the tables are `[data]`, `[tokenizer]`, `[model]`, `[training]` and `[decoding]`, and
the flags of the command line have the same names (`--training.max-steps`). An unknown key is an
error that names the nearest right one; a value out of range is refused where it enters.
"""

import dataclasses
import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self, TypeVar, get_args, get_origin, get_type_hints

from clearhead.errors import ConfigError

Config = TypeVar("Config")

Norm = Literal["post", "pre"]
TokenizerKind = Literal["unigram", "bpe", "word", "char"]
ScheduleName = Literal["noam", "inverse_sqrt", "cosine", "constant"]
OptimizerName = Literal["adam", "muon"]
Precision = Literal["fp32", "bf16"]
Selection = Literal["bleu", "chrf", "loss"]
BleuTokenize = Literal["13a", "none", "intl", "char", "zh"]


def _check(condition: bool, name: str, value: object, allowed: str) -> None:
    if not condition:
        raise ConfigError(f"{name} is {value!r}; allowed is {allowed}")


def _check_choices(config: object, section: str) -> None:
    """Hold every `Literal` field to its choices, since a TOML file is not seen by a type checker."""
    for name, hint in get_type_hints(type(config)).items():
        choices = get_args(hint)
        if get_origin(hint) is Literal:
            value = getattr(config, name)
            _check(value in choices, f"{section}.{name}", value, "one of " + ", ".join(choices))


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The shape of a Transformer (Table 3 of the paper; its `base` model is the default).

    In a run `vocab_size` is taken from the tokenizer.
    """

    vocab_size: int
    """Size of the joint vocabulary; in a run it is taken from the tokenizer."""
    d_model: int = 512
    """Width of every sub-layer's input and output."""
    d_ff: int = 2048
    """Inner width of the feed-forward network."""
    num_heads: int = 8
    """Attention heads; each has keys of size d_model / num_heads."""
    num_encoder_layers: int = 6
    num_decoder_layers: int = 6
    dropout: float = 0.1
    """On sub-layer outputs and on embeddings plus positions: the paper's places (§5.4)."""
    attention_dropout: float = 0.0
    """Also on attention weights; not in the paper."""
    feed_forward_dropout: float = 0.0
    """Also inside the feed-forward network; not in the paper."""
    norm: Norm = "post"
    """post: LayerNorm(x + Sublayer(x)), the paper; pre: x + Sublayer(LayerNorm(x)), steadier when deep."""
    tied_embeddings: bool = True
    """One matrix for source, target and output (§3.4), or three."""

    def __post_init__(self) -> None:
        for name in (
            "vocab_size",
            "d_model",
            "d_ff",
            "num_heads",
            "num_encoder_layers",
            "num_decoder_layers",
        ):
            _check(getattr(self, name) >= 1, f"model.{name}", getattr(self, name), "1 or more")
        for name in ("dropout", "attention_dropout", "feed_forward_dropout"):
            _check(0 <= getattr(self, name) < 1, f"model.{name}", getattr(self, name), "from 0 to below 1")
        _check(self.d_model % 2 == 0, "model.d_model", self.d_model, "an even number (sine and cosine pairs)")
        _check(
            self.d_model % self.num_heads == 0,
            "model.num_heads",
            self.num_heads,
            f"a divisor of d_model = {self.d_model}",
        )
        _check_choices(self, "model")

    @classmethod
    def preset(cls, name: str, *, vocab_size: int, **overrides: Any) -> Self:
        """Build one of the named shapes: tiny, small, base, big."""
        if name not in PRESETS:
            raise ConfigError(
                f"unknown preset {name!r}{_nearest(name, PRESETS)}; there are {', '.join(PRESETS)}"
            )
        return cls(vocab_size=vocab_size, **{**PRESETS[name], **overrides})

    @classmethod
    def tiny(cls, *, vocab_size: int, **overrides: Any) -> Self:
        """4+4 layers of width 128, the size published for Multi30k (Wu et al. 2021)."""
        return cls.preset("tiny", vocab_size=vocab_size, **overrides)

    @classmethod
    def small(cls, *, vocab_size: int, **overrides: Any) -> Self:
        """6+6 layers of width 256: a model for everyday text that trains on a CPU."""
        return cls.preset("small", vocab_size=vocab_size, **overrides)

    @classmethod
    def base(cls, *, vocab_size: int, **overrides: Any) -> Self:
        """The paper's base model (Table 3)."""
        return cls.preset("base", vocab_size=vocab_size, **overrides)

    @classmethod
    def big(cls, *, vocab_size: int, **overrides: Any) -> Self:
        """The paper's big model (Table 3)."""
        return cls.preset("big", vocab_size=vocab_size, **overrides)

    @property
    def d_k(self) -> int:
        """Size of one head's queries, keys and values (§3.2.2)."""
        return self.d_model // self.num_heads

    @property
    def num_parameters(self) -> int:
        """Trained numbers by formula; sinusoids are not trained and a key projection has no bias."""
        d, f = self.d_model, self.d_ff
        attention = 4 * d * d + 3 * d
        feed_forward = 2 * d * f + f + d
        norm = 2 * d
        encoder = attention + feed_forward + 2 * norm
        decoder = 2 * attention + feed_forward + 3 * norm
        final_norms = 2 * norm if self.norm == "pre" else 0
        embeddings = self.vocab_size * d * (1 if self.tied_embeddings else 3)
        return (
            embeddings + self.num_encoder_layers * encoder + self.num_decoder_layers * decoder + final_norms
        )


PRESETS: dict[str, dict[str, Any]] = {
    "tiny": {"d_model": 128, "d_ff": 256, "num_heads": 4, "num_encoder_layers": 4, "num_decoder_layers": 4},
    "small": {"d_model": 256, "d_ff": 1024, "num_heads": 4},
    "base": {},
    "big": {"d_model": 1024, "d_ff": 4096, "num_heads": 16, "dropout": 0.3},
}


@dataclass(frozen=True, kw_only=True)
class CorpusConfig:
    """One body of parallel text: an entry of `[[data.corpora]]`."""

    source: str = ""
    """Source side, a sentence a line, or one file that holds both sides (.tsv, .jsonl, .tmx, .po)."""
    target: str = ""
    """Target side, line for line; empty where one file holds both."""
    source_lang: str = ""
    target_lang: str = ""
    """Where the corpora have several target languages, a tag tells the model which is wanted."""
    weight: float = 1.0
    """How often its pairs are seen, relative to the other corpora's."""
    both_directions: bool = False
    """Learn target to source too."""

    def __post_init__(self) -> None:
        _check(self.weight > 0, "data.corpora.weight", self.weight, "above 0")
        _check(
            not self.both_directions or bool(self.source_lang and self.target_lang),
            "data.corpora.both_directions",
            self.both_directions,
            "true only where source_lang and target_lang are given",
        )


@dataclass(frozen=True, kw_only=True)
class FilterConfig:
    """Which faults of a pair leave it out of training; every fault is counted and reported either way.

    Pairs with a blank side and pairs above `data.max_tokens` are always left out.
    """

    max_ratio: float = 9.0
    """Above this ratio of characters between the sides (10 added to each) a pair is a ratio outlier."""
    drop_ratio: bool = False
    """Leave out ratio outliers."""
    drop_script: bool = False
    """Leave out pairs with a side mostly in a script that its language is not written in."""
    drop_identical: bool = False
    """Leave out pairs whose sides are equal."""
    drop_duplicates: bool = False
    """Leave out all but the first of equal pairs."""
    drop_overlap: bool = False
    """Leave out pairs of which a side also stands in the validation set."""

    def __post_init__(self) -> None:
        _check(self.max_ratio > 1, "data.filters.max_ratio", self.max_ratio, "above 1")


@dataclass(frozen=True, kw_only=True)
class AugmentationConfig:
    """Variants of training text that people type, drawn anew in every epoch; each rate is a share of pairs.

    The source is varied and the target stays as it is, but for `upper_case` and `join`, which change both.
    """

    drop_final_punctuation: float = 0.0
    """The source without its last . ! or ?"""
    lower_case: float = 0.0
    """The source in lower case."""
    upper_case: float = 0.0
    """Both sides in upper case."""
    drop_accents: float = 0.0
    """The source without accents: "Je suis etudiant"."""
    quotes: float = 0.0
    """Straight quotes for typographic ones in the source, or the reverse."""
    punctuation_spaces: float = 0.0
    """The space before ! ? : ; left out of the source, or put in: French writes one, often a no-break space."""
    join: float = 0.0
    """Two or three pairs joined into one."""
    spelling: float = 0.0
    """One slip in the source: letters swapped, left out, doubled."""

    def __post_init__(self) -> None:
        for name in (f.name for f in dataclasses.fields(self)):
            _check(0 <= getattr(self, name) <= 1, f"data.augmentation.{name}", getattr(self, name), "0 to 1")

    def __bool__(self) -> bool:
        """Say whether anything is varied."""
        return any(dataclasses.astuple(self))


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """Where the parallel text is and what is done with it."""

    source: str = ""
    """Source side, a sentence a line (.gz, .xz, .zst are read), or one file of both sides: .tsv .jsonl .tmx .po."""
    target: str = ""
    """Target side, line for line; empty where one file holds both."""
    valid_source: str = ""
    valid_target: str = ""
    source_lang: str = ""
    """Language code of the source, such as fr; guides sentence splitting."""
    target_lang: str = ""
    corpora: tuple[CorpusConfig, ...] = ()
    """Several corpora, languages or directions instead of source and target: [[data.corpora]]."""
    validation: tuple[CorpusConfig, ...] = ()
    """Their validation sets: [[data.validation]]."""
    temperature: float = 1.0
    """Above 1, small corpora are seen more often: a corpus of n pairs has weight * n ** (1 / temperature)."""
    store: str = ""
    """Folder of the prepared text (`clearhead prepare`); in the run directory by default."""
    max_tokens: int = 256
    """Training pairs with a longer side are left out, and counted."""
    filters: FilterConfig = field(default_factory=FilterConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    subword_sampling: float = 0.0
    """Segment words differently each time: unigram alpha, or the share of BPE merges left out; 0.1 is usual."""
    loader_workers: int = 1
    """Processes that vary and segment text in the background; 0: none. The result is the same."""
    bleu_tokenize: BleuTokenize = "13a"
    """How validation BLEU splits words: 13a for plain text, none for text that is already tokenised."""

    def __post_init__(self) -> None:
        _check(self.max_tokens >= 1, "data.max_tokens", self.max_tokens, "1 or more")
        _check(self.temperature >= 1, "data.temperature", self.temperature, "1 or more")
        _check(self.subword_sampling >= 0, "data.subword_sampling", self.subword_sampling, "0 or more")
        _check(self.loader_workers >= 0, "data.loader_workers", self.loader_workers, "0 or more")
        _check_choices(self, "data")
        for table, names in (
            ("corpora", ("source", "target", "source_lang", "target_lang")),
            ("validation", ("valid_source", "valid_target")),
        ):
            for name in names:
                if getattr(self, table) and getattr(self, name):
                    raise ConfigError(
                        f"both data.{name} and [[data.{table}]] are given; give each corpus in its own table, or "
                        "no table at all"
                    )

    @property
    def train_sets(self) -> tuple[CorpusConfig, ...]:
        """The training corpora, however they were given; () for none."""
        return self.corpora or self._one(self.source, self.target)

    @property
    def valid_sets(self) -> tuple[CorpusConfig, ...]:
        """The validation sets; () for none."""
        return self.validation or self._one(self.valid_source, self.valid_target)

    def _one(self, source: str, target: str) -> tuple[CorpusConfig, ...]:
        if not source:
            return ()
        return (
            CorpusConfig(
                source=source, target=target, source_lang=self.source_lang, target_lang=self.target_lang
            ),
        )


@dataclass(frozen=True, kw_only=True)
class TokenizerConfig:
    """How text is cut into subwords."""

    kind: TokenizerKind = "unigram"
    vocab_size: int = 8000
    """Joint vocabulary of source and target; a small corpus may yield fewer pieces."""
    sample_pairs: int = 250_000
    """Pairs, evenly spread over the corpora, that the vocabulary is learned from."""

    def __post_init__(self) -> None:
        _check_choices(self, "tokenizer")
        _check(self.vocab_size >= 300, "tokenizer.vocab_size", self.vocab_size, "300 or more (256 are bytes)")
        _check(self.sample_pairs >= 1, "tokenizer.sample_pairs", self.sample_pairs, "1 or more")


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How a model learns (§5 of the paper)."""

    seed: int = 1
    max_steps: int = 100_000
    max_epochs: int = 0
    """Stop after this many passes over the data; 0: no limit."""
    batch_tokens: int = 4096
    """Source plus target tokens of one batch, padding counted."""
    accumulate: int = 1
    """Batches whose gradients make one step."""
    precision: Precision = "fp32"
    label_smoothing: float = 0.1
    optimizer: OptimizerName = "adam"
    """adam (§5.3); muon: the matrices of the layers take orthogonal steps, the rest follows adam."""
    optimizer_betas: tuple[float, float] = (0.9, 0.98)
    optimizer_eps: float = 1e-9
    weight_decay: float = 0.0
    """adam: an L2 penalty; muon: weights shrink by this times the learning rate at every step."""
    schedule: ScheduleName = "noam"
    learning_rate: float = 1.0
    """noam: a factor on the paper's curve; the other schedules: the peak."""
    warmup_steps: int = 4000
    clip_norm: float = 1.0
    """Largest norm of a step's gradient; 0: no limit."""
    log_every: int = 50
    valid_every: int = 1000
    save_every: int = 1000
    average_last: int = 5
    """Checkpoints kept and averaged at the end (§6.1); 1: the last one alone."""
    ema_decay: float = 0.0
    """Above 0, such as 0.999: the moving average of the weights is validated and kept; 0: none."""
    r_drop: float = 0.0
    """Weight of the divergence between two passes of one batch (R-Drop, Liang et al. 2021); 0: one pass."""
    freeze: tuple[str, ...] = ()
    """Parts that do not learn: embeddings, encoder, decoder, or the start of a parameter's name."""
    learning_rate_factors: dict[str, float] = field(default_factory=dict)
    """Factors on the learning rate by part, such as { encoder = 0.1 }."""
    select_by: Selection = "bleu"
    """Which validation figure decides what is best."""
    patience: int = 0
    """Validations without a new best before the run ends; 0: it goes on to its last step."""
    device: str = "auto"
    threads: int = 0
    """CPU threads; 0: as many as there are cores."""

    def __post_init__(self) -> None:
        _check_choices(self, "training")
        for name in (
            "max_steps",
            "batch_tokens",
            "accumulate",
            "warmup_steps",
            "log_every",
            "valid_every",
            "save_every",
            "average_last",
        ):
            _check(getattr(self, name) >= 1, f"training.{name}", getattr(self, name), "1 or more")
        for name in ("seed", "max_epochs", "patience", "threads", "clip_norm", "weight_decay"):
            _check(getattr(self, name) >= 0, f"training.{name}", getattr(self, name), "0 or more")
        for name in ("learning_rate", "optimizer_eps"):
            _check(getattr(self, name) > 0, f"training.{name}", getattr(self, name), "above 0")
        _check(0 <= self.ema_decay < 1, "training.ema_decay", self.ema_decay, "from 0 to below 1")
        _check(self.r_drop >= 0, "training.r_drop", self.r_drop, "0 or more")
        for part, factor in self.learning_rate_factors.items():
            _check(factor >= 0, f"training.learning_rate_factors.{part}", factor, "0 or more")
        _check(
            0 <= self.label_smoothing < 1,
            "training.label_smoothing",
            self.label_smoothing,
            "from 0 to below 1",
        )
        _check(
            len(self.optimizer_betas) == 2 and all(0 <= beta < 1 for beta in self.optimizer_betas),
            "training.optimizer_betas",
            self.optimizer_betas,
            "two numbers from 0 to below 1",
        )


@dataclass(frozen=True, kw_only=True)
class DecodingConfig:
    """How a trained model searches for a translation (§6.1); kept with the model as its defaults."""

    beam_size: int = 4
    alpha: float = 0.6
    """Exponent of the length penalty ((5 + n) / 6) ** alpha; 0: none."""
    max_length_factor: float = 2.0
    """A translation may have this many tokens for each source token ..."""
    max_length_offset: int = 20
    """... plus so many."""

    def __post_init__(self) -> None:
        _check(self.beam_size >= 1, "decoding.beam_size", self.beam_size, "1 or more")
        _check(self.alpha >= 0, "decoding.alpha", self.alpha, "0 or more")
        _check(self.max_length_factor >= 0, "decoding.max_length_factor", self.max_length_factor, "0 or more")
        _check(self.max_length_offset >= 1, "decoding.max_length_offset", self.max_length_offset, "1 or more")

    def max_length(self, num_src_tokens: int) -> int:
        """Return the largest number of target tokens for a source of so many tokens."""
        return int(self.max_length_factor * num_src_tokens) + self.max_length_offset


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
        _check(
            not (sampled and self.tokenizer.kind in ("word", "char")),
            "data.subword_sampling",
            self.data.subword_sampling,
            f"0: a {self.tokenizer.kind} tokenizer has one segmentation and cannot sample",
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, preset: str | None = None) -> Self:
        """Build a run from nested tables; `preset` overrides the one that the tables name.

        Raises ConfigError for an unknown key, a wrong type or a value out of range.
        """
        unknown_key_check(values, cls, "")
        name = preset or values.get("preset", "small")
        if name not in PRESETS:
            raise ConfigError(
                f"unknown preset {name!r}{_nearest(name, PRESETS)}; there are {', '.join(PRESETS)}"
            )
        tokenizer = section(TokenizerConfig, values.get("tokenizer", {}), "tokenizer")
        shape = {
            "vocab_size": tokenizer.vocab_size,
            **PRESETS[name],
            **_table(values.get("model", {}), "model"),
        }
        return cls(
            preset=name,
            init=_coerce(values.get("init", ""), str, "init"),
            data=section(DataConfig, values.get("data", {}), "data"),
            tokenizer=tokenizer,
            model=section(ModelConfig, shape, "model"),
            training=section(TrainingConfig, values.get("training", {}), "training"),
            decoding=section(DecodingConfig, values.get("decoding", {}), "decoding"),
        )

    @classmethod
    def load(cls, path: Path | str, *, preset: str | None = None) -> Self:
        """Read a run from a TOML file."""
        return cls.from_dict(read_toml(path), preset=preset)

    def to_dict(self) -> dict[str, Any]:
        """Return the run as nested tables of plain values."""
        plain: dict[str, Any] = _plain(dataclasses.asdict(self))
        return plain

    def to_toml(self) -> str:
        """Return the run as TOML, every setting resolved."""
        import tomli_w

        return tomli_w.dumps(self.to_dict())


def read_toml(path: Path | str) -> dict[str, Any]:
    """Read a TOML file; what is wrong with it is told in one line."""
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"there is no configuration file {path}; give the path of a run.toml") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the configuration file {path}: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from None


def section(kind: type[Config], values: object, name: str) -> Config:
    """Build one table's dataclass from plain values, checking keys and types."""
    table = _table(values, name)
    unknown_key_check(table, kind, name)
    hints = get_type_hints(kind)
    return kind(**{key: _coerce(value, hints[key], f"{name}.{key}") for key, value in table.items()})


def unknown_key_check(values: Mapping[str, Any], kind: type, name: str) -> None:
    """Refuse keys that the dataclass does not have, naming the nearest right one."""
    known = [f.name for f in dataclasses.fields(kind)]
    for key in values:
        if key not in known:
            where = f"[{name}]" if name else "the top level"
            raise ConfigError(
                f"unknown key {key!r} in {where}{_nearest(key, known)}; it knows {', '.join(known)}"
            )


def _nearest(word: str, known: Any) -> str:
    matches = difflib.get_close_matches(str(word), list(known), n=1, cutoff=0.5)
    return f" (did you mean {matches[0]!r}?)" if matches else ""


def _table(values: object, name: str) -> dict[str, Any]:
    if not isinstance(values, Mapping):
        raise ConfigError(f"[{name}] is {values!r}; it must be a table of keys and values")
    return dict(values)


def _plain(value: Any) -> Any:
    """Return a value as TOML has it: lists for tuples, all the way down."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _coerce(value: Any, hint: Any, name: str) -> Any:
    """Accept exactly the type asked for, save that an integer may stand for a float."""
    if get_origin(hint) is Literal:
        return value
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return section(hint, value, name)
    if get_origin(hint) is tuple:
        if not isinstance(value, list | tuple):
            raise ConfigError(f"{name} is {value!r}; it must be a list")
        return tuple(_coerce(item, get_args(hint)[0], f"{name}[{n}]") for n, item in enumerate(value))
    if get_origin(hint) is dict:
        return {
            key: _coerce(item, get_args(hint)[1], f"{name}.{key}")
            for key, item in _table(value, name).items()
        }
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        raise ConfigError(f"{name} is {value!r}; it must be of type {hint.__name__}")
    return value
