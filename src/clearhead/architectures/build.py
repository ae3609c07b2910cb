"""From settings to a model: which class each kind is."""

from clearhead.architectures.convolutional import Convolutional
from clearhead.architectures.recurrent import Recurrent
from clearhead.config import ModelConfig
from clearhead.config.choices import ModelKind
from clearhead.errors import ConfigError
from clearhead.model.sequence_model import SequenceModel
from clearhead.model.transformer import Transformer

CLASSES: dict[ModelKind, type[SequenceModel]] = {
    "transformer": Transformer,
    "lstm": Recurrent,
    "gru": Recurrent,
    "convolutional": Convolutional,
}


def build(config: ModelConfig) -> SequenceModel:
    """Return a fresh model of these settings, its parameters drawn from torch's default generator."""
    if config.kind not in CLASSES:
        raise ConfigError(
            f"this release builds no model of kind {config.kind}; set model.kind to one of {', '.join(CLASSES)}"
        )
    return CLASSES[config.kind](config)
