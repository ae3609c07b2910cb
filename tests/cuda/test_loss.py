"""The loss on a GPU, in bf16 too, against the library's in fp64."""

import pytest
import torch
import torch.nn.functional as F

from clearhead.training.loss import smoothed_cross_entropy

pytestmark = pytest.mark.cuda


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 1e-2)])
def test_value_and_gradients(device, dtype, tolerance):
    torch.manual_seed(0)
    states = torch.randn(700, 64).to(device, dtype).requires_grad_()
    weight = (torch.randn(900, 64) / 8).to(device, dtype).requires_grad_()
    targets = torch.randint(900, (700,), device=device)
    exact = [tensor.detach().double().requires_grad_() for tensor in (states, weight)]
    expected = F.cross_entropy(F.linear(*exact), targets, label_smoothing=0.1, reduction="sum")
    found = smoothed_cross_entropy(states, weight, targets, 0.1)
    assert found.item() == pytest.approx(expected.item(), rel=tolerance)
    for ours, theirs in zip(
        torch.autograd.grad(found, (states, weight)), torch.autograd.grad(expected, exact), strict=True
    ):
        assert (ours.double() - theirs).norm() <= max(tolerance, 1e-4) * theirs.norm()


def test_a_hopeless_target_has_its_full_loss(device):
    """-log p of a probability that no fp32 number holds."""
    states = torch.full((3, 4), 40.0, device=device)
    weight = torch.stack([torch.full((4,), value, device=device) for value in (1.0, -1.0, 0.0)])
    found = smoothed_cross_entropy(states, weight, torch.tensor([1, 1, 1], device=device))
    assert found.item() == pytest.approx(3 * 320.0, rel=1e-5)
