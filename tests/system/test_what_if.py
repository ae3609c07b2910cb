"""`clearhead look` of a changed model: the commands of the guide give what it says, and the page has the part."""

import re
import shlex
from pathlib import Path

import pytest

from clearhead import cli
from clearhead.translator import what_if

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "look-inside.md").read_text(encoding="utf-8")
SECTION = GUIDE.split("\n## What if\n")[1].split("\n## ")[0]
BLOCKS = "".join(re.findall(r"```console\n(.*?)```", SECTION, re.DOTALL))
COMMANDS = re.findall(r"^\$ clearhead (.*)\n((?:(?!\$).+\n)?)", BLOCKS, re.MULTILINE)


@pytest.mark.parametrize(("command", "expected"), COMMANDS, ids=[command[-28:] for command, _ in COMMANDS])
def test_the_commands_of_the_guide(command, expected, say, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(what_if, "MOST_PARTS", 1)
    words = shlex.split(command)
    out, err = say(*words)
    assert out == (expected or out)
    page = Path(words[words.index("--out") + 1]).read_text(encoding="utf-8")
    plain = "Le chien est noir." if "--patch" in words else "Le petit garçon joue avec son chien noir."
    assert f'"whatIf":{{"text":"{plain[:15]}' in page
    if "--what-if" not in words:
        assert "note: changed: " in err
        assert f"plain translation: {plain}\n" in err
        assert re.search(r"its log-probability: -\d+\.\d\d before, -\d+\.\d\d after the change", err)
    if "--forbid" in words:
        assert "chien" not in out
    if "--patch" in words:
        (table,) = re.findall(r"```text\n(.*?)```", SECTION, re.DOTALL)
        assert table in err


def test_every_flag_is_in_the_guide_and_what_cannot_be_is_one_line(say, tmp_path, capsys):
    flags = ("without", "mask-source", "attend", "force", "forbid", "patch", "what-if")
    for flag in flags:
        assert f"`--{flag}" in SECTION
    for options, message in (
        (["--without", "encoder.9.self.0"], "encoder.9.self.0: the encoder of this model has layers 0 to 5"),
        (["--mask-source", "dog"], "--mask-source needs the numbers of words, from 1, got dog"),
        (["--attend", "decoder.0.cross.3"], "is no row of attention; write HEAD:QUERY=KEY"),
        (["--patch", "encoder.0"], "--patch and --patch-from belong together: a part, and the sentence"),
        (["--patch-from", "The dog."], "--patch and --patch-from belong together: a part, and the sentence"),
    ):
        with pytest.raises(SystemExit):
            cli.main(["look", "The cat.", "--to", "fr", "--out", str(tmp_path / "a.json"), *options])
        assert message in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main(["look", "The cat.", "--to", "fr", "--out", str(tmp_path / "a.svg"), "--what-if"])
    assert "a picture has no room for --what-if" in capsys.readouterr().err
