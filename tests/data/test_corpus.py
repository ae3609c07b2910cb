"""Reading: what ends a line, what is refused and how it is named."""

import gzip
import io
import lzma
import sys

import pytest

from clearhead.config import CorpusConfig
from clearhead.data.corpus import read_pairs, read_parallel
from clearhead.data.formats import read_tsv
from clearhead.data.lines import read_lines
from clearhead.errors import DataError


def write(path, data: bytes):
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("packing", ["", ".gz", ".xz"])
def test_only_a_newline_ends_a_line(tmp_path, packing):
    text = "a\u2028b\r\nc\x85d\re\n\n  f \nlast without newline"
    pack = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress}[packing]
    path = write(tmp_path / f"t.txt{packing}", pack(b"\xef\xbb\xbf" + text.encode()))
    assert list(read_lines(path)) == ["a\u2028b", "c\x85d\re", "", "  f ", "last without newline"]


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("é\tè\n".encode())))
    (pair,) = read_pairs(CorpusConfig(source="-"))
    assert (pair.src, pair.tgt, pair.line) == ("é", "è", 1)


def test_invalid_utf8_is_named_by_line_and_byte(tmp_path):
    path = write(tmp_path / "a.fr", "été\nb".encode() + b"a\xe9d\n")
    with pytest.raises(DataError, match=r"a\.fr, line 2: byte 8 \(0xe9\) is not valid UTF-8"):
        list(read_lines(path))
    assert path.read_bytes()[8] == 0xE9


def test_a_nul_is_refused(tmp_path):
    with pytest.raises(DataError, match="line 1: it holds a NUL"):
        list(read_lines(write(tmp_path / "b", b"a\0b\n")))


@pytest.mark.parametrize(
    ("name", "data"),
    [("cut.gz", gzip.compress(b"x" * 5000, mtime=0)[:-9]), ("no.gz", b"plain"), ("no.xz", b"plain")],
)
def test_broken_archives(tmp_path, name, data):
    with pytest.raises(DataError, match=name):
        list(read_lines(write(tmp_path / name, data)))


def test_missing_files_and_directories(tmp_path):
    with pytest.raises(DataError, match="there is no file"):
        list(read_lines(tmp_path / "none"))
    with pytest.raises(DataError, match="cannot read"):
        list(read_lines(tmp_path))


@pytest.mark.parametrize(("one", "other"), [(3, 5), (5, 3), (0, 1)])
def test_unequal_counts_are_both_named(tmp_path, one, other):
    src, tgt = write(tmp_path / "a", b"x\n" * one), write(tmp_path / "b", b"y\n" * other)
    with pytest.raises(DataError, match=rf"a has {one} lines but .*b has {other};"):
        list(read_parallel(src, tgt))


def test_pairs_keep_blank_lines_and_their_place(tmp_path):
    src, tgt = write(tmp_path / "a", b"1\n\n3\n"), write(tmp_path / "b", b"I\nII\nIII\n")
    pairs = list(read_parallel(src, tgt))
    assert [(pair.src, pair.tgt, pair.line) for pair in pairs] == [
        ("1", "I", 1),
        ("", "II", 2),
        ("3", "III", 3),
    ]


def test_tsv_takes_the_first_two_columns(tmp_path):
    path = write(tmp_path / "t.tsv", b"a\tb\tsource\nc\td\n")
    assert [(pair.src, pair.tgt) for pair in read_pairs(CorpusConfig(source=str(path)))] == [
        ("a", "b"),
        ("c", "d"),
    ]
    with pytest.raises(DataError, match="line 2: it has no tab"):
        list(read_tsv(write(tmp_path / "u.tsv", b"a\tb\nc d\n")))


def test_a_source_without_target_is_not_guessed(tmp_path):
    with pytest.raises(DataError, match="without a target"):
        read_pairs(CorpusConfig(source=str(tmp_path / "a.fr")))
