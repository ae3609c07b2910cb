"""Text from outside steers no terminal, whichever way it gets there; files and pipes have it as it is."""

import ast
import io
import json
import re
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table

import clearhead
from clearhead import cli
from clearhead.cli import output
from clearhead.terminal.console import SafeConsole
from clearhead.text.shown import one_line, safe

HOSTILE = {
    "colour": "\x1b[31mred",
    "title": "\x1b]0;owned\x07",
    "C1": "\x9b2J",
    "backspace": "ab\x08\x08cd",
    "carriage return": "error\rclearhead: all is well",
    "override": "\u202egnp.exe",
    "isolate": "a\u2066b\u2069",
    "bell": "\x07",
    "delete": "\x7f",
}
SRC = Path(clearhead.__file__).parent


def steers(text: str) -> bool:
    """Say whether a text has what a terminal obeys, but for the line end and the tab."""
    overrides = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    return any((unicodedata.category(c) == "Cc" and c not in "\n\t") or c in overrides for c in text)


@given(st.text())
def test_what_is_shown_steers_nothing_and_says_the_same(text):
    assert not steers(safe(text))
    safe(text).encode()
    assert json.loads(f'"{safe(text)}"') == text if not set(text) & set('"\\\n\t') else True
    assert "\n" not in one_line(text)


def test_usual_text_is_shown_as_it_is():
    text = "Ça va\u00a0? مرحبا\u200f שלום 👩\u200d👧 \u0b95\u0bcd e\u0301\n\ttab"
    assert safe(text) == text


@pytest.fixture(params=HOSTILE)
def hostile(request) -> str:
    return HOSTILE[request.param]


@pytest.mark.parametrize(
    "args",
    [
        ["translate", "--model", "X", "hello"],
        ["translate", "--to", "X", "hello"],
        ["translate", "--from", "X", "--input", "X"],
        ["compare", "--reference", "X", "X", "X"],
        ["info", "--model", "X"],
        ["look", "hello", "--out", "X"],
        ["score", "--source", "X", "--target", "X"],
        ["export", "--model", "X", "--format", "onnx", "--out", "o"],
        ["import", "X", "--out", "o"],
        ["prepare", "--config", "X"],
        ["train", "--out", "o", "--config", "X"],
        ["train", "--out", "o", "--source", "X", "--target", "X", "--valid-source", "X", "--valid-target", "X"],
        ["prepare", "--store", "s", "--source", "X", "--source-lang", "X", "--valid-source", "X"],
        ["X"],
    ],
)  # fmt: skip
def test_errors_steer_nothing(capsys, tmp_path, monkeypatch, args, hostile):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        cli.main([arg.replace("X", hostile) for arg in args])
    told = capsys.readouterr().err
    assert stopped.value.code in (1, 2)
    assert told.count("\n") == 1
    assert told.startswith("clearhead: ")
    assert not steers(told)


def test_columns_and_settings_steer_nothing(capsys, tmp_path, hostile):
    (tmp_path / "t.jsonl").write_text(json.dumps({hostile: "a"}) + "\n")
    (tmp_path / "run.toml").write_text(f"[data]\n{json.dumps(hostile).replace(chr(0x7F), 'x')} = 1\n")
    for args in (
        ["plan", "--config", "run.toml"],
        ["prepare", "--store", "s", "--source", "t.jsonl", "--source-lang", "en", "--target-lang", "fr",
         "--valid-source", "t.jsonl"],
    ):  # fmt: skip
        with pytest.raises(SystemExit):
            cli.main([str(tmp_path / arg) if arg in ("run.toml", "t.jsonl", "s") else arg for arg in args])
        told = capsys.readouterr().err
        assert told.startswith("clearhead: ")
        assert not steers(told)


def test_what_is_drawn_steers_nothing(hostile):
    drawn = io.StringIO()
    console = SafeConsole(file=drawn, force_terminal=True, color_system=None, width=60, legacy_windows=False)
    table = Table(hostile)
    table.add_row(hostile)
    console.print(f"note: {hostile}")
    console.print(table)
    console.print(hostile, markup=False, style="yellow")
    assert not steers(drawn.getvalue())


class Stream(io.StringIO):
    """Standard output that is a terminal, or none."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.mark.parametrize("terminal", [True, False])
def test_results_are_as_they_are_but_on_a_terminal(monkeypatch, hostile, terminal):
    stream = Stream(terminal)
    monkeypatch.setattr(sys, "stdout", stream)
    with output.writer(None) as out:
        out.write(f"{hostile}\n")
        out.writelines([hostile, "\n"])
        out.flush()
    output.show(hostile)
    output.print_json({"text": hostile})
    shown = stream.getvalue()
    assert steers(shown) != terminal
    if not terminal:
        assert shown.startswith(f"{hostile}\n{hostile}\n{hostile}\n")
    assert json.loads(shown[shown.index("{") :]) == {"text": hostile}


def test_there_is_one_door():
    """Nothing that is not fixed is printed on standard error but by `tell`, and nobody else makes a console."""
    for file in SRC.rglob("*.py"):
        tree = ast.parse(file.read_text())
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            where = f"{file.relative_to(SRC)}:{node.lineno}"
            if name == "print" and any(word.arg == "file" for word in node.keywords):
                safe_text = all(
                    isinstance(arg, ast.Constant)
                    or (isinstance(arg, ast.Call) and ast.unparse(arg.func) == "one_line")
                    for arg in node.args
                )
                assert safe_text, f"{where} prints what may steer a terminal"
            assert name != "Console", f"{where} makes a console of its own"
    assert not re.search(r"sys\.stderr\.write", "".join(f.read_text() for f in SRC.rglob("*.py")))
