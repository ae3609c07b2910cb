"""What a training, a model, a store and the cache survive: kills at random moments, flipped bits, cut files; a table.

Usage: make test-faults   or   python -m benchmarks.faults [--kills 200] [--flips 500] [--truncations 60] [--seed 1]

A try is the same if it ends in the same bytes or the same text as without the fault; told if it ends in one line that
says what is wrong, or gives a warning; lost if it ends in anything else: other text without a word, or a traceback.
"""

import argparse
import logging
import os
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

SAME, TOLD, LOST = "same", "told", "lost"
ENDS = (SAME, TOLD, LOST)
KILLED, SAVING = "killed at a random moment", "killed at work on files (saves among it)"
SENTENCES = ["1 2 3", "9 0", "4 4 7 1"]
Attempt = Callable[[Path], object]


@dataclass(frozen=True)
class Victim:
    """A folder to be damaged, and what is made of it afterwards."""

    name: str
    folder: Path
    attempt: Attempt
    """Given a damaged copy, returns what should be as it is of the whole one."""


def faults(kills: int, flips: int, truncations: int, seed: int, work: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (fault, how it ended, what was said) of each try."""
    from tests.system.test_resume import in_child

    draws = random.Random(seed)
    started = time.monotonic()
    _, operations = in_child(work / "whole", resume=False)
    seconds = time.monotonic() - started
    guess = seconds * (1.6 * kills + 0.4 * (flips + truncations))
    print(f"a run takes {seconds:.1f} s; all tries together about {guess / 60:.0f} min", file=sys.stderr)
    model = _model_of(work / "whole")
    out = work / "killed"
    for number in range(kills):
        if number % 2:
            in_child(out, resume=False, kill_after=draws.random() * seconds)
        else:
            in_child(out, resume=False, kill_at=1 + int(draws.random() * operations))
        ended = _ended(lambda: _resumed(out), model, work)
        yield (KILLED if number % 2 else SAVING, *ended)
        shutil.rmtree(out, ignore_errors=True)
    for fault, tries, damage in (("a flipped bit in", flips, _flip), ("a cut file in", truncations, _cut)):
        victims = _victims(work)
        for number in range(tries):
            victim = victims[number % len(victims)]
            expected = _expected(victim, work)
            copy = work / "copy" / victim.folder.name
            shutil.rmtree(copy.parent, ignore_errors=True)
            shutil.copytree(victim.folder, copy)
            files = sorted(file for file in copy.rglob("*") if file.is_file() and file.stat().st_size)
            file = files[number // len(victims) % len(files)]  # each in turn
            file.write_bytes(damage(file.read_bytes(), draws))
            end, said = _ended(lambda victim=victim, copy=copy: victim.attempt(copy), expected, work)
            yield f"{fault} {victim.name}", end, f"{file.relative_to(copy)}: {said}"


def _flip(data: bytes, draws: random.Random) -> bytes:
    place = draws.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << draws.randrange(8)]) + data[place + 1 :]


def _cut(data: bytes, draws: random.Random) -> bytes:
    return data[: draws.randrange(len(data))]


def _victims(work: Path) -> list[Victim]:
    """Return what is damaged, made where it is not there yet: a stopped run, its model, its text, its cache."""
    half, cache, model = work / "half", work / "cache", work / "whole" / "model"
    if not half.exists():
        _ended(lambda: _stopped(half), None, work)
        _ended(lambda: _translated(model, cache), None, work)
    return [
        Victim("a run", half, _resumed),
        Victim("a model", model, lambda copy: _translated(copy, cache)),
        Victim("a store", half / "data", _read),
        Victim("the cache", cache, lambda copy: _translated(model, copy)),
    ]


def _stopped(out: Path) -> None:
    from tests.system.test_resume import CONFIG, corpora

    from clearhead.run.events import Saved
    from clearhead.run.interruption import Interruption
    from clearhead.run.train import run
    from clearhead.translator.unsaved import translated

    interruption = Interruption()
    for event in run(CONFIG, out, translate=translated, corpora=corpora(), interruption=interruption):
        interruption.signal = interruption.signal or 15 * (isinstance(event, Saved) and event.step == 10)


def _resumed(out: Path) -> object:
    from tests.system.test_resume import CONFIG, corpora

    from clearhead.run.train import run
    from clearhead.translator.unsaved import translated

    for _ in run(CONFIG, out, translate=translated, resume=out.exists(), corpora=corpora()):
        pass
    return _model_of(out)


def _model_of(out: Path) -> object:
    return (out / "model" / "model.safetensors").read_bytes()


def _translated(model: Path, cache: Path) -> object:
    os.environ["CLEARHEAD_CACHE"] = str(cache)
    from clearhead.translator import Translator

    return [each.text for each in Translator.load(model).translate(SENTENCES)]


def _read(path: Path) -> object:
    from clearhead.data.store import Store

    store = Store(path)
    pairs = [(store.text(n), store.corpus.ids(n)) for n in range(len(store))]
    return pairs, store.report, store.tokenizer.to_bytes(), store.parts, store.manifest["settings"]


class _Warnings(logging.Handler):
    """Keeps the warnings of the package."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        self.lines.append(record.getMessage())


_EXPECTED: dict[str, object] = {}


def _expected(victim: Victim, work: Path) -> object:
    """Return what the whole folder gives, in a child as the damaged ones are tried."""
    if victim.name not in _EXPECTED:
        copy = work / "expected" / victim.folder.name
        shutil.copytree(victim.folder, copy)
        _ended(lambda: victim.attempt(copy), None, work)
        _EXPECTED[victim.name] = (work / "found").read_text(encoding="utf-8")
    return _EXPECTED[victim.name]


def _ended(attempt: Callable[[], object], expected: object, work: Path) -> tuple[str, str]:
    """Try in a child, since what a fault does to a process must end with it; return how it ended and what it said."""
    from clearhead.errors import ClearheadError

    found, said = work / "found", work / "said"
    said.write_text("", encoding="utf-8")
    child = os.fork()
    if child == 0:
        code = 2
        warned = _Warnings()
        logging.getLogger("clearhead").addHandler(warned)
        try:
            result = repr(attempt())
            found.write_text(result, encoding="utf-8")
            whole = expected if isinstance(expected, str) else repr(expected)
            code = 0 if result == whole else 1 if warned.lines else 2
            said.write_text("; ".join(warned.lines), encoding="utf-8")
        except ClearheadError as error:
            said.write_text(str(error), encoding="utf-8")
            code = 1
        except BaseException:
            said.write_text(traceback.format_exc(), encoding="utf-8")
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return ENDS[code] if code in (0, 1) else LOST, said.read_text(encoding="utf-8")


def table(counts: dict[str, Counter[str]]) -> str:
    """Return the table for docs/results.md."""
    rows = ["| fault | tries | same result | reported in one line | lost |", "|---|--:|--:|--:|--:|"]
    for fault, ends in counts.items():
        rows.append(
            f"| {fault} | {sum(ends.values())} | " + " | ".join(str(ends[end]) for end in ENDS) + " |"
        )
    return "\n".join(rows)


def count(kills: int, flips: int, truncations: int, seed: int) -> dict[str, Counter[str]]:
    """Try all, telling how far it is and what was lost on standard error."""
    counts: dict[str, Counter[str]] = {}
    total, done = kills + flips + truncations, 0
    with tempfile.TemporaryDirectory(prefix="clearhead-faults-") as name:
        for fault, end, said in faults(kills, flips, truncations, seed, Path(name)):
            counts.setdefault(fault, Counter())[end] += 1
            done += 1
            if end == LOST:
                print(f"lost, {fault}: {said}", file=sys.stderr)
            if done % 10 == 0:
                print(f"{done} of {total}", file=sys.stderr)
    return counts


def main() -> None:
    """Try, and print the table; end with 1 where anything was lost."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for name, default in (("kills", 200), ("flips", 500), ("truncations", 60), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    counts = count(**vars(parser.parse_args()))
    print(table(counts))
    sys.exit(any(ends[LOST] for ends in counts.values()))


if __name__ == "__main__":
    main()
