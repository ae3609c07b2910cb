"""README's examples: what it says the model that comes with the package answers, it answers; its code runs."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from clearhead.config import RunConfig

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
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


def test_its_settings_are_settings():
    for example in code("toml"):
        assert RunConfig.from_dict(tomllib.loads(example)).training.max_steps < 100_000


def test_lines_of_code_fit_into_the_page():
    for block in re.findall(r"^```\w*\n(.*?)^```$", README, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            assert len(line) <= 76, line
