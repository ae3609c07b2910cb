"""Parallel training: the time of a step against length, and how many operations must wait for one another."""

import argparse
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
import torch
from benchmarks.interleaved import interleaved
from torch import Tensor

from clearhead.config import ModelConfig
from clearhead.data.batching import Batch, TokenizedCorpus, collate
from clearhead.data.loader import START
from clearhead.training.loop import batch_loss
from studies.claim import Claim, at_least, at_most
from studies.figure import Panel
from studies.kinds import KINDS, RECURRENT, TRANSFORMER, choice, of_equal_parameters, present, transformer_of
from studies.learning import FIRST, build, learning
from studies.spread import cell
from studies.study import Raw, Results, Study, main
from studies.table import Table

SYMBOLS = 1000


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is measured."""

    lengths: tuple[int, ...]
    d_model: int
    layers: int
    tokens: int
    """Source symbols of a batch, the same at every length; the target has as many."""
    rounds: int


SIZES = {
    "toy": Size(lengths=(4, 16), d_model=16, layers=1, tokens=32, rounds=1),
    "quick": Size(lengths=(16, 64, 256, 512), d_model=64, layers=1, tokens=512, rounds=3),
    "full": Size(lengths=(16, 32, 64, 128, 256, 512, 1024), d_model=128, layers=2, tokens=2048, rounds=5),
}
THREADS = (1, 2)


def batch_of(length: int, tokens: int, seed: int) -> Batch:
    """Return random pairs of a length, as many as have so many source symbols together."""
    rows = max(1, tokens // length)
    ids = np.random.default_rng([seed, length]).integers(FIRST, FIRST + SYMBOLS, (2, rows, length)).tolist()
    return collate(TokenizedCorpus.from_ids(*ids), np.arange(rows))


def longest_chain(result: Tensor) -> int:
    """Return how many operations of the graph of a result must be done one after another."""
    depth: dict[Any, int] = {}
    waiting = [(result.grad_fn, False)]
    while waiting:
        node, ready = waiting.pop()
        if node is None or node in depth:
            continue
        before = [each for each, _ in node.next_functions if each is not None]
        if ready:
            depth[node] = 1 + max((depth[each] for each in before), default=0)
        else:
            waiting += [(node, True), *((each, False) for each in before if each not in depth)]
    return depth[result.grad_fn]


def operations_in_line(config: ModelConfig, length: int, seed: int) -> int:
    """Return the longest chain of a training step for one pair; kernels that do a whole layer at once are off."""
    with torch.backends.mkldnn.flags(enabled=False):
        return longest_chain(batch_loss(build(config, seed), batch_of(length, length, seed), 0.0))


def steps(config: ModelConfig, batch: Batch, seed: int) -> Iterator[object]:
    """Return a generator that takes one training step on the same batch whenever it is asked."""
    return learning(build(config, seed), repeat((START, batch)), seed=seed)


def on_threads(count: int, work: Iterator[object]) -> Callable[[], object]:
    """Return one step of some work on a number of threads."""

    def step() -> object:
        torch.set_num_threads(count)
        return next(work)

    return step


def measure(seed: int, options: argparse.Namespace) -> Raw:
    """Time all kinds and numbers of threads in turns, length by length, and count what is in line."""
    size = SIZES[options.form]
    transformer = transformer_of(FIRST + SYMBOLS, size.d_model, size.layers)
    configs = {kind: of_equal_parameters(kind, transformer) for kind in options.kinds}
    found: dict[str, Any] = {
        kind: {
            "parameters": config.num_parameters,
            "chain": {},
            "seconds": {str(count): {} for count in THREADS},
        }
        for kind, config in configs.items()
    }
    for length in size.lengths:
        batch = batch_of(length, size.tokens, seed)
        ways = {
            (kind, count): on_threads(count, steps(config, batch, seed))
            for kind, config in configs.items()
            for count in THREADS
        }
        names = {f"{kind}/{count}": way for (kind, count), way in ways.items()}
        times = interleaved(names, size.rounds)
        for kind, count in ways:
            found[kind]["seconds"][str(count)][str(length)] = statistics.median(times[f"{kind}/{count}"])
        for kind, config in configs.items():
            found[kind]["chain"][str(length)] = operations_in_line(config, length, seed)
    torch.set_num_threads(1)
    return {"lengths": size.lengths, "tokens": size.tokens, "kinds": found}


def seconds(results: Results, kind: str, threads: int, length: int) -> list[float]:
    """Return the median time of a step with each seed."""
    return [each["kinds"][kind]["seconds"][str(threads)][str(length)] for each in results]


def chains(results: Results, kind: str, length: int) -> list[float]:
    """Return the operations in line with each seed."""
    return [each["kinds"][kind]["chain"][str(length)] for each in results]


def over(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """Return ratios, seed by seed."""
    return [a / b for a, b in zip(above, below, strict=True)]


def faster_at(results: Results, kind: str) -> str:
    """Return the lengths at which a kind takes less time than the Transformer on one thread, by means over seeds."""
    shorter = [
        str(length)
        for length in results[0]["lengths"]
        if statistics.mean(over(seconds(results, kind, 1, length), seconds(results, TRANSFORMER, 1, length)))
        < 1
    ]
    return ", ".join(shorter) or "none"


def tables(results: Results) -> list[Table]:
    """Return operations in line, times, and the gain of a second thread."""
    lengths, kinds = results[0]["lengths"], present(list(KINDS), results)
    head = [str(length) for length in lengths]
    timed = [
        [
            kind,
            cell([each["kinds"][kind]["parameters"] for each in results]),
            *(cell([1000 * value for value in seconds(results, kind, 1, length)]) for length in lengths),
        ]
        for kind in kinds
    ]
    gains = [
        [
            kind,
            *(
                cell(over(seconds(results, kind, 1, length), seconds(results, kind, 2, length)))
                for length in lengths
            ),
        ]
        for kind in kinds
    ]
    found = [
        Table(
            "Operations that wait for one another in a training step, by length",
            ["", *head],
            [[kind, *(cell(chains(results, kind, length)) for length in lengths)] for kind in kinds],
        ),
        Table(
            f"Milliseconds of a step with {results[0]['tokens']} source symbols, one thread, by length",
            ["", "parameters", *head],
            timed,
        ),
        Table("How many times as fast with two threads, by length", ["", *head], gains),
    ]
    others = [kind for kind in kinds if kind != TRANSFORMER]
    if others and TRANSFORMER in kinds:
        ratios = [
            [
                kind,
                *(
                    cell(over(seconds(results, kind, 1, length), seconds(results, TRANSFORMER, 1, length)))
                    for length in lengths
                ),
                faster_at(results, kind),
            ]
            for kind in others
        ]
        title = "Time as a multiple of the Transformer's, one thread; below 1 the other is faster"
        found.append(Table(title, ["", *head, "faster at"], ratios))
    return found


def panels(results: Results) -> list[Panel]:
    """Return operations in line and times."""
    lengths, kinds = results[0]["lengths"], present(list(KINDS), results)
    found = [
        Panel(
            title="Operations that wait for one another",
            x="length",
            y="operations",
            lines={
                kind: {float(length): chains(results, kind, length) for length in lengths} for kind in kinds
            },
            log_x=True,
            log_y=True,
        )
    ]
    for count in THREADS:
        lines = {
            kind: {float(length): seconds(results, kind, count, length) for length in lengths}
            for kind in kinds
        }
        title = f"A training step, {count} thread{'s' * (count > 1)}"
        found.append(Panel(title=title, x="length", y="seconds", lines=lines, log_x=True, log_y=True))
    return found


def claims(results: Results) -> list[Claim]:
    """Return what the numbers say of parallel training."""
    lengths = results[0]["lengths"]
    low, high = lengths[0], lengths[-1]
    found = []
    if present([TRANSFORMER], results):
        grown = over(chains(results, TRANSFORMER, high), chains(results, TRANSFORMER, low))
        slower = over(seconds(results, TRANSFORMER, 1, high), seconds(results, TRANSFORMER, 1, low))
        found += [
            Claim(
                name="a constant number of sequential operations",
                claim="However long the sequence, a Transformer's training step has the same number of operations in "
                "line.",
                criterion=f"the same at length {low} and {high}.",
                parts=[at_most("growth", grown, 1.0)],
            ),
            Claim(
                name="not constant work",
                claim="But not the same work: attention compares every two places, so a symbol costs more in longer "
                "sequences.",
                criterion=f"a step with equally many symbols at length {high} takes at least 1.3 times that at {low}.",
                parts=[at_least("times as long", slower, 1.3)],
            ),
        ]
    for kind in present(RECURRENT, results):
        grown = over(chains(results, kind, high), chains(results, kind, low))
        found.append(
            Claim(
                name=f"{kind}: one after the other",
                claim=f"The operations in line of {kind} grow with the length.",
                criterion=f"from length {low} to {high} at least half as much as the length itself.",
                parts=[at_least("growth", grown, high / low / 2)],
            )
        )
        if present([TRANSFORMER], results):
            slower = over(seconds(results, kind, 1, high), seconds(results, TRANSFORMER, 1, high))
            gain = over(seconds(results, kind, 1, high), seconds(results, kind, 2, high))
            papers = over(seconds(results, TRANSFORMER, 1, high), seconds(results, TRANSFORMER, 2, high))
            found.append(
                Claim(
                    name=f"{kind}: slower to train",
                    claim=f"A training step of the Transformer is faster than one of {kind}, and gains more by "
                    "a second thread.",
                    criterion=f"at length {high}, equal parameters: {kind} takes longer on one thread; the "
                    "Transformer's gain is larger.",
                    parts=[
                        at_least("times as long", slower, 1.0),
                        at_least("gain of the Transformer over its", over(papers, gain), 1.0),
                    ],
                )
            )
    return found


STUDY = Study(
    name="parallel",
    title="Parallel training: time against length",
    question="In training, a Transformer works on all positions at once; a recurrent network must finish each before "
    "the next (Table 1 of the paper: sequential operations O(1) against O(n)). It is often said that this makes it "
    "faster. How long does a training step take, and where is the crossover?",
    method="Whole training steps of the project's own loop (forward, backward, Adam) on random pairs, equal numbers of "
    "parameters as nearly as the width allows, equal numbers of symbols in a batch at every length. All kinds and "
    "numbers of threads take their steps in turns, in one process, in an order that changes from round to round; the "
    "median of the rounds counts, so that what else runs on the machine is borne by all alike. The operations in line "
    "are counted in the graph that torch records for one pair: the longest chain from the loss to a parameter, with "
    "kernels that do a whole layer in one call switched off.",
    reading="This is a processor with few cores, which cannot do much at once. A recurrent layer may run in one call "
    "of a fused kernel, but its steps still wait for one another. Times are those of the clock, and other work may "
    "have run beside them: read ratios, not milliseconds; with two threads on a busy machine not even those.",
    measure=measure,
    tables=tables,
    panels=panels,
    claims=claims,
    options=choice,
    estimate="12 minutes of two cores for three seeds; nothing else should run.",
    alone=True,
)

if __name__ == "__main__":
    main(STUDY)
