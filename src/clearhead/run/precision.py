"""The precision that a run learns in: the one that is set, or the faster one on this machine.

A processor with instructions for bf16 learns in it up to twice as fast as in fp32; one without takes two to many
times as long. No table of processors can know, so one layer of the run's own shape is timed in both.
"""

import time
from dataclasses import dataclass
from typing import Literal

import torch

from clearhead.config import ModelConfig, RunConfig
from clearhead.model.encoder import EncoderLayer
from clearhead.training.distributed import Group

Settled = Literal["fp32", "bf16"]

WORTHWHILE = 1.1
"""How many times as fast bf16 must be: it is coarser, and a smaller gain may be chance."""
_SHORT = 1e13
"""Operations of a run that one core completes within minutes: measuring would save less than it costs."""
_SECONDS = 1.0
"""Duration of the measurement, without the first round."""
_PASS = 2e9
"""Operations of a measured pass: hundredths of a second, so that both are measured many times, alternating."""
_LENGTH, _FEWEST_TOKENS = 20, 120


@dataclass(frozen=True)
class Choice:
    """The precision that a run learns in, and why."""

    precision: Settled
    reason: str = ""
    """Given for `auto`, and for bf16 where that is slow."""

    def __str__(self) -> str:
        """Return it in one line."""
        return f"{self.precision}, {self.reason}" if self.reason else self.precision


def settle(config: RunConfig, device: str, group: Group, *, begun: bool = False) -> Choice:
    """Return the precision that all processes of a run learn in, which the first one chooses.

    A run that was `begun` before keeps the precision it was given or chose then, and measures nothing.
    """
    setting = config.training.precision
    kept = Choice(setting) if begun and setting != "auto" else None
    choice = (kept or choose(config, device)) if group.leads else Choice("fp32")
    in_bf16 = group.most(int(group.leads and choice.precision == "bf16"))
    return choice if group.leads else Choice("bf16" if in_bf16 else "fp32")


def choose(config: RunConfig, device: str) -> Choice:
    """Return the precision that is set; for `auto` the faster one, measured where the device is a processor."""
    setting = config.training.precision
    kind = torch.device(device).type
    if setting != "auto":
        doubtful = setting == "bf16" and kind == "cpu" and _operations(config) >= _SHORT
        return (
            as_asked(*measure(config.model, config.training.tokens_of_batch // 2))
            if doubtful
            else Choice(setting)
        )
    if kind == "cuda":  # with emulation every GPU has it, some slowly
        able = torch.cuda.is_bf16_supported(including_emulation=False)
        return Choice("bf16", "which this GPU has") if able else Choice("fp32", "as this GPU has no bf16")
    if kind != "cpu":
        return Choice("fp32", f"as on {kind} it is not measured")
    if _operations(config) < _SHORT:
        return Choice("fp32", "not measured for so short a run")
    return faster(*measure(config.model, config.training.tokens_of_batch // 2))


def faster(fp32: float, bf16: float) -> Choice:
    """Return the choice that two measured times lead to."""
    if fp32 / bf16 >= WORTHWHILE:
        return Choice("bf16", f"measured {fp32 / bf16:.1f} times as fast as fp32")
    return Choice("fp32", f"as bf16 was measured to take {bf16 / fp32:.2f} times as long")


def as_asked(fp32: float, bf16: float) -> Choice:
    """Return bf16, which was set, with a remark where the two measured times show that it is slower here."""
    slower = (
        f"as asked, but measured to take {bf16 / fp32:.1f} times as long as fp32 here; auto takes the faster"
    )
    return Choice("bf16", slower if bf16 > fp32 else "")


def measure(model: ModelConfig, tokens: int) -> tuple[float, float]:
    """Return the seconds that a layer of this shape takes, forward and backward, in fp32 and in bf16.

    In turns, on one thread whatever the run has, and in the time that this thread had the processor: what is measured
    with several threads on a busy machine is how they wait for each other. No random draw of the caller's changes.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layer = EncoderLayer(model)
        weights = list(layer.parameters())
        most = int(_PASS / (6 * sum(weight.numel() for weight in weights)))
        rows = max(1, min(tokens, max(most, _FEWEST_TOKENS)) // _LENGTH)
        x, mask = torch.randn(rows, _LENGTH, model.d_model), torch.ones(rows, 1, _LENGTH, dtype=torch.bool)

        def timed(enabled: bool) -> float:
            started = time.thread_time()
            with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
                out = layer(x, mask)
            torch.autograd.grad(out.float().sum(), weights)
            return time.thread_time() - started

        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            first = timed(False), timed(True)  # it makes buffers
            if first[1] > _SECONDS:  # hopeless
                return first
            ends, fp32, bf16 = time.monotonic() + _SECONDS, timed(False), timed(True)
            while time.monotonic() < ends:
                fp32, bf16 = fp32 + timed(False), bf16 + timed(True)
        finally:
            torch.set_num_threads(threads)
    return fp32, bf16


def _operations(config: RunConfig) -> float:
    """Estimate the operations of a run on one process: six for each parameter and pair of tokens."""
    training = config.training
    tokens = training.max_steps * training.accumulate * training.tokens_of_batch // 2
    return 6.0 * config.model.num_parameters * tokens
