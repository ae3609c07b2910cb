"""What `training.batch_tokens = "auto"` finds on this GPU, and what activation checkpointing saves.

Usage: python -m benchmarks.gpu.memory [--device cuda] [--tokens 50000]
"""

import argparse
import resource

import torch

from clearhead.architectures.build import build
from clearhead.config import PRESETS, RunConfig
from clearhead.model.recomputing import recompute_layers
from clearhead.run import batch_size
from clearhead.run.machine import prepare_device
from clearhead.training.distributed import Group
from clearhead.training.loop import batch_loss


def most_memory(config: RunConfig, device: str, tokens: int, *, recomputed: bool) -> float:
    """Return the most gigabytes held in a forward and a backward pass; on a processor those of the process so far."""
    if device.startswith("cuda"):
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
    model = build(config.model).to(device)
    if recomputed:
        recompute_layers(model)
    batch = batch_size.batch_of(config.model.vocab_size, tokens, 25)
    batch_loss(model, batch, 0.1, "bf16").backward()
    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated(device) / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main() -> None:
    """Print a row for each preset."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tokens", type=int)
    arguments = parser.parse_args()
    on_gpu = arguments.device.startswith("cuda")
    tokens = arguments.tokens or (50_000 if on_gpu else 256)
    shapes = ("tiny", "base", "big") if on_gpu else ("tiny",)
    print(f'| {tokens:,} tokens, bf16 | memory, GB | with activation checkpointing | batch_tokens = "auto" |')
    print("|---|---|---|---|")
    for shape in shapes:
        config = RunConfig.from_dict(
            {
                "preset": shape,
                "tokenizer": {"vocab_size": 37_000 if on_gpu else 300},
                "training": {"batch_tokens": "auto", "precision": "bf16"},
            }
        )
        assert shape in PRESETS
        prepare_device(config.training, arguments.device)
        held = [most_memory(config, arguments.device, tokens, recomputed=again) for again in (False, True)]
        auto = batch_size.settle(config, arguments.device, Group())
        print(f"| {shape} | {held[0]:.2f} | {held[1]:.2f} | {auto:,} |", flush=True)


if __name__ == "__main__":
    main()
