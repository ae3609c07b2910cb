"""The honest sentence: a claim, the criterion fixed before the run, and what the numbers say of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from studies.spread import cell, half_interval, mean, number

Verdict = Literal["held", "held partly", "did not hold", "not decided"]
MARKS = {True: "yes", False: "no"}


@dataclass(frozen=True)
class Part:
    """One comparison of a claim."""

    text: str
    holds: bool | None
    """None where the seeds do not tell."""
    unsure: str = "within the noise"
    """Why they do not."""

    @property
    def mark(self) -> str:
        """What the page says of it."""
        return self.unsure if self.holds is None else MARKS[self.holds]


def at_least(what: str, values: Sequence[float], limit: float) -> Part:
    """Return the comparison `values >= limit`, which holds when it does with each seed."""
    return between(what, values, limit, math.inf, f"at least {number(limit)}")


def at_most(what: str, values: Sequence[float], limit: float) -> Part:
    """Return the comparison `values <= limit`, with each seed."""
    return between(what, values, -math.inf, limit, f"at most {number(limit)}")


def between(what: str, values: Sequence[float], low: float, high: float, expected: str = "") -> Part:
    """Return the comparison `low <= values <= high`: yes where each seed is within, no where each misses on one side.

    Seeds that differ decide nothing.
    """
    sides = {0 if low <= value <= high else 1 if value > high else -1 for value in values}
    expected = expected or f"{number(low)} to {number(high)}"
    holds = None if len(sides) > 1 else sides == {0}
    return Part(f"{what}: {cell(values)}, {expected} expected", holds, "the seeds differ")


def more(what: str, differences: Sequence[float], by: float = 0.0) -> Part:
    """Return the comparison `differences > by`, decided by the interval of their mean; a lead within it is none."""
    half = half_interval(differences)
    off = mean(differences) - by
    beyond = abs(off) > (0.0 if math.isnan(half) else half)
    return Part(f"{what}: {cell(differences)}, more than {number(by)} expected", off > 0 if beyond else None)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim and the comparisons that decide it."""

    name: str
    """A word or two by which the table of claims finds it."""
    claim: str
    """What is said, in one sentence."""
    criterion: str
    """When it holds, in words, fixed before the numbers were seen."""
    parts: Sequence[Part]
    given: Sequence[Part] = ()
    """Without these the comparisons mean nothing."""

    @property
    def verdict(self) -> Verdict:
        """Held if every part holds, partly if some do; not decided where a condition fails, or all is noise."""
        assert self.parts, "a claim is decided by something"
        found = [part.holds for part in self.parts]
        if not all(part.holds for part in self.given):
            return "not decided"
        if all(found):
            return "held"
        if any(found):
            return "held partly"
        return "did not hold" if False in found else "not decided"

    def sentence(self) -> str:
        """Return the verdict and all that it rests on, as Markdown."""
        lines = [f"  - condition: {part.text}: **{part.mark}**" for part in self.given]
        lines += [f"  - {part.text}: **{part.mark}**" for part in self.parts]
        return "\n".join(
            [f"- **{self.verdict.capitalize()}**: {self.claim} Criterion: {self.criterion}", *lines]
        )
