"""Archives from outside are read within bounds, and come back with their order, names and kinds of compression."""

import io
import random
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhead.errors import DocumentError
from clearhead.segments import archive
from clearhead.segments.archive import opened

CONTENT = st.binary(max_size=200)
NAMES = st.text(st.sampled_from("abc/.é"), min_size=1, max_size=8).filter(
    lambda name: not name.startswith("/") and ".." not in name.split("/") and not name.endswith("/")
)


def packed(entries, kinds=None, comment=b""):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as target:
        target.comment = comment
        for number, (name, content) in enumerate(entries.items()):
            info = zipfile.ZipInfo(name, (2001, 2, 3, 4, 5, 6))
            info.compress_type = kinds[number] if kinds else zipfile.ZIP_DEFLATED
            target.writestr(info, content)
    return data.getvalue()


@given(st.dictionaries(NAMES, CONTENT, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_what_is_not_replaced_stays_as_it_was(entries, draw):
    kinds = [draw.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]) for _ in entries]
    data = packed(entries, kinds, b"a comment")
    book = opened(data)
    assert list(book.names) == list(entries)
    assert {name: book.read(name) for name in book.names} == entries
    assert book.replaced({}) == book.replaced(entries) == data
    first = next(iter(entries))
    changed = book.replaced({first: b"changed" + entries[first]})
    assert changed == book.replaced({first: b"changed" + entries[first]})
    again = opened(changed)
    assert list(again.names) == list(entries)
    assert [again.read(name) for name in entries] == [
        b"changed" + entries[first],
        *list(entries.values())[1:],
    ]
    with zipfile.ZipFile(io.BytesIO(changed)) as result:
        assert [info.compress_type for info in result.infolist()] == kinds
        assert {info.date_time for info in result.infolist()} == {(2001, 2, 3, 4, 5, 6)}
        assert result.comment == b"a comment"


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "a\\..\\x", "C:/x"])
def test_names_that_lead_out_are_refused(name):
    with pytest.raises(DocumentError, match="leads out"):
        opened(packed({name: b"x"}))


def test_a_bomb_is_refused():
    with pytest.raises(DocumentError, match="as zip bombs do; do not open this file"):
        opened(packed({"x": bytes(5 << 20)}))


def test_many_entries_and_large_sums_are_refused(monkeypatch):
    data = packed({str(number): b"12345" for number in range(4)})
    monkeypatch.setattr(archive, "MOST_ENTRIES", 3)
    with pytest.raises(DocumentError, match="4 entries are too many"):
        opened(data)
    monkeypatch.setattr(archive, "MOST_ENTRIES", 4)
    monkeypatch.setattr(archive, "LARGEST_TOTAL", 19)
    with pytest.raises(DocumentError, match="split"):
        opened(data)


def test_an_entry_that_lies_about_its_size_unpacks_to_no_more(monkeypatch):
    """The size in the directory says 10 bytes, the packed data holds 8 MiB."""
    data = bytearray(packed({"x": bytes(8 << 20)}))
    directory = data.index(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = struct.pack("<L", 10)
    largest = []
    read = zipfile.ZipExtFile._read1
    monkeypatch.setattr(zipfile.ZipExtFile, "_read1", lambda self, n: largest.append(n) or read(self, n))
    with pytest.raises(DocumentError, match=r"not a whole zip archive .*; get the file again"):
        opened(bytes(data))
    assert max(largest) <= 1 << 16


def test_two_entries_of_one_name_are_refused():
    data = packed({"ab": b"1", "cd": b"2"}).replace(b"cd", b"ab")
    with pytest.raises(DocumentError, match="two entries"):
        opened(data)


def test_encrypted_entries_and_other_methods_are_refused():
    data = bytearray(packed({"x": b"1"}))
    directory = data.index(b"PK\x01\x02")
    data[directory + 8] |= 1
    with pytest.raises(DocumentError, match="is encrypted; save the document without a password"):
        opened(bytes(data))
    with pytest.raises(DocumentError, match="by another method than deflate; pack the archive again"):
        opened(packed({"x": b"1"}, [zipfile.ZIP_LZMA]))


def test_an_entry_that_is_not_there_is_said():
    with pytest.raises(DocumentError, match="y is not in the archive"):
        opened(packed({"x": b"1"})).read("y")


@pytest.mark.parametrize("seed", range(300))
def test_broken_archives_are_refused_in_one_line(seed):
    draw = random.Random(seed)
    data = bytearray(packed({"mimetype": b"application/x", "a/b.xml": b"<a>text</a>" * 20}))
    for _ in range(draw.randint(1, 4)):
        place = draw.randrange(len(data))
        match draw.randrange(3):
            case 0:
                data[place] ^= 1 << draw.randrange(8)
            case 1:
                del data[place : place + draw.randint(1, 40)]
            case _:
                data[place:place] = data[max(place - draw.randint(1, 40), 0) : place]
        if not data:
            break
    said = ""
    try:
        book = opened(bytes(data))
        book.replaced(dict.fromkeys(book.names, b"new"))
    except DocumentError as error:
        said = str(error)
    assert "\n" not in said
