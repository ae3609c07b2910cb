"""What popular accounts of the Transformer claim, where one small measurement decides it (docs/articles.md)."""

import math

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

import clearhead
from clearhead.architectures.build import build
from clearhead.config import ModelConfig
from clearhead.grammar import grammar
from clearhead.model.attention import MultiHeadAttention, attention_weights, scaled_dot_product_attention
from clearhead.model.masks import causal_mask
from clearhead.model.operations import flops_per_token
from clearhead.model.transformer import Transformer

SHAPE = {"vocab_size": 40, "d_model": 16, "num_encoder_layers": 1, "num_decoder_layers": 1, "dropout": 0.0}


def slope(model: torch.nn.Module, length: int) -> float:
    """Return how far the first source token reaches the decoder's first state, as the norm of a gradient."""
    seen: dict[str, torch.Tensor] = {}
    src = torch.randint(4, 40, (1, length))
    states = model.decode(torch.tensor([[1]]), model.encode(src, seen.__setitem__))[0]
    embedded = seen["encoder.embedded"]
    (gradient,) = torch.autograd.grad(states.norm(), embedded)
    return float(gradient[0, 0].norm())


def test_a_dot_product_is_the_sum_of_products():
    q, k = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0], [5.0, -1.0]])
    products = torch.tensor([1.0 * 3 + 2 * 4, 1.0 * 5 - 2])
    expected = (products / math.sqrt(2)).softmax(dim=0)
    torch.testing.assert_close(attention_weights(q, k)[0], expected)
    sums = torch.tensor([1.0 + 2 + 3 + 4, 1.0 + 2 + 5 - 1])
    assert not torch.allclose(attention_weights(q, k)[0], (sums / math.sqrt(2)).softmax(dim=0))


def test_the_scale_is_that_of_one_head_and_not_of_the_model():
    """With 4 heads of size 4 the scale is 1/2; scaling by sqrt(d_model) would give a flatter row."""
    torch.manual_seed(1)
    attention, seen = MultiHeadAttention(16, 4).eval(), {}
    x = torch.randn(1, 6, 16)
    attention(x, attention.keys_values(x), observer=seen.__setitem__)
    raw = seen["query"] @ seen["key"].transpose(-2, -1)
    torch.testing.assert_close(seen["weights"], (raw / 2).softmax(dim=-1))
    assert not torch.allclose(seen["weights"], (raw / 4).softmax(dim=-1), atol=1e-3)


def test_a_mask_after_the_softmax_leaves_rows_that_do_not_sum_to_one():
    torch.manual_seed(1)
    q = 0.3 * torch.randn(5, 8)
    mask = causal_mask(5)[0]
    before = attention_weights(q, q, mask).sum(dim=-1)
    after = (attention_weights(q, q) * mask).sum(dim=-1)
    torch.testing.assert_close(before, torch.ones(5))
    assert (after[:-1] < 0.99).all()


def test_the_output_is_the_weighted_sum_of_values_and_not_the_score():
    torch.manual_seed(1)
    q, k, v = torch.randn(3, 4), torch.randn(5, 4), torch.randn(5, 7)
    output, weights = scaled_dot_product_attention(q, k, v)
    assert output.shape == (3, 7)
    assert weights.shape == (3, 5)
    torch.testing.assert_close(output, weights @ v)


def test_relevance_is_no_cosine_of_embeddings():
    """A cosine is the same both ways and largest to itself; a head's score is neither."""
    torch.manual_seed(1)
    attention, seen = MultiHeadAttention(16, 2).eval(), {}
    x = torch.randn(1, 6, 16)
    attention(x, attention.keys_values(x), observer=seen.__setitem__)
    scores = seen["query"] @ seen["key"].transpose(-2, -1)
    assert not torch.allclose(scores, scores.transpose(-2, -1), atol=0.1)
    assert (scores.argmax(dim=-1) != torch.arange(6)).any()


def operations(config: ModelConfig) -> int:
    """Return the floating-point operations of a pass over 20 tokens a side, as torch counts them."""
    model = Transformer(config).eval()
    src = torch.randint(4, 40, (1, 20))
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model.logits(model(src, src, observer=lambda place, tensor: None))
    return counter.get_total_flops()


def test_heads_cost_nothing_and_change_no_count_of_operations():
    """So they do not make anything parallel: all positions are computed at once with one head too."""
    configs = [ModelConfig(**SHAPE, d_ff=32, num_heads=heads) for heads in (1, 2, 4, 8)]
    assert len({config.num_parameters for config in configs}) == 1
    assert len({operations(config) for config in configs}) == 1


def test_the_encoder_has_six_layers_and_the_embedding_is_one_matrix():
    config = ModelConfig.base(vocab_size=60)
    assert (config.num_encoder_layers, config.num_decoder_layers) == (6, 6)
    model = Transformer(config)
    assert [tuple(p.shape) for p in model.src_embedding.parameters()] == [(60, 512)]
    assert len(model.encoder.layers) == 6


