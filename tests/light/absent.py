"""Processes that cannot import some packages, whether these are installed or not."""

import json
import os
import subprocess
import sys
from pathlib import Path

import clearhead

_BLOCK = """
import sys


class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)


sys.meta_path.insert(0, Absent())
"""


def environment(folder: Path, *more: str, **variables: object) -> dict[str, str]:
    """Return an environment whose processes, and theirs, have no torch, no jaxtyping and none of `more`.

    Python runs `sitecustomize` wherever it starts, so in workers of a service too; it is written into `folder`, which
    also takes what is converted.
    """
    (folder / "sitecustomize.py").write_text(_BLOCK.format(absent={"torch", "jaxtyping", *more}))
    paths = os.pathsep.join(map(str, (folder, Path(clearhead.__file__).parents[1])))
    own = {"PYTHONPATH": paths, "CLEARHEAD_CACHE": str(folder / "cache"), "OMP_NUM_THREADS": "1"}
    return {**os.environ, **own, **{name: str(value) for name, value in variables.items()}}


_RUN = """
import contextlib, io, json, sys
from clearhead.cli import main

results = []
for words in json.loads(sys.argv[1]):
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(words)
        except SystemExit as end:
            code = end.code or 0
    results.append((code, out.getvalue(), err.getvalue()))
print(json.dumps(results))
"""


def run(environment: dict[str, str], *commands: list[object]) -> list[tuple[int, str, str]]:
    """Return exit code, standard output and standard error of commands, run one after the other in one process."""
    done = python(environment, _RUN, json.dumps([list(map(str, words)) for words in commands]))
    return [tuple(result) for result in json.loads(done)]


def python(environment: dict[str, str], code: str, *arguments: str) -> str:
    """Return what a program prints on standard output."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
