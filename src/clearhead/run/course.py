"""How long a run is: in words at its start, and when it has ended."""

from clearhead.config import TrainingConfig
from clearhead.run.milestones import patience_is_over


def last_step(training: TrainingConfig, per_epoch: float) -> int:
    """Return the last step of a run that takes `per_epoch` steps per epoch, unless patience ends it sooner."""
    epochs = training.max_epochs
    return min(training.max_steps, round(epochs * per_epoch)) if epochs else training.max_steps


def course(training: TrainingConfig, per_epoch: float) -> str:
    """Say how many steps and epochs a run takes, and what may end it sooner."""
    last = last_step(training, per_epoch)
    epochs = last / per_epoch
    length = f"{_rounded(per_epoch)} step{'' if per_epoch == 1 else 's'}"
    distance = f"up to step {last:,}: about {_rounded(epochs)} epochs of {length}"
    steps = training.patience * training.valid_every
    if not 0 < steps < last:
        return distance
    return f"{distance}; it ends sooner after {training.patience} validations ({steps:,} steps) without a new best"


def _rounded(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 else f"{number:.1f}".removesuffix(".0")


def warmup_note(training: TrainingConfig, per_epoch: float) -> tuple[str, ...]:
    """Warn where the run ends before the learning rate has risen to its peak; empty where it does not."""
    last = last_step(training, per_epoch)
    if training.warmup_steps <= last:
        return ()
    return (
        f"training.warmup_steps is {training.warmup_steps:,}, but the run ends at step {last:,}, so the learning rate "
        f"reaches only {100 * last / training.warmup_steps:.0f} % of its peak; set training.warmup_steps to "
        f"{max(1, last // 10):,}",
    )


def ending(training: TrainingConfig, step: int, stale: int, *, epochs_over: bool) -> str:
    """Say why a run has ended, `stale` validations after the last best; empty where it has not ended."""
    if patience_is_over(training, stale):
        return f"no new best in {stale} validations (training.patience)"
    if step >= training.max_steps:
        return f"its last step, {step:,} (training.max_steps)"
    return f"its last epoch, {training.max_epochs:,} (training.max_epochs)" if epochs_over else ""


def going_on(training: TrainingConfig, step: int, stale: int, model: object) -> str:
    """Say how to train further after a run that has ended, whose model is at `model`."""
    if patience_is_over(training, stale):
        return f"continue with --resume --training.patience above {training.patience}, or 0 for no limit"
    if step < training.max_steps:
        return f"continue with --resume --training.max-epochs above {training.max_epochs}"
    if training.schedule == "cosine":  # its curve is at 0 there, and would have been another
        return f"train further from its model in another run: --init {model} --out NEW"
    return f"continue with --resume --training.max-steps above {training.max_steps}"
