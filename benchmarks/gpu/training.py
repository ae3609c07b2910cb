"""Training on a GPU: target tokens a second, utilisation and memory, beside transformers and torch.nn.Transformer.

Usage: python -m benchmarks.gpu.training --shape base [--device cuda] [--rounds 3] [--seconds 4]

Random ids with lengths drawn as sentences have them, in batches of like length; every way is a process of
`benchmarks.trainers` that sleeps while another has its turn. Dropout 0.3 at every site that the peers have, inside
attention too; all in bf16. Operations are counted for the target tokens that are learned from, padding not counted, and
told as shares of the data sheet's peak (MFU) and of the rate at which this GPU multiplies large matrices.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import NamedTuple

import numpy as np

from benchmarks.interleaved import ratio
from benchmarks.trainers import SHAPES, flops_per_target_token, matrix_rate
from clearhead.data.batching import TokenizedCorpus, plan_batches

WAYS = {
    "clearhead": "Clearhead, as it runs by default",
    "clearhead-uncompiled": "Clearhead, not compiled",
    "transformers-planned": "transformers, our batches",
    "transformers-compiled": "transformers, our batches, compiled",
    "transformers": "transformers, as usually run",
    "nn.Transformer": "torch.nn.Transformer",
}
_MEAN, _SPREAD, _LONGEST = 3.1, 0.5, 100
"""Of the logarithm of a length in tokens: a median of 22, a mean of 25."""


_SLOW_TO_BEGIN = ("transformers", "transformers-compiled")


class Size(NamedTuple):
    """How much is measured."""

    pairs: int
    vocabulary: int
    budget: int
    """Source and target tokens of a batch."""
    rounds: int
    seconds: float
    patience: float
    """Seconds in which every way must have taken its first steps."""
    ways: tuple[str, ...]


FULL = Size(60_000, 37_000, 50_000, 3, 2.5, 65.0, tuple(WAYS))
REHEARSED = Size(400, 500, 600, 2, 0.2, 1200.0, ("clearhead", "transformers-planned", "nn.Transformer"))


def write_pairs(path: Path, size: Size, shape: dict[str, int]) -> float:
    """Write random pairs with a plan of batches; return the operations that a target token costs."""
    draws = np.random.default_rng(0)
    src_lengths = np.clip(draws.lognormal(_MEAN, _SPREAD, size.pairs), 2, _LONGEST).astype(int)
    tgt_lengths = np.clip(src_lengths * draws.normal(1.0, 0.15, size.pairs), 2, _LONGEST).astype(int)
    srcs, tgts = (
        [draws.integers(4, size.vocabulary, length).tolist() for length in lengths]
        for lengths in (src_lengths, tgt_lengths)
    )
    corpus = TokenizedCorpus.from_ids(srcs, tgts)
    order = np.random.default_rng(1)
    plan = plan_batches(np.arange(size.pairs), corpus.src_lengths, corpus.tgt_lengths, size.budget, order)
    np.savez(
        path,
        src=corpus.src,
        src_offsets=corpus.src_offsets,
        tgt=corpus.tgt,
        tgt_offsets=corpus.tgt_offsets,
        plan=np.concatenate(plan),
        plan_offsets=np.cumsum([0, *map(len, plan)]),
        vocabulary=size.vocabulary,
        budget=size.budget,
    )
    return flops_per_target_token(shape, size.vocabulary, src_lengths + 1, tgt_lengths + 1)


class Trainer:
    """A process that trains when it is told to."""

    memory = 0.0

    def __init__(self, way: str, pairs: Path, device: str, shape: str) -> None:
        """Begin it; `ready` says when it can be told to."""
        command = [sys.executable, "-m", "benchmarks.trainers", way, str(pairs), "--shape", shape]
        command += ["--precision", "bf16", "--device", device, "--threads", "1" if device == "cpu" else "2"]
        self._heard = pairs.with_name(f"{way}.txt")
        with self._heard.open("wb") as heard:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=heard, text=True
            )
        self._lines: Queue[str] = Queue()
        Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.strip())
        self._lines.put("")

    def ready(self, seconds: float) -> str:
        """Wait until it has taken its first steps; return what stopped it, or empty."""
        try:
            return "" if self._lines.get(timeout=max(1.0, seconds)) == "ready" else self._complaint()
        except Empty:
            return f"it was not ready after {seconds:.0f} s"

    def _complaint(self) -> str:
        lines = self._heard.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else f"it ended with {self.process.wait()}"

    def tokens_per_second(self, seconds: float) -> float:
        """Let it train for a while; raise RuntimeError where it ended instead."""
        assert self.process.stdin is not None
        print(seconds, file=self.process.stdin, flush=True)
        answer = self._lines.get().split()
        if len(answer) != 3:
            raise RuntimeError(self._complaint())
        tokens, taken, self.memory = map(float, answer)
        return tokens / taken

    def end(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()


def started(size: Size, pairs: Path, device: str, shape: str, stack: ExitStack) -> dict[str, Trainer]:
    """Return those ways that could begin, which all do at once; what stopped another is printed."""
    trainers = {way: Trainer(way, pairs, device, shape) for way in size.ways}
    ends = time.monotonic() + size.patience
    for way, trainer in list(trainers.items()):
        stack.callback(trainer.end)
        stopped = trainer.ready(ends - time.monotonic())
        if stopped:
            print(f"= {WAYS[way]} did not begin: {stopped}", flush=True)
            trainers.pop(way).end()
    return trainers


def table(rounds: dict[str, list[float]], trainers: dict[str, Trainer], cost: float, rates: "Rates") -> None:
    """Print a row for each way."""
    print(
        "| | target tokens/s | TFLOP/s | MFU | of the matrix rate | memory, GB | Clearhead, times as fast |"
    )
    print("|---|---|---|---|---|---|---|")
    for way, speeds in rounds.items():
        done = statistics.median(speeds) * cost
        mfu = f"{done / rates.peak:.1%}" if rates.peak else "peak unknown"
        cells = [WAYS[way], f"{statistics.median(speeds):,.0f}", f"{done / 1e12:,.2f}", mfu]
        cells += [f"{done / rates.matrix:.1%}", f"{trainers[way].memory / 1e9:.2f}"]
        if way != "clearhead" and "clearhead" in rounds:
            middle, low, high = ratio(
                [1 / speed for speed in rounds["clearhead"]], [1 / speed for speed in speeds]
            )
            cells.append(f"{middle:.2f} [{low:.2f}, {high:.2f}]")
        else:
            cells.append("")
        print(f"| {' | '.join(cells)} |")


class Rates(NamedTuple):
    """What the device could do at most."""

    matrix: float
    peak: float
    """0 where no data sheet is known."""


def rates_of(device: str) -> Rates:
    """Measure large products; look the peak up."""
    from clearhead.run.machine import Machine
    from clearhead.run.utilisation import peak
    from clearhead.training.distributed import Group

    most = peak(Machine.of(device, Group()), "bf16")
    return Rates(matrix_rate("cuda" if device.startswith("cuda") else device, "bf16"), most)


def main() -> None:
    """Train in turns; print after every round, so that a stop loses little."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", choices=["tiny", "base", "big"], default="base")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float)
    arguments = parser.parse_args()
    on_gpu = arguments.device.startswith("cuda")
    size = FULL if on_gpu else REHEARSED
    size = size._replace(rounds=arguments.rounds or size.rounds, seconds=arguments.seconds or size.seconds)
    shape = arguments.shape if on_gpu else "rehearsal"
    if not on_gpu and arguments.shape != "base":  # once is enough to find what is misspelt in the peers
        size = size._replace(ways=("clearhead",))
    elif arguments.shape == "tiny":
        size = size._replace(ways=tuple(way for way in size.ways if way not in _SLOW_TO_BEGIN))
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        pairs = Path(folder) / "pairs.npz"
        cost = write_pairs(pairs, size, SHAPES[shape])
        rates = rates_of(arguments.device)
        print(
            f"= {arguments.shape if on_gpu else 'a rehearsal'}: {cost / 1e6:,.1f} million operations for a target "
            f"token; large products reach {rates.matrix / 1e12:,.2f} TFLOP/s; batches of {size.budget:,} tokens, "
            f"{size.rounds} rounds of {size.seconds:g} s"
        )
        trainers = started(size, pairs, arguments.device, shape, stack)
        rounds: dict[str, list[float]] = {way: [] for way in trainers}
        for number in range(size.rounds):
            for place in np.random.default_rng(number).permutation(len(trainers)).tolist():
                way = list(trainers)[place]
                rounds[way].append(trainers[way].tokens_per_second(size.seconds))
                print(f"round {number + 1}: {WAYS[way]}: {rounds[way][-1]:,.0f} tokens/s", flush=True)
        table(rounds, trainers, cost, rates)


if __name__ == "__main__":
    main()
