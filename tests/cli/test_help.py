"""Help: examples that can be copied, every option described, essentials on one screen, plain where asked."""

import json
import os
import pty
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import clearhead
from clearhead import cli
from clearhead.cli.help import help_of
from clearhead.cli.options import options_of
from clearhead.cli.usage import problem
from clearhead.planning.suggestion import Figures, suggest


def shown(command: str, **how) -> str:
    return help_of(cli.kind_of(command), command, **how)


def examples(text: str) -> list[list[str]]:
    """Return the arguments of each example of a help text, lines that go on joined."""
    _, _, after = text.partition("Example")
    block = after.partition("\n\n")[0].replace("\\\n", " ")
    return [shlex.split(line.partition(">")[0]) for line in block.splitlines()[1:] if "$(" not in line]


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_option_is_described_in_words(command):
    for option in options_of(cli.kind_of(command)):
        assert len(option.description) > 9, f"{command} {option.flag} has no description"
        assert option.description[-1] in ".?)", option.description


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_help_shows_every_option_and_no_python(command):
    text = shown(command, everything=True)
    for option in options_of(cli.kind_of(command)):
        named = re.search(rf"^  {re.escape(option.flag)}\b", text.replace("[no-]", ""), flags=re.MULTILINE)
        assert bool(named or option.positional) != option.hidden, option.flag
    assert not re.search(r"None|\(default: (''|\(\))?\)|STR|pathlib|<class", text)


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_examples_stand_one_on_a_line_and_can_be_typed(command):
    typed = examples(shown(command))
    assert typed or "$(" in shown(command)
    for program, name, *args in typed:
        assert (program, name in cli.COMMANDS) == ("clearhead", True)
        assert problem(cli.kind_of(name), args, ()) is None


@pytest.mark.parametrize("command", cli.COMMANDS)
@pytest.mark.parametrize("width", [60, 80, 100])
def test_help_fits_its_width_but_for_examples(command, width):
    text = shown(command, everything=True, width=width)
    long = [
        line
        for line in text.splitlines()
        if len(line) > width and "clearhead" not in line and line[:6].strip()
    ]
    assert long == []


def test_the_essentials_of_training_fit_on_one_screen():
    lines = shown("train").splitlines()
    assert len(lines) <= 39
    assert max(map(len, lines)) <= 80
    assert any("--help-all" in line for line in lines)
    assert "--model.activation" not in shown("train")
    assert "--model.activation" in shown("train", everything=True)


def test_the_overview_fits_on_a_small_terminal(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--help"])
    lines = capsys.readouterr().out.splitlines()
    assert stopped.value.code == 0
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    first = [command for command in cli.COMMANDS if command not in cli.OTHERS]
    assert all(any(line.startswith(f"  {command} ") for line in lines) for command in first)
    assert all(any(re.search(rf"\b{command}\b", line) for line in lines) for command in cli.OTHERS)


def test_what_a_run_takes_from_elsewhere_is_not_offered():
    assert "--model.vocab-size" not in shown("train", everything=True)


@pytest.mark.parametrize("word", [["--help-all"], ["--help", "all"]])
def test_all_of_it_can_be_asked_for_in_two_ways(word, capsys):
    cli.main(["train", *word])
    assert "--model.activation" in capsys.readouterr().out


def test_languages_of_the_default_model_are_named_with_its_default():
    facts = json.loads((Path(clearhead.__file__).parent / "pretrained" / "config.json").read_text())
    codes = ", ".join(facts["target_langs"])
    for command in ("translate", "look"):
        assert f"The default model: {codes}; {facts['default_target']} if left out." in one_line(command)
    for command in ("evaluate", "score", "align"):  # which would measure against the wrong language
        assert f"The default model: {codes}." in one_line(command)


def one_line(command: str) -> str:
    return " ".join(shown(command).split())


def test_defaults_of_a_shape_are_those_of_the_preset_that_is_the_default():
    text = " ".join(shown("train", everything=True).split())
    assert "an even number. (default: 256)" in text


def run(*args, **environment):
    """Return what the command line prints into a pipe."""
    return subprocess.run(
        [sys.executable, "-m", "clearhead", *args],
        env={**os.environ, **environment},
        capture_output=True,
        check=True,
        timeout=60,
    ).stdout


def test_help_is_utf_8_whatever_the_locale():
    text = run("translate", "--help", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0").decode("utf-8")
    assert "étudiant" in text


def on_a_terminal(*args, **environment) -> str:
    """Return what the command line draws on a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "clearhead", *args],
        env={**{k: v for k, v in os.environ.items() if k != "NO_COLOR"}, "TERM": "xterm", **environment},
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    drawn = b""
    try:
        while part := os.read(ours, 65536):
            drawn += part
    except OSError:  # how Linux ends a terminal
        pass
    process.wait(timeout=60)
    os.close(ours)
    return drawn.decode()


def test_headings_are_bold_on_a_terminal_unless_that_is_not_wanted():
    assert "\x1b[1mOptions:\x1b[0m" in on_a_terminal("score", "--help")
    assert "\x1b" not in on_a_terminal("score", "--help", NO_COLOR="1")
    assert "\x1b" not in on_a_terminal("score", "--help", TERM="dumb")
    assert "\x1b" not in on_a_terminal("score", "--sorce", NO_COLOR="1")


def test_what_fits_the_corpus_is_shown_as_that():
    suggestion = suggest(Figures(pairs=5_000, target_tokens=50_000))
    names = {".".join(filter(None, (table, name))) for table, values in suggestion.items() for name in values}
    fitted = cli.kind_of("train").fitted
    assert names - fitted == {"training.precision"}  # which is measured, whatever the corpus
    assert fitted <= names
    text = " ".join(shown("train", everything=True).split())
    assert text.count("(fits the corpus)") == len(fitted)
