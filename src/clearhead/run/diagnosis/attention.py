"""Heads that look at one position only, whatever they read: the softmax is saturated, and learns no more."""

from clearhead.run.diagnosis.finding import Finding, percent
from clearhead.run.diagnosis.history import History

_NOTHING_LEFT = 0.02
"""Entropy as part of that of looking everywhere alike: the sharpest head of the default model keeps 0.07. Below, the
softmax has next to no gradient (Zhai et al. 2023, Stabilizing Transformer Training by Preventing Attention Entropy
Collapse)."""
_MANY = 0.2
"""Share of all heads: single ones that only look at the previous token are usual (Voita et al. 2019)."""


def collapsed_attention(history: History) -> Finding | None:
    """Find many heads without entropy in the last validation."""
    entropies = (history.validations[-1] if history.validations else {}).get("attention_entropy") or {}
    heads = [
        (f"{place}, head {head}", value) for place, row in entropies.items() for head, value in enumerate(row)
    ]
    collapsed = [name for name, value in heads if value < _NOTHING_LEFT]
    if len(collapsed) < 2 or len(collapsed) <= _MANY * len(heads):
        return None
    training, model = history.config.training, history.config.model
    named = "; ".join(collapsed[:3]) + ("; ..." if len(collapsed) > 3 else "")
    norm = ", or take model.norm = pre" if model.has("norm") and model.norm == "post" else ""
    return Finding(
        name="attention collapse",
        step=history.step,
        seen=f"{len(collapsed)} of {len(heads)} heads ({percent(len(collapsed) / len(heads))}) put all their weight on "
        f"one position: {named}",
        remedy=f"start again, in another --out, with a lower training.learning_rate (now {training.learning_rate:g}), "
        f"or with more training.warmup_steps (now {training.warmup_steps:,}){norm}",
    )
