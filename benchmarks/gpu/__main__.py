"""Every measurement on a GPU in one call; a section that fails or takes too long loses nothing of the others.

Usage: python -m benchmarks.gpu [--device cuda] [--out DIR] [--within 560] [--only tests training-base ...]

Each section is a process with a time limit, and what it says goes line by line to a file of its own in DIR; at the end
`summary.md` says how each ended, and holds their tables. With --device cpu everything runs in small shapes for a few
seconds, as a rehearsal: its figures mean nothing.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CARRIED = ("platformdirs",)
"""Packages that this needs beyond those of a usual machine with PyTorch: numpy, sentencepiece, safetensors, jaxtyping,
filelock, tqdm, pytest, and transformers for the comparison. The command line and its packages are not used."""
_LEAST = 5.0
"""Seconds that are worth starting a section for."""


@dataclass(frozen=True)
class Section:
    """One measurement."""

    name: str
    command: tuple[str, ...]
    """Arguments of python."""
    limit: float
    """Seconds on a GPU."""


def sections(device: str) -> Iterator[Section]:
    """Yield what is measured, the most important first but for the tests, which say whether figures mean anything."""
    on = ("--device", device)
    pytest = ("-m", "pytest", "-q", "-o", "addopts=", "-p", "no:cacheprovider", "--confcutdir=tests/cuda")
    yield Section("tests", (*pytest, "tests/cuda"), 110)
    for shape, limit in (("base", 130), ("big", 130), ("tiny", 75)):
        yield Section(f"training-{shape}", ("-m", "benchmarks.gpu.training", "--shape", shape, *on), limit)
    yield Section("memory", ("-m", "benchmarks.gpu.memory", *on), 45)
    yield Section("translation", ("-m", "benchmarks.gpu.translation", *on), 70)


def ended(section: Section, file: Path, seconds: float, device: str) -> str:
    """Run a section and return how it ended; what it says is in the file as soon as it is said."""
    started = time.monotonic()
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]).rstrip(
            os.pathsep
        ),
        "PYTHONUNBUFFERED": "1",
        "CLEARHEAD_TEST_DEVICE": device,
        **({"CUBLAS_WORKSPACE_CONFIG": ":4096:8"} if section.name == "tests" else {}),
    }
    with file.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, *section.command],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)  # and the processes that it started
            process.wait()
            return f"stopped after {seconds:.0f} s"
    return f"{'done' if code == 0 else f'failed with {code}'} in {time.monotonic() - started:.0f} s"


def summary(out: Path, endings: dict[str, str], device: str) -> str:
    """Return how every section ended, and the tables that they printed."""
    lines = [f"# Clearhead on {device}", "", *_machine(device), "", "| section | how it ended |", "|---|---|"]
    lines += [f"| {name} | {ending} |" for name, ending in endings.items()]
    for name in endings:
        text = (out / f"{name}.txt").read_text(encoding="utf-8", errors="replace")
        said = [line for line in text.splitlines() if line.startswith(("|", "= "))]
        if not said:
            said = text.splitlines()[-3:]
        lines += ["", f"## {name}", "", *said]
    return "\n".join(lines) + "\n"


def _machine(device: str) -> Iterator[str]:
    import platform

    import torch

    yield f"Python {platform.python_version()}, torch {torch.__version__}, {os.cpu_count()} cores"
    if device.startswith("cuda") and torch.cuda.is_available():
        facts = torch.cuda.get_device_properties(device)
        yield f"{facts.name}, {facts.total_memory / 2**30:.0f} GiB, CUDA {torch.version.cuda}"


def main() -> None:
    """Run the sections one after the other."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--out", type=Path, default=Path(os.environ.get("OUT", ROOT / "runs" / "gpu")))
    parser.add_argument("--within", type=float, default=560, help="seconds for everything")
    parser.add_argument("--only", nargs="+", help="sections, by name")
    arguments = parser.parse_args()
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    ends = time.monotonic() + arguments.within
    on_gpu = arguments.device.startswith("cuda")
    endings: dict[str, str] = {}
    for section in sections(arguments.device):
        if arguments.only and section.name not in arguments.only:
            continue
        file = out / f"{section.name}.txt"
        left = ends - time.monotonic()
        if left < _LEAST:
            file.write_text("no time was left\n", encoding="utf-8")
            endings[section.name] = "not begun: no time was left"
            continue
        endings[section.name] = ended(
            section, file, min(section.limit, left) if on_gpu else left, arguments.device
        )
        print(f"{section.name}: {endings[section.name]}", flush=True)
        (out / "summary.md").write_text(summary(out, endings, arguments.device), encoding="utf-8")
    print((out / "summary.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
