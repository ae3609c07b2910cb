"""Models of one training averaged, and what one of them learned added to another."""

import numpy as np
import pytest

from clearhead.errors import ConfigError
from tests.test_recipes import script

MEAN = script("default-model", "mean.py")


def model(*values, kind=np.float16):
    return {"weight": np.array(values, kind)}


def test_the_mean_is_that_of_every_weight_in_fp32():
    (values,) = MEAN.mean([model(1, 2), model(2, 5), model(6, 5)]).values()
    assert values.tolist() == [3, 4]
    assert values.dtype == np.float32


def test_what_was_learned_is_added():
    before, after, other = model(1, 2), model(1.5, 2), model(7, 8)
    assert MEAN.added(before, after, before)["weight"].tolist() == after["weight"].tolist()
    assert MEAN.added(other, before, before)["weight"].tolist() == other["weight"].tolist()
    assert MEAN.added(other, after, before)["weight"].tolist() == [7.5, 8]


@pytest.mark.parametrize("combine", [lambda *models: MEAN.mean(models), MEAN.added])
def test_models_of_other_shapes_are_refused(combine):
    with pytest.raises(
        ConfigError, match="the models must have the same weights; give models of one training"
    ):
        combine(model(1, 2), model(1, 2), model(1, 2, 3))
