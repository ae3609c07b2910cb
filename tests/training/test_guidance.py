"""A head that is taught to align: what the loss is, that it teaches, and where it looks."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from clearhead.config import ModelConfig
from clearhead.data.batching import TokenizedCorpus, collate
from clearhead.model.transformer import Transformer
from clearhead.training.guidance import Glance, guided_cross_entropy, guided_head
from clearhead.training.loop import batch_loss

CONFIG = ModelConfig(
    vocab_size=40, d_model=16, d_ff=32, num_heads=2, num_encoder_layers=1, num_decoder_layers=3, dropout=0.0
)


@pytest.fixture
def model():
    torch.manual_seed(3)
    return Transformer(CONFIG)


def linked_corpus():
    plain = TokenizedCorpus.from_ids([[5, 6, 7], [8, 9]], [[10, 11], [12, 13, 14]])
    links = np.array([0, 0, 2, 1, 1, 1, 0, 2], np.uint16)  # (0, 0) (2, 1) (1, 1) and (0, 2)
    return TokenizedCorpus(
        plain.src, plain.src_offsets, plain.tgt, plain.tgt_offsets, links, np.array([0, 6, 8])
    )


@pytest.fixture
def batch():
    return collate(linked_corpus(), np.array([0, 1]))


def test_the_loss_written_out():
    weights = torch.tensor([[[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]], [[0.5, 0.25, 0.25], [0.2, 0.2, 0.6]]])
    links = torch.tensor([[0, 0, 0], [0, 1, 2], [0, 1, 1], [1, 1, 0]])
    expected = -(np.log(0.7) + (np.log(0.6) + np.log(0.3)) / 2 + np.log(0.2))
    assert guided_cross_entropy(weights, links).item() == pytest.approx(expected, rel=1e-6)
    assert guided_cross_entropy(weights, links[:0]).item() == 0.0


@pytest.mark.parametrize("r_drop", [0.0, 2.0])
def test_it_is_added_with_its_weight(model, batch, r_drop):
    plain = batch_loss(model, batch, 0.1, r_drop=r_drop).item()
    glance = Glance(CONFIG)
    model(torch.from_numpy(batch.src), torch.from_numpy(batch.tgt[:, :-1]), glance)
    guided = guided_cross_entropy(glance.weights, torch.from_numpy(batch.links)).item()
    both = batch_loss(model, batch, 0.1, r_drop=r_drop, guided_alignment=0.3).item()
    assert both == pytest.approx(plain + 0.3 * guided, rel=1e-5)
    assert guided > 1.0


def test_the_taught_head_and_no_other_learns_the_links(model, batch):
    layer, head = guided_head(CONFIG)
    assert (layer, head) == (1, 0)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(60):
        optimizer.zero_grad()
        (batch_loss(model, batch, 0.0, guided_alignment=1.0)).backward()
        optimizer.step()
    seen = {}
    model(
        torch.from_numpy(batch.src),
        torch.from_numpy(batch.tgt[:, :-1]),
        lambda place, tensor: seen.update({place: tensor.detach()}),
    )
    taught = seen[f"decoder.{layer}.cross.weights"]
    links = torch.from_numpy(batch.links)
    shares = torch.tensor([1.0, 0.5, 0.5, 1.0])
    assert torch.allclose(taught[links[:, 0], head, links[:, 1], links[:, 2]], shares, atol=0.15)
    for number in range(CONFIG.num_decoder_layers):
        for each in {0, 1} - ({head} if number == layer else set()):
            other = seen[f"decoder.{number}.cross.weights"][links[:, 0], each, links[:, 1], links[:, 2]]
            assert not torch.allclose(other, shares, atol=0.15)


def test_both_passes_of_r_drop_are_taught(batch):
    torch.manual_seed(3)
    model = Transformer(replace(CONFIG, dropout=0.4))
    losses = []
    for weight in (0.0, 1.0):
        torch.manual_seed(5)
        losses.append(batch_loss(model, batch, 0.1, r_drop=1.0, guided_alignment=weight).item())
    torch.manual_seed(5)
    glance = Glance(CONFIG)
    src, tgt = (torch.from_numpy(side).repeat(2, 1) for side in (batch.src, batch.tgt))
    model(src, tgt[:, :-1], glance)
    one, other = (
        guided_cross_entropy(half, torch.from_numpy(batch.links)).item() for half in glance.weights.chunk(2)
    )
    assert abs(one - other) > 1e-3
    assert losses[1] - losses[0] == pytest.approx((one + other) / 2, rel=1e-4)


def test_a_batch_is_the_sum_of_its_pairs(model, batch):
    alone = [collate(linked_corpus(), np.array([number])) for number in (0, 1)]
    whole = batch_loss(model, batch, 0.1, guided_alignment=0.7).item()
    assert whole == pytest.approx(
        sum(batch_loss(model, each, 0.1, guided_alignment=0.7).item() for each in alone), rel=1e-5
    )


def test_without_links_nothing_is_added(model, batch):
    bare = collate(TokenizedCorpus.from_ids([[5, 6, 7]], [[10, 11]]), np.array([0]))
    assert batch_loss(model, bare, 0.1).item() == batch_loss(model, bare, 0.1, guided_alignment=5.0).item()
