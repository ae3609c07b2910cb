"""One sentence from the start: what `clearhead translate` takes, beside its libraries alone and an earlier version.

Usage: python -m benchmarks.cold [--rounds 7] [--beside SRC]

Every way is a process of its own, in turns, with the bytecode that an installed package has. Processor time is told
beside the time that passed, since on a busy machine only the first means anything. SRC is the `src` folder of another
version.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks.interleaved import interleaved, ratio, versions

OURS = "clearhead translate"
COMMAND = (sys.executable, "-P", "-m", "clearhead", "translate", "Hello", "--to", "fr")
LIBRARIES = (sys.executable, "-P", "-c", "import ctranslate2, numpy, sentencepiece, tyro")
SRC = Path(__file__).parents[1] / "src"


class Taken(NamedTuple):
    """What one process took, in seconds."""

    passed: float
    processor: float


def run(command: tuple[str, ...], source: Path, bytecode: str) -> Taken:
    """Run a command to its end with the package of `source`, and with what was compiled into a folder before."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(source), "PYTHONPYCACHEPREFIX": bytecode}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Taken(time.perf_counter() - started, processor)


def main() -> None:
    """Measure in turns, print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--beside", type=Path, help="the src folder of another version")
    arguments = parser.parse_args()
    commands = {OURS: (COMMAND, SRC), "its libraries alone": (LIBRARIES, SRC)}
    if arguments.beside:
        commands["the other version"] = (COMMAND, arguments.beside.resolve())
    taken: dict[str, list[Taken]] = {name: [] for name in commands}

    with tempfile.TemporaryDirectory() as bytecode:

        def way(name: str) -> Callable[[], None]:
            return lambda: taken[name].append(run(*commands[name], bytecode))

        interleaved({name: way(name) for name in commands}, arguments.rounds)
    rounds = {
        name: of_way[1:] for name, of_way in taken.items()
    }  # the first compiles, and warms the disk's cache
    print(versions("clearhead", "ctranslate2", "numpy", "sentencepiece", "tyro"))
    print("| | seconds | of the processor | Clearhead, as fast, by the processor |\n|---|---|---|---|")
    ours = [each.processor for each in rounds[OURS]]
    for name, of_way in rounds.items():
        processor = [each.processor for each in of_way]
        cells = [f"{statistics.median(each.passed for each in of_way):.2f}"]
        cells.append(f"{statistics.median(processor):.2f}")
        middle, low, high = ratio(ours, processor)
        cells.append("" if name == OURS else f"{middle:.2f} times [{low:.2f}, {high:.2f}]")
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
