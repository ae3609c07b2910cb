"""Validation pairs that are learned: what is measured on them says nothing of other text."""

from clearhead.data.faults import OVERLAP
from clearhead.run.diagnosis.finding import Finding, percent
from clearhead.run.diagnosis.history import History

_MANY = 0.01
"""Of the validation pairs: short everyday sentences come twice in any large corpus."""


def overlap(history: History) -> Finding | None:
    """Find training pairs that were kept although they are in the validation set."""
    faults = [report["faults"].get(OVERLAP) for report in history.report]
    learned = sum(
        entry["count"] - entry.get("lost", 0) for entry in faults if entry and not entry["left_out"]
    )
    pairs = int(history.prepared.get("valid_pairs", 0))
    if not pairs or learned <= _MANY * pairs:
        return None
    return Finding(
        name="validation pairs that are learned",
        step=history.step,
        seen=f"{learned:,} training pairs are pairs of the validation set, which has {pairs:,} "
        f"({percent(learned / pairs)}), so that its figures are too good",
        remedy="start again, in another --out, with drop_overlap = true under [data.filters]",
    )
