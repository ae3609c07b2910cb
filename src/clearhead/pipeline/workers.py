"""Several processes on this machine that train as one: started, told to stop, and spoken for by this one.

What they do together is `training.distributed`; torchrun does the same over several machines.
"""

import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from multiprocessing.queues import SimpleQueue
from typing import NamedTuple

from clearhead.data.processes import started_safely
from clearhead.errors import ClearheadError, ConfigError, WorkerError

MOST = 4
"""Workers of `auto` on a CPU: each has a batch of its own at every step, and steps should not grow with the machine."""
_GRACE = 60.0
"""Seconds that the others have to end by themselves when one has failed."""
_WELL = (None, 0, 128 + signal.SIGINT, 128 + signal.SIGTERM)
"""Not ended, done, or stopped as told: then the others are saving what they have, however long it takes."""


class _Failure(NamedTuple):
    """An error that a worker met."""

    rank: int
    message: str
    trace: str
    follows: bool
    """Whether it only follows from the end of another."""


def number_of(workers: str) -> int:
    """Return how many `--workers` asks for; `auto` is one for each GPU, or else for each core up to MOST."""
    if workers == "auto":
        import torch

        return torch.cuda.device_count() or min(cores(), MOST)
    if not workers.isdigit() or not int(workers):
        raise ConfigError(f"--workers is {workers!r}; give a number from 1, or auto")
    return int(workers)


def cores() -> int:
    """Return the processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(task: Callable[[], None], count: int) -> int:
    """Run a task that joins the group in `count` processes; return the exit code of the first, or of one that failed.

    `task` can be pickled. SIGINT and SIGTERM are passed on. Raises the ClearheadError that a worker raised.
    """
    if sys.platform == "win32":
        raise ConfigError("--workers needs Linux or macOS; here start several processes with torchrun")
    context = multiprocessing.get_context("spawn")  # a forked copy of a process that runs threads may hang
    with started_safely():
        failures: SimpleQueue[_Failure] = context.SimpleQueue()
    shared = {
        "WORLD_SIZE": str(count),
        "LOCAL_WORLD_SIZE": str(count),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(_free_port()),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(max(1, cores() // count))),
    }
    workers = [context.Process(target=_work, args=(task, rank, shared, failures)) for rank in range(count)]
    with started_safely(), _passed_on(workers):
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # until they can answer it
        for worker in workers:
            worker.start()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        _wait(workers)
    found: list[_Failure] = []
    while not failures.empty():
        found.append(failures.get())
    if found:
        failure = min(found, key=lambda each: (each.follows, each.rank))
        error = ClearheadError(failure.message)
        error.add_note(f"in worker {failure.rank}:\n{failure.trace}")
        raise error
    codes = [worker.exitcode or 0 for worker in workers]
    code = codes[0] or max(codes, key=abs)
    return 128 - code if code < 0 else code


def _work(
    task: Callable[[], None], rank: int, shared: dict[str, str], failures: "SimpleQueue[_Failure]"
) -> None:
    os.setpgrp()  # Ctrl-C reaches the one who started us, and comes from there once
    os.environ |= {**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)}
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        task()
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except ClearheadError as error:
        failures.put(_Failure(rank, str(error), traceback.format_exc(), isinstance(error, WorkerError)))
        sys.exit(1)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "a worker has been started by somebody"
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _passed_on(workers: Sequence[BaseProcess]) -> Iterator[None]:
    """Hand SIGINT and SIGTERM on to those who work."""

    def hand_on(number: int, frame: object) -> None:
        for worker in workers:
            if worker.pid and worker.is_alive():
                os.kill(worker.pid, number)

    before = {number: signal.signal(number, hand_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait(workers: Sequence[BaseProcess]) -> None:
    """Return when all have ended; when one has failed the others get a while, then are ended."""
    deadline = None
    while alive := [worker for worker in workers if worker.is_alive()]:
        alive[0].join(0.2)
        if deadline is None and any(worker.exitcode not in _WELL for worker in workers):
            deadline = time.monotonic() + _GRACE
        if deadline is not None and time.monotonic() > deadline:
            for worker in alive:
                worker.kill()


def _free_port() -> int:
    """Return a port of this machine that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
