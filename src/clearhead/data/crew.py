"""Processes that work ahead of whoever needs their results, which come in the order of the tasks."""

import logging
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

from clearhead.data.processes import Held, started_safely
from clearhead.errors import LostProcessError

_LOOK = 1.0
"""Seconds between two checks of the processes that are waited for."""
_log = logging.getLogger("clearhead.data")

Task = TypeVar("Task")
Result = TypeVar("Result")
Working = Callable[[Iterable[Task]], Iterator[tuple[Task, Result]]]
"""What takes tasks and gives each back with its result, in the same order."""


@dataclass(frozen=True, kw_only=True)
class Crew(Generic[Task, Result]):
    """Several processes that do the same to one task after another; with none, this process does it."""

    work: Callable[[Task], Result]
    """What can be pickled; each process gets it once."""
    processes: int
    doing: str
    """What they do, as errors say it: `prepares batches`."""
    remedy: str
    """What to do where one of them is lost."""
    fewer: str
    """What to do where memory runs out again."""
    first: int = 0
    """How many tasks this process does itself before any is started: for a few it is not worth it."""
    ahead: int = 1
    """How many tasks are begun beyond those that the processes have in hand."""

    @contextmanager
    def working(self) -> "Iterator[Working[Task, Result]]":
        """Start the processes when they are needed, and end them."""
        pools: list[ProcessPoolExecutor] = []

        def results(tasks: Iterable[Task]) -> Iterator[tuple[Task, Result]]:
            waiting = iter(tasks)
            alone = 0 if pools else self.first
            for task in islice(waiting, alone) if self.processes else waiting:
                yield task, self.work(task)
            if self.processes:
                yield from self._ahead(pools, waiting)

        try:
            yield results
        finally:
            # wait: else the interpreter, ending, wakes a pool that is closing, and one in many runs ends with EBADF.
            for pool in pools:
                pool.shutdown(cancel_futures=True)

    def _ahead(
        self, pools: list[ProcessPoolExecutor], tasks: Iterator[Task]
    ) -> Iterator[tuple[Task, Result]]:
        pending: deque[tuple[Task, Future[Result]]] = deque()
        for task in tasks:
            if not pools:
                pools.append(self._pool())
            with (
                started_safely(),
                _interrupts_held_back(),
            ):  # while a process starts it cannot ignore them yet
                try:
                    pending.append((task, pools[0].submit(_work, task)))
                except BrokenProcessPool:
                    raise self._died() from None
            if len(pending) >= self.processes + self.ahead:
                done, future = pending.popleft()
                yield done, self._result(future)
        while pending:
            done, future = pending.popleft()
            yield done, self._result(future)

    def _pool(self) -> ProcessPoolExecutor:
        # spawn: a forked copy of a process that runs threads, as torch does, may hang.
        context = multiprocessing.get_context("spawn")
        with started_safely():
            return ProcessPoolExecutor(self.processes, context, initializer=_begin, initargs=(self.work,))

    def _died(self) -> LostProcessError:
        return LostProcessError(
            f"a process that {self.doing} died, most likely because memory ran out; {self.remedy}, and "
            f"{self.fewer} if it dies again"
        )

    def _result(self, future: "Future[Result]") -> Result:
        """Wait for a result; raise LostProcessError where a process died, or was stopped and does not go on."""
        held = Held()
        while True:
            try:
                return future.result(timeout=_LOOK)
            except BrokenProcessPool:
                raise self._died() from None
            except TimeoutError:
                workers = {child.pid: child for child in multiprocessing.active_children() if child.pid}
                to_tell, to_end = held.look(workers, held.ENDED)
                for process in to_tell:
                    _log.warning(f"waiting for process {process}, which {self.doing} and was stopped …")
                if to_end:
                    for process in to_end:
                        workers[process].kill()
                    raise LostProcessError(
                        f"process {to_end[0]}, which {self.doing}, was stopped (SIGSTOP) and did not go on for "
                        f"{held.ENDED:.0f} seconds; {self.remedy}"
                    ) from None


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Deliver Ctrl-C and the end of a terminal afterwards; a process started meanwhile never sees them."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_TASK: list[Callable[[Any], Any]] = []
"""What a process was given to do when it started."""


def _begin(work: Callable[[Any], Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the affair of who started it
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # and so is a terminal that was closed
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    _TASK.append(work)


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)


def _work(task: Any) -> Any:
    return _TASK[0](task)