def test_positions_are_not_learned():
    names = {name for name, _ in Transformer(ModelConfig(**SHAPE, num_heads=2)).named_parameters()}
    assert not any("position" in name for name in names)


def test_an_encoder_without_positions_does_not_know_the_order():
    torch.manual_seed(1)
    model = Transformer(ModelConfig(**SHAPE, num_heads=2)).eval()
    x, order = torch.randn(1, 6, 16), torch.tensor([3, 0, 5, 1, 4, 2])
    torch.testing.assert_close(
        model.encoder(x, None)[:, order], model.encoder(x[:, order], None), rtol=1e-4, atol=1e-5
    )
    placed, other = (model.positions(y) for y in (x, x[:, order]))
    assert not torch.allclose(model.encoder(placed, None)[:, order], model.encoder(other, None), atol=1e-2)


def test_padding_that_is_not_masked_changes_what_is_read():
    torch.manual_seed(1)
    model = Transformer(ModelConfig(**SHAPE, num_heads=2)).eval()
    x = torch.randn(1, 4, 16)
    padded = torch.cat([x, torch.randn(1, 3, 16)], dim=1)
    real = torch.arange(7)[None, None] < 4
    torch.testing.assert_close(model.encoder(padded, real)[:, :4], model.encoder(x, None))
    assert not torch.allclose(model.encoder(padded, None)[:, :4], model.encoder(x, None), atol=1e-2)


def test_queries_come_from_the_decoder_and_keys_from_the_encoder():
    torch.manual_seed(1)
    model, seen = Transformer(ModelConfig(**SHAPE, num_heads=2)).eval(), {}
    model(torch.randint(4, 40, (1, 7)), torch.randint(4, 40, (1, 3)), observer=seen.__setitem__)
    assert seen["decoder.0.cross.query"].shape[2] == 3
    assert seen["decoder.0.cross.key"].shape[2] == 7
    keys = model.decoder.layers[0].cross_attention.key(seen["encoder.memory"])
    torch.testing.assert_close(seen["decoder.0.cross.key"].transpose(1, 2).flatten(-2), keys)


def test_one_layer_joins_any_two_positions_and_its_work_grows_with_the_square_of_the_length():
    """Constant is the number of layers between two positions, not the number of operations."""
    torch.manual_seed(1)
    model = build(ModelConfig(**SHAPE, d_ff=32, num_heads=2)).eval()
    near, far = slope(model, 4), slope(model, 256)
    assert far > 0.05 * near / 64  # its share of the weights, 1/256 against 1/4, and no less by much
    per_token = [flops_per_token(ModelConfig.tiny(vocab_size=100), length) for length in (256, 512, 1024)]
    assert per_token[2] - per_token[1] == pytest.approx(2 * (per_token[1] - per_token[0]))
    assert per_token[1] > per_token[0]


def test_what_a_recurrent_network_keeps_of_a_far_token_falls_with_the_distance_and_what_attention_keeps_does_not():
    """Before any training, without attention: the way from a token to the end passes every step between."""
    torch.manual_seed(1)
    far = {}
    for kind in ("gru", "lstm", "transformer"):
        settings = {"num_heads": 2, "d_ff": 32} if kind == "transformer" else {"attention": "none"}
        model = build(ModelConfig(**SHAPE, kind=kind, **settings)).eval()
        # The backward direction ends at the first token; only the forward one must remember it.
        if kind != "transformer":
            with torch.no_grad():
                for name, parameter in model.encoder.layers[0].named_parameters():
                    if name.endswith("_reverse"):
                        parameter.zero_()
        far[kind] = slope(model, 96) / slope(model, 2)
    assert far["gru"] < 1e-6
    assert far["lstm"] < 1e-6
    assert far["transformer"] > 1e-3


def test_training_is_parallel_over_positions_and_translating_is_not():
    """One pass gives the states of all positions; a token that is not known yet can be no part of a pass."""
    torch.manual_seed(1)
    model = Transformer(ModelConfig(**SHAPE, num_heads=2)).eval()
    src, tgt = torch.randint(4, 40, (1, 5)), torch.randint(4, 40, (1, 6))
    at_once = model(src, tgt)
    cache, steps = model.encode(src), []
    for token in tgt.split(1, dim=1):
        state, cache = model.decode(token, cache)
        steps.append(state)
    torch.testing.assert_close(at_once, torch.cat(steps, dim=1), rtol=1e-4, atol=1e-5)
    other = tgt.clone()
    other[0, 0] = (other[0, 0] + 1) % 36 + 4
    assert (model(src, other)[0, 1:] - at_once[0, 1:]).abs().max() > 1e-3


def test_a_token_is_three_to_four_characters_of_english_and_another_number_elsewhere():
    tokenizer = clearhead.load().tokenizer

    def characters(text: str) -> float:
        return len(text) / len(tokenizer.encode(text))

    english = " ".join(example.text("en") for example in grammar.generate(1, 50, part="test"))
    assert 2.5 < characters(english) < 5
    assert characters("Το γατί ήπιε το γάλα.") < 1
    assert characters("The") == pytest.approx(3)
