"""What people type first: inputs on which the first default model failed, and what must hold of their translations."""

import re
from pathlib import Path

import pytest

import clearhead

ROWS = [
    line.split("\t")
    for line in Path(__file__).with_name("typed.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
CASES = [(to, "\t".join(rest[:-1]), rest[-1]) for _, to, *rest in ROWS]


@pytest.fixture(scope="module")
def translator():
    return clearhead.load()


def holds(condition: str, source: str, output: str) -> bool:
    if condition.startswith("keeps "):
        return output.count(condition[6:]) == 1
    if condition.startswith("~"):
        return re.search(condition[1:], output, re.IGNORECASE) is not None
    if condition == "exactly the input":
        return output == source
    if condition == "no U+FFFD":
        return "\ufffd" not in output
    if condition == "one sentence":
        abbreviations = r"\b(Mr|Mrs|Ms|Dr|St|No|B\.C|U\.S)\."
        return re.search(r"[.!?]\s+[A-ZÀ-Þ]", re.sub(abbreviations, "", output)) is None
    assert condition == "three cells, two tabs"
    return output.count("\t") == 2


@pytest.mark.parametrize(("to", "source", "conditions"), CASES)
def test_what_people_type_comes_out_right(translator, to, source, conditions):
    output = translator.translate(source, to=to).text
    wanted = conditions.replace("(tab between) ", "").split("; ")
    assert all(holds(each, source, output) for each in wanted), output
