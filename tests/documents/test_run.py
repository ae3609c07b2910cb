"""Documents are written whole or not at all, and go on where they were interrupted."""

import os
import re
from typing import get_args

import pytest

import clearhead
from clearhead.cli import main
from clearhead.cli.options import options_of
from clearhead.cli.translate import Translate
from clearhead.config.choices import DocumentFormat
from clearhead.documents import run, translating
from clearhead.documents.files import Job, jobs_of
from clearhead.documents.formats import FORMATS
from clearhead.documents.journal import journal_of
from clearhead.documents.run import opened, translate
from clearhead.documents.translating import Request
from clearhead.errors import DocumentError
from clearhead.segments.decoded import decoded
from clearhead.segments.protocol import Reading

TEXT = "".join(f"I have {number} books.\n\nWhere is the station?\n\n" for number in range(20, 26))
REQUEST = Request(to="fr")


@pytest.fixture(scope="module")
def translator():
    return clearhead.load()


@pytest.fixture
def job(tmp_path):
    (tmp_path / "in.txt").write_text(TEXT)
    return Job(tmp_path / "in.txt", tmp_path / "out.txt", "paragraphs")


class StopError(Exception):
    pass


def test_a_document_is_translated(translator, job):
    outcome = translate(job, translator, REQUEST, Reading())
    out = job.output.read_text()
    assert outcome.segments == 12
    assert [out.count(str(number)) for number in range(20, 26)] == [1] * 6
    assert out.count("gare") == 6
    assert [line == "" for line in out.splitlines()] == [line == "" for line in TEXT.splitlines()]
    assert sorted(path.name for path in job.output.parent.iterdir()) == ["in.txt", "out.txt"]


def test_interrupted_and_resumed_equals_uninterrupted(translator, job, monkeypatch):
    translate(job, translator, REQUEST, Reading())
    whole = job.output.read_bytes()
    job.output.unlink()
    monkeypatch.setattr(translating, "WINDOW", 5)

    def stop(done, total):
        if done >= 5:
            raise StopError

    with pytest.raises(StopError):
        translate(job, translator, REQUEST, Reading(), reached=stop)
    assert not job.output.exists()
    journal = journal_of(job.output)
    lines = journal.read_bytes()
    journal.write_bytes(lines[:-7])  # the last line was not on the disk yet
    outcome = translate(job, translator, REQUEST, Reading(), resume=True)
    assert 0 < outcome.resumed < 5
    assert job.output.read_bytes() == whole
    assert not journal.exists()


def test_another_request_does_not_take_what_was_done(translator, job, monkeypatch):
    monkeypatch.setattr(translating, "WINDOW", 5)

    def stop(done, total):
        raise StopError

    with pytest.raises(StopError):
        translate(job, translator, REQUEST, Reading(), reached=stop)
    outcome = translate(job, translator, Request(to="de"), Reading(), resume=True)
    assert outcome.resumed == 0
    assert "Bahnhof" in job.output.read_text()


def test_what_is_done_is_passed_over(translator, job):
    translate(job, translator, REQUEST, Reading())
    before = job.output.stat().st_mtime_ns
    assert translate(job, translator, REQUEST, Reading(), resume=True).already_done
    assert job.output.stat().st_mtime_ns == before
    later = before + 10**9
    os.utime(job.input, ns=(later, later))
    assert not translate(job, translator, REQUEST, Reading(), resume=True).already_done


def test_folders_keep_their_names(tmp_path):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "a.txt").write_text("a")
    (tmp_path / "in" / "deep" / "b.txt").write_text("b")
    jobs = jobs_of([tmp_path / "in"], tmp_path / "out", "paragraphs")
    names = [str(job.output.relative_to(tmp_path / "out")) for job in jobs.jobs]
    assert names == ["a.txt", os.path.join("deep", "b.txt")]


