"""Training: Clearhead beside what people train with today, in turns, on the same text, shape, dropout and machine.

Usage: python -m benchmarks.training --source FILE --target FILE [--shape tiny] [--peers .venv-peers] [--rounds 5]
On a GPU: --device cuda --shape big --precision bf16 --processes 1 --budget 50000 --vocabulary 37000 --joey 0

A joint byte-pair vocabulary of 8,000 is learned (where more is asked for, the model's is padded); batches have 4,096
source and target tokens. Every way is a process (`benchmarks.trainers`) that sleeps while another has its turn, so all
of them meet the same foreign load, which is told. transformers runs as people run it (random batches of a fixed size,
dynamic padding), and with our batches and our allocator's settings, in one process with every core and in one process
a core, as we do. Joey NMT, which has a loop of its own, trains a while in each round and counts for itself.
Target tokens a second, padding not counted; dropout 0.3 at every site that the peers have, inside attention too. What
that is of the machine's rate of multiplying matrices is told beside it, and the memory.
"""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.interleaved import ratio, versions
from benchmarks.trainers import SHAPES, flops_per_target_token, matrix_rate
from clearhead.corpora.lines import read_lines
from clearhead.data.batching import TokenizedCorpus, plan_batches
from clearhead.text.tokenizer import Tokenizer

VOCABULARY, MOST_TOKENS = 8000, 100
KEEP_FREED = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 30)}
"""What `keep_freed_memory` sets, for a process that does not know of it."""


OURS = "Clearhead"


class Row(NamedTuple):
    """A way to train, as the table tells it."""

    name: str
    precision: str
    processes: int

    @property
    def told(self) -> str:
        """It in a few words."""
        several = f", {self.processes} processes" if self.processes > 1 else ""
        return f"{self.name}, {self.precision}{several}"


Rounds = dict[Row, list[float]]
"""Target tokens a second in every round."""


