"""`translate` between programs: answered at once, nothing lost before a fault, quiet when a reader goes away."""

import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from clearhead.errors import ClearheadError
from clearhead.translator import Translator

ANSWERS = {
    "1 2 3": "one two three",
    "5": "five",
    "9 9 0 4": "nine nine zero four",
    "": "",
    "7 1": "seven one",
}
SECONDS = 60
"""Far more than an answer takes: whoever waits for the end of the input never answers."""


@pytest.fixture
def started(tiny_run):
    """Start the command with pipes; end what a test leaves running."""
    running = []

    def start(*args, **streams):
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE) | streams
        command = [sys.executable, "-m", "clearhead", "translate", "--model", str(tiny_run.path), *args]
        running.append(subprocess.Popen(command, bufsize=0, **streams))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()


def answer(file, lines=1):
    """Return what comes until there are so many lines; fail where they do not come."""
    got, end = b"", time.monotonic() + SECONDS
    while got.count(b"\n") < lines:
        assert select.select([file], [], [], max(0, end - time.monotonic()))[0], f"no answer but {got!r}"
        part = os.read(file.fileno(), 1 << 16)
        assert part, f"it ended after {got!r}"
        got += part
    return got.decode()


def test_each_line_is_answered_before_the_next_is_written(started):
    process = started()
    for line, expected in ANSWERS.items():
        process.stdin.write(line.encode() + b"\n")
        assert answer(process.stdout) == expected + "\n"
    process.stdin.write(b"4 7")  # the last line needs no end
    out, err = process.communicate(timeout=SECONDS)
    assert (out, err, process.returncode) == (b"four seven\n", b"", 0)


def test_several_lines_and_half_a_line_are_answered_as_far_as_they_go(started):
    process = started()
    process.stdin.write(b"1 2 3\n5\n7")
    assert answer(process.stdout, 2) == "one two three\nfive\n"
    process.stdin.write(b" 1\n")
    assert answer(process.stdout) == "seven one\n"


@pytest.mark.parametrize(
    "options", [["--format", "json"], ["--format", "tsv", "--nbest", "2"], ["--align", "--format", "json"]]
)
def test_other_formats_are_answered_too(started, options):
    process = started(*options)
    for line in ("1 2 3", "7 1"):
        process.stdin.write(line.encode() + b"\n")
        assert ANSWERS[line] in answer(process.stdout, 2 if "tsv" in options else 1)


def test_a_named_pipe_and_a_file_to_write_are_answered_too(started, tmp_path):
    os.mkfifo(tmp_path / "in")
    process = started("--input", str(tmp_path / "in"), "--output", str(tmp_path / "out"))
    growing = tmp_path / "out.partial"
    with open(tmp_path / "in", "wb", buffering=0) as pipe:
        for count, line in enumerate(("1 2 3", "7 1"), start=1):
            pipe.write(line.encode() + b"\n")
            end = time.monotonic() + SECONDS
            while not growing.exists() or growing.read_bytes().count(b"\n") < count:
                assert time.monotonic() < end
                assert process.poll() is None
                time.sleep(0.02)
    assert process.wait(SECONDS) == 0
    assert (tmp_path / "out").read_text() == "one two three\nseven one\n"
    assert not growing.exists()


def test_a_terminal_is_answered_line_by_line(started):
    terminal, other = os.openpty()
    process = started(stdin=other)
    os.close(other)
    for line in ("1 2 3", "7 1"):
        os.write(terminal, line.encode() + b"\n")
        assert answer(process.stdout) == ANSWERS[line] + "\n"
    os.write(terminal, b"\x04")
    assert process.wait(SECONDS) == 0
    os.close(terminal)


def test_much_at_once_comes_out_whole_and_in_order(started):
    lines = [line for line in ANSWERS for _ in range(3)] * 200
    process = started()
    out, err = process.communicate("".join(f"{line}\n" for line in lines).encode(), timeout=2 * SECONDS)
    assert err == b""
    assert out.decode().splitlines() == [ANSWERS[line] for line in lines]


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize(
    ("bad", "said"),
    [(b"caf\xe9\n", b"line 3: byte 9 (0xe9) is not valid UTF-8"), (b"a\0b\n", b"line 3: it holds a NUL")],
)
def test_lines_before_a_fault_are_answered(started, tmp_path, bad, said, at_once):
    data = b"5\n7 1\n" + bad + b"1 2 3\n"
    (tmp_path / "in").write_bytes(data)
    process = started("--input", str(tmp_path / "in")) if at_once else started()
    out, err = process.communicate(None if at_once else data, timeout=SECONDS)
    assert out == b"five\nseven one\n"
    assert said in err
    assert err.count(b"\n") == 1
    assert process.returncode == 1


def test_a_reader_that_goes_away_is_no_fault(started):
    process = started()
    process.stdin.write(b"5\n")
    assert answer(process.stdout) == "five\n"
    process.stdout.close()
    process.stdin.write(b"7 1\n")  # the input stays open: the answer that nobody takes ends it
    assert process.wait(SECONDS) == 1
    assert process.stderr.read() == b""


def test_an_interrupt_while_waiting_is_told_in_one_line(started):
    process = started()
    process.stdin.write(b"5\n")
    assert answer(process.stdout) == "five\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=SECONDS)
    assert (out, err, process.returncode) == (b"", b"clearhead: interrupted\n", 130)


@pytest.mark.parametrize("engine", ["ctranslate2", "pytorch"])
@pytest.mark.parametrize("before", [0, 1, 2, 5])
def test_texts_before_one_that_is_too_long_or_no_text_are_translated(tiny_run, monkeypatch, engine, before):
    translator = Translator.load(tiny_run.path, engine=engine)
    limited = replace(translator.info.model, positions="learned", max_positions=64)
    translator.info = replace(translator.info, model=limited)
    for bad, split in (("1 " * 200, "never"), ("\ud800", "auto")):
        texts = [*["5", "7 1", "1 2 3", "", "9 9 0 4"][:before], bad, "5"]
        given: list[str] = []
        stream = translator.stream(texts, split=split)
        with pytest.raises(ClearheadError):
            given.extend(each.text for each in stream)
        assert given == ["five", "seven one", "one two three", "", "nine nine zero four"][:before]
