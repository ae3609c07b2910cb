"""A text as long as a book: nothing is dropped or doubled, the room it takes does not grow, a kill loses no work.

Each paragraph holds a placeholder of its own, which a translation keeps: so its place in the output is known.
"""

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

import clearhead
from clearhead.config import DecodingConfig
from clearhead.documents import translating
from clearhead.documents.files import Job
from clearhead.documents.journal import journal_of
from clearhead.documents.run import translate
from clearhead.documents.translating import Request
from clearhead.engines.protocol import SearchOptions
from clearhead.grammar import grammar
from clearhead.segments.protocol import Reading

MARK = re.compile(r"\{n\d+\}")
WINDOW = 16
GROWTH = 64 << 20
"""Bytes that a book may take more at its end than after a fifth of it: about twice the text, and what varies."""
REQUEST = Request(to="fr", options=SearchOptions(decoding=DecodingConfig(beam_size=1, form=True)))
KILLED = """
import os, signal, sys
from pathlib import Path
from tests.system import test_long_text as ours
import clearhead
ours.translating.WINDOW = ours.WINDOW

def reached(done, total):
    if done >= total // 2:
        os.kill(os.getpid(), signal.SIGKILL)

job = ours.Job(Path(sys.argv[1]), Path(sys.argv[2]), "paragraphs")
ours.translate(job, clearhead.load(engine="pytorch"), ours.REQUEST, ours.Reading(), reached=reached)
"""


@dataclass
class Room:
    """Memory that this process takes, at each count of texts done."""

    total: int
    bytes: dict[int, int] = field(default_factory=dict)

    def reached(self, done: int, total: int = 0) -> None:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        self.bytes[done] = pages * os.sysconf("SC_PAGE_SIZE")

    @property
    def growth(self) -> int:
        """Bytes at the end, less those after a fifth."""
        early = min(done for done in self.bytes if done >= self.total // 5)
        return self.bytes[max(self.bytes)] - self.bytes[early]


def book(words: int) -> list[str]:
    """Return paragraphs of two sentences, and blank lines between some of them."""
    lines: list[str] = []
    numbers = count(1000)
    written = 0
    for example in grammar.generate(1, words, part="train"):
        text = f"{example.text('en')} This is number {{n{next(numbers)}}}."
        lines.append(text)
        lines += [""] * (len(lines) % 7 == 0)
        written += len(text.split())
        if written >= words:
            return lines
    raise AssertionError("the grammar has too few sentences")


def check(lines: list[str], translated: list[str]) -> None:
    """Hold a translation to the structure of its text."""
    assert [not line for line in translated] == [not line for line in lines]
    assert [MARK.findall(line) for line in translated] == [MARK.findall(line) for line in lines]
    same = sum(ours == theirs for ours, theirs in zip(lines, translated, strict=True) if ours)
    assert same == 0


@pytest.fixture(
    scope="module",
    params=[1_000, pytest.param(100_000, marks=[pytest.mark.slow, pytest.mark.timeout(7200)])],
)
def lines(request):
    return book(request.param)


@pytest.fixture(scope="module")
def translator():
    translator = clearhead.load()
    assert translator.pytorch  # loaded once, for the first placeholder that CTranslate2 loses: some 300 MiB
    return translator


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="there is no /proc to read the memory from")
def test_a_document_keeps_its_structure_in_flat_memory(translator, lines, tmp_path, monkeypatch):
    monkeypatch.setattr(translating, "WINDOW", WINDOW)
    (tmp_path / "book.txt").write_text("\n".join(lines))
    job = Job(tmp_path / "book.txt", tmp_path / "whole", "paragraphs")
    room = Room(sum(map(bool, lines)))
    translate(job, translator, REQUEST, Reading(), reached=room.reached)
    check(lines, job.output.read_text().split("\n"))
    assert room.growth < GROWTH, f"{room.growth / 2**20:.0f} MiB more at the end than after a fifth"


def test_a_document_goes_on_after_a_kill(lines, tmp_path, monkeypatch):
    """In fp32: in int8 the settings that each process measures decide which of two equals it takes."""
    monkeypatch.setattr(translating, "WINDOW", WINDOW)
    (tmp_path / "book.txt").write_text("\n".join(lines))
    whole, killed = (
        Job(tmp_path / "book.txt", tmp_path / name, "paragraphs") for name in ("whole", "killed")
    )
    exact = clearhead.load(engine="pytorch")
    translate(whole, exact, REQUEST, Reading())
    arguments = [sys.executable, "-c", KILLED, str(killed.input), str(killed.output)]
    root = Path(__file__).parents[2]
    paths = os.pathsep.join([str(root / "src"), str(root)])
    stopped = subprocess.run(arguments, env={**os.environ, "PYTHONPATH": paths}, cwd=tmp_path, check=False)
    assert stopped.returncode == -signal.SIGKILL
    assert not killed.output.exists()
    outcome = translate(killed, exact, REQUEST, Reading(), resume=True)
    assert outcome.resumed >= outcome.segments // 2
    assert killed.output.read_bytes() == whole.output.read_bytes()
    assert not journal_of(killed.output).exists()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="there is no /proc to read the memory from")
def test_lines_keep_their_structure_in_flat_memory(translator, lines):
    room = Room(len(lines))
    translated = []
    for number, translation in enumerate(
        translator.stream(lines, to="fr", window=WINDOW, options=REQUEST.options), start=1
    ):
        translated.append(translation.text)
        room.reached(number)
    check(lines, translated)
    assert room.growth < GROWTH, f"{room.growth / 2**20:.0f} MiB more at the end than after a fifth"
