"""The honest sentence: a claim, the criterion fixed before the run, and what the numbers say of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from studies.spread import cell, number

Verdict = Literal["held", "held partly", "did not hold"]


@dataclass(frozen=True)
class Part:
    """One comparison of a claim: it holds when it holds with every seed."""

    text: str
    holds: bool


def at_least(what: str, values: Sequence[float], limit: float) -> Part:
    """Return the comparison `values >= limit`, with each seed."""
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

    @property
    def verdict(self) -> Verdict:
        """Held if every part holds, partly if some do, else not."""
        held = sum(part.holds for part in self.parts)
        assert self.parts, "a claim is decided by something"
        return "held" if held == len(self.parts) else "held partly" if held else "did not hold"

    def sentence(self) -> str:
        """Return the verdict and all that it rests on, as Markdown."""
        marks = {True: "yes", False: "no"}
        lines = [f"  - {part.text}: **{marks[part.holds]}**" for part in self.parts]
        return "\n".join(
            [f"- **{self.verdict.capitalize()}**: {self.claim} Criterion: {self.criterion}", *lines]
        )
