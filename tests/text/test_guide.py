"""The examples of the guide to text are true."""

import doctest
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "text.md"


def test_examples_run_as_shown() -> None:
    results = doctest.testfile(str(GUIDE), module_relative=False, encoding="utf-8")
    assert results.attempted > 10
    assert results.failed == 0
