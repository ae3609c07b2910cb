"""The loss against F.cross_entropy, value and gradients."""

import pytest
import torch
import torch.nn.functional as F

from clearhead.training import loss
from clearhead.training.loss import r_drop_cross_entropy, smoothed_cross_entropy, with_bias


def problem(tokens=1300, d_model=16, vocab=90):
    torch.manual_seed(0)
    states = torch.randn(tokens, d_model, requires_grad=True)
    weight = torch.randn(vocab, d_model, requires_grad=True)
    return states, weight, torch.randint(vocab, (tokens,))


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("tokens", [1, 512, 1300])
def test_value_and_gradients_equal_the_librarys(smoothing, tokens):
    states, weight, targets = problem(tokens)
    expected = F.cross_entropy(F.linear(states, weight), targets, label_smoothing=smoothing, reduction="sum")
    expected_gradients = torch.autograd.grad(expected * 0.7, (states, weight))
    actual = smoothed_cross_entropy(states, weight, targets, smoothing)
    gradients = torch.autograd.grad(actual * 0.7, (states, weight))
    torch.testing.assert_close(actual, expected, rtol=1e-5, atol=0)
    for mine, theirs in zip(gradients, expected_gradients, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("tokens", [1, 256, 700])
@pytest.mark.parametrize(("smoothing", "divergence"), [(0.0, 0.0), (0.1, 1.0), (0.0, 5.0)])
def test_r_drop_and_its_gradients_equal_the_equation(tokens, smoothing, divergence):
    """Liang et al. 2021, Eq. 4, halved; written out and differentiated by the library in fp64."""
    states, weight, targets = problem(2 * tokens)
    targets = targets[:tokens].repeat(2)
    exact = [tensor.detach().double().requires_grad_() for tensor in (states, weight)]
    logits = F.linear(*exact)
    log_p, log_q = logits.log_softmax(dim=-1).chunk(2)
    apart = (log_p.exp() * (log_p - log_q) + log_q.exp() * (log_q - log_p)).sum() / 2
    both = F.cross_entropy(logits, targets, label_smoothing=smoothing, reduction="sum")
    expected = (both + divergence * apart) / 2
    expected_gradients = torch.autograd.grad(expected * 0.7, exact)
    actual = r_drop_cross_entropy(states, weight, targets, smoothing, divergence)
    gradients = torch.autograd.grad(actual * 0.7, (states, weight))
    assert actual.item() == pytest.approx(expected.item(), rel=1e-5)
    for mine, theirs in zip(gradients, expected_gradients, strict=True):
        torch.testing.assert_close(mine.double(), theirs, rtol=1e-3, atol=1e-3)


@pytest.fixture
def as_on_a_gpu(monkeypatch):
    """Logits and logarithms in fp32, and no question to the device."""
    monkeypatch.setattr(loss, "_predicted", loss._in_full)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
@pytest.mark.parametrize("divergence", [None, 2.0])
def test_the_way_of_a_gpu_gives_the_same(dtype, tolerance, divergence, as_on_a_gpu):
    states, weight, targets = (tensor.detach() for tensor in problem(600))
    targets = targets if divergence is None else targets[:300].repeat(2)
    found = []
    for kind in (dtype, torch.float64):
        leaves = [tensor.to(dtype).to(kind).requires_grad_() for tensor in (states / 2, weight / 2)]
        if kind == dtype:
            both = (
                smoothed_cross_entropy(*leaves, targets, 0.1)
                if divergence is None
                else r_drop_cross_entropy(*leaves, targets, 0.1, divergence)
            )
        else:
            logits = F.linear(*leaves)
            both = F.cross_entropy(logits, targets, label_smoothing=0.1, reduction="sum")
            if divergence is not None:
                log_p, log_q = logits.log_softmax(dim=-1).chunk(2)
                apart = (log_p.exp() * (log_p - log_q) + log_q.exp() * (log_q - log_p)).sum() / 2
                both = (both + divergence * apart) / 2
        found.append((both.item(), *(g.double() for g in torch.autograd.grad(both, leaves))))
    (value, *gradients), (exact, *exact_gradients) = found
    assert value == pytest.approx(exact, rel=tolerance)
    for ours, theirs in zip(gradients, exact_gradients, strict=True):
        assert (ours - theirs).norm() <= max(tolerance, 1e-4) * theirs.norm()


def test_a_hopeless_target_has_its_full_loss_on_a_gpu_too(as_on_a_gpu):
    states, weight = torch.full((2, 4), 40.0), torch.tensor([[1.0] * 4, [-1.0] * 4])
    assert smoothed_cross_entropy(states, weight, torch.tensor([1, 1])).item() == pytest.approx(640.0)


def test_a_bias_of_the_logits_is_one_more_channel():
    torch.manual_seed(0)
    states, weight, bias = (torch.randn(shape, requires_grad=True) for shape in ((9, 6), (20, 6), (20,)))
    targets = torch.randint(20, (9,))
    expected = F.cross_entropy(F.linear(states, weight, bias), targets, reduction="sum", label_smoothing=0.1)
    found = smoothed_cross_entropy(*with_bias(states, weight, bias), targets, 0.1)
    assert torch.allclose(found, expected)
    for one, other in zip(
        *(torch.autograd.grad(value, (states, weight, bias)) for value in (found, expected)), strict=True
    ):
        assert torch.allclose(one, other, atol=1e-5)


def test_logits_are_not_kept_for_the_backward_pass():
    states, weight, targets = problem(tokens=2048, vocab=900)
    kept = []

    def remember(tensor):
        kept.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(remember, lambda tensor: tensor):
        smoothed_cross_entropy(states, weight, targets, 0.1).backward()
    assert max(kept, default=0) < 2048 * 900 / 4


def test_a_token_that_seems_impossible_costs_what_its_logits_say():
    """exp(-400) is 0 in fp32, and -log 0 would have the step left out."""
    states, targets = torch.tensor([[20.0], [1.0]], requires_grad=True), torch.tensor([1, 0])
    weight = torch.tensor([[10.0], [-10.0], [0.0]])
    loss = smoothed_cross_entropy(states, weight, targets)
    assert loss.item() == pytest.approx(F.cross_entropy(states @ weight.T, targets, reduction="sum").item())
    assert loss.item() > 400


def test_what_is_not_a_number_stays_so():
    states, weight, targets = problem(tokens=4)
    assert smoothed_cross_entropy(states * float("nan"), weight, targets, 0.1).isnan()


@pytest.mark.parametrize("divergence", [None, 3.0])
def test_bf16_is_near(divergence):
    """Value and gradients; what bf16 rounds off is noise, which has no direction of its own."""
    torch.manual_seed(0)
    weight = torch.randn(90, 16) / 4
    targets = torch.randint(90, (650,)).repeat(2)
    first = torch.randn(650, 16)
    states = torch.cat([first, first + 0.3 * torch.randn(650, 16)])
    found = []
    for dtype in (torch.float32, torch.bfloat16):
        given = [tensor.to(dtype).requires_grad_() for tensor in (states, weight)]
        loss = (
            smoothed_cross_entropy(*given, targets, 0.1)
            if divergence is None
            else r_drop_cross_entropy(*given, targets, 0.1, divergence)
        )
        found.append((loss.item(), *(each.float() for each in torch.autograd.grad(loss, given))))
    (exact, *exact_gradients), (half, *half_gradients) = found
    assert half == pytest.approx(exact, rel=0.002)
    for one, other in zip(exact_gradients, half_gradients, strict=True):
        assert (one - other).norm() < 0.01 * one.norm()
