"""Files that are not UTF-8 text: named for what they are, with a command that works."""

import bz2
import codecs
import gzip
import io
import lzma
import os
import shlex
import shutil
import subprocess
import sys
import threading
import zipfile

import pytest
from backports import zstd

from clearhead.config import CorpusConfig
from clearhead.corpora.corpus import read_pairs
from clearhead.corpora.lines import read_lines
from clearhead.errors import DataError

TEXT = "Je ne sais pas.\nLe cœur de l’ouvrière… « Oui »\n"
WESTERN = "Hello there.\nIt is 5 km, and so on.\nÜber alles\n"


def zipped(data: bytes, name: str = "text.txt", seconds: int = 0) -> bytes:
    """Return an archive of one file, written so long after noon; at 20 seconds a byte of its time is a line's end."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, (2026, 5, 4, 12, 0, seconds)), data, zipfile.ZIP_DEFLATED)
    return file.getvalue()


WIDE = {
    "UTF-16 little": codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
    "UTF-16 big": codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    "UTF-32 little": codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"),
    "UTF-32 big": codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"),
}
BARE = {code: f"\n\n{TEXT}".encode(code) for code in ("UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE")}
CHINESE = "我是一个学生。\n他在上面写上了名字。\n"
BARE |= {f"{code} Chinese": CHINESE.encode(code) for code in ("UTF-16LE", "UTF-16BE")}
BARE |= {f"{code} Windows": WESTERN.replace("\n", "\r\n").encode(code) for code in ("UTF-16LE", "UTF-16BE")}
PACKED = {
    "gzip": gzip.compress(TEXT.encode()),
    "bzip2": bz2.compress(TEXT.encode()),
    "xz": lzma.compress(TEXT.encode()),
    "zip": zipped(TEXT.encode()),
    "zstd": zstd.compress(TEXT.encode()),
}


def said(path) -> str:
    with pytest.raises(DataError) as raised:
        list(read_lines(path))
    return str(raised.value)


@pytest.mark.parametrize("name", [*WIDE, *BARE, *PACKED])
def test_what_a_file_is_and_a_command_that_works(tmp_path, name):
    data = (WIDE | BARE | PACKED)[name]
    file, new = tmp_path / "a text's file.txt", tmp_path / "NEW"
    file.write_bytes(data)
    message = said(file)
    assert name.split()[0] in message
    assert "\n" not in message
    command = message.rpartition(": ")[2]
    assert command.endswith(" > NEW")
    program = shlex.split(command)[0]
    if shutil.which(program):
        subprocess.run(command, shell=True, check=True, cwd=tmp_path)
        expected = (
            WESTERN.replace("\n", "\r\n") if "Windows" in name else CHINESE if "Chinese" in name else TEXT
        )
        assert new.read_bytes().decode().removeprefix("\ufeff").lstrip("\n") == expected
        assert list(read_lines(new))


@pytest.mark.parametrize("name", [*WIDE, *PACKED])
def test_standard_input_and_packed_files_are_named_too(tmp_path, monkeypatch, name):
    data = (WIDE | PACKED)[name]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    message = said("-")
    assert message.startswith("standard input is ")
    assert name.split()[0] in message
    (tmp_path / "t.gz").write_bytes(gzip.compress(data))
    message = said(tmp_path / "t.gz")
    assert name.split()[0] in message
    if name in WIDE:
        subprocess.run(message.rpartition(": ")[2], shell=True, check=True, cwd=tmp_path)
        assert (tmp_path / "NEW").read_bytes().decode().removeprefix("\ufeff") == TEXT


def test_a_name_may_say_it_in_capitals(tmp_path):
    for suffix, pack in (
        (".GZ", gzip.compress),
        (".Xz", lzma.compress),
        (".BZ2", bz2.compress),
        (".ZST", zstd.compress),
    ):
        (tmp_path / f"A.TXT{suffix}").write_bytes(pack(TEXT.encode()))
        assert list(read_lines(tmp_path / f"A.TXT{suffix}")) == TEXT.splitlines()


@pytest.mark.parametrize("suffix", [".tsv", ".jsonl", ".tmx", ".po"])
def test_the_converted_file_keeps_what_its_name_says(tmp_path, monkeypatch, suffix):
    monkeypatch.chdir(tmp_path)
    (tmp_path / f"a{suffix}").write_bytes(gzip.compress(b"x"))
    with pytest.raises(DataError) as raised:
        list(read_pairs(CorpusConfig(source=f"a{suffix}", source_lang="en", target_lang="fr")))
    subprocess.run(str(raised.value).rpartition(": ")[2], shell=True, check=True)
    assert (tmp_path / f"NEW{suffix}").read_bytes() == b"x"


def test_an_archive_of_several_files_is_not_unpacked_into_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x.fr", "un\n")
        archive.writestr("x.en", "one\n")
    message = said(tmp_path / "a.zip")
    assert "it holds 2 files (x.fr, x.en" in message
    subprocess.run(message.rpartition(": ")[2], shell=True, check=True)
    assert (tmp_path / "x.en").read_text() == "one\n"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (zipped(b"<w/>", "[Content_Types].xml"), "an office document"),
        (zipped(b"<w/>", "word/document.xml"), "an office document"),
        (zipped(b"<w/>", "word/document.xml", seconds=20), "an office document"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF document"),
    ],
)
def test_documents_are_named(tmp_path, data, what):
    (tmp_path / "t.txt").write_bytes(data)
    assert f"t.txt is {what}" in said(tmp_path / "t.txt")


@pytest.mark.parametrize("text", ["ça coûte", "cœur", "l’ouvrière", "fin…", "« Oui »", "20 €", "– ah"])
def test_a_line_that_is_not_utf8_is_most_often_windows_1252(tmp_path, text):
    """It has all the letters of Latin-1; read as that, its quotation marks would become control characters."""
    path = tmp_path / "a.fr"
    path.write_bytes(f"plain\n{text}\n".encode("cp1252"))
    message = said(path)
    assert "a.fr, line 2: byte " in message
    assert "is not valid UTF-8; convert the file" in message
    assert "not Latin-1" in message
    subprocess.run(message.rpartition(": ")[2], shell=True, check=True, cwd=tmp_path)
    assert list(read_lines(tmp_path / "NEW")) == ["plain", text]


def test_what_cannot_be_windows_1252_is_not_called_so(tmp_path):
    (tmp_path / "a").write_bytes("こんにちは、元気\n".encode("shift-jis"))
    assert "nor Windows-1252; find out its code" in said(tmp_path / "a")


def test_one_bad_line_in_utf8_does_not_make_another_code_of_the_file(tmp_path):
    (tmp_path / "a").write_bytes("été\n".encode() + b"caf\xe9\n")
    message = said(tmp_path / "a")
    assert "line 2: byte 9 (0xe9) is not valid UTF-8, though lines before it are; fix that line" in message
    assert "iconv" not in message


@pytest.mark.parametrize(
    "data",
    [
        b"a\0b\n",
        b"text\nH\0e\0l\0l\0o\0\n",  # the first line would be in it too
        b"\0\0\0\0\0\0\n",
        "a\0b\0é\0c\0\n".encode(),
        b"ab\0\0cd\0ef\n",
    ],
)
def test_a_nul_alone_is_no_code(tmp_path, data):
    (tmp_path / "a").write_bytes(data)
    assert "it holds a NUL character" in said(tmp_path / "a")


def test_plain_text_that_begins_like_something_else_is_text(tmp_path):
    for text in ("BZh is a code", "PKW", "PK", "%PDF-1.4 is a version", "\ufeffBZh"):
        (tmp_path / "a").write_text(f"{text}\n\n{text}\n")
        assert list(read_lines(tmp_path / "a")) == [text.removeprefix("\ufeff"), "", text]


@pytest.mark.parametrize("suffix", [".tsv", ".jsonl", ".tmx", ".po"])
@pytest.mark.parametrize("name", ["gzip", "zip", "UTF-16 little"])
def test_every_format_names_what_a_file_is(tmp_path, suffix, name):
    path = tmp_path / f"a{suffix}"
    path.write_bytes((WIDE | PACKED)[name])
    with pytest.raises(DataError) as raised:
        list(read_pairs(CorpusConfig(source=str(path), source_lang="en", target_lang="fr")))
    if (suffix, name) == (".tmx", "UTF-16 little"):  # XML may be
        assert "not well-formed" in str(raised.value)
    else:
        assert f"a{suffix} is " in str(raised.value)
        assert name.split()[0] in str(raised.value)


def test_a_pipe_tells_when_the_next_line_has_yet_to_come(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    written = []
    opening = threading.Thread(
        target=lambda: written.append(open(tmp_path / "pipe", "wb", buffering=0))  # noqa: SIM115
    )
    opening.start()
    lines = read_lines(tmp_path / "pipe")
    assert not lines.waits()  # nothing was asked of it yet
    opening.join(0.2)
    first = threading.Timer(0.1, lambda: written[0].write(b"one\ntwo\r\nthr"))
    first.start()
    assert next(lines) == "one"
    assert not lines.waits()
    assert next(lines) == "two"
    assert lines.waits()
    assert lines.waits()
    written[0].write(b"ee\n\nfive")
    assert not lines.waits()
    assert [next(lines), next(lines)] == ["three", ""]
    assert lines.waits()
    written[0].close()
    assert not lines.waits()  # the end needs no waiting
    assert list(lines) == ["five"]
    assert not lines.waits()


def test_a_file_on_a_disk_never_waits(tmp_path):
    (tmp_path / "a").write_text("one\ntwo\n")
    lines = read_lines(tmp_path / "a")
    assert [lines.waits() or line for line in lines] == ["one", "two"]


def test_a_line_much_longer_than_a_pipe_holds(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    text = "é" * 300_000
    writing = threading.Thread(target=lambda: (tmp_path / "pipe").write_text(f"{text}\n{text}"))
    writing.start()
    assert list(read_lines(tmp_path / "pipe")) == [text, text]
    writing.join()
