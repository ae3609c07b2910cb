"""Memory of a training step, by counting."""

from clearhead.config import ModelConfig, TrainingConfig
from clearhead.config.kinds import KINDS
from clearhead.model.places import PLACES

_CHUNK = 512
"""Target tokens whose logits exist at one time (`training.loss`)."""


def memory_bytes(model: ModelConfig, training: TrainingConfig, length: int) -> int:
    """Estimate the memory of training in fp32, the interpreter and torch itself not counted."""
    return 4 * (kept_numbers(model, training) + passing_numbers(model, training, length))


def kept_numbers(model: ModelConfig, training: TrainingConfig) -> int:
    """Return the numbers that stay from step to step: values, gradients, moments, moving average.

    Adam keeps two moments of each parameter, Muon one of those of the layers.
    """
    parts = model.parameters_by_part
    layers = parts["encoder"] + parts["decoder"]
    moments = 2 * model.num_parameters - (layers if training.optimizer == "muon" else 0)
    return 2 * model.num_parameters + moments + (model.num_parameters if training.ema_decay else 0)


def passing_numbers(model: ModelConfig, training: TrainingConfig, length: int) -> int:
    """Return the numbers that a step needs besides: what the backward pass needs of every token, and the output.

    About 10 vectors of d_model and 2 of d_ff for a token and layer (an attention to the source counts as one), and the
    attention weights; R-Drop has two passes at a time. Of the output, the logits of a chunk as logits and as
    probabilities, and the gradient of the embedding as the output has it beside that of both embeddings. The
    constants fit four shapes that were measured within 4 %.
    """
    passes = 2 if training.r_drop else 1
    layers = model.num_encoder_layers + 2 * model.num_decoder_layers
    if not KINDS[model.kind].encodes:
        layers = model.num_decoder_layers
    a_token = layers * (10 * model.d_model + 2 * model.d_ff + 2 * model.num_heads * length)
    if not KINDS[model.kind].paper:
        a_token = _kept_by_token(model, length)
    tokens = min(_CHUNK, training.tokens_of_batch // 2)
    logits = tokens * model.vocab_size * (4 if training.r_drop else 2)
    return passes * training.tokens_of_batch // 2 * a_token + logits + 2 * model.vocab_size * model.d_model


def _kept_by_token(model: ModelConfig, length: int) -> int:
    """Return the numbers that a recurrent or convolutional model keeps of a token for the backward pass.

    About 12 vectors of d_model for a layer: gates, states, dropout, sums. Additive attention keeps one for each pair
    of a source and a target token.
    """
    layers = model.num_encoder_layers + model.num_decoder_layers
    looked = sum(layers * 2 * heads * length for layers, heads in map(model.attends, PLACES))
    pairs = length * model.d_model if model.has("attention") and model.attention == "additive" else 0
    return layers * 12 * model.d_model + looked + pairs
