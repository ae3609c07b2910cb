"""A loss that jumps: one batch, or one step that was too long, undoes what was learned."""

from collections.abc import Iterator, Sequence
from statistics import median

from clearhead.run.diagnosis.finding import Finding
from clearhead.run.diagnosis.history import History, Record

_WINDOW = 10
"""Logged steps that a loss is compared with; fewer say little of how it scatters."""
_JUMP = 1.0
"""Nats above their median: a token has become e times less probable. Healthy runs scatter by a third of that."""
_SCATTER = 6.0
"""Times the usual deviation from the median: batches of short and of long sentences differ, too."""
_SKIPPED = 3
"""Steps without a finite loss; one or two are told when they happen, and a run survives them."""


def spikes(history: History) -> Finding | None:
    """Find logged losses far above those before, and steps that were skipped."""
    jumps = list(_jumps(history.steps))
    if not jumps and len(history.skipped) < _SKIPPED:
        return None
    seen = []
    if jumps:
        before, record = jumps[0]
        more = f", and {len(jumps) - 1} times more" if len(jumps) > 1 else ""
        seen.append(
            f"the loss rose from {before:.2f} to {record['loss']:.2f} at step {record['step']:,}{more}"
        )
    if len(history.skipped) >= _SKIPPED:
        seen.append(f"{len(history.skipped)} steps were skipped because loss or gradient was not finite")
    training = history.config.training
    return Finding(
        name="loss spikes",
        step=history.step,
        seen=" and ".join(seen),
        remedy=f"lower training.learning_rate (now {training.learning_rate:g}), or raise training.warmup_steps (now "
        f"{training.warmup_steps:,})" + ("" if training.clip_norm else ", or set training.clip_norm = 1"),
    )


def _jumps(steps: Sequence[Record]) -> Iterator[tuple[float, Record]]:
    """Yield the logged steps whose loss jumps, each with the median before it."""
    losses = [float(record["loss"]) for record in steps]
    for place in range(_WINDOW, len(losses)):
        window = losses[place - _WINDOW : place]
        middle = median(window)
        scatter = 1.5 * median(abs(loss - middle) for loss in window)
        if losses[place] - middle > max(_JUMP, _SCATTER * scatter):
            yield middle, steps[place]
