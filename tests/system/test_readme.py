"""README's examples: what it says the model that comes with the package answers, it answers."""

import re
import shlex
from pathlib import Path

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```console\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
EXAMPLES = [
    (command, answer)
    for block in BLOCKS
    for command, answer in re.findall(r"^\$ (clearhead translate .*)\n((?!\$).+)$", block, re.MULTILINE)
    if "--model" not in command
]


def test_there_are_enough_examples():
    assert len(EXAMPLES) >= 20


@pytest.mark.parametrize(("command", "answer"), EXAMPLES, ids=lambda text: text[:60])
def test_what_the_first_page_shows(say, command, answer):
    assert say(*shlex.split(command)[1:])[0].strip() == answer.strip()
