"""`python -m studies`: the studies there are; with `--run`, their quick forms, two at a time.

$ python -m studies
$ python -m studies --run --out build/studies
"""

import argparse
import ast
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent


def names() -> list[str]:
    """Return the studies, by the files that end in a call of the common `main` with a STUDY."""
    return sorted(
        file.stem
        for file in HERE.glob("*.py")
        if any(
            isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "STUDY"
            for node in ast.parse(file.read_text(encoding="utf-8")).body
        )
    )


def alone(name: str) -> bool:
    """Say whether a study measures time, so that nothing should run beside it."""
    return "alone=True" in (HERE / f"{name}.py").read_text(encoding="utf-8")


def run(name: str, flags: Sequence[str]) -> tuple[str, int, float]:
    """Run one study in a process of its own; return its name, exit status and seconds."""
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", f"studies.{name}", *flags], capture_output=True, text=True)
    print(f"== {name}\n{done.stdout}{done.stderr if done.returncode else ''}", flush=True)
    return name, done.returncode, time.perf_counter() - started


def main() -> None:
    """List the studies, or run them all."""
    parser = argparse.ArgumentParser(prog="python -m studies", description=__doc__)
    parser.add_argument("--run", action="store_true", help="run every one; other flags are handed on to them")
    parser.add_argument("--jobs", type=int, default=2, help="studies at the same time")
    arguments, flags = parser.parse_known_args()
    if not arguments.run:
        print("\n".join(names()))
        return
    timed = [name for name in names() if alone(name)]
    with ThreadPoolExecutor(arguments.jobs) as pool:
        done = list(pool.map(lambda name: run(name, flags), [name for name in names() if name not in timed]))
    done += [run(name, flags) for name in timed]
    for name, status, seconds in done:
        print(f"{name:20} {'done' if status == 0 else 'FAILED'} {seconds:6.0f} s")
    sys.exit(any(status for _, status, _ in done))


if __name__ == "__main__":
    main()
