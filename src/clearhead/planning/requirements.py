"""Memory and operations of a training step, by counting."""

from clearhead.config import ModelConfig, TrainingConfig
from clearhead.config.kinds import KINDS
from clearhead.model.places import PLACES

_CHUNK = 512
"""Target tokens whose logits exist at one time (`training.loss`)."""


def flops_per_token(model: ModelConfig, length: int, *, r_drop: bool = False) -> float:
    """Return the operations of forward and backward for one source and one target token; R-Drop passes twice.

    Two for each weight a token passes in the forward pass, twice that in the backward pass; attention
    adds 4 * length * d_model for each of its places (scores and weighted sum).
    """
    passes = 2 if r_drop else 1
    if not KINDS[model.kind].paper:
        return passes * _flops_by_weights(model, length)
    d, f = model.d_model, model.d_ff * (1.5 if model.activation == "swiglu" else 1)
    projections = 4 * d * d
    if not KINDS[model.kind].encodes:  # all tokens pass the same layers, each with one attention
        layer = projections + 2 * d * f + 2 * length * d
        return passes * 3.0 * 2.0 * (model.num_decoder_layers * layer + model.vocab_size * d)
    encoder = model.num_encoder_layers * (projections + 2 * d * f + 2 * length * d)
    decoder = model.num_decoder_layers * (2 * projections + 2 * d * f + 4 * length * d)
    return passes * 3.0 * 2.0 * (encoder + decoder + model.vocab_size * d)


def _flops_by_weights(model: ModelConfig, length: int) -> float:
    """Return the operations of a model whose tokens pass every weight of their side once."""
    parts = model.parameters_by_part
    attention = sum(model.attends(place)[0] for place in PLACES) * 2 * length * model.d_model
    output = model.vocab_size * model.d_model
    return 3.0 * 2.0 * (parts["encoder"] + parts["decoder"] + attention + output)


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
    tokens = min(_CHUNK, training.batch_tokens // 2)
    logits = tokens * model.vocab_size * (4 if training.r_drop else 2)
    return passes * training.batch_tokens // 2 * a_token + logits + 2 * model.vocab_size * model.d_model


def _kept_by_token(model: ModelConfig, length: int) -> int:
    """Return the numbers that a recurrent or convolutional model keeps of a token for the backward pass.

    About 12 vectors of d_model for a layer: gates, states, dropout, sums. Additive attention keeps one for each pair
    of a source and a target token.
    """
    layers = model.num_encoder_layers + model.num_decoder_layers
    looked = sum(layers * 2 * heads * length for layers, heads in map(model.attends, PLACES))
    pairs = length * model.d_model if model.has("attention") and model.attention == "additive" else 0
    return layers * 12 * model.d_model + looked + pairs
