"""Requests a second and their delays at 1, 8 and 64 clients, beside the same model behind plain FastAPI.

    $ python -m benchmarks.serving [--texts FILE] [--model MODEL] [--rounds 5] [--clients 1 8 64] [--requests 4]
    $ python -m benchmarks.serving --attack overload terminate slowloris mixed manners openapi

In turns, on the same sentences, by clients in a process of their own that each wait for an answer before they ask
again: `clearhead serve`; the same with batches of one text; the peer of `peer.py`, which translates one request at a
time; that peer with as many at a time as Clearhead translates batches; and with `--libretranslate PYTHON`, of an
environment that has it (`pip install libretranslate`), LibreTranslate's interface and server with the same model
behind it. Every sentence is asked for once a turn, and nothing is cached. Processor time is that of the service's
processes for a request, which others on the machine disturb less than its speed.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.interleaved import interleaved, ratio, versions
from benchmarks.serving import attacks, schemas
from benchmarks.serving.clients import ROOT, Answer, Clients
from benchmarks.serving.processes import Running, libretranslate, peer, service
from benchmarks.serving.texts import sentences, some
from clearhead import model_directory
from clearhead.engines.choice import ctranslate2_engine

OURS, SINGLE, PEER, WIDE, LIBRETRANSLATE = (
    "clearhead serve",
    "clearhead serve, one text a batch",
    "plain FastAPI, one request at a time",
    "plain FastAPI, {} at a time",
    "LibreTranslate, with this model",
)
ATTACKS: Mapping[str, Callable[..., list[str]]] = {
    "overload": attacks.overload,
    "terminate": attacks.terminate,
    "slowloris": attacks.slowloris,
    "mixed": attacks.mixed,
    "manners": attacks.manners,
    "openapi": schemas.openapi,
}


@dataclass
class Turns:
    """What was seen of one service with so many clients."""

    running: Running
    clients: Clients
    requests: int
    number: int
    texts: Sequence[str]
    answers: list[list[Answer]] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def turn(self) -> None:
        """Ask, as many clients as there are to be; the sentences go on from turn to turn."""
        before = self.running.processor_seconds()
        texts = some(self.texts, len(self.answers) * self.requests, self.requests)
        answers = self.clients.ask("closed", port=self.running.port, clients=self.number, texts=texts)
        wrong = [answer.status for answer in answers if answer.status != 200]
        if wrong:
            raise SystemExit(f"{len(wrong)} of {len(answers)} requests failed, the first with {wrong[0]}")
        self.answers.append(answers)
        self.processor.append((self.running.processor_seconds() - before) / self.requests)

    def delays(self) -> list[float]:
        """Return the delay of half of the requests, of 95 % and of 99 %, in milliseconds, without the warm-up."""
        seconds = [answer.seconds for answers in self.answers[1:] for answer in answers]
        return [float(value) * 1000 for value in np.percentile(seconds, [50, 95, 99])]

    def cpu(self) -> float:
        """Return the processor time for a request in the middle turn, in milliseconds."""
        return float(np.median(self.processor[1:])) * 1000


def measured(ways: Mapping[str, Running], arguments: argparse.Namespace, texts: list[str]) -> Iterator[str]:
    """Yield the rows of the table."""
    yield "| clients | | requests/s | p50, ms | p95, ms | p99, ms | processor, ms a request | requests/s of ours |"
    yield "|--:|---|--:|--:|--:|--:|--:|---|"
    with Clients() as clients:
        for number in arguments.clients:
            requests = max(arguments.least, arguments.requests * number)
            turns = {name: Turns(one, clients, requests, number, texts) for name, one in ways.items()}
            seconds = interleaved({name: one.turn for name, one in turns.items()}, arguments.rounds)
            for name, one in turns.items():
                delays = " | ".join(f"{value:,.0f}" for value in one.delays())
                speed = requests / float(np.median(seconds[name]))
                row = f"| {number} | {name} | {speed:,.1f} | {delays} | {one.cpu():.1f} |"
                yield f"{row} {_times(seconds, name)} |"
            yield _half(turns, number)


def _times(seconds: Mapping[str, list[float]], name: str) -> str:
    if name == OURS:
        return ""
    middle, low, high = ratio(seconds[OURS], seconds[name])
    return f"{middle:.2f} times [{low:.2f}, {high:.2f}]"


def _half(turns: Mapping[str, Turns], number: int) -> str:
    ours, other = turns[OURS].delays()[0], turns[PEER].delays()[0]
    return f"| {number} | p50 of ours over that of one request at a time | | {ours / other:.2f} | | | | |"


def signature(texts: list[str]) -> str:
    """Return what was measured with and where, in one line."""
    packages = versions("clearhead", "ctranslate2", "sentencepiece", "fastapi", "granian")
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{len(texts):,} sentences; {os.cpu_count()} cores, load before {load}; {packages}; commit {commit or '?'}"


def main() -> None:
    """Measure in turns and print a table; or attack, and end with 1 where an aim was missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--texts", type=Path, help="English sentences, one a line")
    parser.add_argument("--model", help="one that translates from English into French")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=4, help="of each client in a turn")
    parser.add_argument("--least", type=int, default=40, help="requests of a turn at least")
    parser.add_argument("--libretranslate", metavar="PYTHON", help="measured too, where this Python has it")
    parser.add_argument("--attack", nargs="+", choices=list(ATTACKS), default=[])
    parser.add_argument("--seconds", type=float, help="of overload (60) or mixed load (600)")
    parser.add_argument("--in-flight", type=int, default=1000, help="requests when the service is ended")
    parser.add_argument("--schemathesis", default="schemathesis", help="the command, for openapi")
    parser.add_argument("--max-examples", type=int, default=25, help="of each operation, for openapi")
    arguments = parser.parse_args()
    texts = sentences(arguments.texts)
    print(signature(texts), flush=True)
    missed = []
    for name in arguments.attack:
        missed += [f"{name}: {aim}" for aim in ATTACKS[name](arguments, texts)]
    if arguments.attack:
        print("\n".join(f"missed, {aim}" for aim in missed) or "every aim was met")
        sys.exit(bool(missed))
    compare(arguments, texts)


def compare(arguments: argparse.Namespace, texts: list[str]) -> None:
    """Run all services, measure them in turns, print a table."""
    path = model_directory.find(arguments.model)
    decoding = model_directory.read_info(path).decoding
    setting = ctranslate2_engine(path).setting
    print(f"beam {decoding.beam_size}, {setting}", flush=True)
    plain = partial(peer, arguments.model, decoding.beam_size, decoding.alpha)
    with ExitStack() as stack:
        ways = {
            OURS: stack.enter_context(service(arguments.model)),
            SINGLE: stack.enter_context(service(arguments.model, batch_tokens=1)),
            PEER: stack.enter_context(plain()),
        }
        if setting.replicas > 1:
            ways[WIDE.format(setting.replicas)] = stack.enter_context(plain(replicas=setting.replicas))
        if arguments.libretranslate:
            own = partial(libretranslate, arguments.libretranslate, *plain.args, replicas=setting.replicas)
            ways[LIBRETRANSLATE] = stack.enter_context(own(threads=max(arguments.clients)))
        for row in measured(ways, arguments, texts):
            print(row, flush=True)


if __name__ == "__main__":
    main()
