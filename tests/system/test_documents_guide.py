"""The guide to documents is true: its files are translated by its commands, and become what it shows."""

import re
from pathlib import Path

from clearhead import cli
from clearhead.documents.formats import format_of
from tests.system.test_documents import check

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "documents.md"
BLOCKS = re.compile(r"^```(\w+)(?: title=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


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
            if not Path(words[-1]).suffix or format_of(words[-1]):  # what this version reads
                done.append(command)
                if program == "cat":
                    check(Path(words[0]).read_text(encoding="utf-8"), expected)
                else:
                    assert program == "clearhead"
                    cli.main(words)
    assert "gare" in Path("site.fr", "page.html").read_text(encoding="utf-8")
    assert len(done) >= 6
