"""Translations that are the source again."""

from collections.abc import Iterator

from clearhead.data.faults import IDENTICAL
from clearhead.run.diagnosis.finding import Finding, percent
from clearhead.run.diagnosis.history import History

_MORE = 0.05
"""Share of the translations above that of the references. One pair in fifty with equal sides is enough for a model to
copy several times as often as it should (Ott et al. 2018, Analyzing Uncertainty in Neural Machine Translation)."""
_FEWEST = 5
"""Sentences: of a small validation set one or two may be chance."""
_NEARLY_ALL = 0.9
"""Share of references that are their sources from which it is a fault of the validation set."""


def copying(history: History) -> Finding | None:
    """Find translations equal to their source beyond what the references have of it; or references that all are."""
    behaviour = (history.validations[-1] if history.validations else {}).get("behaviour") or {}
    if not behaviour.get("sentences"):
        return None
    copied, usual = float(behaviour["copied"]), float(behaviour["copied_references"])
    step, sentences = history.step, int(behaviour["sentences"])
    if usual >= _NEARLY_ALL:
        return Finding(
            name="copying",
            step=step,
            seen=f"{percent(usual)} of the validation references are equal to their source",
            remedy="check that source and target are not the same file or column; BLEU of copying says nothing",
        )
    if copied - usual < _MORE or (copied - usual) * sentences < _FEWEST:
        return None
    return Finding(
        name="copying",
        step=step,
        seen=f"{percent(copied)} of the validation translations are equal to their source, and {percent(usual)} of the "
        "references",
        remedy=" ".join(_remedies(history)),
    )


def _remedies(history: History) -> Iterator[str]:
    faults = [report["faults"].get(IDENTICAL, {}) for report in history.report]
    kept = sum(entry["count"] for entry in faults if entry and not entry.get("left_out"))
    pairs = sum(int(report["pairs_kept"]) for report in history.report)
    if kept:
        yield f"{kept:,} of {pairs:,} training pairs have two equal sides: leave them out with drop_identical = true"
        yield "under [data.filters], in another --out"
    else:
        yield "look for untranslated text among the training pairs (clearhead prepare shows samples of what it finds)"
