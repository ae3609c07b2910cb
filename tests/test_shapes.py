"""The shapes written at functions are checked while tests run, in every package that has such."""

import pytest
import torch
from jaxtyping import TypeCheckError

from clearhead.decoding.constraints import Ban, Length
from clearhead.decoding.live import Candidates, Live
from clearhead.decoding.rules import Rules
from clearhead.model.attention import attention_weights
from clearhead.training.guidance import guided_cross_entropy
from clearhead.training.loss import smoothed_cross_entropy

IDS = torch.zeros(2, 3, dtype=torch.long)
NUMBERS = torch.zeros(2, 3)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: attention_weights(NUMBERS, NUMBERS, NUMBERS),
        lambda: Ban([0])(NUMBERS, IDS, IDS),
        lambda: Rules(length=Length(1, [3])).apply(NUMBERS, IDS, IDS[0]),
        lambda: Candidates(parent=IDS, token=IDS, log_prob=NUMBERS[:, :2]),
        lambda: Live.start([0], 2, torch.device("cpu")).table(NUMBERS, "2", 0),
        lambda: smoothed_cross_entropy(NUMBERS, torch.zeros(5, 4), IDS[:, 0]),
        lambda: guided_cross_entropy(NUMBERS, IDS),
    ],
    ids=["attention", "filter", "rules", "candidates", "live", "loss", "guidance"],
)
def test_a_wrong_shape_is_an_error(wrong) -> None:
    with pytest.raises(TypeCheckError):
        wrong()


def test_an_int_is_a_float() -> None:
    assert Live.start([0], 1, torch.device("cpu")).table(torch.ones(1), 2, 0).tolist() == [[1.0, 0.0]]
