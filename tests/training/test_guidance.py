"""A head that is taught to align: what the loss is, that it teaches, and where it looks."""

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


@pytest.fixture
def batch():
    plain = TokenizedCorpus.from_ids([[5, 6, 7], [8, 9]], [[10, 11], [12, 13, 14]])
    links = np.array([0, 0, 2, 1, 1, 1, 0, 2], np.uint16)  # (0, 0) (2, 1) (1, 1) and (0, 2)
    corpus = TokenizedCorpus(
        plain.src, plain.src_offsets, plain.tgt, plain.tgt_offsets, links, np.array([0, 6, 8])
    )
    return collate(corpus, np.array([0, 1]))


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
    before = {name: parameter.clone() for name, parameter in model.named_parameters()}
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
    other = taught[links[:, 0], 1, links[:, 1], links[:, 2]]
    assert not torch.allclose(other, shares, atol=0.15)
    assert any(not torch.equal(before[name], parameter) for name, parameter in model.named_parameters())


def test_without_links_nothing_is_added(model, batch):
    bare = collate(TokenizedCorpus.from_ids([[5, 6, 7]], [[10, 11]]), np.array([0]))
    assert batch_loss(model, bare, 0.1).item() == batch_loss(model, bare, 0.1, guided_alignment=5.0).item()
