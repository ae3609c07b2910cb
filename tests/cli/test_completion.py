"""Completion, run in the shells that are here."""

import shutil
import subprocess
import sys
from functools import cache

import pytest

from clearhead import cli
from clearhead.cli.completion import Completion


@cache
def script(shell: str) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "clearhead", "completion", shell], capture_output=True, text=True, check=True
    )
    return run.stdout


@pytest.fixture(params=["bash"])
def complete(request):
    """Return a function that gives what the last word of a command line can become."""

    def run(*words: str) -> set[str]:
        line = f"""
{script(request.param)}
complete -p clearhead | grep -q -- '-F _clearhead' || exit 3
COMP_WORDS=("$@") COMP_CWORD=$(( $# - 1 ))
_clearhead
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
        done = subprocess.run(
            [shutil.which("bash") or "bash", "-c", line, "-", "clearhead", *words],
            capture_output=True,
            text=True,
            check=True,
        )
        return {word for word in done.stdout.split("\n") if word}

    return run


def test_bash_completes_commands_options_and_values(complete):
    assert complete("tra") == {"train", "translate"}
    assert set(cli.COMMANDS) < complete("")
    assert complete("translate", "--be") == {"--beam"}
    assert complete("translate", "--format", "") == {"text", "json", "tsv"}
    assert complete("translate", "hello", "--format", "j") == {"json"}
    assert complete("train", "--training.max-") == {"--training.max-steps", "--training.max-epochs"}
    assert complete("train", "--training.schedule", "co") == {"cosine", "constant"}
    assert complete("plan", "--no-") == {"--no-measure"}
    assert complete("completion", "") == {"bash", "zsh", "fish"}


def test_file_names_are_left_to_bash(complete):
    """An empty answer, with -o default, is completed by file names."""
    assert complete("train", "--config", "") == set()
    assert complete("translate", "") == set()


def test_no_option_that_is_refused_is_offered(complete):
    assert complete("train", "--model.voc") == set()


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_shells_read_their_scripts(shell):
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"there is no {shell} here")
    subprocess.run([path, "-n"], input=script(shell), text=True, check=True)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_is_in_every_script(shell, capsys):
    Completion(shell=shell).run()
    printed = capsys.readouterr().out
    for command in cli.COMMANDS:
        assert command in printed
    assert "training.max-steps" in printed
    assert "model.vocab-size" not in printed
