"""Learning rates as pure functions of the step, which counts from 1 (§5.3)."""

import math

from clearhead.config import ScheduleName


def noam(step: int, d_model: int, warmup_steps: int) -> float:
    """Return d_model^-0.5 * min(step^-0.5, step * warmup_steps^-1.5): Eq. 3 of the paper."""
    return float(d_model**-0.5 * min(step**-0.5, step * warmup_steps**-1.5))


def inverse_sqrt(step: int, warmup_steps: int) -> float:
    """Rise in a line to 1 at `warmup_steps`, then fall as 1 / sqrt(step)."""
    return float(min(step / warmup_steps, (warmup_steps / step) ** 0.5))


def cosine(step: int, warmup_steps: int, max_steps: int) -> float:
    """Rise in a line to 1, then fall along half a cosine to 0 at `max_steps` (Loshchilov & Hutter 2017)."""
    if step < warmup_steps:
        return step / warmup_steps
    progress = (step - warmup_steps) / max(1, max_steps - warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


def constant(step: int, warmup_steps: int) -> float:
    """Rise in a line to 1 and stay."""
    return min(1.0, step / warmup_steps)


def learning_rate(
    name: ScheduleName, step: int, *, scale: float, d_model: int, warmup_steps: int, max_steps: int
) -> float:
    """Return the rate of a step: `scale` times the named curve (noam's peak depends on d_model)."""
    match name:
        case "noam":
            return scale * noam(step, d_model, warmup_steps)
        case "inverse_sqrt":
            return scale * inverse_sqrt(step, warmup_steps)
        case "cosine":
            return scale * cosine(step, warmup_steps, max_steps)
        case "constant":
            return scale * constant(step, warmup_steps)
