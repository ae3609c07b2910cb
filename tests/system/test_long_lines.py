"""A file of lines that is translated as a document: the same bytes, and an interruption loses no work."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from clearhead import cli
from clearhead.documents.journal import journal_of
from tests.system.test_long_text import book

AS_DOCUMENT = ("--as", "paragraphs", "--wrap", "keep")
STOPPED = """
import os, signal, sys
from clearhead import cli
from clearhead.documents import journal, translating
translating.WINDOW = 8
written = journal.Journal.write

def write(self, *arguments):
    written(self, *arguments)
    if self.count >= 16:
        os.kill(os.getpid(), signal.SIGTERM)

journal.Journal.write = write
cli.main(sys.argv[1:])
"""


@pytest.fixture(
    scope="module", params=[300, pytest.param(100_000, marks=[pytest.mark.slow, pytest.mark.timeout(7200)])]
)
def text(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("lines") / "lines.txt"
    path.write_text("\n".join(["  An indented line.", "", *book(request.param)]) + "\n")
    return path


def command(text: Path, output: Path, *more: str) -> list[str]:
    """Return a translation in fp32: in int8 each process measures its own settings."""
    files = ["--input", str(text), "--output", str(output)]
    return ["translate", "--to", "fr", *files, "--engine", "pytorch", "--beam", "1", *more]


def test_lines_go_on_after_a_signal_as_if_there_had_been_none(text, tmp_path):
    lines, stopped = tmp_path / "lines.fr.txt", tmp_path / "stopped.fr.txt"
    cli.main(command(text, lines))
    root = Path(__file__).parents[2]
    paths = os.pathsep.join([str(root / "src"), str(root)])
    ended = subprocess.run(
        [sys.executable, "-c", STOPPED, *command(text, stopped, *AS_DOCUMENT)],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        check=False,
    )
    assert ended.returncode in (-signal.SIGTERM, 128 + signal.SIGTERM), ended.stderr
    assert not stopped.exists()
    assert journal_of(stopped).exists()
    cli.main(command(text, stopped, *AS_DOCUMENT, "--resume"))
    assert stopped.read_bytes() == lines.read_bytes()
    assert not journal_of(stopped).exists()


def test_lines_that_are_to_be_resumed_are_told_how(text, tmp_path, capsys):
    with pytest.raises(SystemExit):
        cli.main(command(text, tmp_path / "out.txt", "--resume"))
    assert "--as paragraphs --wrap keep" in capsys.readouterr().err