def test_two_files_of_one_name_are_refused(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.txt").write_text("x")
    with pytest.raises(DocumentError, match=r"would both become .*; translate them into different folders"):
        jobs_of([tmp_path / "a" / "x.txt", tmp_path / "b" / "x.txt"], tmp_path / "out", "paragraphs")


def test_a_document_is_not_replaced_by_its_translation(tmp_path):
    (tmp_path / "x.txt").write_text("x")
    with pytest.raises(DocumentError, match="would be replaced"):
        jobs_of([tmp_path / "x.txt"], tmp_path / "x.txt", "paragraphs")


def test_what_names_no_document_is_refused_in_a_line(tmp_path):
    (tmp_path / "x.txt").write_text("x")
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "x.bin").write_text("x")
    for inputs, output, form, said in (
        ([tmp_path / "x.txt"], None, "paragraphs", "name where the translated documents go: --output FILE"),
        ([tmp_path / "y.txt"], tmp_path / "z.txt", "paragraphs", "is not there; check the name"),
        ([tmp_path / "x.txt"], tmp_path / "z.txt", None, "is in no known document format"),
        ([tmp_path / "none"], tmp_path / "out", None, "choose a format for all files with --as"),
    ):
        with pytest.raises(DocumentError, match=re.escape(said)):
            jobs_of(inputs, output, form)


def fails(arguments):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 1


def test_what_cannot_be_read_is_refused_in_a_line(tmp_path, monkeypatch):
    with pytest.raises(DocumentError, match=r"cannot read .*; check the name"):
        opened(tmp_path / "gone.txt", "paragraphs", Reading())
    (tmp_path / "x.txt").write_bytes(b"\xff")
    with pytest.raises(DocumentError, match=r"x\.txt: line 1: byte 1 is not UTF-8"):
        opened(tmp_path / "x.txt", "paragraphs", Reading())
    monkeypatch.setattr(run, "LARGEST", 0)
    with pytest.raises(DocumentError, match=r"is larger than 0 bytes; give a smaller document"):
        opened(tmp_path / "x.txt", "paragraphs", Reading())
    with pytest.raises(DocumentError, match="unknown encoding 'none-such'; save the file in UTF-8"):
        decoded(b"x", "none-such")


def test_one_document_that_cannot_be_read_does_not_stop_the_others(tmp_path, capsys):
    (tmp_path / "a.txt").write_bytes(b"\xff")
    (tmp_path / "b.txt").write_text("Hello!")
    inputs = [str(tmp_path / name) for name in ("a.txt", "b.txt")]
    fails(
        [
            "translate",
            "--to",
            "fr",
            "--as",
            "paragraphs",
            "--output",
            str(tmp_path / "out"),
            "--input",
            *inputs,
        ]
    )
    said = capsys.readouterr().err
    assert "1 of 2 documents could not be translated; the reasons are above" in said
    assert "a.txt: line 1: byte 1 is not UTF-8" in said
    assert (tmp_path / "out" / "b.txt").read_text() == "Bonjour !"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["b.txt"]


def test_flags_of_lines_and_of_documents_are_told_apart(tmp_path, capsys):
    (tmp_path / "b.txt").write_text("Hello!")
    command = [
        "translate",
        "--as",
        "paragraphs",
        "--output",
        str(tmp_path / "c.txt"),
        "--input",
        str(tmp_path / "b.txt"),
    ]
    fails([*command, "--nbest", "2", "--format", "tsv"])
    assert "--nbest is for lines of text" in capsys.readouterr().err
    fails(["translate", "--resume", "Hello!"])
    assert "--resume is for documents; name them with --input" in capsys.readouterr().err
    fails(["translate", "--keys", "a", "--to", "fr"])
    assert "--keys is for documents; name them with --input, or leave it out" in capsys.readouterr().err
    fails(["translate", "--similar", "0.8", "--to", "fr", "Hello!"])
    assert "--similar is for entries of a memory; name one with --memory" in capsys.readouterr().err


def test_help_names_every_format():
    (option,) = (option for option in options_of(Translate) if option.flag == "--as")
    named = re.findall(r"\w+", option.description.partition(";")[0])
    assert set(get_args(DocumentFormat)) <= set(named)
    assert set(get_args(DocumentFormat)) == set(FORMATS)
