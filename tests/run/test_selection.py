"""The candidates at the end of a run: each is measured, but for those whose figures are known."""

from dataclasses import replace

import numpy as np
import pytest

from clearhead.evaluation.validation import Validation
from clearhead.run.progress import Best
from clearhead.run.selection import figures_of

KNOWN = Validation(loss=5.0, perplexity=148.4, bleu=1.0, chrf=3.0, bleu_signature="s")
MEASURED = replace(KNOWN, bleu=2.0)
BEST = Best(8, KNOWN)
WEIGHTS = {"encoder": np.arange(6, dtype=np.float32), "decoder": np.ones(2, np.float32)}


def measured_among(weights):
    """Return the figures of weights beside the best, and those that were measured for them."""
    seen = []

    def measured(arrays):
        seen.append(arrays)
        return MEASURED

    return figures_of(weights | {BEST.name: WEIGHTS}, BEST, measured), seen


def test_weights_that_are_the_best_have_its_figures_and_are_not_measured_again():
    again = {name: array.copy() for name, array in WEIGHTS.items()}
    figures, seen = measured_among({"moving average": again})
    assert figures == {BEST.name: KNOWN, "moving average": KNOWN}
    assert not seen


@pytest.mark.parametrize(
    "other",
    [
        WEIGHTS | {"decoder": np.nextafter(WEIGHTS["decoder"], np.float32(2))},
        {"encoder": WEIGHTS["encoder"]},
    ],
)
def test_weights_that_differ_at_all_are_measured(other):
    figures, seen = measured_among({"average": other})
    assert figures == {BEST.name: KNOWN, "average": MEASURED}
    assert len(seen) == 1
    assert seen[0] is other
