"""Preparing a large corpus and training from it: pairs a second beside SentencePiece alone, memory, bytes a pair.

Usage: python -m benchmarks.preparing OUT [--pairs 20_000_000] [--processes N] [--steps 30] [--rounds 5]

The text is what the built-in grammar makes, in parts of a seed each, so that some pairs come again. In rounds, in
turns, SentencePiece encodes both sides of a slice that is in memory (one thread, lists of 8,192 lines), and
`clearhead prepare` does all of its work on the same slice with the same vocabulary; both by the processor time that
they took, since that is what a busy machine changes least. Then the whole corpus is prepared, its vocabulary learned
from it, and a tiny model takes some steps. Memory is the sum of the resident sets of a command and all that it
started, looked at ten times a second; pages of files that are mapped count, though the system may take them back. So
with `--cgroup FOLDER` (of a memory cgroup whose limit is set) both commands run within that limit, or are killed:

$ mkdir /sys/fs/cgroup/memory/small; echo 1000000000 > /sys/fs/cgroup/memory/small/memory.limit_in_bytes
$ python -m benchmarks.preparing OUT --cgroup /sys/fs/cgroup/memory/small

Writes OUT/preparing.json and prints a table.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from benchmarks.interleaved import ratio, versions
from clearhead.data.processes import available_cores
from clearhead.grammar.grammar import generate

LANGUAGES = ("en", "fr")
PART, SLICE, LIST = 50_000, 200_000, 8192
VOCABULARY = 8000
SETTINGS = """
[data]
source = "{folder}/{name}.en"
target = "{folder}/{name}.fr"
source_lang = "en"
target_lang = "fr"
valid_source = "{folder}/valid.en"
valid_target = "{folder}/valid.fr"

[tokenizer]
vocab_size = {vocabulary}
"""
ALONE = """
import sys, time
import sentencepiece
processor = sentencepiece.SentencePieceProcessor(model_file=sys.argv[1])
sides = [open(name, encoding="utf-8").read().split("\\n")[:-1] for name in sys.argv[2:]]
started = time.process_time()
for lines in sides:
    for place in range(0, len(lines), {list}):
        processor.encode(lines[place:place + {list}], out_type=int, num_threads=1)
print(time.process_time() - started)
"""


@dataclass(frozen=True)
class Cost:
    """What a command took."""

    seconds: float
    processor_seconds: float
    """Of all its processes."""
    peak_bytes: int
    """Of all its processes at a time."""


def part(seed: int, count: int) -> tuple[str, str]:
    """Return both sides of some pairs of the grammar."""
    examples = list(islice(generate(seed), count))
    src, tgt = ("".join(f"{example.text(language)}\n" for example in examples) for language in LANGUAGES)
    return src, tgt


def write(folder: Path, name: str, pairs: int, processes: int) -> None:
    """Write a corpus of the grammar."""
    counts = [min(PART, pairs - start) for start in range(0, pairs, PART)]
    files = [(folder / f"{name}.{language}").open("w", encoding="utf-8") for language in LANGUAGES]
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        for start in range(0, len(counts), 4 * processes):  # what is made ahead is held in memory
            seeds = range(start, min(start + 4 * processes, len(counts)))
            for sides in pool.map(part, seeds, counts[start : start + 4 * processes]):
                for file, side in zip(files, sides, strict=True):
                    file.write(side)
    for file in files:
        file.close()


def beginning(folder: Path, name: str, source: str, pairs: int) -> None:
    """Write the first pairs of a corpus as another."""
    for language in LANGUAGES:
        with (folder / f"{source}.{language}").open(encoding="utf-8") as lines:
            (folder / f"{name}.{language}").write_text("".join(islice(lines, pairs)), encoding="utf-8")


def measured(*command: str, cgroup: Path | None = None) -> Cost:
    """Run a command, within the limit of a cgroup if one is given, and return what it took; end if it fails."""

    def limited() -> None:
        if cgroup:
            (cgroup / "cgroup.procs").write_text(str(os.getpid()))

    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, preexec_fn=limited)
    peak = 0

    def watch() -> None:
        nonlocal peak
        while process.returncode is None:
            peak = max(peak, sum(map(resident, tree(process.pid))))
            time.sleep(0.1)

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    watcher.join()
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    return Cost(time.monotonic() - started, usage.ru_utime + usage.ru_stime, peak)


def _limit(cgroup: Path) -> int:
    """Return the limit of a memory cgroup, of version 1 or 2."""
    one, two = cgroup / "memory.limit_in_bytes", cgroup / "memory.max"
    return int((one if one.exists() else two).read_text())


def tree(root: int) -> Iterator[int]:
    """Yield a process and all that descend from it (Linux)."""
    yield root
    try:
        children = (Path(f"/proc/{root}/task") / str(root) / "children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from tree(int(child))


def resident(process: int) -> int:
    """Return the bytes of a process in memory; 0 for one that has ended."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def alone(folder: Path, name: str, model: Path) -> float:
    """Return the processor seconds that SentencePiece needs for both sides of a corpus."""
    files = [str(folder / f"{name}.{language}") for language in LANGUAGES]
    command = [sys.executable, "-c", ALONE.replace("{list}", str(LIST)), str(model), *files]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def prepare(folder: Path, name: str, *options: str, cgroup: Path | None = None) -> Cost:
    """Prepare a corpus anew into the store of its name."""
    store = folder / f"{name}.store"
    shutil.rmtree(store, ignore_errors=True)
    settings = folder / f"{name}.toml"
    settings.write_text(SETTINGS.format(folder=folder, name=name, vocabulary=VOCABULARY), encoding="utf-8")
    command = [*clearhead("prepare"), "--config", str(settings), "--store", str(store), *options]
    return measured(*command, cgroup=cgroup)


