"""The commands of the guide to memories and corrections run as they stand there."""

import json
import re
import shlex
from pathlib import Path

import pytest

from clearhead import cli

GUIDE = (Path(__file__).parents[2] / "docs/guides/corrections.md").read_text()
COMMANDS = [shlex.split(line[len("$ clearhead ") :]) for line in re.findall(r"^\$ clearhead .*", GUIDE, re.M)]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (text,) = re.findall(r"```text\n(.*?)```", GUIDE, re.S)
    (tmp_path / "agreed.tsv").write_text(text)
    (tmp_path / "letter.txt").write_text("Where is the station?\n\nThe black dog drank the milk.\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_commands_of_the_memory(folder, capsys):
    lines, similar, document = (command for command in COMMANDS if "--memory" in command)
    cli.main(lines)
    out, err = capsys.readouterr()
    assert out.splitlines()[:2] == ["Enregistrer le fichier", "Où se trouve la gare ?"]
    assert "2 of 3 texts are in the memory" in err
    cli.main(similar)
    (match,) = json.loads(capsys.readouterr().out)["matches"]
    assert match["target"] == "Le matou noir a bu le lait."
    cli.main(document)
    assert "the memory has 1 of them, and similar texts for 1 more" in capsys.readouterr().err
    assert (folder / "letter.fr.txt").read_text().startswith("Où se trouve la gare ?\n\n")


def test_the_program_of_the_memory(folder, capsys):
    (program,) = re.findall(r"```python\n(.*?)```", GUIDE, re.S)
    exec(compile(program, "guide", "exec"), {})
    assert capsys.readouterr().out.startswith("Enregistrer le fichier (Match(score=1.0")


@pytest.mark.slow
def test_the_commands_of_learning(folder, capsys):
    learn, translate = (command for command in COMMANDS if "runs/learned" in command)
    cli.main(learn)
    assert "corrections learned: 3 sentences; BLEU" in capsys.readouterr().out
    cli.main(translate)
    assert capsys.readouterr().out == "Enregistrer le fichier\n"
