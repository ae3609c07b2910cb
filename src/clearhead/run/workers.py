"""Several processes on this machine that train as one: PyTorch's elastic agent starts and ends them.

What they do together is in `training`; torchrun starts them over several machines, with the same agent. Here signals
are passed on, and what went wrong is said in one line.
"""

import json
import logging
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from clearhead.data.processes import Held, available_cores, started_safely
from clearhead.errors import ClearheadError, ConfigError, WorkerError
from clearhead.run.interruption import SIGNALS, Interrupted
from clearhead.text.shown import one_line

if TYPE_CHECKING:
    from torch.distributed.launcher.api import LaunchConfig

MOST = 4
"""Workers of `auto` on a CPU: each takes a batch of its own at every step, which should not grow with the machine."""
_LOOK = 0.5
"""Seconds between two looks at the workers."""
_GO_ON = "continue with the same command and --resume"
_HOST = "127.0.0.1"
_LEAVE = 10.0
"""Seconds in which the exit code of a worker that was stopped is taken, unless another one failed."""
_STOP = "stop"
"""The note of a signal, for workers that start after it came."""


@dataclass(frozen=True)
class _Failure:
    """An error that a worker met."""

    rank: int
    message: str
    trace: str
    follows: bool
    """Whether it only follows from the end of another."""
    lasting: bool
    """Whether another start would meet it again."""


def number_of(workers: str) -> int:
    """Return how many `--workers` asks for; `auto` is one for each GPU, or else for each core up to MOST."""
    if workers == "auto":
        import torch

        return torch.cuda.device_count() or min(available_cores(), MOST)
    if not workers.isdigit() or not int(workers):
        raise ConfigError(f"--workers must be a number from 1, or auto; got {workers!r}")
    return int(workers)


def run(task: Callable[[], None], count: int, restarts: int = 0) -> int:
    """Run a task that joins the group in `count` processes; return the exit code of the first, or of one that failed.

    Where one fails, all are started again, up to `restarts` times. `task` can be pickled. Signals are passed on.
    Raises the ClearheadError that a worker raised, WorkerError where one was killed, and Interrupted where a signal
    came and the first has not said so.
    """
    if sys.platform == "win32":
        raise ConfigError("--workers needs Linux or macOS; on Windows start several processes with torchrun")
    with TemporaryDirectory(prefix="clearhead-workers-") as folder, started_safely():
        notes = Path(folder)
        with _watched(notes) as watched:
            codes = _launched(task, count, restarts, notes, watched)
        cause = _cause(_failures(notes), codes, watched)
    if cause:
        raise cause
    return codes.get(0) or max(codes.values(), key=abs, default=0)


def _launched(
    task: Callable[[], None], count: int, restarts: int, notes: Path, watched: "_Watched"
) -> dict[int, int]:
    """Return the exit codes of the workers by rank, as far as they are known."""
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import elastic_launch

    threads = os.environ.get("OMP_NUM_THREADS")
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, available_cores() // count)))
    try:
        config = _launch_config(count, restarts, notes)
        if watched.signals:
            raise Interrupted(watched.signals[-1])
        return elastic_launch(config, _work)(task, notes)  # type: ignore[no-any-return]
    except ChildFailedError as error:
        codes = {rank: failure.exitcode for rank, failure in error.failures.items()}
        return {**codes, **watched.codes()}
    finally:
        if threads is None:
            os.environ.pop("OMP_NUM_THREADS", None)


def _launch_config(count: int, restarts: int, notes: Path) -> "LaunchConfig":
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs
    from torch.distributed.launcher.api import LaunchConfig

    # It tells in many lines what we tell in one.
    for name in ("torch.distributed.elastic", "torch.multiprocessing", "torchelastic-events-null"):
        logger = logging.getLogger(name)
        logger.propagate, logger.handlers = False, [logging.NullHandler()]
    return LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=count,
        logs_specs=DefaultLogsSpecs(log_dir=str(notes / "agent")),
        run_id=f"clearhead-{os.getpid()}",
        rdzv_backend="c10d",
        rdzv_endpoint=f"{_HOST}:0",  # any free port
        local_addr=_HOST,
        max_restarts=restarts,
        start_method="spawn",  # a forked copy of a process that runs threads may hang
        signals_to_handle="SIGQUIT",  # the others are ours: a run that is stopped saves first, however long that takes
    )


def _work(task: Callable[[], None], notes: Path) -> int:
    """Be one of the workers; return the exit code of a task that ended well or was stopped."""
    os.setpgrp()  # Ctrl-C reaches the one who started us, and comes from there once
    rank, attempt = int(os.environ["RANK"]), int(os.environ["TORCHELASTIC_RESTART_COUNT"])
    before = _failures(notes)
    (notes / f"{rank}.pid").write_text(str(os.getpid()))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if (notes / _STOP).exists():
        return 128 + int((notes / _STOP).read_text())
    if any(failure.lasting for failure in before):
        sys.exit(1)
    if attempt and rank == 0:
        most = os.environ["TORCHELASTIC_MAX_RESTARTS"]
        said = f"started again ({attempt} of {most}), from the last checkpoint"
        print(one_line(said), file=sys.stderr, flush=True)
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        task()
    except KeyboardInterrupt:
        return _stopped(128 + signal.SIGINT)
    except SystemExit as stop:
        if isinstance(stop.code, int) and stop.code >= 128:
            return _stopped(stop.code)
        raise
    except (ClearheadError, OSError) as error:
        failure = _failure(rank, error)
        (notes / f"{attempt}-{rank}.json").write_text(json.dumps(asdict(failure)))
        sys.exit(1)
    except Exception:  # a fault of ours, of which the agent would tell nothing
        traceback.print_exc()
        sys.exit(1)
    return 0


