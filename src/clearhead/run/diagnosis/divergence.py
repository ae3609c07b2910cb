"""A loss above that of guessing: whatever was learned, it is worse than nothing."""

import math
from statistics import median

from clearhead.run.diagnosis.finding import Finding
from clearhead.run.diagnosis.history import History

_RECORDS = 5
"""Logged steps whose median counts."""
_WORSE = 1.02
"""Times the loss of guessing: fresh weights are just above it."""
_EARLIEST, _LATEST = 100, 500
"""Steps that a run is given at least to get below it, and at most: by then a small learning rate has done it, too."""


def divergence(history: History) -> Finding | None:
    """Find a loss that stays above ln(vocabulary), which all tokens being equally probable would give."""
    vocabulary = int(history.prepared.get("vocab_size", 0))
    losses = history.last("loss", _RECORDS)
    training = history.config.training
    patience = max(_EARLIEST, min(training.warmup_steps, _LATEST))
    if not vocabulary or len(losses) < _RECORDS or history.step < patience:
        return None
    loss, guessing = median(losses), math.log(vocabulary)
    if loss <= _WORSE * guessing:
        return None
    return Finding(
        name="divergence",
        step=history.step,
        seen=f"the loss is {loss:.2f} after {history.step:,} steps, and guessing among {vocabulary:,} tokens alike "
        f"gives {guessing:.2f}",
        remedy=f"start again, in another --out, with a tenth of training.learning_rate (now {training.learning_rate:g} "
        f"with schedule = {training.schedule}), or with more training.warmup_steps (now {training.warmup_steps:,})",
    )
