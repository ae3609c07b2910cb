"""The machine that a run is trained on."""

import os
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
    accelerator: str = ""
    """Name of the GPU; empty without one."""

    @classmethod
    def of(cls, device: str, group: Group) -> Self:
        """Return what this process runs on."""
        return cls(
            processes=group.size,
            torch=torch.__version__,
            threads=torch.get_num_threads(),
            device=device,
            processor=platform.processor() or platform.machine(),
            accelerator=torch.cuda.get_device_name(device) if on_gpu(device) else "",
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return what a checkpoint says of the machine; what this release does not know is ignored."""
        return cls(**{fact.name: values[fact.name] for fact in fields(cls) if fact.name in values})


def prepare_machine(config: TrainingConfig, group: Group) -> None:
    """Share the cores among the processes on this machine, and keep freed memory."""
    keep_freed_memory()
    torch.set_num_threads(config.threads or max(1, available_cores() // group.neighbours))


def prepare_device(config: TrainingConfig, device: str) -> None:
    """Have a GPU multiply fp32 in its matrix units (TF32), and where asked use only deterministic algorithms.

    TF32 keeps 10 of the 23 bits of a factor and adds up in fp32. A processor does all this as it did.
    """
    if on_gpu(device):
        torch.set_float32_matmul_precision(
            "high"
        )  # the newer way to say so breaks torch.compile (pytorch#166387)
        if config.deterministic:
            os.environ.setdefault(
                "CUBLAS_WORKSPACE_CONFIG", ":4096:8"
            )  # cuBLAS reads it at its first product
            torch.use_deterministic_algorithms(True)


def on_gpu(device: str) -> bool:
    """Say whether a device is a GPU of CUDA."""
    return torch.device(device).type == "cuda"


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
