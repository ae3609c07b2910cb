"""All that may go wrong in a run, looked for in its log."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from clearhead.run.diagnosis.attention import collapsed_attention
from clearhead.run.diagnosis.bleu import stuck_bleu
from clearhead.run.diagnosis.copying import copying
from clearhead.run.diagnosis.divergence import divergence
from clearhead.run.diagnosis.finding import Finding
from clearhead.run.diagnosis.history import History, Record
from clearhead.run.diagnosis.lengths import lengths
from clearhead.run.diagnosis.overlap import overlap
from clearhead.run.diagnosis.padding import padding
from clearhead.run.diagnosis.speed import speed
from clearhead.run.diagnosis.spikes import spikes
from clearhead.run.diagnosis.waiting import waiting


class Check(Protocol):
    """Looks for one thing in what is known of a run."""

    def __call__(self, history: History) -> Finding | None: ...


CHECKS: tuple[Check, ...] = (
    divergence,
    spikes,
    collapsed_attention,
    overlap,
    copying,
    lengths,
    stuck_bleu,
    waiting,
    padding,
    speed,
)
"""In the order of their gravity."""


def diagnose(history: History) -> Iterator[Finding]:
    """Yield what goes wrong in a run, the gravest first."""
    for check in CHECKS:
        finding = check(history)
        if finding:
            yield finding


@dataclass
class Watch:
    """What was logged of a run so far; it tells of each finding once, however often the run is resumed."""

    history: History

    def hear(self, record: Record) -> Iterator[Finding]:
        """Note a line of the log; yield what it is the first to show."""
        self.history = self.history.with_record(record)
        told = {finding.name for finding in self.history.findings}
        for finding in diagnose(self.history):
            if finding.name not in told:
                told.add(finding.name)
                self.history = self.history.with_finding(finding)
                yield finding


def in_words(history: History) -> Mapping[str, str]:
    """Return each finding by its name, in words: those that hold now, and those of the log that hold no longer."""
    now = {finding.name: f"{finding.seen}; {finding.remedy}" for finding in diagnose(history)}
    before = {
        finding.name: f"at step {finding.step:,}, no longer: {finding.seen}"
        for finding in history.findings
        if finding.name not in now
    }
    return now | before
