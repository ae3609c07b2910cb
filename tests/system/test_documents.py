"""The documents are true: their Python examples and their commands are run, and give what they show."""

import contextlib
import doctest
import io
import json
import re
import shlex
from pathlib import Path

import pytest

from clearhead import cli

DOCS = Path(__file__).parents[2] / "docs"
BLOCKS = re.compile(r"^```(console|python|toml)(?: title=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


GUIDES = sorted((DOCS / "guides").glob("*.md"))
OF_COMMANDS = {
    *(
        "better-models",
        "clients",
        "corrections",
        "deploy",
        "from-libretranslate",
        "gpu",
        "install",
        "other-inputs",
        "serve",
    )
}
"""Guides without examples in Python; tests of their own run their commands, where they have any."""


def test_guides_have_examples():
    assert {guide.stem for guide in GUIDES if ">>> " not in guide.read_text(encoding="utf-8")} == OF_COMMANDS


@pytest.mark.parametrize(
    "guide", [guide for guide in GUIDES if guide.stem not in OF_COMMANDS], ids=lambda path: path.stem
)
def test_guides(guide):
    results = doctest.testfile(str(guide), module_relative=False, encoding="utf-8")
    assert results.attempted >= 6
    assert results.failed == 0


def test_tutorial(tmp_path, monkeypatch):
    """Every block in order, in one empty directory; `...` stands for anything."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    commands = 0
    for kind, title, body in BLOCKS.findall((DOCS / "tutorial.md").read_text(encoding="utf-8")):
        if kind == "toml":
            Path(title).write_text(body)
        elif kind == "python":
            run_python(body, names)
        else:
            for command, expected in re.findall(
                r"^\$ (.*(?:\\\n.*)*)\n((?:(?!\$ ).*\n)*)", body, re.MULTILINE
            ):
                check(run_command(command.replace("\\\n", " ")), expected)
                commands += 1
    assert commands >= 10
    assert_faults_are_explained(Path("runs/numbers"), (DOCS / "tutorial.md").read_text(encoding="utf-8"))


def assert_faults_are_explained(run: Path, text: str) -> None:
    """The tutorial has a row for each fault that its own corpus shows, with the count."""
    (report,) = run.rglob("report.json")
    (corpus,) = json.loads(report.read_text(encoding="utf-8"))
    assert corpus["faults"]
    for fault, count in corpus["faults"].items():
        assert f'| {count["count"]} times "{fault}" |' in text, f"the tutorial does not explain {fault}"


def run_python(body: str, names: dict[str, object]) -> None:
    example = doctest.DocTestParser().get_doctest(body, names, "tutorial", "tutorial.md", 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    out = io.StringIO()
    runner.run(example, out=out.write, clear_globs=False)
    assert runner.failures == 0, out.getvalue()
    names.update(example.globs)


def run_command(command: str) -> str:
    words = shlex.split(command, comments=True)
    if words[0] == "head":
        return "".join(Path(words[3]).read_text().splitlines(keepends=True)[: int(words[2])])
    assert words[0] == "clearhead", command
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        cli.main(words[1:])
    return out.getvalue()


def check(got: str, expected: str) -> None:
    pattern = ".*".join(re.escape(part) for part in expected.strip().split("..."))
    assert re.fullmatch(pattern, got.strip(), re.DOTALL), f"expected\n{expected}\ngot\n{got}"
