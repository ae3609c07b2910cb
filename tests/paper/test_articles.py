"""Every claim of docs/articles.md has a verdict, and what decides it is there and still says so."""

import ast
import json
import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "articles.md"
VERDICTS = {"right": "held", "partly": "held partly", "wrong": "did not hold", "open": "not decided"}
HEAD = "| claim | verdict | more exactly | what decides |"


def rows():
    """Return the four cells of each row of the page's tables."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [
        row for row, line in zip(cells, lines, strict=True) if line != HEAD and not line.startswith("|---")
    ]


ROWS = rows()


def functions(file):
    """Return the names of a module's functions."""
    return {
        node.name
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }


def test_the_page_has_its_claims():
    assert len(ROWS) >= 25
    claims = [row[0] for row in ROWS]
    assert len(claims) == len(set(claims))


@pytest.mark.parametrize("row", ROWS, ids=[row[0][:50] for row in ROWS])
def test_a_claim_has_a_verdict_and_what_decides_it_is_there(row):
    assert len(row) == 4, "a claim, a verdict, what is so, what decides"
    claim, verdict, exactly, decision = row
    assert claim.endswith(".")
    assert exactly.endswith(".")
    assert verdict in VERDICTS
    tests = re.findall(r'\[test\]\(\.\./(tests/[\w/]+\.py) "(\w+)"\)', decision)
    studies = re.findall(r"\]\((studies/[\w-]+)\.md\): ([\w ,:+()/'-]+)", decision)
    assert len(tests) + len(studies) == len(decision.split("; "))
    assert tests or studies, "a test or a study decides"
    for file, name in tests:
        assert name.startswith("test_")
        assert name in functions(ROOT / file), f"{file} has no {name}"
    found = set()
    for study, name in studies:
        assert (ROOT / "docs" / f"{study}.md").exists()
        record = json.loads((ROOT / "docs" / f"{study}.json").read_text(encoding="utf-8"))
        claims = import_module(f"studies.{record['study']}").STUDY.claims(list(record["results"].values()))
        found.add({each.name: each.verdict for each in claims}[name])
    if studies:
        assert (found.pop() if len(found) == 1 else "held partly") == VERDICTS[verdict]
