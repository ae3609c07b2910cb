"""FSDP2 (Zhao et al. 2023; Zheng et al. 2024): every process holds a share of each parameter and of what belongs to it.

What a layer needs is gathered when its turn comes and let go after it. PyTorch's part for it is loaded where it is
used: it takes longer than all the rest of a start.
"""

import warnings
from typing import Any, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn

from clearhead.model.sequence_model import SequenceModel
from clearhead.training.distributed import Group


def shard(passing: nn.Module, model: SequenceModel, group: Group) -> None:
    """Leave this process its share of a model's parameters, and let the forward of `passing` gather them.

    Keys and values of the memory are computed for all layers before the decoder begins, so attention to it is gathered
    apart from its layer. A model without such layers is gathered as one.
    """
    from torch.distributed.device_mesh import DeviceMesh
    from torch.distributed.fsdp import FSDPModule, fully_shard, register_fsdp_forward_method

    # Keys and values are views, which nothing of ours changes in place.
    warnings.filterwarnings("ignore", message="FSDP2-wrapped module .* returned a view tensor")
    device = model.device.type
    mesh = DeviceMesh.from_group(group.of_gradients, device)
    units: list[nn.Module] = []
    for layer in _layers(model):
        attention = getattr(layer, "cross_attention", None)
        if attention is not None:
            units.append(attention)
            fully_shard(attention, mesh=mesh)
            register_fsdp_forward_method(attention, "keys_values")
        units.append(layer)
        fully_shard(layer, mesh=mesh)
    fully_shard(passing, mesh=mesh)
    for unit in (*units, passing):
        sharded = cast(FSDPModule, unit)
        sharded.set_gradient_divide_factor(1.0)
        sharded.set_force_sum_reduction_for_comms(True)
        if device == "cpu":
            sharded.set_custom_all_gather(cast(Any, _Gather(group)))
            sharded.set_custom_reduce_scatter(cast(Any, _Scatter(group)))


def _layers(model: SequenceModel) -> list[nn.Module]:
    stacks = (getattr(model, "encoder", None), getattr(model, "decoder", None))
    return [layer for stack in stacks for layer in getattr(stack, "layers", ())]


class _Exchange:
    """An exchange of FSDP between processors, within reach of signals."""

    def __init__(self, group: Group) -> None:
        self.group = group

    def allocate(self, size: Any, *, dtype: torch.dtype, device: torch.device) -> Tensor:
        """Return room for what comes."""
        return torch.empty(*size, dtype=dtype, device=device)


class _Gather(_Exchange):
    def __call__(
        self, output_tensor: Tensor, input_tensor: Tensor, group: Any, async_op: bool = False
    ) -> None:
        """Gather the shares of all."""
        begin: Any = (
            getattr(dist, "all_gather_single", None) or dist.all_gather_into_tensor
        )  # before torch 2.13
        self.group.finish(begin(output_tensor, input_tensor, group=group, async_op=True))


class _Scatter(_Exchange):
    def __call__(
        self, output_tensor: Tensor, input_tensor: Tensor, group: Any, op: Any, async_op: bool = False
    ) -> None:
        """Sum the gradients of all, and leave each its share.

        From a sum of everything: Gloo's own exchange of this kind does not say when it is done.
        """
        self.group.finish(dist.all_reduce(input_tensor, op, group, async_op=True))
        output_tensor.copy_(input_tensor.chunk(self.group.size)[self.group.rank])


def here(tensor: Tensor) -> Tensor:
    """Return what this process holds of a tensor: all of it, unless it is sharded."""
    return tensor.to_local() if hasattr(tensor, "to_local") else tensor


def whole(tensor: Tensor, group: Group) -> Tensor:
    """Gather all of a tensor; of one that is not sharded, that is itself."""
    if not hasattr(tensor, "to_local"):
        return tensor
    share, rows = here(tensor), -(-len(tensor) // group.size)
    mine = share.new_zeros(rows, *tensor.shape[1:])
    mine[: len(share)] = share
    shares = [torch.empty_like(mine) for _ in range(group.size)]
    group.finish(dist.all_gather(shares, mine, group.of_gradients, async_op=True))
    return torch.cat(shares)[: len(tensor)]


def placed_as(tensor: Tensor, parameter: Tensor) -> Tensor:
    """Return a whole tensor where a parameter of its shape is: a share of it, if the parameter is sharded."""
    tensor = tensor.to(parameter.device)
    if tensor.shape != parameter.shape or not hasattr(parameter, "to_local"):
        return tensor
    from torch.distributed.tensor import distribute_tensor

    layout: Any = parameter
    return distribute_tensor(tensor, layout.device_mesh, layout.placements, src_data_rank=None)
