"""Translations that are far shorter or longer than they should be."""

from clearhead.run.diagnosis.finding import Finding, percent
from clearhead.run.diagnosis.history import History

_SHORT, _LONG = 0.8, 1.3
"""Characters of the translations over those of the references. At 0.8 the brevity penalty alone takes 22 % of BLEU
(exp(1 - 1 / 0.8), Papineni et al. 2002); above 1.3 something is repeated."""
_EMPTY = 0.02
"""Share of translations without a character."""
_YOUNG = 0.95
"""A validation loss below this part of the one before is still falling: what a young model writes has any length."""


def lengths(history: History) -> Finding | None:
    """Find two validations in a row, of a model that has settled, whose translations have the wrong length."""
    before, now = ([{}, {}, *history.validations])[-2:]
    measured = [record.get("behaviour") or {} for record in (before, now)]
    if not all(behaviour.get("sentences") for behaviour in measured) or now["loss"] < _YOUNG * before["loss"]:
        return None
    ratios = [float(behaviour["length_ratio"]) for behaviour in measured]
    empty = min(float(behaviour["empty"]) for behaviour in measured)
    if max(ratios) < _SHORT:
        seen = f"the validation translations have {percent(ratios[-1])} of the characters of the references"
        remedy = (
            "look at some of them: cut-off sentences mean that training pairs do not belong together or are cut "
            "themselves (drop_ratio = true under [data.filters]); raise decoding.alpha if only the search shortens them"
        )
    elif min(ratios) > _LONG:
        seen = f"the validation translations have {ratios[-1]:.1f} times the characters of the references"
        remedy = (
            "look at some of them: words repeated without end mean that the model has learned too little (more steps, "
            "another training.learning_rate), or from pairs that do not belong together (drop_ratio = true under "
            "[data.filters])"
        )
    elif empty > _EMPTY:
        seen = f"{percent(empty)} of the validation translations are empty"
        remedy = (
            "look for targets that are empty or a single mark among the training pairs (clearhead prepare)"
        )
    else:
        return None
    return Finding(name="translation lengths", step=history.step, seen=seen, remedy=remedy)
