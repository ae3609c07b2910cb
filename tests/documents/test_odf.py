"""OpenDocument texts, presentations and spreadsheets."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearhead.documents.formats import read
from clearhead.errors import DocumentError
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Marked, Tag
from tests.documents.office_files import accented, odf, rewritten, unpacked

STYLES = (
    '<style:style style:name="T1" style:family="text"><style:text-properties fo:font-weight="bold"/></style:style>'
    '<style:style style:name="T2" style:family="text"><style:text-properties fo:language="en" fo:country="GB"/>'
    "</style:style>"
)
NOTE = "<text:note><text:note-body><text:p>A note</text:p></text:note-body></text:note>"
PIECES = st.sampled_from(
    [
        "the cat ",
        " sat &amp;\n ",
        '<text:span text:style-name="T1">on <text:span text:style-name="T2">the</text:span></text:span>',
        '<text:span text:style-name="T2">mat</text:span>',
        '<text:a href="x">a <text:span text:style-name="T1">link</text:span></text:a>',
        '<text:s text:c="3"/>',
        "<text:line-break/>",
        '<text:span text:style-name="T1">a<text:tab/>b</text:span>',
        '<text:bookmark text:name="n"/>',
        "<text:page-number>3</text:page-number>",
        "<text:span/>",
        NOTE,
        '<text:change text:change-id="c"/>',
        "<draw:frame><draw:text-box><text:p>In a box</text:p></draw:text-box></draw:frame>",
        "<office:annotation><text:p>Said by a reader</text:p></office:annotation>",
    ]
)
PARAGRAPHS = st.lists(
    st.lists(PIECES, max_size=6).map(lambda pieces: f"<text:p>{''.join(pieces)}</text:p>"), max_size=4
)


def opened(body, kind="text", name="odt", columns=(), **more):
    return read(odf(body, kind, STYLES, **more), name, Reading(columns=columns))


def texts(document):
    return [segment.text for segment in document.segments]


def content(data):
    return unpacked(data)["content.xml"].decode()


@settings(deadline=None, max_examples=40)
@given(PARAGRAPHS.map("\n".join))
def test_written_with_its_own_texts_it_is_the_very_bytes_and_else_has_the_given_ones(body):
    data = odf(body, "text", STYLES)
    document = read(data, "odt", Reading())
    assert document.written(document.segments, "fr") == data
    written = rewritten(document)
    again = read(written, "odt", Reading())
    if "<text:line-break/>" in body:  # blanks beside it go: it parts words by itself
        assert list(map(str.split, texts(again))) == [accented(text).split() for text in texts(document)]
    else:
        assert texts(again) == list(map(accented, texts(document)))
        assert [segment.tags for segment in again.segments] == [segment.tags for segment in document.segments]
    for kind in (
        "text:note>",
        "<text:a ",
        "text:bookmark",
        "<text:tab",
        "<text:line-break",
        "<draw:frame",
        "Said by",
    ):
        assert content(written).count(kind) == content(data).count(kind)


def test_spans_that_differ_in_language_only_are_one_text():
    document = opened('<text:p>The <text:span text:style-name="T2">cat</text:span> sat.</text:p>')
    assert not document.segments[0].tags
    assert "<text:p>Thé çät sät.</text:p>" in content(rewritten(document))


def test_spans_and_links_move():
    document = opened(
        '<text:p>the <text:span text:style-name="T1">red</text:span> <text:a href="x">car</text:a></text:p>'
    )
    tags = (Tag(start=11, end=16), Tag(start=3, end=10))
    written = content(document.written([Marked(text="la voiture rouge", tags=tags)], "fr"))
    assert (
        '<text:p>la <text:a href="x">voiture</text:a> <text:span text:style-name="T1">rouge</text:span></text:p>'
        in written
    )


def test_blanks_that_count_are_kept():
    document = opened('<text:p><text:s text:c="2"/>deep<text:s/><text:s/>blue</text:p>')
    assert texts(document) == ["deep  blue"]
    assert "<text:p><text:s/><text:s/>déép <text:s/>blué</text:p>" in content(rewritten(document))


def test_language_and_country_are_set_together():
    written = opened("<text:p>One</text:p>").written([Marked(text="Eins")], "de")
    assert b'fo:language="de"' in unpacked(written)["styles.xml"]
    assert b'fo:country="DE"' in unpacked(written)["styles.xml"]
    assert next(iter(unpacked(written))) == "mimetype"
    assert written[30:38] == b"mimetype"
    assert b"mimetypeapplication/vnd.oasis.opendocument.text" in written[:100]


def test_headers_are_read_and_indexes_and_tracked_changes_are_left():
    document = opened(
        "<text:tracked-changes><text:p>gone</text:p></text:tracked-changes>"
        "<text:table-of-content><text:index-body><text:p>Chapter</text:p></text:index-body></text:table-of-content>"
        '<text:p>new<text:change-start text:change-id="c"/></text:p><text:p>Body</text:p>',
        master="<style:header><text:p>Head</text:p></style:header><draw:frame><text:p>Prompt</text:p></draw:frame>",
    )
    assert texts(document) == ["Body", "Head"]
    assert [left.why.split(";")[0] for left in document.left] == ["an index", "tracked changes"]


def test_slides_have_places():
    document = opened(
        "<draw:page><text:p>One</text:p><presentation:notes><text:p>Say</text:p></presentation:notes></draw:page>"
        "<draw:page><text:p>Two</text:p></draw:page>",
        "presentation",
        "odp",
    )
    assert [segment.place for segment in document.segments] == ["slide 1", "slide 1, notes", "slide 2"]


def cell(text, about='office:value-type="string"'):
    return f"<table:table-cell {about}><text:p>{text}</text:p></table:table-cell>"


SHEET = (
    '<table:table table:name="Stock"><table:table-row><table:table-cell table:number-columns-repeated="2"/>'
    + cell("Name")
    + cell("Kind")
    + "</table:table-row><table:table-row-group><table:table-row>"
    + cell("low")
    + cell("12 pieces", 'office:value-type="float"')
    + cell("Lamp")
    + cell("yes")
    + cell("sum", 'table:formula="of:=IF([.D2]=&quot;yes&quot;;1;2)"')
    + "</table:table-row></table:table-row-group></table:table>"
)


def test_cells_with_text_are_read_and_what_a_formula_names_is_left():
    document = opened(SHEET, "spreadsheet", "ods")
    assert [(segment.place, segment.text) for segment in document.segments] == [
        ("Stock!C1", "Name"),
        ("Stock!D1", "Kind"),
        ("Stock!A2", "low"),
        ("Stock!C2", "Lamp"),
    ]
    assert [left.place for left in document.left] == ["Stock!D2"]


@pytest.mark.parametrize("column", ["C", "3", "Name"])
def test_columns_are_chosen(column):
    assert texts(opened(SHEET, "spreadsheet", "ods", (column,))) == ["Name", "Lamp"]


def test_an_encrypted_file_is_refused():
    manifest = "<m:file-entry><m:encryption-data/></m:file-entry>"
    with pytest.raises(DocumentError, match="it is encrypted; save it without a password"):
        opened("", manifest=manifest)


def test_another_kind_is_refused():
    with pytest.raises(DocumentError, match="no text, presentation"):
        opened("", "formula")
