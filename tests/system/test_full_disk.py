"""A disk that is full: what was there stays, nothing is left cut, and one line says what to do."""

import os
import resource
import shutil
from contextlib import contextmanager

import pytest

from clearhead import cli

LIMIT = 700
"""Bytes that a file may have: a real refusal by the operating system, in the middle of a file."""
LINES = ["1 2 3", "5", "9 9 0 4", "7 1"] * 40


@contextmanager
def full_disk():
    """Let no file grow above LIMIT."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def refused(capfd, tiny_translator):
    """Run a command on a full disk, on which the model has been used before; return its one line."""
    tiny_translator.translate("5")

    def run(*args) -> str:
        capfd.readouterr()
        with full_disk(), pytest.raises(SystemExit) as stopped:
            cli.main([str(arg) for arg in args])
        told = capfd.readouterr().err
        told = "".join(line for line in told.splitlines(True) if not line.startswith("warning: "))
        assert stopped.value.code == 1
        assert told.startswith("clearhead: ")
        assert told.count("\n") == 1, told
        assert "File too large" in told
        assert "free some space" in told
        return told

    return run


@pytest.fixture
def texts(tmp_path):
    """Write a source, its translation and another."""
    (tmp_path / "texts").mkdir()
    files = [tmp_path / "texts" / name for name in ("source", "target", "other")]
    words = [
        " ".join({"1": "one", "2": "two"}.get(digit, "nine") for digit in line.split()) for line in LINES
    ]
    for file, lines in zip(files, (LINES, words, words[::-1]), strict=True):
        file.write_text("".join(line + "\n" for line in lines))
    return files


LOOKS = [
    ("look.html",),
    ("look.json",),
    ("look.npz", "--inner"),
    ("look.svg",),
    ("look.png",),
    ("look.svg", "--grid"),
]


@pytest.mark.parametrize("before", [None, b"what was there"])
@pytest.mark.parametrize(("name", "more"), [(name, more) for name, *more in LOOKS])
def test_a_look_is_whole_or_not_there(refused, tiny_run, tmp_path, name, more, before):
    place = tmp_path / "out" / name
    place.parent.mkdir()
    if before is not None:
        place.write_bytes(before)
    told = refused("look", "--model", tiny_run.path, "1 2 3", "--out", place, *more)
    assert "give another --out" in told
    assert {file.name: file.read_bytes() for file in place.parent.iterdir()} == (
        {} if before is None else {name: before}
    )


def test_a_comparison_page_is_whole_or_not_there(refused, texts, tmp_path):
    (tmp_path / "out").mkdir()
    _, target, other = texts
    told = refused("compare", "--reference", target, target, other, "--html", tmp_path / "out" / "page.html")
    assert "give another --html" in told
    assert list((tmp_path / "out").iterdir()) == []


WRITTEN_BY_LINES = {
    "translate": ["translate", "--model", "M", "--input", "S"],
    "translate json": ["translate", "--model", "M", "--input", "S", "--format", "json"],
    "translate tsv": ["translate", "--model", "M", "--input", "S", "--format", "tsv", "--nbest", "2"],
    "translate detecting": ["translate", "--model", "M", "--input", "S", "--align", "--format", "json"],
    "evaluate": ["evaluate", "--model", "M", "--source", "S", "--reference", "T"],
    "align": ["align", "--model", "M", "--source", "S", "--target", "T"],
}


@pytest.mark.parametrize("what", WRITTEN_BY_LINES)
def test_lines_that_are_done_are_kept_under_a_name_that_says_so(refused, tiny_run, texts, tmp_path, what):
    def say(*args):
        cli.main([str(arg) for arg in args])

    names = {"M": tiny_run.path, "S": texts[0], "T": texts[1]}
    args = [names.get(word, word) for word in WRITTEN_BY_LINES[what]]
    whole, place = tmp_path / "whole", tmp_path / "out" / "lines"
    say(*args, "--output", whole)
    place.parent.mkdir()
    place.write_text("what was there\n")
    told = refused(*args, "--output", place)
    partial = place.with_name("lines.partial")
    lines = partial.read_text().splitlines()
    assert 0 < len(lines) < len(whole.read_text().splitlines())
    assert lines == whole.read_text().splitlines()[: len(lines)]
    assert f"the {len(lines)} finished lines are saved in {partial}" in told
    assert place.read_text() == "what was there\n"
    say(*args, "--output", place)  # what was said to do
    assert place.read_bytes() == whole.read_bytes()
    assert [file.name for file in place.parent.iterdir()] == ["lines"]


def test_the_figures_of_an_evaluation_are_not_lost(tiny_run, texts, tmp_path, capsys):
    args = ["evaluate", "--model", tiny_run.path, "--source", texts[0], "--reference", texts[1]]
    with full_disk(), pytest.raises(SystemExit):
        cli.main([str(arg) for arg in [*args, "--output", tmp_path / "lines"]])
    assert "BLEU" in capsys.readouterr().out


def test_a_line_that_cannot_be_read_keeps_those_before_it(say, capsys, tiny_run, tmp_path):
    (tmp_path / "in").write_bytes(b"5\n7 1\ncaf\xe9\n1 2 3\n")
    args = ["translate", "--model", str(tiny_run.path), "--output", str(tmp_path / "out")]
    with pytest.raises(SystemExit):
        cli.main([*args, "--input", str(tmp_path / "in")])
    told = capsys.readouterr().err
    assert "is not valid UTF-8" in told
    assert told.endswith(f"; the 2 finished lines are saved in {tmp_path / 'out.partial'}\n")
    assert (tmp_path / "out.partial").read_text() == "five\nseven one\n"
    assert not (tmp_path / "out").exists()


def test_nothing_is_kept_of_nothing(capsys, tiny_run, tmp_path):
    (tmp_path / "in").write_bytes(b"caf\xe9\n")
    args = ["translate", "--model", str(tiny_run.path), "--output", str(tmp_path / "out")]
    with pytest.raises(SystemExit):
        cli.main([*args, "--input", str(tmp_path / "in")])
    assert "are kept in" not in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["in"]


def test_a_file_may_be_translated_onto_itself_a_link_and_a_device(say, tiny_run, tmp_path):
    (tmp_path / "text").write_text("5\n7 1\n")
    (tmp_path / "text").chmod(0o640)
    (tmp_path / "link").symlink_to("text")
    say("translate", "--model", tiny_run.path, "--input", tmp_path / "text", "--output", tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "text").read_text() == "five\nseven one\n"
    assert (tmp_path / "text").stat().st_mode & 0o777 == 0o640
    say("translate", "--model", tiny_run.path, "5", "--output", os.devnull)
    say("look", "--model", tiny_run.path, "5", "--out", tmp_path / "look.svg")


@pytest.mark.parametrize("form", ["ctranslate2", "huggingface"])
def test_an_export_is_whole_or_not_there(refused, tiny_run, tmp_path, form):
    (tmp_path / "out").mkdir()
    refused("export", "--model", tiny_run.path, "--format", form, "--out", tmp_path / "out" / "x")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_store_is_whole_or_not_there(refused, tiny_run, tmp_path):
    (tmp_path / "out").mkdir()
    sides = ["--source", tiny_run.source, "--target", tiny_run.target]
    valid = ["--valid-source", tiny_run.source, "--valid-target", tiny_run.target]
    config = ["--config", tiny_run.config]
    refused("prepare", *config, *sides, *valid, "--store", tmp_path / "out" / "store")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_model_that_is_rewritten_stays_as_it_was(refused, tiny_run, texts, tmp_path):
    model = tmp_path / "out" / "model"
    shutil.copytree(tiny_run.path / "model", model)
    before = {file.name: file.read_bytes() for file in model.iterdir()}
    pairs = ["--source", tiny_run.source, "--target", tiny_run.target]
    (tmp_path / "gold").write_text("0-0\n" * len(tiny_run.source.read_text().splitlines()))
    refused("align", "--model", model, *pairs, "--gold", tmp_path / "gold", "--choose")
    assert {file.name: file.read_bytes() for file in model.iterdir()} == before
    assert [left.name for left in model.parent.iterdir()] == ["model"]
