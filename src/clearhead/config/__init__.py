"""Every setting of a run as frozen, keyword-only dataclasses, read from and written to TOML.

One file a run: the tables are `[data]`, `[tokenizer]`, `[model]`, `[training]` and `[decoding]`, and
the flags of the command line have the same names (`--training.max-steps`). An unknown key is an
error that names the nearest right one; a value out of range is refused where it enters.
"""

from clearhead.config.choices import BleuTokenize
from clearhead.config.data import (
    AugmentationConfig,
    CorpusConfig,
    DataConfig,
    FilterConfig,
    TextConfig,
)
from clearhead.config.decoding import DecodingConfig
from clearhead.config.model import PRESETS, Activation, ModelConfig, Norm, Normalization, Positions
from clearhead.config.run import RunConfig
from clearhead.config.tables import section
from clearhead.config.tokenizer import TokenizerConfig, TokenizerKind
from clearhead.config.training import ScheduleName, Selection, TrainingConfig

__all__ = [
    "PRESETS",
    "Activation",
    "AugmentationConfig",
    "BleuTokenize",
    "CorpusConfig",
    "DataConfig",
    "DecodingConfig",
    "FilterConfig",
    "ModelConfig",
    "Norm",
    "Normalization",
    "Positions",
    "RunConfig",
    "ScheduleName",
    "Selection",
    "TextConfig",
    "TokenizerConfig",
    "TokenizerKind",
    "TrainingConfig",
    "section",
]
