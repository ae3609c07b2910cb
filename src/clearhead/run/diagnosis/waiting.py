"""Steps that wait for the next batch."""

from statistics import median

from clearhead.run.diagnosis.finding import Finding, percent
from clearhead.run.diagnosis.history import History

_RECORDS = 5
"""Logged steps whose median counts: the first batch of a chunk is always waited for."""
_STARVING = 0.15
"""Share of the time; below, more processes would gain little, and very small models always wait so long."""


def waiting(history: History) -> Finding | None:
    """Find a run that waits for its batches."""
    shares = history.last("waiting", _RECORDS)
    if len(shares) < _RECORDS or (share := median(shares)) <= _STARVING:
        return None
    data = history.config.data
    if data.subword_sampling or data.augmentation:
        remedy = (
            f"resume with more data.loader_workers (now {data.loader_workers}), which segment and vary text ahead of "
            "the steps"
        )
    else:
        remedy = (
            "copy the prepared text to a fast disk of this machine (data.store), and raise training.batch_tokens in "
            "the next run"
        )
    return Finding(
        name="starving loader",
        step=history.step,
        seen=f"{percent(share)} of the time the steps wait for the next batch",
        remedy=remedy,
    )
