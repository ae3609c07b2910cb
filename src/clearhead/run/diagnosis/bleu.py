"""A BLEU that says nothing: always the same, or near zero however well the model predicts."""

import math

from clearhead.run.diagnosis.finding import Finding
from clearhead.run.diagnosis.history import History, Record

_ROUND = 4
"""Validations in a row."""
_NOTHING = 1.0
"""BLEU of chance agreement."""
_PERFECT = 99.0
_SURE = 0.2
"""Part of the loss of guessing among all tokens alike; with 32,000 tokens it is a perplexity of 8. A model that is
that sure of the references translates."""
_STANDS = 0.98
"""A loss that is still above this part of what it was four validations before has stopped falling."""


def stuck_bleu(history: History) -> Finding | None:
    """Find a BLEU that does not move: tied, or near zero where it should not be."""
    records = [record for record in history.validations[-_ROUND:] if record.get("bleu_signature")]
    if len(records) < _ROUND:
        return None
    return _tied(history, records) or _near_zero(history, records)


def _tied(history: History, records: list[Record]) -> Finding | None:
    bleu = records[-1]["bleu"]
    if (
        any(round(record["bleu"], 2) != round(bleu, 2) for record in records)
        or not _NOTHING <= bleu < _PERFECT
    ):
        return None
    pairs = int(history.prepared.get("valid_pairs", 0))
    return Finding(
        name="tied BLEU",
        step=history.step,
        seen=f"BLEU was {bleu:.2f} in each of the last {_ROUND} validations, which {pairs:,} pairs measure",
        remedy='give more validation pairs, or choose by another score (training.select_by = "loss"); if the loss '
        "stands still too, the run is at its end",
    )


def _near_zero(history: History, records: list[Record]) -> Finding | None:
    if any(record["bleu"] >= _NOTHING for record in records):
        return None
    last = records[-1]
    guessing = math.log(max(2, int(history.prepared.get("vocab_size", 2))))
    if last["loss"] < _SURE * guessing:
        seen = f"BLEU is {last['bleu']:.2f}, though the perplexity is {last['perplexity']:.1f}"
        remedy = (
            "compare some translations with their references: they may be split into words in different ways "
            "(data.bleu_tokenize), or differ in letter case or script"
        )
    elif last["loss"] > _STANDS * records[0]["loss"]:
        seen = (
            f"BLEU is {last['bleu']:.2f} and the validation loss stands at {last['loss']:.2f} since step "
            f"{records[0]['step']:,}"
        )
        remedy = (
            "check that line n of the source file and of the target file belong together (clearhead prepare shows "
            "samples); then try another training.learning_rate"
        )
    else:
        return None
    return Finding(name="stuck BLEU", step=history.step, seen=seen, remedy=remedy)
