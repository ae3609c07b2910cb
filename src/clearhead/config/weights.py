"""The names and shapes of a Transformer's trained tensors, as its weights are stored; nothing of torch is needed."""

from collections.abc import Iterator

from clearhead.config.model import ModelConfig

Shapes = dict[str, tuple[int, ...]]


def shapes(shape: ModelConfig) -> Shapes:
    """Return the shape of every trained tensor of a Transformer of text, or of a decoder alone (kind `lm`)."""
    assert shape.kind in ("transformer", "lm"), "the kinds that other programs run"
    assert not shape.source_features, "frames of numbers are read by our own code only"
    return dict([*_tables(shape), *_stacks(shape)])


def _tables(shape: ModelConfig) -> Iterator[tuple[str, tuple[int, ...]]]:
    both = (shape.vocab_size, shape.d_model)
    yield "src_embedding.weight", both
    if not shape.tied_embeddings:
        if shape.kind != "lm":  # which embeds one text
            yield "tgt_embedding.weight", both
        yield "output_embedding.weight", both
    if shape.output_bias:
        yield "output_bias", (shape.vocab_size,)
    if shape.longest is not None:
        yield "positions.table.weight", (shape.longest, shape.d_model)


def _stacks(shape: ModelConfig) -> Iterator[tuple[str, tuple[int, ...]]]:
    if shape.kind == "lm":
        yield from _stack(shape, "", shape.num_decoder_layers)
        return
    yield from _stack(shape, "encoder.", shape.num_encoder_layers)
    yield from _stack(shape, "decoder.", shape.num_decoder_layers, cross=True)


def _stack(
    shape: ModelConfig, name: str, layers: int, *, cross: bool = False
) -> Iterator[tuple[str, tuple[int, ...]]]:
    for number in range(layers):
        layer = f"{name}layers.{number}."
        for part in ("self", *(["cross"] if cross else [])):
            yield from _attention(f"{layer}{part}_attention", shape.d_model)
            yield from _norm(f"{layer}{part}_sublayer.norm", shape)
        for linear in ("inner", *(["gate"] if shape.activation == "swiglu" else [])):
            yield from _linear(f"{layer}feed_forward.{linear}", shape.d_ff, shape.d_model)
        yield from _linear(f"{layer}feed_forward.outer", shape.d_model, shape.d_ff)
        yield from _norm(f"{layer}feed_forward_sublayer.norm", shape)
    if shape.norm == "pre":
        yield from _norm(f"{name}norm", shape)


def _attention(name: str, d_model: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    for projection in ("query", "value", "output"):
        yield from _linear(f"{name}.{projection}", d_model, d_model)
    yield f"{name}.key.weight", (d_model, d_model)  # softmax does not see a bias of the keys


def _linear(name: str, rows: int, columns: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (rows, columns)
    yield f"{name}.bias", (rows,)


def _norm(name: str, shape: ModelConfig) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (shape.d_model,)
    if shape.normalization == "layer":
        yield f"{name}.bias", (shape.d_model,)
