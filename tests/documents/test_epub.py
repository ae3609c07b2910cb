"""Books keep their archive; their chapters, contents and title are translated."""

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearhead.documents.formats import read
from clearhead.errors import DocumentError
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Marked
from tests.documents.mutations import COUNT, mutated, survives
from tests.documents.test_archive import packed

CONTAINER = """<?xml version="1.0"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
  <rootfiles><rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>"""
OPF = """<?xml version="1.0" encoding="UTF-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">
  <metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
    <dc:identifier id="id">urn:x</dc:identifier><dc:title>The cat &amp; the dog</dc:title>
    <dc:language>en</dc:language><dc:creator>A. Person</dc:creator>
  </metadata>
  <manifest>
    <item id="two" href="text/two%20b.xhtml" media-type="application/xhtml+xml"/>
    <item id="one" href="text/one.xhtml" media-type="application/xhtml+xml"/>
    <item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>
    <item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>
    <item id="img" href="cat.png" media-type="image/png"/>
  </manifest>
  <spine toc="ncx"><itemref idref="one"/><itemref idref="two"/></spine>
</package>"""
NCX = """<?xml version="1.0"?><ncx><docTitle><text>The cat</text></docTitle>
<navMap><navPoint><navLabel><text>A house</text></navLabel><content src="text/one.xhtml"/></navPoint></navMap></ncx>"""
PAGE = """<?xml version="1.0" encoding="utf-8"?>
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en"><head><title/><script src="x.js"/></head>
<body><h1>{0}</h1><p>The <a id="x"/><em>{0}</em> is big.<br/>It&#8217;s old&#160;!</p></body></html>"""
ENTRIES = {
    "mimetype": b"application/epub+zip",
    "META-INF/container.xml": CONTAINER.encode(),
    "OEBPS/content.opf": OPF.encode(),
    "OEBPS/toc.ncx": NCX.encode(),
    "OEBPS/nav.xhtml": PAGE.format("Contents").encode(),
    "OEBPS/text/one.xhtml": PAGE.format("house").encode(),
    "OEBPS/text/two b.xhtml": PAGE.format("tree").encode(),
    "OEBPS/cat.png": bytes(range(256)),
}
KINDS = [zipfile.ZIP_STORED, *[zipfile.ZIP_DEFLATED] * 7]
BOOK = packed(ENTRIES, KINDS)


def with_entries(**changes):
    return packed(ENTRIES | {name.replace("__", "/"): data for name, data in changes.items()})


def test_untranslated_books_are_byte_for_byte_what_was_read():
    document = read(BOOK, "epub", Reading())
    assert document.written(document.segments, "fr") == BOOK
    assert document.written([None] * len(document.segments), "fr") == BOOK


@settings(max_examples=20)
@given(st.sets(st.integers(0, 11)))
def test_only_what_is_translated_changes(numbers):
    document = read(BOOK, "epub", Reading())
    done = [
        Marked(text=segment.text + " x", tags=segment.tags) if number in numbers else None
        for number, segment in enumerate(document.segments)
    ]
    changed = {document.segments[number].place.split(",")[0] for number in numbers}
    with zipfile.ZipFile(io.BytesIO(document.written(done, None))) as book:
        for name, content in ENTRIES.items():
            assert (book.read(name) != content) == (name in changed)


def test_a_book_is_translated_in_the_order_of_reading():
    document = read(BOOK, "epub", Reading())
    assert [segment.text for segment in document.segments][:4] == [
        "The cat & the dog",
        "The cat",
        "A house",
        "Contents",
    ]
    places = list(dict.fromkeys(segment.place.split(",")[0] for segment in document.segments))
    assert places == [
        "OEBPS/content.opf",
        "OEBPS/toc.ncx",
        "OEBPS/nav.xhtml",
        "OEBPS/text/one.xhtml",
        "OEBPS/text/two b.xhtml",
    ]
    done = [Marked(text=segment.text.upper(), tags=segment.tags) for segment in document.segments]
    out = document.written(done, "fr")
    assert out[30:58] == b"mimetypeapplication/epub+zip"  # its type stands where programs look for it
    with zipfile.ZipFile(io.BytesIO(out)) as book:
        assert book.namelist() == list(ENTRIES)
        assert [info.compress_type for info in book.infolist()] == KINDS
        assert b"<dc:title>THE CAT &amp; THE DOG</dc:title>" in book.read("OEBPS/content.opf")
        assert b"<dc:language>fr</dc:language>" in book.read("OEBPS/content.opf")
        assert b"<text>A HOUSE</text>" in book.read("OEBPS/toc.ncx")
        page = book.read("OEBPS/text/one.xhtml").decode()
    assert 'xml:lang="fr"' in page
    assert '<p>THE <a id="x"/><em>HOUSE</em> IS BIG.<br/>IT’S OLD&#160;!</p>' in page.replace(
        " <a", "<a"
    ).replace("<a", " <a")


def test_the_language_is_named_where_the_title_stays():
    document = read(BOOK, "epub", Reading())
    done: list[Marked | None] = [None] * len(document.segments)
    done[-1] = Marked(text="x", tags=document.segments[-1].tags)
    with zipfile.ZipFile(io.BytesIO(document.written(done, "fr"))) as book:
        assert b"<dc:language>fr</dc:language>" in book.read("OEBPS/content.opf")


def test_a_chapter_that_cannot_be_read_is_left():
    document = read(with_entries(OEBPS__text__no=b"") + b"", "epub", Reading())
    assert not document.left
    document = read(packed(ENTRIES | {"OEBPS/text/one.xhtml": b"<p>\xff"}), "epub", Reading())
    assert [left.place for left in document.left] == ["OEBPS/text/one.xhtml"]
    assert {segment.text for segment in document.segments} >= {"tree", "Contents"}


ENTITY = (
    b'<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]><html><p>one &x; two</p><p>three</p></html>'
)


def test_entities_from_outside_are_left():
    document = read(packed(ENTRIES | {"OEBPS/text/one.xhtml": ENTITY}), "epub", Reading())
    assert [left.why for left in document.left] == ["what &x; stands for is not known"]
    assert "three" in {segment.text for segment in document.segments}


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"mimetype": b"text/plain"}, "not an EPUB book"),
        ({"META-INF/container.xml": b"<x/>"}, "names no package"),
        ({"META-INF/rights.xml": b"<x/>"}, "encrypted by its publisher"),
        ({"META-INF/encryption.xml": b'<CipherReference URI="a.xhtml"/>'}, "encrypted by its publisher"),
        ({"../x": b""}, "leads out"),
        ({"x": bytes(5 << 20)}, "bombs"),
    ],
)
def test_what_is_no_book_is_refused_in_one_line(entries, said):
    with pytest.raises(DocumentError, match=said):
        read(packed(ENTRIES | entries), "epub", Reading())


def test_books_with_scrambled_fonts_are_no_locked_books():
    entries = ENTRIES | {"META-INF/encryption.xml": b'<CipherReference URI="a.otf"/>'}
    assert read(packed(entries), "epub", Reading()).segments


def test_mutations():
    for seed in range(COUNT):
        survives(mutated(BOOK, seed), "epub")


def test_mutations_of_what_is_packed():
    names = [name for name in ENTRIES if name.endswith(("ml", "opf", "ncx"))]
    for seed in range(COUNT):
        name = names[seed % len(names)]
        survives(packed(ENTRIES | {name: mutated(ENTRIES[name], seed)}), "epub")
