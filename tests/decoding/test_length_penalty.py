import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from clearhead.decoding.length_penalty import check_alpha, length_penalty
from clearhead.decoding.strategies import best_reachable_score
from clearhead.errors import ConfigError

alphas = st.floats(0, 3)


def test_known_values() -> None:
    assert length_penalty(1, 0.6) == 1.0
    assert length_penalty(7, 1.0) == 2.0
    assert length_penalty(7, 0.5) == pytest.approx(2**0.5)
    assert length_penalty(123, 0.0) == 1.0


def test_numbers_and_tensors_agree() -> None:
    lengths = torch.arange(1, 50)
    expected = torch.tensor([length_penalty(int(length), 0.6) for length in lengths])
    torch.testing.assert_close(length_penalty(lengths, 0.6), expected)


@given(alphas, st.lists(st.floats(-20, 0), min_size=1, max_size=8), st.integers(1, 8))
def test_no_continuation_scores_above_the_bound(alpha: float, log_probs: list[float], begun: int) -> None:
    begun = min(begun, len(log_probs))
    so_far = torch.tensor(sum(log_probs[:begun]), dtype=torch.float64)
    bound = float(best_reachable_score(so_far, torch.tensor(len(log_probs)), alpha))
    for length in range(begun, len(log_probs) + 1):
        assert sum(log_probs[:length]) / length_penalty(length, alpha) <= bound + 1e-5 * abs(bound)


@pytest.mark.parametrize("alpha", [-0.1, float("nan")])
def test_negative_alpha_is_refused(alpha: float) -> None:
    with pytest.raises(ConfigError, match=r"alpha must be at least 0 \(no length penalty\), got (-0.1|nan)"):
        check_alpha(alpha)
