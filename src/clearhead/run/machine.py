"""What a run is trained on."""

import platform
from typing import Any

import torch

from clearhead.config import TrainingConfig
from clearhead.data.processes import available_cores
from clearhead.errors import ConfigError
from clearhead.training.allocator import keep_freed_memory
from clearhead.training.distributed import Group


def machine(device: str, group: Group) -> dict[str, Any]:
    """Return what exact repetition depends on."""
    return {
        "processes": group.size,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "device": device,
        "processor": platform.processor() or platform.machine(),
    }


def prepare_machine(config: TrainingConfig, group: Group) -> None:
    """Share the processor among the processes on it, and keep freed memory."""
    keep_freed_memory()
    torch.set_num_threads(config.threads or max(1, available_cores() // group.neighbours))


def device_of(name: str) -> str:
    """Return the device that a name means here; raise ConfigError where it cannot be used."""
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"training.device is {name!r}, which cannot be used here ({reason}); try auto"
        ) from None
    return name
