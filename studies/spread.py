"""What several seeds say together: their mean, and how far it may be off."""

import math
from collections.abc import Sequence

_T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
"""Student's t for 95 %, two-sided, with 1, 2, ... degrees of freedom."""

MEANING = "mean of the seeds ± half of its 95 % interval (Student's t)"
"""What `cell` writes, in words."""


def mean(values: Sequence[float]) -> float:
    """Return the mean; it is inf where one value is."""
    return sum(values) / len(values)


def half_interval(values: Sequence[float]) -> float:
    """Return half the width of the mean's 95 % interval over seeds; NaN for a single one."""
    count = len(values)
    if count < 2 or not all(math.isfinite(value) for value in values):
        return math.nan
    middle = mean(values)
    variance = sum((value - middle) ** 2 for value in values) / (count - 1)
    return _T[min(count - 1, len(_T)) - 1] * math.sqrt(variance / count)


def number(value: float) -> str:
    """Return a number as a table has it: three significant digits, thousands whole, huge ones by powers of ten."""
    if not math.isfinite(value):
        return str(value)
    size = abs(value)
    if size >= 1e8:
        return f"{value:.1e}"
    if size >= 1000:
        return f"{value:,.0f}"
    if size >= 100:
        return f"{value:.0f}"
    if 0 < size < 0.001:
        return f"{value:.1e}"
    return f"{value:.3g}" if size < 1 else f"{value:.{2 if size < 10 else 1}f}"


def cell(values: Sequence[float]) -> str:
    """Return `mean ± half interval`, or the value alone where there is one seed or no difference."""
    half = half_interval(values)
    return (
        number(mean(values)) if math.isnan(half) or half == 0 else f"{number(mean(values))} ± {number(half)}"
    )
