"""Several processes on this machine that train as one: this one starts, stops and reports for them.

What they do together is `training.distributed`; torchrun does the same over several machines.
"""

import math
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import connection
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import NamedTuple

from clearhead.data.processes import Held, available_cores, started_safely
from clearhead.errors import ClearheadError, ConfigError, WorkerError
from clearhead.run.interruption import SIGNALS, Interrupted
from clearhead.text.shown import one_line

MOST = 4
"""Workers of `auto` on a CPU: each takes a batch of its own at every step, which should not grow with the machine."""
_GRACE = 10.0
"""Seconds that the others have to end by themselves after one has failed."""
_LOOK = 0.5
"""Seconds between two checks of the workers."""
_TRACE = 20_000
"""Characters of a traceback that a pipe can surely hold."""
_GO_ON = "continue with the same command and --resume"
_WELL = (None, 0, *(128 + number for number in SIGNALS))
"""Running, done, or stopped by a signal: then the others save what they have, however long that takes."""


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

        return torch.cuda.device_count() or min(available_cores(), MOST)
    if not workers.isdigit() or not int(workers):
        raise ConfigError(f"--workers must be a number from 1, or auto; got {workers!r}")
    return int(workers)


def run(task: Callable[[], None], count: int) -> int:
    """Run a task that joins the group in `count` processes; return the exit code of the first, or of one that failed.

    `task` can be pickled. Signals are passed on. Raises the ClearheadError that a worker raised,
    WorkerError where one was killed or does not go on, and Interrupted where a signal came and the first has not
    said so.
    """
    if sys.platform == "win32":
        raise ConfigError("--workers needs Linux or macOS; on Windows start several processes with torchrun")
    context = multiprocessing.get_context("spawn")  # a forked copy of a process that runs threads may hang
    meeting = _meeting_socket()
    shared = {
        "WORLD_SIZE": str(count),
        "LOCAL_WORLD_SIZE": str(count),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(meeting.getsockname()[1]),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(max(1, available_cores() // count))),
    }
    workers, pipes = [], []
    for rank in range(count):
        # A pipe each: one that is killed while it writes into a shared one would block the others.
        reading, writing = context.Pipe(duplex=False)
        own = None if rank else meeting
        workers.append(context.Process(target=_work, args=(task, rank, shared, writing, own)))
        pipes.append((reading, writing))
    with meeting, _passed_on(workers) as signals:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # until they can answer it
        with started_safely():
            for worker, (_, writing) in zip(workers, pipes, strict=True):
                worker.start()
                writing.close()
        meeting.close()  # if the first worker ends, nobody is at its address
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        ended = _wait(workers, signals)
    failures = [failure for reading, _ in pipes for failure in _read(reading)]
    codes = [worker.exitcode or 0 for worker in workers]
    cause = _cause(failures, codes, ended, signals)
    if cause:
        raise cause
    return codes[0] or max(codes, key=abs)


def _cause(
    failures: Sequence[_Failure], codes: Sequence[int], ended: Mapping[int, str], signals: Sequence[int]
) -> BaseException | None:
    """Return what ended a run: the error of a worker before a signal, before a death, before what follows from it."""
    causes = [failure for failure in failures if not failure.follows]
    if signals and not causes:
        done = all(code in (0, 128 + signals[-1]) for code in codes)
        return None if done and (codes[0] or not any(codes)) else Interrupted(signals[-1])
    for rank, code in enumerate(codes) if not causes else ():
        if ended.get(rank):
            return WorkerError(f"worker {rank} {ended[rank]}; {_GO_ON}")
        if code < 0 and rank not in ended:
            why = ", probably because memory ran out" if code == -signal.SIGKILL else ""
            return WorkerError(f"worker {rank} was killed ({signal.Signals(-code).name}){why}; {_GO_ON}")
    first = min([*causes, *failures], key=lambda failure: (failure.follows, failure.rank), default=None)
    if first is None:
        return None
    error = ClearheadError(first.message)
    error.add_note(f"in worker {first.rank}:\n{first.trace}")
    return error


def _read(pipe: Connection) -> Iterator[_Failure]:
    with suppress(EOFError, OSError):
        while pipe.poll():
            yield pipe.recv()


def _work(
    task: Callable[[], None],
    rank: int,
    shared: dict[str, str],
    failures: Connection,
    meeting: socket.socket | None,
) -> None:
    os.setpgrp()  # Ctrl-C reaches the one who started us, and comes from there once
    os.environ |= {**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)}
    if meeting is not None:
        meeting.set_inheritable(False)
        os.environ["CLEARHEAD_MEETING_SOCKET"] = str(meeting.detach())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        task()
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except (ClearheadError, OSError) as error:
        place = f" ({error.filename})" if isinstance(error, OSError) and error.filename else ""
        message = f"{error.strerror or error}{place}" if isinstance(error, OSError) else str(error)
        failures.send(
            _Failure(rank, message, traceback.format_exc()[-_TRACE:], isinstance(error, WorkerError))
        )
        sys.exit(1)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "a worker has been started by somebody"
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _passed_on(workers: Sequence[BaseProcess]) -> Iterator[list[int]]:
    """Hand signals on to those who work, where one that is ignored is ignored too; give the list of what came."""
    signals: list[int] = []

    def hand_on(number: int, frame: object) -> None:
        signals.append(number)
        for worker in workers:
            if worker.pid and worker.is_alive():
                os.kill(worker.pid, number)

    before = {number: signal.signal(number, hand_on) for number in SIGNALS}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait(workers: Sequence[BaseProcess], signals: Sequence[int]) -> dict[int, str]:
    """Return when all have ended; end those that were stopped, and a while after one has failed all the others.

    Return the ranks of those that were ended, and why; of those that had to follow, nothing.
    """
    deadline, held, ended = math.inf, Held(), dict[int, str]()
    while alive := {worker.pid: rank for rank, worker in enumerate(workers) if worker.is_alive()}:
        connection.wait([workers[rank].sentinel for rank in alive.values()], timeout=_LOOK)
        to_tell, to_end = held.look(filter(None, alive), held.TOLD if signals else held.ENDED)
        for process in to_tell:
            waiting = f"waiting for worker {alive[process]}, which was stopped …"
            print(one_line(waiting), file=sys.stderr, flush=True)
        for process in to_end:
            ended[alive[process]] = f"was stopped (SIGSTOP) and not resumed for {held.ENDED:.0f} seconds"
            workers[alive[process]].kill()
        if deadline == math.inf and any(worker.exitcode not in _WELL for worker in workers):
            deadline = time.monotonic() + _GRACE
        if time.monotonic() > deadline:
            for rank in alive.values():
                ended.setdefault(rank, "")
                workers[rank].kill()
    return ended


def _meeting_socket() -> socket.socket:
    """Return a socket at a port of its own, which no other process gets as long as somebody holds the socket.

    It does not listen: until the first worker does, the others find nobody there, and look again.
    """
    meeting = socket.socket()
    meeting.bind(("127.0.0.1", 0))
    return meeting
