"""Activations computed again: the same gradients bit for bit, dropout included, and less that is kept."""

import pytest
import torch

from clearhead.architectures.build import build
from clearhead.config import ModelConfig
from clearhead.model.recomputing import recompute_layers


def model(kind, *, recompute):
    torch.manual_seed(1)
    built = build(
        ModelConfig(
            vocab_size=40,
            d_model=32,
            d_ff=64,
            num_heads=4,
            num_encoder_layers=2,
            num_decoder_layers=3,
            dropout=0.3,
            attention_dropout=0.1,
            kind=kind,
        )
    )
    if recompute:
        recompute_layers(built)
    return built.train()


def learned(built, src, tgt):
    """Return the gradients of a pass, and the numbers that were kept for them."""
    kept = 0

    def keep(tensor):
        nonlocal kept
        kept += tensor.numel()
        return tensor

    torch.manual_seed(2)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = built(src, tgt).square().sum()
    loss.backward()
    return [p.grad for p in built.parameters() if p.grad is not None], kept


@pytest.mark.parametrize("kind", ["transformer", "lm"])
def test_recomputed_is_kept_bit_for_bit_in_less_memory(kind):
    src = torch.randint(4, 40, (6, 9)) if kind == "transformer" else torch.full((6, 1), 2)
    tgt = torch.randint(4, 40, (6, 8))
    (usual, kept), (again, less) = (
        learned(model(kind, recompute=which), src, tgt) for which in (False, True)
    )
    assert len(usual) == len(again) > 20
    for ours, theirs in zip(again, usual, strict=True):
        assert torch.equal(ours, theirs)
    assert less < kept / 3


def test_what_is_looked_into_is_computed_once():
    built, seen = model("transformer", recompute=True), []
    states = built(
        torch.randint(4, 40, (2, 5)), torch.randint(4, 40, (2, 4)), lambda place, tensor: seen.append(place)
    )
    told = len(seen)
    states.sum().backward()
    assert len(seen) == told > 0


def test_a_search_computes_once():
    built = model("transformer", recompute=True).eval()
    src, tgt = torch.randint(4, 40, (2, 5)), torch.randint(4, 40, (2, 4))
    calls = []
    built.encoder.layers[0].register_forward_hook(lambda *_: calls.append(1))
    with torch.inference_mode():
        built(src, tgt)
    assert len(calls) == 1
