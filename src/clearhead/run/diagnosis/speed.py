"""A run that becomes slower, because its machine does something else too."""

from statistics import median

from clearhead.run.diagnosis.finding import Finding, percent
from clearhead.run.diagnosis.history import History

_WINDOW = 10
"""Logged steps whose median is a speed: single ones vary with the lengths of their sentences."""
_FELL = 0.6
"""Part of the best speed so far; less is more than a little company."""
_CROWDED = 1.5
"""Processes that want each core; a run alone keeps it at 1."""


def speed(history: History) -> Finding | None:
    """Find a speed far below the best that this run had."""
    speeds = history.last("tokens_per_second", len(history.steps))
    if len(speeds) < 2 * _WINDOW:
        return None
    windows = [median(speeds[start : start + _WINDOW]) for start in range(0, len(speeds) - _WINDOW + 1)]
    best, now = max(windows), windows[-1]
    if now >= _FELL * best:
        return None
    loads = history.last("load", _WINDOW)
    if loads and (load := median(loads)) > _CROWDED:
        why = f", and {load:.1f} processes want each core"
        remedy = "end what else runs on this machine, or give the run fewer training.threads than cores"
    else:
        why, remedy = (
            "",
            "look at what else uses this machine, its temperature, and whether memory is swapped to the disk",
        )
    return Finding(
        name="busy machine",
        step=history.step,
        seen=f"{now:,.0f} target tokens/s are {percent(now / best)} of the best speed of this run{why}",
        remedy=remedy,
    )
