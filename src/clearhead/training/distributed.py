"""Several processes that learn as one: each has the whole model and a share of every step.

    clearhead train --workers 2 --config run.toml ...
    torchrun --nnodes 4 ... -m clearhead train --config run.toml ...     # over several machines

A step takes `accumulate` batches for each process; gradients are summed over all of them and divided by the
target tokens of all, so that two processes take the steps of one that accumulates twice as many batches.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import nn

from clearhead.errors import ConfigError, WorkerError

_PATIENCE = timedelta(days=1)
"""While the first process validates or prepares text the others wait; whoever started them ends them where it dies."""


@dataclass(frozen=True)
class Group:
    """The processes of a run; of one process every method is free."""

    rank: int = 0
    size: int = 1
    neighbours: int = 1
    """How many of them share this machine."""
    device: str = "cpu"
    """Where they exchange numbers."""

    @classmethod
    def join(cls, device: str = "auto") -> "Group":
        """Meet the processes that were started with this one, as the environment tells; a group of one where none were.

        On GPUs each takes the one of its local rank. Raises ConfigError for half an environment.
        """
        if int(os.environ.get("WORLD_SIZE", "1")) == 1:
            return cls()
        missing = [
            name for name in ("RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT") if name not in os.environ
        ]
        if missing:
            raise ConfigError(
                f"WORLD_SIZE is set but {', '.join(missing)} is not; start several processes with --workers or "
                "torchrun, or unset it"
            )
        on_gpu = device.startswith("cuda") or (device == "auto" and torch.cuda.is_available())
        if on_gpu:
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        if not dist.is_initialized():
            dist.init_process_group("nccl" if on_gpu else "gloo", timeout=_PATIENCE)
        neighbours = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        return cls(dist.get_rank(), dist.get_world_size(), neighbours, "cuda" if on_gpu else "cpu")

    @property
    def leads(self) -> bool:
        """Whether this process validates, saves and speaks for all."""
        return self.rank == 0

    def leave(self) -> None:
        """Part from the others."""
        if self.size > 1:
            dist.destroy_process_group()

    def wait(self) -> None:
        """Go on when every process has come here."""
        self.most(0)

    def most(self, number: int) -> int:
        """Return the largest of the numbers that the processes bring."""
        if self.size == 1:
            return number
        brought = torch.tensor(number, device=self.device)
        _reduce(brought, dist.ReduceOp.MAX)
        return int(brought.item())

    def add_up(self, parameters: Iterable[nn.Parameter], loss: float) -> float:
        """Sum the gradients of all processes, in place, and return the sum of their losses."""
        if self.size == 1:
            return loss
        learning = list(parameters)
        for parameter in learning:
            if parameter.grad is None:  # no batch was left for this process
                parameter.grad = torch.zeros_like(parameter)
        gradients = [parameter.grad.flatten() for parameter in learning if parameter.grad is not None]
        total = torch.cat([*gradients, torch.tensor([loss]).to(gradients[0])])
        _reduce(total, dist.ReduceOp.SUM)
        parts = torch.split(total[:-1], [gradient.numel() for gradient in gradients])
        for parameter, part in zip(learning, parts, strict=True):
            parameter.grad = part.view_as(parameter)
        return total[-1].item()


def _reduce(numbers: torch.Tensor, how: dist.ReduceOp.RedOpType) -> None:
    """Put what all processes have together, in place."""
    try:
        dist.all_reduce(numbers, how)
    except RuntimeError as error:  # of the backend: nobody is at the other end
        raise WorkerError(
            "one of the processes that train together ended, most likely for want of memory; go on with --resume"
        ) from error
