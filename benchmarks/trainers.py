"""Ways to train one and the same Transformer, each as a process that trains for as long as it is told.

    python -m benchmarks.trainers WAY PAIRS [--shape tiny] [--precision fp32] [--threads 2] [--device cuda]

PAIRS is the .npz that `benchmarks.training` writes. The process prints `ready` after its first steps; for every line
with a number of seconds that it reads it takes steps for that long, and prints the target tokens that it learned
from (padding not counted), the seconds that this took, and the most bytes that it ever held. What belongs to
Clearhead is imported by its own way only: the others run where nothing but torch and transformers is installed.
"""

import argparse
import math
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

PAD, BOS, EOS = 0, 1, 2
DROPOUT, SMOOTHING, RATE = 0.3, 0.1, 1e-4
WARM_UP = 3
SHAPES = {
    "tiny": {"d_model": 128, "d_ff": 256, "heads": 4, "layers": 4},
    "base": {"d_model": 512, "d_ff": 2048, "heads": 8, "layers": 6},
    "big": {"d_model": 1024, "d_ff": 4096, "heads": 16, "layers": 6},
    "rehearsal": {"d_model": 32, "d_ff": 64, "heads": 2, "layers": 1},
}
Step = Callable[[], int]
"""Takes one step and returns the target tokens that it learned from, those of other processes included."""
Batches = Iterator[tuple[Tensor, Tensor, int]]
"""Source, target, and the target tokens of the whole step."""


@dataclass(frozen=True)
class Task:
    """What every way is given."""

    pairs: Path
    shape: dict[str, int]
    precision: str
    threads: int
    device: str = "cpu"

    def read(self) -> dict[str, Any]:
        """Return ids, offsets and the plan of batches."""
        return dict(np.load(self.pairs))


class Pairs:
    """Pairs of ids, in our own batches (of like length, under a token budget) or in random ones of a fixed size."""

    def __init__(self, task: Task) -> None:
        values = task.read()
        self.vocabulary = int(values["vocabulary"])
        self.srcs, self.tgts = (
            np.split(values[side], values[f"{side}_offsets"][1:-1]) for side in ("src", "tgt")
        )
        self.plan = np.split(values["plan"], values["plan_offsets"][1:-1])
        self.budget = int(values["budget"])

    def planned(self) -> Batches:
        """Yield our batches, without end; of several processes each takes its share of the rows."""
        rank, size = (
            int(os.environ.get(name, default)) for name, default in (("RANK", "0"), ("WORLD_SIZE", "1"))
        )
        while True:
            for rows in self.plan:
                if len(rows) >= size:
                    tokens = sum(len(self.tgts[row]) + 1 for row in rows)
                    yield *self._padded(np.array_split(rows, size)[rank]), tokens

    def at_random(self) -> Batches:
        """Yield random batches with, on the average, as many tokens as ours may have."""
        mean = np.mean([len(src) + len(tgt) + 3 for src, tgt in zip(self.srcs, self.tgts, strict=True)])
        size, order, draws = max(1, int(self.budget / mean)), list(range(len(self.srcs))), random.Random(0)
        while True:
            draws.shuffle(order)
            for start in range(0, len(order) - size, size):
                rows = order[start : start + size]
                yield *self._padded(rows), sum(len(self.tgts[row]) + 1 for row in rows)

    def _padded(self, rows: Any) -> tuple[Tensor, Tensor]:
        src = [[*self.srcs[row], EOS] for row in rows]
        tgt = [[BOS, *self.tgts[row], EOS] for row in rows]
        return tuple(  # type: ignore[return-value]
            torch.tensor([[*ids, *[PAD] * (max(map(len, side)) - len(ids))] for ids in side])
            for side in (src, tgt)
        )


def flops_per_target_token(shape: dict[str, int], vocabulary: int, src: Any, tgt: Any) -> float:
    """Return what a step must compute for each target token: three times the products of a forward pass, no padding.

    Lengths are those of every pair, [pairs], EOS counted. Products alone, two operations a multiplication; those of
    masked scores too (Kaplan et al. 2020 and others count so).
    """
    d, ff, layers = shape["d_model"], shape["d_ff"], shape["layers"]
    encoder = layers * (src * (4 * d * d + 2 * d * ff) + 2 * d * src**2)
    decoder = layers * (tgt * (6 * d * d + 2 * d * ff) + 2 * d * tgt**2)
    cross = layers * (src * 2 * d * d + 2 * d * src * tgt)
    return float(6 * (encoder + decoder + cross + tgt * d * vocabulary).sum() / tgt.sum())


