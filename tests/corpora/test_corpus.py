"""Reading: what ends a line, what is refused and how it is named."""

import bz2
import gzip
import io
import lzma
import sys

import pytest
from backports import zstd

from clearhead.config import CorpusConfig
from clearhead.corpora.corpus import read_pairs, read_parallel
from clearhead.corpora.formats import read_tsv
from clearhead.corpora.lines import LONGEST, Overlong, read_lines
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


SUFFIXES = {".gz": gzip.compress, ".xz": lzma.compress, ".bz2": bz2.compress, ".zst": zstd.compress}
LINES = "".join(f"Der Ball Nummer {n} ist rot.\n" for n in range(3000))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_packed_text_is_whole_or_refused(tmp_path, suffix):
    """Several streams in one file are one text; a cut and anything else after the end is told of."""
    pack = SUFFIXES[suffix]
    whole = pack(LINES.encode())
    path = tmp_path / f"a{suffix}"
    assert list(read_lines(write(path, whole + pack(b"Ende.\n")))) == [*LINES.splitlines(), "Ende."]
    damaged = pack(b"Ende.\n")
    flipped = whole[:60] + bytes(byte ^ 255 for byte in whole[60:90]) + whole[90:]
    for data in (
        whole[:-1],
        whole[: len(whole) // 2],
        whole + b"garbage",
        whole + b"\n",
        whole + damaged[:-3],
        whole + b"X" + damaged[1:],
        *([flipped] if suffix != ".zst" else []),  # zstd writes no sums unless asked
    ):
        with pytest.raises(DataError, match=rf"cannot read .*a\{suffix} to its end: ") as raised:
            list(read_lines(write(path, data)))
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize("suffix", [".xz", ".bz2", ".gz"])
def test_padding_after_packed_text_is_no_garbage(tmp_path, suffix):
    data = SUFFIXES[suffix](LINES.encode()) + bytes(512)
    assert len(list(read_lines(write(tmp_path / f"a{suffix}", data)))) == 3000


@pytest.mark.parametrize("packing", ["", ".gz"])
def test_the_rest_of_a_long_line_is_passed_over(tmp_path, packing):
    """Only where it is asked for: what is to be translated is never cut."""
    long = "ab" * LONGEST
    data = f"one\n{long}\ntwo\n{'é' * (LONGEST // 2)}\n{long}".encode()
    path = write(tmp_path / f"a{packing}", gzip.compress(data) if packing else data)
    assert [len(line) for line in read_lines(path)] == [3, 2 * LONGEST, 3, LONGEST // 2, 2 * LONGEST]
    lines = list(read_lines(path, bounded=True))
    assert [isinstance(line, Overlong) for line in lines] == [False, True, False, False, True]
    assert lines[1].startswith("abab")
    assert len(lines[1]) < 1000
    assert (lines[0], lines[2], len(lines[3])) == ("one", "two", LONGEST // 2)
