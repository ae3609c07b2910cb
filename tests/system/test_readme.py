"""README's examples: what it says the model that comes with the package answers, it answers."""

import re
import shlex
from pathlib import Path

import pytest

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
