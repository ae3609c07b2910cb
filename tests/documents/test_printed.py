"""A single document without --output is printed where that is safe, and else refused with what to type."""

import shlex
import sys

import pytest

from clearhead.cli import main
from tests.documents.office_files import docx

PAGE = '<html lang="en"><p class="a">Where is the <b>station</b>?</p>\r\n<!-- kept --></html>'


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my page.html").write_bytes(PAGE.encode())
    return "my page.html"


def refused(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        main(["translate", *words])
    assert ended.value.code == 1
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    return line


def test_what_is_printed_is_what_would_be_written(page, tmp_path, capfdbinary):
    main(["translate", "--to", "fr", "--input", page, "--output", "out.html"])
    capfdbinary.readouterr()
    main(["translate", "--to", "fr", "--input", page])
    assert capfdbinary.readouterr().out == (tmp_path / "out.html").read_bytes()
    assert b"</p>\r\n<!-- kept -->" in (tmp_path / "out.html").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my page.html", "out.html"]


def test_on_a_terminal_the_line_says_what_to_type(page, tmp_path, capsys, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(sys.stdout, "isatty", lambda: True)
        line = refused(capsys, "--to", "fr", "--input", page)
    why, command = line.split("; name a file for it: ")
    assert why == "clearhead: a document is not printed on a terminal"
    assert command == "clearhead translate --to fr --input 'my page.html' --output 'my page.fr.html'"
    main(shlex.split(command)[1:])
    assert "gare" in (tmp_path / "my page.fr.html").read_text()


def test_an_archive_is_not_printed(tmp_path, capsys):
    (tmp_path / "a.docx").write_bytes(docx("<w:p><w:r><w:t>Hello!</w:t></w:r></w:p>"))
    line = refused(capsys, "--to", "fr", "--input", str(tmp_path / "a.docx"))
    assert f"{tmp_path / 'a.docx'} is an archive, which is not printed" in line
    assert line.endswith(f"--output {tmp_path / 'a.fr.docx'}")


def test_what_was_interrupted_needs_its_output(page, capsys):
    line = refused(capsys, "--resume", "--input", page)
    assert line.endswith(
        "clearhead translate --resume --input 'my page.html' --output 'my page.translated.html'"
    )


def test_several_need_a_folder(page, tmp_path, capsys):
    (tmp_path / "b.md").write_text("Hello!")
    assert "--output FILE, or a folder for several" in refused(capsys, "--input", page, "b.md")