def _stopped(code: int) -> int:
    """Return the exit code of a worker that was stopped, which ends by itself where nobody takes it."""
    leave = threading.Timer(_LEAVE, os._exit, [code])
    leave.daemon = True
    leave.start()
    return code


def _failure(rank: int, error: ClearheadError | OSError) -> _Failure:
    follows = isinstance(error, WorkerError)
    message = str(error)
    if isinstance(error, OSError) and error.strerror:
        message = error.strerror + (f" ({error.filename})" if error.filename else "")
    return _Failure(
        rank, message, traceback.format_exc(), follows, lasting=not follows and not isinstance(error, OSError)
    )


def _failures(notes: Path) -> list[_Failure]:
    """Return what the workers noted, the last attempt first."""
    files = sorted(notes.glob("*.json"), reverse=True)
    texts = [
        text for file in files if (text := file.read_text()).endswith("}")
    ]  # not one still being written
    return [_Failure(**json.loads(text)) for text in texts]


def _cause(
    failures: Sequence[_Failure], codes: Mapping[int, int], watched: "_Watched"
) -> BaseException | None:
    """Return what ended a run: the error of a worker before a signal, before a death, before what follows from it."""
    causes = [failure for failure in failures if not failure.follows]
    if watched.signals and not causes:
        done = all(code in (0, 128 + watched.signals[-1]) for code in codes.values())
        well = done and (codes.get(0) or not any(codes.values()))
        return None if well else Interrupted(watched.signals[-1])
    deaths = {rank: -code for rank, code in codes.items() if code < 0 and not causes}
    for rank in sorted(
        deaths, key=lambda rank: deaths[rank] == signal.SIGTERM
    ):  # so those are ended who follow
        return WorkerError(f"worker {rank} {watched.death(rank, deaths[rank])}; {_GO_ON}")
    if not any(codes.values()):
        return None
    first = min([*causes, *failures], key=lambda failure: failure.follows, default=None)
    if first is None:
        return None
    error = ClearheadError(first.message)
    error.add_note(f"in worker {first.rank}:\n{first.trace}")
    return error


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "a worker has been started by somebody"
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


class _Watched:
    """The workers as who started them sees them: signals are passed on to them, and one that is held is ended."""

    def __init__(self, notes: Path) -> None:
        self.signals: list[int] = []
        """Those that came."""
        self._notes = notes
        self._processes: dict[int, BaseProcess] = {}
        self._held: set[int] = set()
        self._over = threading.Event()

    def pass_on(self, number: int, frame: object) -> None:
        """Send a signal to all."""
        self.signals.append(number)
        (self._notes / _STOP).write_text(str(int(number)))
        for process in multiprocessing.active_children():
            if process.pid:
                os.kill(process.pid, number)

    def look(self) -> None:
        """Look at them until the end."""
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        held = Held()
        while not self._over.wait(_LOOK):
            self._processes |= {child.pid: child for child in multiprocessing.active_children() if child.pid}
            ranks = self._ranks()
            to_tell, to_end = held.look(ranks, held.TOLD if self.signals else held.ENDED)
            for process in to_tell:
                waiting = f"waiting for worker {ranks[process]}, which was stopped …"
                print(one_line(waiting), file=sys.stderr, flush=True)
            for process in to_end:
                self._held.add(ranks[process])
                os.kill(process, signal.SIGKILL)

    def end(self) -> None:
        """Look no more."""
        self._over.set()

    def codes(self) -> dict[int, int]:
        """Return the exit codes by rank of those that were seen and have ended."""
        ranks = self._ranks()
        return {
            ranks[process]: child.exitcode
            for process, child in self._processes.items()
            if process in ranks and child.exitcode
        }

    def death(self, rank: int, number: int) -> str:
        """Say how a worker was killed by a signal."""
        if rank in self._held:
            return f"was stopped (SIGSTOP) and not resumed for {Held.ENDED:.0f} seconds"
        why = ", probably because memory ran out" if number == signal.SIGKILL else ""
        return f"was killed ({signal.Signals(number).name}){why}"

    def _ranks(self) -> dict[int, int]:
        """Return the rank of each process of the last attempt."""
        texts = {int(file.stem): file.read_text() for file in self._notes.glob("*.pid")}
        return {int(text): rank for rank, text in texts.items() if text}


@contextmanager
def _watched(notes: Path) -> Iterator[_Watched]:
    """Hand signals on to those who work meanwhile, where one that is ignored is ignored too."""
    watched = _Watched(notes)
    before = {number: signal.signal(number, watched.pass_on) for number in SIGNALS}
    # Workers are started deaf to Ctrl-C, until they can answer it; the thread that looks hears it for us.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    thread = threading.Thread(target=watched.look, daemon=True)
    thread.start()
    try:
        yield watched
    finally:
        watched.end()
        thread.join()
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in before.items():
            signal.signal(number, handler)
