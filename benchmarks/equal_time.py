"""Training of several variants for the same time, a core each, as many at a time as there are cores.

What a step takes is measured first; from then on the number of steps is fixed, and other work does no harm.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

PROBE = 40
"""Steps of the first minute or so, which tell how long one takes."""
Variants = Mapping[str, Sequence[str]]
"""What is added to the command of each, by its name."""


def train_for(out: Path, common: Sequence[str], variants: Variants, minutes: float) -> dict[str, int]:
    """Train every variant for so long, each to the end of a learning rate made for that; return their steps.

    The runs stand in `out`/run-NAME. `common` are options of `clearhead train` for all of them.
    """
    _train(out, common, variants, dict.fromkeys(variants, PROBE), "probe")
    steps = {name: round(60 * minutes / _seconds_a_step(out / f"probe-{name}")) for name in variants}
    _train(out, common, variants, steps, "run")
    return steps


def _train(
    out: Path, common: Sequence[str], variants: Variants, steps: Mapping[str, int], stage: str
) -> None:
    running: list[subprocess.Popen[bytes]] = []
    ends: list[int] = []
    for name, options in variants.items():
        if len(running) == (os.cpu_count() or 1):
            ends.append(running.pop(0).wait())
        command = [sys.executable, "-m", "clearhead", "train", *common, *options]
        command += ["--out", str(out / f"{stage}-{name}"), "--training.max-steps", str(steps[name])]
        with (out / f"{stage}-{name}.log").open("wb") as log:
            running.append(
                subprocess.Popen(command, stderr=log, stdout=log, env=os.environ | {"OMP_NUM_THREADS": "1"})
            )
    if any([*ends, *(process.wait() for process in running)]):
        sys.exit(f"a training ended early; see {out}/{stage}-*.log")


def _seconds_a_step(run: Path) -> float:
    """Return the median time of a step."""
    events = [json.loads(line) for line in (run / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    steps = [event for event in events if event["event"] == "train"]
    return statistics.median(float(step["tokens"]) / float(step["tokens_per_second"]) for step in steps)
