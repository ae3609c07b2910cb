"""Embeddings and the sinusoids of §3.5."""

import math

import pytest
import torch

from clearhead.model.embeddings import TokenEmbedding
from clearhead.model.positions import PositionalEncoding, RotaryPositions, sinusoids


def test_sinusoids_are_those_of_the_paper():
    table = sinusoids(50, 16)
    for position, i in ((0, 0), (1, 0), (7, 3), (49, 7)):
        angle = position / 10_000 ** (2 * i / 16)
        assert table[position, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-6)
        assert table[position, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-6)


@pytest.mark.parametrize("shift", [1, 5, 40])
def test_a_shift_is_one_linear_map_for_every_position(shift):
    """§3.5: PE(pos + k) is a linear function of PE(pos): a rotation of each pair by k times its rate."""
    d_model = 16
    table = sinusoids(200, d_model).double()
    rotation = torch.zeros(d_model, d_model, dtype=torch.float64)
    for i in range(d_model // 2):
        angle = shift / 10_000 ** (2 * i / d_model)
        sine, cosine = math.sin(angle), math.cos(angle)
        rotation[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = torch.tensor([[cosine, sine], [-sine, cosine]])
    torch.testing.assert_close(table[:-shift] @ rotation.T, table[shift:], atol=1e-5, rtol=0)


def test_embeddings_are_scaled_to_the_size_of_the_sinusoids():
    torch.manual_seed(0)
    embedding = TokenEmbedding(500, 256)
    assert embedding.weight.std().item() == pytest.approx(256**-0.5, rel=0.02)
    assert embedding(torch.arange(500)[None]).std().item() == pytest.approx(1.0, rel=0.02)


def test_positions_beyond_the_table_are_computed():
    encoding = PositionalEncoding(8, dropout=0.0).eval()
    out = encoding(torch.zeros(1, 3, 8), start=1000)
    torch.testing.assert_close(out[0], sinusoids(1003, 8)[1000:])
    assert not encoding.state_dict()


def test_rotary_positions_make_scores_a_matter_of_distance():
    """Su et al. 2021, Eq. 16: turned by their positions, q·k depends on how far apart they are."""
    torch.manual_seed(0)
    turn = RotaryPositions(8)
    q, k = torch.randn(1, 1, 1, 8), torch.randn(1, 1, 1, 8)

    def score(at, other):
        return (turn(q, at) * turn(k, other)).sum().item()

    for at, other in ((0, 0), (3, 1), (9, 2)):
        for shift in (1, 7, 400):
            assert score(at + shift, other + shift) == pytest.approx(score(at, other), abs=1e-4)
    assert abs(score(3, 1) - score(1, 3)) > 1e-3
    many = torch.randn(2, 3, 5, 8)
    torch.testing.assert_close(turn(many, 4).norm(dim=-1), many.norm(dim=-1))
    torch.testing.assert_close(turn(many, 4)[:, :, 2:3], turn(many[:, :, 2:3], 6))
    torch.testing.assert_close(turn(many[:, :, :1], 0), many[:, :, :1])


@pytest.mark.parametrize("kind", ["sinusoidal", "rotary"])
def test_a_table_that_grew_in_a_validation_is_learned_with(kind):
    turn = RotaryPositions(8) if kind == "rotary" else PositionalEncoding(8, 0.0)
    long, short = (
        (torch.randn(1, 1, 700, 8), torch.randn(1, 1, 4, 8))
        if kind == "rotary"
        else (
            torch.randn(1, 700, 8),
            torch.randn(1, 4, 8),
        )
    )
    with torch.inference_mode():
        turn(long)
    short.requires_grad_()
    turn(short).square().sum().backward()
    assert short.grad.abs().sum() > 0


def test_nothing_is_added_where_positions_turn():
    embedded = torch.randn(2, 5, 8)
    torch.testing.assert_close(PositionalEncoding(8, 0.0, "rotary")(embedded, 3), embedded)
