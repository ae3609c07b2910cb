"""README's examples: what it says the model that comes with the package answers, it answers; its code runs."""

import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```console\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
COMMANDS = [
    (shlex.split(command)[1:], answer)
    for block in BLOCKS
    for command, answer in re.findall(r"^\$ (clearhead translate .*)\n((?!\$).+)$", block, re.MULTILINE)
    if "--model" not in command
]
ROWS = re.findall(r"^\| `([^`]+)` \| (\w\w) \| `([^`]+)` \|$", README, re.MULTILINE)
EXAMPLES = COMMANDS + [(["translate", "--to", to, typed], answer) for typed, to, answer in ROWS]


def test_there_are_enough_examples():
    assert len(EXAMPLES) >= 21


@pytest.mark.parametrize(("words", "answer"), EXAMPLES, ids=[" ".join(words)[:60] for words, _ in EXAMPLES])
def test_what_the_first_page_shows(say, words, answer):
    assert say(*words)[0].strip() == answer.strip()


def code(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_python_example_runs(capsys):
    (example,) = code("python")
    exec(compile(example, "README.md", "exec"), {})
    first, shape, links = capsys.readouterr().out.splitlines()
    assert first.startswith("I'm a student.")
    assert re.fullmatch(r"\(\d+, \d+, \d+, \d+\)", shape)
    assert links.startswith("((0, 0), ")


def commands(text: str) -> list[list[str]]:
    found = re.findall(r"^\$ (clearhead (?:.*\\\n)*.*)", text, re.MULTILINE)
    return [shlex.split(command.replace("\\\n", " "), comments=True) for command in found]


def test_the_commands_for_own_text_are_those_of_the_guide():
    """Which test_first_run.py runs in order, in one directory."""
    guide = (DOCS / "guides" / "first-run.md").read_text(encoding="utf-8")
    block = re.search(r"^```console\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    assert block
    own_text = README.partition("## Your own text")[2].partition("\n## ")[0]
    assert commands(own_text) == commands(block[1])


def test_lines_of_code_fit_into_the_page():
    for block in re.findall(r"^```\w*\n(.*?)^```$", README, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            assert len(line) <= 76, line
