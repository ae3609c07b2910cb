"""The machine that a run is trained on."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import torch

from clearhead.config import TrainingConfig
from clearhead.data.processes import available_cores
from clearhead.errors import ConfigError
from clearhead.training.allocator import keep_freed_memory
from clearhead.training.distributed import Group


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What exact repetition depends on."""

    processes: int
    torch: str
    """Its version."""
    threads: int
    device: str
    processor: str

    @classmethod
    def of(cls, device: str, group: Group) -> Self:
        """Return what this process runs on."""
        return cls(
            processes=group.size,
            torch=torch.__version__,
            threads=torch.get_num_threads(),
            device=device,
            processor=platform.processor() or platform.machine(),
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return what a checkpoint says of the machine; what this release does not know is ignored."""
        return cls(**{fact.name: values[fact.name] for fact in fields(cls)})


def prepare_machine(config: TrainingConfig, group: Group) -> None:
    """Share the cores among the processes on this machine, and keep freed memory."""
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
            f"training.device {name!r} cannot be used on this machine ({reason}); use auto"
        ) from None
    return name