def clearhead(command: str) -> list[str]:
    """Return how a command of the program is called."""
    return [sys.executable, "-m", "clearhead", command]


def beside(folder: Path, rounds: int, model: Path) -> dict[str, object]:
    """Measure both on the slice, in turns."""
    ours: list[float] = []
    theirs: list[float] = []
    started: list[float] = []
    for _ in range(rounds):
        theirs.append(alone(folder, "slice", model))
        options = ("--init", str(model.parent), "--processes", "1")
        started.append(prepare(folder, "few", *options).processor_seconds)
        ours.append(prepare(folder, "slice", *options).processor_seconds)
    pairs = sum(1 for _ in (folder / "slice.en").open())
    work = [whole - few for whole, few in zip(ours, started, strict=True)]
    share, low, high = ratio(work, theirs)
    return {
        "pairs": pairs,
        "sentencepiece_pairs_a_processor_second": round(pairs / statistics.median(theirs)),
        "clearhead_pairs_a_processor_second": round(pairs / statistics.median(work)),
        "share_of_sentencepiece": [round(share, 3), round(low, 3), round(high, 3)],
        "start_of_the_command_processor_seconds": round(statistics.median(started), 2),
        "rounds": rounds,
    }


def table(figures: dict[str, object], names: Sequence[tuple[str, str]]) -> str:
    """Return figures as a table."""
    rows = [f"| {name} | {figures[key]} |" for key, name in names]
    return "\n".join(["| | |", "|---|---|", *rows])


def main() -> None:
    """Measure, write the figures, print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--pairs", type=int, default=20_000_000)
    parser.add_argument("--processes", type=int, default=available_cores())
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slice", type=int, default=SLICE)
    parser.add_argument(
        "--cgroup", type=Path, help="folder of a memory cgroup: both commands run within its limit"
    )
    arguments = parser.parse_args()
    folder: Path = arguments.out.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "whole.fr").exists():
        write(folder, "whole", arguments.pairs, arguments.processes)
        valid = [next(iter(generate(seed, 1, part="valid"))) for seed in range(20)]
        for language in LANGUAGES:
            text = "".join(f"{example.text(language)}\n" for example in valid)
            (folder / f"valid.{language}").write_text(text, encoding="utf-8")
    beginning(folder, "slice", "whole", arguments.slice)
    beginning(folder, "few", "whole", 100)
    run, store = folder / "run", folder / "whole.store"
    cgroup: Path | None = arguments.cgroup
    cost = prepare(folder, "whole", "--processes", str(arguments.processes), cgroup=cgroup)
    shutil.rmtree(run, ignore_errors=True)
    training = measured(
        *clearhead("train"), "--config", str(folder / "whole.toml"), "--store", str(store), "--out", str(run),
        "--preset", "tiny", "--training.max-steps", str(arguments.steps), "--training.batch-tokens", "4096",
        "--training.valid-every", str(arguments.steps), "--subword-sampling", "0.1",
        cgroup=cgroup,
    )  # fmt: skip
    figures: dict[str, object] = {
        "pairs": arguments.pairs,
        "processes": arguments.processes,
        "limit": f"{_limit(cgroup):,} bytes" if cgroup else "none",
        "pairs_a_second": round(arguments.pairs / cost.seconds),
        "pairs_a_processor_second": round(arguments.pairs / cost.processor_seconds),
        "preparing": asdict(cost),
        "training": asdict(training) | {"steps": arguments.steps},
        "bytes_a_pair": round(sum(file.stat().st_size for file in store.iterdir()) / arguments.pairs, 1),
        "text_bytes_a_pair": round(
            sum((folder / f"whole.{language}").stat().st_size for language in LANGUAGES) / arguments.pairs, 1
        ),
        "versions": versions("numpy", "sentencepiece", "torch"),
    }
    beside_alone = (
        beside(folder, arguments.rounds, run / "model" / "tokenizer.model") if arguments.rounds else {}
    )
    (folder / "preparing.json").write_text(json.dumps(figures | {"beside": beside_alone}, indent=1))
    shown = figures | beside_alone | {
        "pairs": f"{arguments.pairs:,}",
        "preparing_peak": f"{cost.peak_bytes / 1e9:.2f} GB",
        "training_peak": f"{training.peak_bytes / 1e9:.2f} GB",
        "preparing_seconds": f"{cost.seconds:,.0f} s with {arguments.processes} processes",
    }  # fmt: skip
    names = [
        ("pairs", "pairs"),
        ("preparing_seconds", "prepared in"),
        ("pairs_a_second", "pairs a second"),
        ("pairs_a_processor_second", "pairs a processor second, all included"),
        ("preparing_peak", "memory of preparing, all processes"),
        ("limit", "limit of memory for each of both"),
        ("training_peak", f"memory of training, {arguments.steps} steps"),
        ("text_bytes_a_pair", "bytes a pair in the files"),
        ("bytes_a_pair", "bytes a pair in the store"),
    ]
    if beside_alone:
        names += [
            ("sentencepiece_pairs_a_processor_second", "SentencePiece alone, pairs a processor second"),
            ("clearhead_pairs_a_processor_second", "Clearhead on the same slice, its start not counted"),
            ("share_of_sentencepiece", "Clearhead / SentencePiece, median and 95 % interval"),
        ]
    print(table(shown, names))
    print(figures["versions"])


if __name__ == "__main__":
    main()