class Trainer:
    """A process that trains when it is told to."""

    memory = 0.0
    """The most bytes that it held; 0 where that is not known."""

    def __init__(self, python: str, way: str, pairs: Path, *options: str, keep: bool = False) -> None:
        command = [python, "-m", "benchmarks.trainers", way, str(pairs), *options]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **(KEEP_FREED if keep else {})},
        )
        if self._answer() != "ready":
            raise SystemExit(f"{' '.join(command)} did not begin; what it said stands above")

    def _answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def tokens_per_second(self, seconds: float) -> float:
        """Let it train for a while."""
        assert self.process.stdin is not None
        print(seconds, file=self.process.stdin, flush=True)
        tokens, taken, self.memory = map(float, self._answer().split())
        return tokens / taken

    def __enter__(self) -> "Trainer":
        """Have it at hand."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


class JoeyNMT:
    """Joey NMT's own training command, on text already cut into the same pieces, told apart by spaces."""

    memory = 0.0

    def __init__(self, python: Path, folder: Path, arguments: argparse.Namespace) -> None:
        self.python, self.folder = python, folder
        shape, steps = SHAPES[arguments.shape], arguments.joey
        side = {
            "embeddings": {"embedding_dim": shape["d_model"], "scale": True, "dropout": 0.3},
            "type": "transformer",
            "num_layers": shape["layers"],
            "num_heads": shape["heads"],
            "hidden_size": shape["d_model"],
            "ff_size": shape["d_ff"],
            "dropout": 0.3,
            "layer_norm": "post",
        }
        cut = {"level": "word", "lowercase": False, "max_length": MOST_TOKENS, "voc_min_freq": 1}
        settings = {
            "name": "joey",
            "joeynmt_version": "2.3.0",
            "model_dir": str(folder / "joey"),
            "use_cuda": arguments.device == "cuda",
            "fp16": False,
            "random_seed": 1,
            "data": {
                "train": str(folder / "train"),
                "dev": str(folder / "dev"),
                "dataset_type": "plain",
                "src": {"lang": "src", **cut, "voc_file": str(folder / "vocabulary.txt")},
                "trg": {"lang": "tgt", **cut, "voc_file": str(folder / "vocabulary.txt")},
            },
            "testing": {"beam_size": 1, "batch_size": 64, "batch_type": "sentence", "eval_metrics": []},
            "training": {
                "optimizer": "adam",
                "adam_betas": [0.9, 0.98],
                "learning_rate": 1e-4,
                "label_smoothing": 0.1,
                "loss": "crossentropy",
                "batch_size": arguments.budget // 2,  # of the target alone
                "batch_type": "token",
                "clip_grad_norm": 1.0,
                "normalization": "tokens",
                "epochs": 100,
                "updates": steps,
                "validation_freq": max(1, steps // 4) * 10**6,  # a multiple of the next
                "logging_freq": max(1, steps // 4),
                "overwrite": True,
                "shuffle": True,
                "scheduling": "noam",
                "learning_rate_min": 0.0,
            },
            "model": {
                "initializer": "xavier_uniform",
                "embed_initializer": "xavier_uniform",
                "tied_embeddings": True,
                "tied_softmax": True,
                "encoder": side,
                "decoder": side,
            },
        }
        self.config = folder / "joey.yaml"
        self.config.write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML

    def tokens_per_second(self, _: float) -> float:
        """Train for some steps and return the median of what it says, its first figure left out."""
        done = subprocess.run(
            [self.python, "-m", "joeynmt", "train", self.config, "--skip-test"],
            capture_output=True,
            text=True,
            check=False,
        )
        said = [
            float(found) for found in re.findall(r"Tokens per Sec:\s*([\d.]+)", done.stdout + done.stderr)
        ]
        if len(said) < 2:
            raise SystemExit(f"Joey NMT did not train:\n{(done.stdout + done.stderr)[-2000:]}")
        return statistics.median(said[1:])


def prepare(arguments: argparse.Namespace, folder: Path) -> tuple[Path, float]:
    """Write the pairs of two files as ids, with our plan of batches, and as text in pieces for Joey NMT.

    The other result is what a target token costs, in operations.
    """
    budget = arguments.budget
    srcs, tgts = (list(read_lines(name)) for name in (arguments.source, arguments.target))
    tokenizer = Tokenizer.train([*srcs, *tgts], kind="bpe", vocab_size=VOCABULARY)
    ids = [
        (src, tgt)
        for src, tgt in zip(*(tokenizer.encode_batch(side) for side in (srcs, tgts)), strict=True)
        if 0 < len(src) <= MOST_TOKENS and 0 < len(tgt) <= MOST_TOKENS
    ]
    corpus = TokenizedCorpus.from_ids([src for src, _ in ids], [tgt for _, tgt in ids])
    everything = np.arange(len(corpus))
    plan = plan_batches(everything, corpus.src_lengths, corpus.tgt_lengths, budget, np.random.default_rng(0))
    pairs = folder / "pairs.npz"
    vocabulary = max(tokenizer.vocab_size, arguments.vocabulary)
    np.savez(
        pairs,
        src=corpus.src,
        src_offsets=corpus.src_offsets,
        tgt=corpus.tgt,
        tgt_offsets=corpus.tgt_offsets,
        plan=np.concatenate(plan),
        plan_offsets=np.cumsum([0, *map(len, plan)]),
        vocabulary=vocabulary,
        budget=budget,
    )
    for side, number in (("src", 0), ("tgt", 1)):
        lines = [" ".join(tokenizer.vocabulary[i] for i in pair[number]) + "\n" for pair in ids]
        (folder / f"train.{side}").write_text("".join(lines), encoding="utf-8")
        (folder / f"dev.{side}").write_text("".join(lines[:20]), encoding="utf-8")
    pieces = [piece for i, piece in enumerate(tokenizer.vocabulary) if i not in tokenizer.forbidden_ids]
    (folder / "vocabulary.txt").write_text("\n".join(pieces[1:]) + "\n", encoding="utf-8")
    lengths = (np.array([len(pair[side]) + 1 for pair in ids]) for side in (0, 1))
    return pairs, flops_per_target_token(SHAPES[arguments.shape], vocabulary, *lengths)


def ways(
    pairs: Path, arguments: argparse.Namespace, stack: ExitStack
) -> Iterator[tuple["Row", "Trainer | JoeyNMT"]]:
    """Yield every row and who trains for it."""
    shape = arguments.shape
    cores = os.cpu_count() or 1
    peers: Path = arguments.peers
    theirs = str(peers / "bin" / "python")
    rows = [
        (Row(name, precision, processes), python, way)
        for precision in arguments.precision
        for processes in arguments.processes
        for name, python, way in (
            ("Clearhead", sys.executable, "clearhead"),
            ("transformers, our batches and allocator", theirs, "transformers-planned"),
        )
    ]
    rows += [
        (Row("transformers as usually run", arguments.precision[0], 1), theirs, "transformers"),
        (Row("nn.Transformer, plain loop", arguments.precision[0], 1), theirs, "nn.Transformer"),
    ]
    for row, python, way in rows:
        if row.name in arguments.without:
            continue
        threads = cores // row.processes
        options = ("--shape", shape, "--precision", row.precision, "--threads", str(threads))
        shared = ("--processes", str(row.processes), "--device", arguments.device)
        keep = way == "transformers-planned"
        yield row, stack.enter_context(Trainer(python, way, pairs, *options, *shared, keep=keep))
    if arguments.joey:
        yield Row("Joey NMT", "fp32", 1), JoeyNMT(peers / "bin" / "python", pairs.parent, arguments)


def stolen() -> tuple[int, int]:
    """Return the processor's ticks so far: those that other guests of the host took, and all."""
    file = Path("/proc/stat")
    if not file.exists():
        return 0, 1
    ticks = list(map(int, file.read_text().splitlines()[0].split()[1:9]))
    return ticks[7], sum(ticks)


class Cost(NamedTuple):
    """What beside time is told of a way."""

    share: float
    """Of the rate at which this machine multiplies matrices, in the precision of the way."""
    memory: float
    """The most bytes held; 0 where not known."""


def table(rounds: "Rounds", costs: dict[Row, Cost]) -> Iterator[str]:
    """Yield the rows of a table in Markdown.

    A peer stands beside Clearhead in the same precision with as many processes, and beside the best of Clearhead.
    """
    best = max((row for row in rounds if row.name == OURS), key=lambda row: statistics.median(rounds[row]))
    yield (
        "| | precision | processes | target tokens/s | of the matrix rate | memory, GB "
        f"| Clearhead, the same way | {best.told} |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for row, speeds in rounds.items():
        share, memory = costs[row]
        cells = [row.name, row.precision, str(row.processes), f"{statistics.median(speeds):,.0f}"]
        cells += [f"{share:.0%}", f"{memory / 1e9:.1f}" if memory else ""]
        for ours in (row._replace(name=OURS), best):
            # `ratio` compares seconds: those of a token
            middle, low, high = ratio([1 / each for each in rounds[ours]], [1 / each for each in speeds])
            cells.append("" if ours == row else f"{middle:.2f} times [{low:.2f}, {high:.2f}]")
        yield f"| {' | '.join(cells)} |"


def main(argv: Sequence[str] | None = None) -> None:
    """Prepare, train in turns, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--source", required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--shape", choices=list(SHAPES), default="tiny")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--precision", nargs="+", choices=["fp32", "bf16"], default=["fp32", "bf16"])
    parser.add_argument("--budget", type=int, default=4096, help="source and target tokens of a batch")
    parser.add_argument("--vocabulary", type=int, default=VOCABULARY, help="of the model, at least")
    parser.add_argument("--peers", type=Path, default=Path(".venv-peers"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each turn")
    parser.add_argument("--joey", type=int, default=24, help="steps of Joey NMT in a round; 0: without it")
    cores = os.cpu_count() or 1
    parser.add_argument("--processes", type=int, nargs="+", default=[1, cores], help="1, and one a core")
    parser.add_argument("--without", nargs="+", default=[], help="peers to leave out; all are held in memory")
    parser.add_argument("--json", type=Path, help="where to keep every figure")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        pairs, operations = prepare(arguments, Path(name))
        rates = {precision: matrix_rate(arguments.device, precision) for precision in ("fp32", "bf16")}
        rows = list(ways(pairs, arguments, stack))
        rounds: Rounds = {row: [] for row, _ in rows}
        before = stolen()
        for number in range(arguments.rounds):
            order = np.random.default_rng(number).permutation(len(rows))
            for place in order.tolist():
                row, trainer = rows[place]
                rounds[row].append(trainer.tokens_per_second(arguments.seconds))
                print(f"round {number + 1}: {row.told}: {rounds[row][-1]:,.0f} tokens/s", file=sys.stderr)
        taken = [b - a for a, b in zip(before, stolen(), strict=True)]
    print(
        f"{arguments.shape}, {arguments.rounds} rounds of {arguments.seconds:g} s; {os.cpu_count()} cores, "
        f"{platform.machine()}; other guests took {taken[0] / taken[1]:.1%} of the processor"
    )
    print(versions("clearhead", "torch"), _versions(arguments.peers), sep="; peers: ")
    told = ", ".join(f"{rate / 1e9:,.0f} in {precision}" for precision, rate in rates.items())
    print(f"{operations / 1e6:,.1f} million operations for a target token; the matrix rate is {told} GFLOP/s")
    costs = {
        row: Cost(statistics.median(rounds[row]) * operations / rates[row.precision], trainer.memory)
        for row, trainer in rows
    }
    print("\n".join(table(rounds, costs)))
    if arguments.json:
        figures = [{"way": row.told, "rounds": each} for row, each in rounds.items()]
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _versions(peers: Path) -> str:
    code = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    packages = ("torch", "transformers", "joeynmt")
    command = [str(peers / "bin" / "python"), "-c", code, *packages]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return ", ".join(map(" ".join, zip(packages, found, strict=True)))


if __name__ == "__main__":
    main()
