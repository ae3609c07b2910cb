"""How many operations a step of training takes for a token, from a model's shape."""

from clearhead.config import ModelConfig
from clearhead.config.kinds import KINDS
from clearhead.model.places import PLACES


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