def matrix_rate(device: str, precision: str) -> float:
    """Return the operations a second of a product of square matrices: the rate that nothing made of them can exceed."""
    size = 8192 if device == "cuda" else 2048
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    a, b = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    taken = []
    for _ in range(12):
        started = time.perf_counter()
        _ = a @ b
        if device == "cuda":
            torch.cuda.synchronize()
        taken.append(time.perf_counter() - started)
    return 2.0 * size**3 / sorted(taken)[len(taken) // 4]


def learn(task: Task, model: nn.Module, logits: Callable[[Tensor, Tensor], Tensor], batches: Batches) -> Step:
    """Return the step of a plain loop: logits, smoothed cross-entropy, gradients summed, clipped, fused Adam."""
    if task.device == "cuda":
        torch.set_float32_matmul_precision("high")
    model.to(task.device)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, betas=(0.9, 0.98), eps=1e-9, fused=True)
    model.train()
    several = int(os.environ.get("WORLD_SIZE", "1")) > 1
    if several:
        torch.distributed.init_process_group("nccl" if task.device == "cuda" else "gloo")

    def step() -> int:
        src, tgt, tokens = next(batches)
        src, tgt = src.to(task.device), tgt.to(task.device)
        optimizer.zero_grad()
        with torch.autocast(task.device, torch.bfloat16, enabled=task.precision == "bf16"):
            scores = logits(src, tgt[:, :-1])
        loss = F.cross_entropy(
            scores.flatten(0, 1).float(),
            tgt[:, 1:].flatten(),
            ignore_index=PAD,
            label_smoothing=SMOOTHING,
            reduction="sum",
        )
        (loss / tokens).backward()  # type: ignore[no-untyped-call]
        if several:
            gradients = [each.grad for each in model.parameters() if each.grad is not None]
            together = torch.cat([each.flatten() for each in gradients])
            torch.distributed.all_reduce(together)
            parts = torch.split(together, [each.numel() for each in gradients])
            for gradient, part in zip(gradients, parts, strict=True):
                gradient.copy_(part.view_as(gradient))
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return tokens

    return step


def transformers(task: Task, *, planned: bool, compiled: bool = False) -> Step:
    """MarianMT of transformers, with its own sums and dropout sites."""
    from transformers import MarianConfig, MarianMTModel

    pairs, shape = Pairs(task), task.shape
    config = MarianConfig(
        vocab_size=pairs.vocabulary,
        d_model=shape["d_model"],
        encoder_layers=shape["layers"],
        decoder_layers=shape["layers"],
        encoder_ffn_dim=shape["d_ff"],
        decoder_ffn_dim=shape["d_ff"],
        encoder_attention_heads=shape["heads"],
        decoder_attention_heads=shape["heads"],
        dropout=DROPOUT,
        attention_dropout=DROPOUT,
        activation_dropout=DROPOUT,
        activation_function="relu",
        scale_embedding=True,
        pad_token_id=PAD,
        eos_token_id=EOS,
        decoder_start_token_id=BOS,
    )
    model = MarianMTModel(config)
    if compiled:
        model.compile(dynamic=True)

    def logits(src: Tensor, tgt: Tensor) -> Tensor:
        found: Tensor = model(
            input_ids=src, attention_mask=src != PAD, decoder_input_ids=tgt, use_cache=False
        ).logits
        return found

    return learn(task, model, logits, pairs.planned() if planned else pairs.at_random())


class Plain(nn.Module):
    """`torch.nn.Transformer` with tied embeddings and sinusoids, as its tutorial has it."""

    def __init__(self, vocabulary: int, shape: dict[str, int]) -> None:
        super().__init__()
        d_model, layers = shape["d_model"], shape["layers"]
        self.embedding = nn.Embedding(vocabulary, d_model, padding_idx=PAD)
        nn.init.normal_(self.embedding.weight, std=d_model**-0.5)
        self.transformer = nn.Transformer(
            d_model, shape["heads"], layers, layers, shape["d_ff"], DROPOUT, batch_first=True
        )
        self.dropout = nn.Dropout(DROPOUT)
        angle = torch.arange(2048)[:, None] * torch.exp(
            -math.log(10_000) * torch.arange(0, d_model, 2) / d_model
        )
        self.register_buffer("positions", torch.stack([angle.sin(), angle.cos()], dim=2).flatten(1))

    def _placed(self, ids: Tensor) -> Tensor:
        scaled = self.embedding(ids) * math.sqrt(self.embedding.embedding_dim)
        found: Tensor = self.dropout(scaled + self.positions[: ids.shape[1]])  # type: ignore[index]
        return found

    def forward(self, src: Tensor, tgt: Tensor) -> Tensor:
        """Return the logits of every target position."""
        states = self.transformer(
            self._placed(src),
            self._placed(tgt),
            tgt_mask=nn.Transformer.generate_square_subsequent_mask(tgt.shape[1], tgt.device, torch.bool),
            src_key_padding_mask=src == PAD,
            tgt_key_padding_mask=tgt == PAD,
            memory_key_padding_mask=src == PAD,
            tgt_is_causal=True,
        )
        return F.linear(states, self.embedding.weight)


def plain(task: Task) -> Step:
    """`nn.Transformer` in a plain loop with random batches."""
    pairs = Pairs(task)
    model = Plain(pairs.vocabulary, task.shape)
    return learn(task, model, model, pairs.at_random())


