"""The guide to documents is true: its files are translated by its commands, and become what it shows."""

import re
from pathlib import Path

from clearhead import cli
from clearhead.documents.formats import format_of
from tests.system.test_documents import check

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "documents.md"
BLOCKS = re.compile(r"^```(\w+)(?: title=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


def is_read(path):
    return path.is_dir() or format_of(path) is not None


def test_its_commands(tmp_path, monkeypatch):
    """Every file and command in order, in one empty folder; `...` stands for anything."""
    monkeypatch.chdir(tmp_path)
    Path("site").mkdir()
    for name in ("page.html", "site/page.html"):
        Path(name).write_text("<p>Where is the station?</p>")
    done = []
    for kind, title, body in BLOCKS.findall(GUIDE.read_text(encoding="utf-8")):
        if title:
            Path(title).write_text(body, encoding="utf-8")
        for command, expected in COMMANDS.findall(body) if kind == "console" else ():
            program, *words = command.split()
            if program == "cat" and Path(words[0]).exists():
                check(Path(words[0]).read_text(encoding="utf-8"), expected)
                done.append(command)
            elif program == "clearhead" and is_read(Path(words[words.index("--input") + 1])):
                cli.main(words)
                done.append(command)
    assert "gare" in Path("site.fr", "page.html").read_text(encoding="utf-8")
    assert len(done) >= 6
