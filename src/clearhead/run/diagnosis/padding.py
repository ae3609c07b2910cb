"""Batches that are filled with padding."""

from clearhead.run.diagnosis.finding import Finding, percent
from clearhead.run.diagnosis.history import History

_WASTE = 0.2
"""Share of all positions, each of which costs as much as a token. Batches of like length have 2 to 6 %."""


def padding(history: History) -> Finding | None:
    """Find batches with much padding, which pairs of very different lengths cause."""
    share = float(history.prepared.get("padding_share", 0.0))
    if share <= _WASTE:
        return None
    training, data = history.config.training, history.config.data
    return Finding(
        name="padding",
        step=history.step,
        seen=f"{percent(share)} of the positions in the batches are padding",
        remedy=f"raise training.batch_tokens (now {training.batch_tokens:,}), so that more pairs of one length come "
        f"together, or leave out the longest pairs with a lower data.max_tokens (now {data.max_tokens})",
    )
