"""Steps that wait for the next batch."""

from statistics import median

from clearhead.run.diagnosis.finding import Finding, percent
from clearhead.run.diagnosis.history import History

_RECORDS = 5
"""Logged steps whose median counts: the first batch of a chunk is always waited for."""
_STARVING = 0.1
"""Share of the time; below, more processes would gain less than they cost."""


def waiting(history: History) -> Finding | None:
    """Find a run that waits for its batches."""
    shares = history.last("waiting", _RECORDS)
    if len(shares) < _RECORDS or (share := median(shares)) <= _STARVING:
        return None
    workers = history.config.data.loader_workers
    return Finding(
        name="starving loader",
        step=history.step,
        seen=f"{percent(share)} of the time the steps wait for the next batch",
        remedy=f"resume with more data.loader_workers (now {workers}), which segment and vary text ahead of the steps; "
        "where the text is on a network drive, copy the prepared text to a disk of this machine (--store)",
    )
