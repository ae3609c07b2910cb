"""Processes of Python that are started from here: on which cores, what they may run, and whether they still do.

Python looks for modules in the working directory first where it is started as `-m` or `-c`, and so it starts
what multiprocessing starts. A `struct.py` in the folder of somebody's text must not run.
"""

import os
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SAFE_PATH, _WARNINGS = "PYTHONSAFEPATH", "PYTHONWARNINGS"
_OF_TRACKER = "ignore:resource_tracker:UserWarning"
"""Multiprocessing's own process warns of what others left when they were killed, and clears it away."""


def available_cores() -> int:
    """Return the processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def started_safely() -> Iterator[None]:
    """Start processes meanwhile that look for no module in the working directory, as all do that they start."""
    before = {name: os.environ.get(name) for name in (_SAFE_PATH, _WARNINGS)}
    os.environ[_SAFE_PATH] = "1"
    os.environ[_WARNINGS] = ",".join(filter(None, (before[_WARNINGS], _OF_TRACKER)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


class Held:
    """Keeps an eye on processes that were stopped (SIGSTOP) and answer nobody; one in a debugger is not meant."""

    TOLD, ENDED = 5.0, 30.0
    """Seconds after which somebody should know, and after which they are better ended."""

    def __init__(self) -> None:
        self._since: dict[int, float] = {}
        self._told: set[int] = set()

    def look(self, processes: Iterable[int], most: float) -> tuple[list[int], list[int]]:
        """Return those to report, each once, and those stopped for longer than `most` seconds, to end.

        None where the system does not say.
        """
        now = time.monotonic()
        held = {process for process in processes if _state(process).startswith("T")}
        self._since = {process: self._since.get(process, now) for process in held}
        seconds = {process: now - since for process, since in self._since.items()}
        to_tell = [process for process in held - self._told if seconds[process] > self.TOLD]
        self._told = (self._told | set(to_tell)) & held
        return to_tell, [process for process in held if seconds[process] > most]


def _state(process: int) -> str:
    """Return the letters that the system has for what a process does; empty where there is none."""
    with suppress(OSError):  # Linux; the name of the program may hold anything, brackets too
        return Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2].strip()
    if Path("/proc/self/stat").exists() or os.name == "nt":
        return ""
    done = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()
