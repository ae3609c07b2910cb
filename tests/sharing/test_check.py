"""The check names what is missing, changed, surplus and doubled, and nothing where all is right."""

import pytest

from clearhead.errors import DataError
from clearhead.sharing.check import check, ranges
from clearhead.sharing.folder import OutputFolder
from clearhead.sharing.inputs import inputs_of
from clearhead.sharing.rows import is_lines, lines_of
from clearhead.sharing.run import here
from tests.sharing.corpus import JOB, LINES, SIZE, load, made, sharing, write_corpus


@pytest.fixture
def corpus(tmp_path):
    return write_corpus(tmp_path / "corpus")


@pytest.fixture
def told(corpus, tmp_path):
    """Check the outputs; return what is wrong, empty where all is right."""

    def run() -> str:
        inputs = inputs_of([str(corpus)], [], is_lines).inputs
        try:
            done = check(inputs, lines_of, OutputFolder(tmp_path / "out", JOB), SIZE)
        except DataError as error:
            return str(error)
        assert {name: one.lines for name, one in done.items()} == LINES
        return ""

    return run


def test_all_is_there(corpus, tmp_path, told):
    made(corpus, tmp_path / "out")
    assert told() == ""


def test_what_is_missing_is_named(corpus, tmp_path, told):
    assert told().count("is missing") == len(LINES)
    steps = sharing(corpus, tmp_path / "out", "0/1").run(here(load))
    next(steps), next(steps), next(steps)
    (tmp_path / "out/.sharing/parts/a.txt/1").unlink()
    assert "out/a.txt is missing: parts 2, 4-5 of 5 (lines in all: 23) are not done; " in told()
    (tmp_path / "out/.sharing/parts/a.txt/2").write_bytes(b"torn")
    assert "parts 2-5 of 5" in told()
    next(steps), next(steps)
    steps.close()
    made(corpus, tmp_path / "out")
    assert told() == ""


def test_parts_that_nobody_joined_are_named(corpus, tmp_path, told):
    made(corpus, tmp_path / "out", "0/2")
    text = told()
    assert "c.txt.gz is missing: parts 1-2 of 2" in text
    assert "e.txt is missing, though all parts" in text
    assert "run the command again to join them" in text


def test_outputs_that_changed_and_inputs_that_are_gone_or_changed(corpus, tmp_path, told):
    out = tmp_path / "out"
    made(corpus, out)
    whole = (out / "a.txt").read_bytes()
    for other in (whole + whole, whole[:-9], whole.upper().replace(b"A", b"B")):  # doubled, cut, changed
        (out / "a.txt").write_bytes(other)
        assert "out/a.txt has changed since it was written" in told()
    (out / "a.txt").write_bytes(whole)
    (corpus / "b/d.txt").write_text("another\n")
    assert "d.txt has changed since " in told()
    (corpus / "b/d.txt").unlink()
    assert "out/b/d.txt has no input" in told()


def test_ranges():
    assert ranges([]) == ""
    assert ranges([0]) == "1"
    assert ranges([0, 1, 2, 6, 8, 9]) == "1-3, 7, 9-10"


def test_many_faults_are_counted(corpus, tmp_path):
    inputs = inputs_of([str(corpus)], [], is_lines).inputs
    with pytest.raises(DataError, match=r"; and 2 more$"):
        check(inputs, lines_of, OutputFolder(tmp_path / "out", JOB), SIZE, most=2)
