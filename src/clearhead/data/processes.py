"""Processes of Python that are started from here: what they may run, and whether they still do.

Python looks for modules in the working directory first where it is started as `-m` or `-c`, and so it starts
what multiprocessing starts. A `struct.py` that lies beside somebody's text must not run.
"""

import os
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SAFE_PATH, _WARNINGS = "PYTHONSAFEPATH", "PYTHONWARNINGS"
_OF_TRACKER = "ignore:resource_tracker:UserWarning"
"""Multiprocessing's own process tells of what others left when they were killed, and clears it away."""


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


def stopped(processes: Iterable[int]) -> list[int]:
    """Return which of the processes are held by SIGSTOP or a debugger; none where the system does not tell."""
    return [process for process in processes if _state(process).startswith(("T", "t"))]


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