def clearhead(task: Task, compiling: str = "auto") -> Step:
    """Our own loop as `clearhead train` runs it; one process of as many as the environment tells of."""
    from clearhead.config import ModelConfig, TrainingConfig
    from clearhead.data.batching import TokenizedCorpus, collate
    from clearhead.data.loader import Position
    from clearhead.model.transformer import Transformer
    from clearhead.run.machine import prepare_device, prepare_machine
    from clearhead.training.compiling import compile_layers, compiles
    from clearhead.training.distributed import Group
    from clearhead.training.loop import train
    from clearhead.training.state import TrainState

    values, shape = task.read(), task.shape
    group = Group.join(task.device)
    config = TrainingConfig(
        max_steps=10**9,
        schedule="constant",
        learning_rate=RATE,
        precision=task.precision,  # type: ignore[arg-type]
        label_smoothing=SMOOTHING,
        threads=task.threads,
        compile=compiling,  # type: ignore[arg-type]
    )
    prepare_machine(config, group)
    prepare_device(config, task.device)
    model = ModelConfig(
        vocab_size=int(values["vocabulary"]),
        d_model=shape["d_model"],
        d_ff=shape["d_ff"],
        num_heads=shape["heads"],
        num_encoder_layers=shape["layers"],
        num_decoder_layers=shape["layers"],
        dropout=DROPOUT,
        attention_dropout=DROPOUT,
        feed_forward_dropout=DROPOUT,
    )
    corpus = TokenizedCorpus(values["src"], values["src_offsets"], values["tgt"], values["tgt_offsets"])
    plan = np.split(values["plan"], values["plan_offsets"][1:-1])

    def batches() -> Iterator[tuple[Position, Any]]:
        while True:
            for number, rows in enumerate(plan):
                if len(rows) >= group.size:
                    for share in np.array_split(rows, group.size):  # together the batch of everybody else
                        yield Position(0, number), collate(corpus, share)

    torch.manual_seed(0)
    learner = Transformer(model).to(task.device)
    if compiles(config, learner.device):
        compile_layers(learner)
    state = TrainState.fresh(learner, config, group)
    steps = train(state, batches(), config)
    return lambda: next(steps).tokens


WAYS: dict[str, Callable[[Task], Step]] = {
    "clearhead": clearhead,
    "clearhead-uncompiled": lambda task: clearhead(task, "off"),
    "transformers-compiled": lambda task: transformers(task, planned=True, compiled=True),
    "transformers-planned": lambda task: transformers(task, planned=True),
    "transformers": lambda task: transformers(task, planned=False),
    "nn.Transformer": plain,
}


def neighbours(processes: int) -> list[subprocess.Popen[bytes]]:
    """Start this command again for the other processes of a group, and tell this one that it leads."""
    group = {"WORLD_SIZE": processes, "LOCAL_WORLD_SIZE": processes, "MASTER_ADDR": "127.0.0.1"}
    os.environ.update({name: str(value) for name, value in group.items()})
    os.environ["MASTER_PORT"] = str(20_000 + os.getpid() % 20_000)
    started = []
    for rank in range(1, processes):
        own = {**os.environ, "RANK": str(rank), "LOCAL_RANK": str(rank)}
        started.append(
            subprocess.Popen([sys.executable, "-m", "benchmarks.trainers", *sys.argv[1:]], env=own)
        )
    os.environ.update({"RANK": "0", "LOCAL_RANK": "0"})
    return started


def follow(step: Step) -> None:
    """Take steps as long as the first process does."""
    going = torch.zeros(1)
    while True:
        torch.distributed.broadcast(going, 0)
        if not going.item():
            return
        step()


def most_memory(device: str) -> int:
    """Return the most bytes that this process ever held: of the GPU where it trains on one."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def lead(step: Step, processes: int, device: str) -> None:
    """Train as standard input says."""

    def taken() -> int:
        if processes > 1:
            torch.distributed.broadcast(torch.ones(1), 0)
        return step()

    for _ in range(WARM_UP):
        taken()
    print("ready", flush=True)
    for line in sys.stdin:
        tokens, started = 0, time.perf_counter()
        while time.perf_counter() < started + float(line):
            tokens += taken()
        if device == "cuda":
            torch.cuda.synchronize()
        print(tokens, time.perf_counter() - started, processes * most_memory(device), flush=True)
    if processes > 1:
        torch.distributed.broadcast(torch.zeros(1), 0)


def main() -> None:
    """Build one way and train on demand."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("way", choices=list(WAYS))
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--shape", choices=list(SHAPES), default="tiny")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    arguments = parser.parse_args()
    follows = int(os.environ.get("RANK", "0")) > 0
    others = [] if follows or arguments.processes == 1 else neighbours(arguments.processes)
    torch.set_num_threads(arguments.threads)
    try:
        shape = SHAPES[arguments.shape]
        step = WAYS[arguments.way](
            Task(arguments.pairs, shape, arguments.precision, arguments.threads, arguments.device)
        )
        if follows:
            follow(step)
        else:
            lead(step, arguments.processes, arguments.device)
    except BaseException:
        for other in others:
            other.terminate()
        raise
    for other in others:
        other.wait()


if __name__ == "__main__":
    main()
