"""The short form of `make test-faults`: whatever is killed, flipped or cut, nothing is lost without a word."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks import faults


@pytest.mark.timeout(900)  # a dozen short trainings, on a machine that may be busy
def test_nothing_is_lost():
    command = [
        sys.executable,
        "-m",
        "benchmarks.faults",
        "--kills",
        "1",
        "--flips",
        "8",
        "--truncations",
        "4",
    ]
    done = subprocess.run(
        [*command, "--seed", "3"], capture_output=True, text=True, cwd=Path(faults.__file__).parents[1]
    )
    assert done.returncode == 0, done.stderr[-2000:]
    rows = re.findall(r"^\| (.+?) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", done.stdout, re.MULTILINE)
    assert sum(int(tries) for _, tries, *_ in rows) == 13
    assert sum(int(told) for *_, told, _ in rows) > 0
    for fault, *_, lost in rows:
        assert lost == "0", (fault, done.stderr[-2000:])
