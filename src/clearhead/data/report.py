"""The account of what reading a corpus found."""

from dataclasses import asdict, dataclass, field
from typing import Any, Self

from clearhead.corpora.pair import Pair

SAMPLES, _SHOWN = 5, 1000
"""Places of a fault that are kept, and characters of a side."""


@dataclass
class FaultCount:
    """How often a fault was met, and the first places."""

    count: int = 0
    left_out: bool = False
    """Whether this fault leaves pairs out."""
    lost: int = 0
    """Where it does not: how many of its pairs another fault left out."""
    samples: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class CorpusReport:
    """What reading a corpus found."""

    name: str
    source_lang: str = ""
    target_lang: str = ""
    pairs_read: int = 0
    pairs_kept: int = 0
    src_characters: int = 0
    """Of the pairs kept, after normalisation."""
    tgt_characters: int = 0
    faults: dict[str, FaultCount] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """How its files were understood where that is not plain."""

    def count(self, fault: str, pair: Pair, *, left_out: bool, lost: bool = False) -> None:
        """Count a fault and keep the first few places of it."""
        entry = self.faults.setdefault(fault, FaultCount(left_out=left_out))
        entry.count += 1
        entry.lost += lost and not left_out
        if len(entry.samples) < SAMPLES:
            sides = {"src": pair.src[:_SHOWN], "tgt": pair.tgt[:_SHOWN]}
            entry.samples.append({"file": pair.file, "line": pair.line, **sides})

    def add(self, other: "CorpusReport") -> None:
        """Add what was found in the pairs that follow."""
        self.pairs_read += other.pairs_read
        self.pairs_kept += other.pairs_kept
        self.src_characters += other.src_characters
        self.tgt_characters += other.tgt_characters
        for fault, more in other.faults.items():
            entry = self.faults.setdefault(fault, FaultCount(left_out=more.left_out))
            entry.count += more.count
            entry.lost += more.lost
            entry.samples += more.samples[: SAMPLES - len(entry.samples)]

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Return what `to_dict` was made of."""
        faults = {fault: FaultCount(**entry) for fault, entry in values["faults"].items()}
        return cls(**{**values, "faults": faults})

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)
