"""The engines under a step of several processes: DDP, where each holds everything, and FSDP, where each holds a share.

Both act on the forward of a module, so a pass as a whole is the forward of one (`Pass`). Gradients are summed, never
averaged: the loss is divided by the target tokens of all processes.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from clearhead.config.training import Sharding
from clearhead.model.sequence_model import SequenceModel
from clearhead.training import sharding
from clearhead.training.distributed import ALONE, Group
from clearhead.training.transfer import numbers

Loss = Callable[[SequenceModel], Tensor]
"""The loss of a batch as a function of the model."""


class Pass(nn.Module):
    """A pass of a model up to its loss, as the one forward that an engine watches."""

    def __init__(self, model: SequenceModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, loss: Loss) -> Tensor:
        """Return the loss of the model."""
        return loss(self.model)


class Engine:
    """A model whose gradients are those of all processes; with one process, the model as it is."""

    def __init__(self, model: SequenceModel, group: Group = ALONE, kind: Sharding = "ddp") -> None:
        """Take the model over: with `fsdp` its parameters become shares of what they were."""
        self.group = group
        self.is_sharded = kind == "fsdp" and group.size > 1
        self._pass: nn.Module = Pass(model)
        self._sums: list[dist.Work] = []
        if self.is_sharded:
            sharding.shard(self._pass, model, group)

    def learn(
        self,
        losses: Sequence[tuple[Loss, float]],
        parameters: list[nn.Parameter],
        most: float,
        meanwhile: Callable[[], None] | None = None,
    ) -> tuple[float, float]:
        """Leave the gradients of the losses of all processes, each divided as told, scaled down to a norm of `most`.

        Returns their norm before (0 for `most`: any norm will do), and the sum of all losses. `meanwhile` is done
        between telling a GPU what to compute and waiting for it; what it exchanges goes another way than the gradients.
        """
        values = self._begin(losses)
        divisors = [divisor for _, divisor in losses]
        most, alone = most or math.inf, self.group.size == 1
        if meanwhile and not alone:  # before the first wait, which is for the sums of all
            meanwhile()
        self._finish()
        if self.is_sharded:
            return self._clip_shares(parameters, most, values, divisors)
        norm = torch.nn.utils.clip_grad_norm_(parameters, most)
        if meanwhile and alone:
            meanwhile()
        *sums, of_all = numbers([*values, norm])  # the one place of a step that waits for the device
        (loss,) = self.group.total(_sum(sums, divisors))
        return of_all, loss

    def _begin(self, losses: Sequence[tuple[Loss, float]]) -> list[Tensor]:
        """Begin to add up the gradients of the losses of all processes, each divided as told; return the losses here.

        Every process passes as many. DDP exchanges gradients during the last backward pass, bucket by bucket, while
        the rest is still computed (Li et al. 2020); FSDP does so in each pass, to hold no more than a share of them.
        """
        if self.group.size > 1 and not self.is_sharded and isinstance(self._pass, Pass):
            self._pass = self._over_all(self._pass, losses[0][0])
        values: list[Tensor] = []
        for number, (loss, divisor) in enumerate(losses, start=1):
            with self._without_exchange(number < len(losses)):
                value: Tensor = self._pass(loss)
                (value / divisor).backward()  # type: ignore[no-untyped-call]
            values.append(value.detach())
        return values

    def _finish(self) -> None:
        """Wait until the gradients are those of all."""
        for work in self._sums:
            self.group.finish(work)
        self._sums.clear()

    @torch.no_grad()
    def _clip_shares(
        self, parameters: list[nn.Parameter], most: float, values: list[Tensor], divisors: list[float]
    ) -> tuple[float, float]:
        """Scale the shares of the gradients; return the norm of all before, and the loss of all."""
        gradients = [sharding.here(p.grad) for p in parameters if p.grad is not None]
        squares_here = [gradient.square().sum(dtype=torch.float64) for gradient in gradients]
        found = numbers([*(value.double() for value in values), *squares_here])  # one wait for the device
        squares, loss = self.group.total(sum(found[len(values) :]), _sum(found[: len(values)], divisors))
        norm = math.sqrt(squares)
        torch._foreach_mul_(gradients, min(1.0, most / (norm + 1e-6)))
        return norm, loss

    def whole(self, tensor: Tensor) -> Tensor:
        """Return all of a parameter, or of what has its shape; where it is sharded, every process has to ask."""
        return sharding.whole(tensor, self.group) if self.is_sharded else tensor

    def _over_all(self, alone: Pass, loss: Loss) -> DistributedDataParallel:
        """Wrap the model for DDP, knowing from a first pass which parameters have a part in it.

        After its first pass DDP arranges its buckets anew, and where a number lies in its bucket decides in which order
        three and more processes add it up. So that a run that is resumed adds up as one that was not interrupted, a
        pass that counts for nothing comes first.
        """
        (alone(loss) / math.inf).backward()
        idle = [name for name, p in alone.named_parameters() if p.requires_grad and p.grad is None]
        alone.zero_grad()
        tables = [name for name, _ in alone.named_buffers()]  # the same everywhere
        untyped: Any = DistributedDataParallel
        untyped._set_params_and_buffers_to_ignore_for_model(alone, idle + tables)
        ddp = DistributedDataParallel(
            alone,
            process_group=self.group.of_gradients,
            init_sync=False,  # the run has done that, with what the optimiser remembers
            gradient_as_bucket_view=True,
        )
        ddp.register_comm_hook(None, self._sum)
        self._pass = ddp
        self._begin([(loss, math.inf)])
        self._finish()
        alone.zero_grad()
        return ddp

    def _sum(
        self,
        state: None,
        bucket: dist.GradBucket,  # type: ignore[name-defined]  # DDP looks at this name
    ) -> torch.futures.Future[Tensor]:
        """Begin to sum a bucket in place, and do not wait: DDP would be deaf to signals meanwhile."""
        gradients = bucket.buffer()
        work = dist.all_reduce(gradients, dist.ReduceOp.SUM, self.group.of_gradients, async_op=True)
        assert work is not None, "a member of the group gets something to wait for"
        self._sums.append(work)
        begun: torch.futures.Future[Tensor] = torch.futures.Future()
        begun.set_result(gradients)
        return begun

    def _without_exchange(self, without: bool) -> AbstractContextManager[Any]:
        if without and isinstance(self._pass, DistributedDataParallel):
            return self._pass.no_sync()
        return nullcontext()


def _sum(values: Sequence[float], divisors: Sequence[float]) -> float:
    """Add up losses in their order, each divided; plainly, since `sum` rounds otherwise from Python 3.12 on."""
    total = 0.0
    for value, divisor in zip(values, divisors, strict=True):
        total += value / divisor
    return total
