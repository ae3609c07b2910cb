"""Devices that run a trained model: which there are, and in which precision they search."""

from contextlib import AbstractContextManager, nullcontext
from typing import Literal

import torch

from clearhead.errors import ConfigError

Precision = Literal["fp32", "bf16"]


def device_named(name: str) -> str:
    """Return the device that a name means here: of `auto` a GPU if there is one.

    Raises ConfigError for a device that there is not, or that cannot be used here.
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError, TypeError, NotImplementedError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise ConfigError(f"the device {name!r} cannot be used here ({reason}); use 'cpu'") from None
    return name


def search_precision(device: str) -> Precision:
    """Return bf16 for a GPU with units for it, whose searches are then faster; else fp32.

    Sums, norms and probabilities stay in fp32. A translation may differ where two tokens are nearly as likely.
    """
    if torch.device(device).type != "cuda" or not torch.cuda.is_bf16_supported(including_emulation=False):
        return "fp32"
    return "bf16"


def computing(device: torch.device, precision: Precision) -> AbstractContextManager[None]:
    """Return the surroundings in which a model computes in a precision, its weights staying as they are."""
    return torch.autocast(device.type, torch.bfloat16) if precision == "bf16" else nullcontext()
