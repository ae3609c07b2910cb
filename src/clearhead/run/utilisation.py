"""Which share of a GPU's peak a run computes with: model FLOPs utilisation (Chowdhery et al. 2022, §4.1)."""

import re

from clearhead.config import RunConfig
from clearhead.model.operations import flops_per_token
from clearhead.run.machine import Machine

PEAKS: dict[tuple[str, ...], float] = {
    ("A30",): 165e12,
    ("A100",): 312e12,
    ("H100", "PCIe"): 756e12,
    ("H100", "NVL"): 835e12,
    ("H100", "HBM3"): 989e12,
    ("H200", "NVL"): 835e12,
    ("H200",): 989e12,
    ("L40S",): 362e12,
}
"""Operations a second of the matrix units in bf16, dense, by words of the GPU's name (NVIDIA's data sheets, which give
twice as much for sparse matrices); the more words first. In TF32 it is half."""


def peak(machine: Machine, precision: str) -> float:
    """Return the operations a second that a GPU can reach at most; 0 where that is not known."""
    words = set(re.split(r"[\s-]+", machine.accelerator))
    names = sorted((name for name in PEAKS if words.issuperset(name)), key=len)
    return PEAKS[names[-1]] / (1 if precision == "bf16" else 2) if names else 0.0


def utilisation(
    config: RunConfig, machine: Machine, length: float, tokens_per_second: float
) -> dict[str, float]:
    """Return {"mfu": share of the peak} for a speed in target tokens of all processes; empty where no peak is known.

    The operations are those that `clearhead plan` counts for sentences of the mean length; what is computed again
    for activation checkpointing is not counted, nor is padding.
    """
    most = peak(machine, config.training.precision) * machine.processes
    if not most:
        return {}
    r_drop = bool(config.training.r_drop)
    done = flops_per_token(config.model, max(1, round(length)), r_drop=r_drop) * tokens_per_second
    return {"mfu": round(done / most, 4)}
