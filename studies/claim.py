"""The honest sentence: a claim, the criterion fixed before the run, and what the numbers say of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from studies.spread import cell, half_interval, mean, number

Verdict = Literal["held", "held partly", "did not hold", "not decided"]
MARKS = {True: "yes", False: "no", None: "within the noise"}


@dataclass(frozen=True)
class Part:
    """One comparison of a claim."""

    text: str
    holds: bool | None
    """None where the seeds are too few to tell."""


def at_least(what: str, values: Sequence[float], limit: float) -> Part:
    """Return the comparison `values >= limit`, which holds when it does with each seed."""
    return Part(
        f"{what}: {cell(values)}, at least {number(limit)} expected", all(value >= limit for value in values)
    )


def at_most(what: str, values: Sequence[float], limit: float) -> Part:
    """Return the comparison `values <= limit`, with each seed."""
    return Part(
        f"{what}: {cell(values)}, at most {number(limit)} expected", all(value <= limit for value in values)
    )


def between(what: str, values: Sequence[float], low: float, high: float) -> Part:
    """Return the comparison `low <= values <= high`, with each seed."""
    return Part(
        f"{what}: {cell(values)}, {number(low)} to {number(high)} expected",
        all(low <= value <= high for value in values),
    )


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
        lines = [f"  - condition: {part.text}: **{MARKS[part.holds]}**" for part in self.given]
        lines += [f"  - {part.text}: **{MARKS[part.holds]}**" for part in self.parts]
        return "\n".join(
            [f"- **{self.verdict.capitalize()}**: {self.claim} Criterion: {self.criterion}", *lines]
        )
