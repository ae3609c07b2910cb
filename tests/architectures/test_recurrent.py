"""Recurrent models against their equations, written out, and against torch's own modules."""

import pytest
import torch
from torch import nn

from clearhead.architectures.build import build
from clearhead.architectures.recurrent import read_both_ways, run
from clearhead.architectures.recurrent_attention import AdditiveAttention, DotAttention, attend
from clearhead.config import ModelConfig

SHAPES = [(kind, attention) for kind in ("lstm", "gru") for attention in ("none", "additive", "dot")]
D = 12


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def small(kind="lstm", attention="additive", **overrides):
    shape = {"d_model": D, "num_encoder_layers": 2, "num_decoder_layers": 3, **overrides}
    return build(ModelConfig(kind=kind, attention=attention, vocab_size=30, **shape)).eval()


def lstm_step(cell, x, h, c):
    """Return the next h and c: gates i, f, g, o in torch's order."""
    gates = cell.weight_ih_l0 @ x + cell.bias_ih_l0 + cell.weight_hh_l0 @ h + cell.bias_hh_l0
    i, f, g, o = gates.chunk(4)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def gru_step(cell, x, h):
    """Return the next h: gates r, z, n in torch's order."""
    r, z, n = (cell.weight_ih_l0 @ x + cell.bias_ih_l0).chunk(3)
    hr, hz, hn = (cell.weight_hh_l0 @ h + cell.bias_hh_l0).chunk(3)
    r, z = torch.sigmoid(r + hr), torch.sigmoid(z + hz)
    return (1 - z) * torch.tanh(n + r * hn) + z * h


@pytest.mark.parametrize(("kind", "attention"), SHAPES)
@pytest.mark.parametrize("options", [{}, {"tied_embeddings": False, "output_bias": True}], ids=str)
def test_number_of_parameters_by_formula(kind, attention, options):
    model = small(kind, attention, **options)
    parts = model.config.parameters_by_part
    counted = dict.fromkeys(parts, 0)
    for name, parameter in model.named_parameters():
        counted[name.split(".")[0] if name.startswith(("encoder", "decoder")) else "embeddings"] += (
            parameter.numel()
        )
    assert counted == parts


def test_an_lstm_layer_is_the_equation():
    layer = nn.LSTM(D, D, batch_first=True)
    x, h, c = torch.randn(7, D), torch.randn(D), torch.randn(D)
    outputs, (last_h, last_c) = run(layer, x[None], (h[None], c[None]))
    for token, output in zip(x, outputs[0], strict=True):
        h, c = lstm_step(layer, token, h, c)
        torch.testing.assert_close(output, h)
    torch.testing.assert_close((last_h[0], last_c[0]), (h, c))


def test_a_gru_layer_is_the_equation():
    layer = nn.GRU(D, D, batch_first=True)
    x, h = torch.randn(7, D), torch.randn(D)
    outputs, (last,) = run(layer, x[None], (h[None],))
    for token, output in zip(x, outputs[0], strict=True):
        h = gru_step(layer, token, h)
        torch.testing.assert_close(output, h)
    torch.testing.assert_close(last[0], h)


@pytest.mark.parametrize("lengths", [[6, 2, 4], [6, 6, 6], [4, 4, 4]], ids=["apart", "full", "equal"])
@pytest.mark.parametrize("cell", [nn.LSTM, nn.GRU])
def test_backwards_each_row_begins_at_its_own_end(cell, lengths):
    """As if each row were alone, by torch's own module."""
    layer = cell(D, D // 2, batch_first=True, bidirectional=True)
    x, lengths = torch.randn(3, 6, D), torch.tensor(lengths)
    together, last = read_both_ways(layer, x, lengths)
    for row, length in enumerate(lengths.tolist()):
        alone, ends = layer(x[row : row + 1, :length])
        torch.testing.assert_close(together[row, :length], alone[0])
        assert not together[row, length:].any()
        for mine, end in zip(last, ends if isinstance(ends, tuple) else (ends,), strict=True):
            torch.testing.assert_close(mine[row], torch.cat((end[0, 0], end[1, 0])))


def test_without_attention_it_is_torchs_modules():
    model = small("lstm", "none", num_encoder_layers=1, num_decoder_layers=1)
    src, tgt = torch.randint(4, 30, (2, 5)), torch.randint(4, 30, (2, 4))
    _, (h, c) = model.encoder.layers[0](model.src_embedding(src))
    hidden, cell = model.decoder.first_states
    first = torch.tanh(hidden(torch.cat((h[0], h[1]), -1))), cell(torch.cat((c[0], c[1]), -1))
    states, _ = model.decoder.layers[0](model.src_embedding(tgt), tuple(part[None] for part in first))
    torch.testing.assert_close(model(src, tgt), states)


def test_additive_attention_is_the_equation():
    """Bahdanau et al. (2015): the state before a token looks, what it saw enters beside the token (§A.2)."""
    model = small("gru", "additive", num_encoder_layers=1, num_decoder_layers=1)
    src, tgt = torch.randint(4, 30, (1, 5)), torch.randint(4, 30, (1, 4))
    memory, (last,) = model.encoder(model.src_embedding(src), torch.tensor([5]))
    decoder, attention = model.decoder, model.decoder.attention
    state, expected = torch.tanh(decoder.first_states[0](last[0])), []
    for token in model.src_embedding(tgt)[0]:
        energies = torch.stack(
            [
                attention.score.weight[0] @ torch.tanh(attention.query(state) + attention.key.weight @ h)
                for h in memory[0]
            ]
        )
        context = energies.softmax(0) @ memory[0]
        state = gru_step(decoder.layers[0], torch.cat((token, context)), state)
        expected.append(torch.tanh(decoder.joined.weight @ torch.cat((context, state))))
    torch.testing.assert_close(model(src, tgt)[0], torch.stack(expected))


def test_dot_attention_is_the_equation():
    """Luong et al. (2015), Eq. 5 to 8."""
    memory, states = torch.randn(1, 5, D), torch.randn(1, 3, D)
    attention = DotAttention()
    mask = torch.ones(1, 1, 5, dtype=torch.bool)
    context, weights = attend(attention(states, attention.keys(memory)), memory, mask)
    for state, row, mean in zip(states[0], weights[0], context[0], strict=True):
        expected = torch.stack([state @ h for h in memory[0]]).exp()
        torch.testing.assert_close(row, expected / expected.sum())
        torch.testing.assert_close(mean, sum(w * h for w, h in zip(row, memory[0], strict=True)))


def test_padding_is_never_looked_at():
    attention = AdditiveAttention(D)
    memory, mask = torch.randn(1, 5, D), torch.tensor([[[True, True, False, False, False]]])
    _, weights = attend(attention(torch.randn(1, 3, D), attention.keys(memory)), memory, mask)
    assert not weights[..., 2:].any()
    torch.testing.assert_close(weights.sum(-1), torch.ones(1, 3))


@pytest.mark.parametrize(("kind", "attention"), SHAPES)
def test_learning_in_bf16_gives_every_parameter_a_gradient(kind, attention):
    model = small(kind, attention).train()
    src, tgt = torch.randint(4, 30, (4, 6)), torch.randint(4, 30, (4, 5))
    src[1, 2:] = 0
    with torch.autocast("cpu", torch.bfloat16):
        states = model(src, tgt)
    states.float().square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in model.parameters())
