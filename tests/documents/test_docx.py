"""Word documents: paragraphs with their formats."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearhead.documents.formats import read
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Marked, Tag
from tests.documents.office_files import accented, docx, packed, rewritten, unpacked


def run(text, properties="", attributes=""):
    about = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r{attributes}>{about}<w:t xml:space="preserve">{text}</w:t></w:r>'


def opened(body, **parts):
    return read(docx(body, **parts), "docx", Reading())


def texts(document):
    return [segment.text for segment in document.segments]


def body_of(data):
    return unpacked(data)["word/document.xml"].decode().partition("<w:body>")[2].partition("<w:sectPr/>")[0]


REVISION = ' w:rsidRPr="1"'
BOLD = "<w:b/>"
BRITISH = '<w:lang w:val="en-GB"/>'
PIECES = st.sampled_from(
    [
        run("the cat "),
        run("sat &amp; ", BOLD),
        run("on", BOLD, ' w:rsidR="00AB"'),
        run(" the mat", BRITISH),
        "<w:r><w:tab/><w:t>a  b</w:t><w:br/><w:t>c</w:t></w:r>",
        '<w:r><w:footnoteReference w:id="2"/></w:r>',
        f'<w:hyperlink r:id="x">{run("a link", BOLD)}{run(" here")}</w:hyperlink>',
        '<w:bookmarkStart w:id="1" w:name="n"/>',
        '<w:bookmarkEnd w:id="1"/>',
        '<w:proofErr w:type="spellStart"/>',
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> PAGE </w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>',
        "<w:r><w:drawing><w:txbxContent><w:p><w:r><w:t>In a box</w:t></w:r></w:p></w:txbxContent></w:drawing></w:r>",
        "<w:del/>",
        "<!-- a note --><?go on?>",
    ]
)
PARAGRAPHS = st.lists(
    st.lists(PIECES, max_size=6).map(lambda pieces: f"<w:p><w:pPr/>{''.join(pieces)}</w:p>"), max_size=4
)


@settings(deadline=None, max_examples=40)
@given(PARAGRAPHS.map("\n".join))
def test_a_document_written_with_its_own_texts_is_the_very_bytes(body):
    data = docx(body)
    document = read(data, "docx", Reading())
    assert document.written(document.segments, "fr") == data
    assert document.written([None] * len(document.segments), "fr") == data
    assert all(segment.is_well_formed for segment in document.segments)


@settings(deadline=None, max_examples=40)
@given(PARAGRAPHS.map("\n".join))
def test_a_translation_keeps_every_tag_and_reads_as_it_was_given(body):
    """Written with capitals and read again, it has those texts, the same marks, and no changed part but one."""
    data = docx(body)
    document = read(data, "docx", Reading())
    written = rewritten(document)
    again = read(written, "docx", Reading())
    assert texts(again) == [accented(text) for text in texts(document)]
    assert [segment.tags for segment in again.segments] == [segment.tags for segment in document.segments]
    for kind in (
        "footnoteReference",
        "instrText",
        "<w:drawing",
        "<w:hyperlink",
        "bookmarkStart",
        "bookmarkEnd",
        "<w:br/>",
    ):
        assert body_of(written).count(kind) == body_of(data).count(kind)
    before, after = unpacked(data), unpacked(written)
    assert list(before) == list(after)
    assert {name for name in before if before[name] != after[name]} <= {"word/document.xml"}


def test_runs_that_differ_in_spelling_or_revision_only_are_one_text():
    document = opened(
        f"<w:p>{run('The ')}{run('spel', '<w:noProof/>')}<w:proofErr w:type='spellEnd'/>"
        f"{run('ling', BRITISH, REVISION)}</w:p>"
    )
    assert document.segments[0].text == "The spelling"
    assert not document.segments[0].tags


def test_a_tag_is_what_looks_otherwise_than_most():
    document = opened(f"<w:p>{run('Note: ', BOLD)}{run('this is a long rest of the text.', '<w:i/>')}</w:p>")
    segment = document.segments[0]
    assert [(tag.start, tag.end) for tag in segment.tags] == [(0, 5)]
    moved = Marked(text="Der Rest. Hinweis", tags=(Tag(start=10, end=17),))
    assert body_of(document.written([moved], "de")) == (
        f"<w:p>{run('Der Rest. ', '<w:i/>')}{run('Hinweis', BOLD)}</w:p>"
    )


def test_a_translation_that_lost_its_tags_keeps_links_and_notes():
    document = opened(
        f'<w:p>{run("See ")}<w:hyperlink r:id="x">{run("here")}</w:hyperlink>'
        '<w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
    )
    body = body_of(document.written([Marked(text="Voir ici")], "fr"))
    assert body.count("<w:hyperlink") == body.count("footnoteReference") == 1
    assert "".join(re.findall("<w:t[^>]*>([^<]*)", body)) == "Voir ici"


def test_texts_part_at_tabs_and_before_lines_that_begin_anew():
    line = (
        "<w:r><w:t>Name</w:t><w:tab/><w:t>Anna</w:t><w:br/>"
        "<w:t>Long street</w:t><w:br/><w:t>near the sea</w:t></w:r>"
    )
    document = opened(f"<w:p>{line}</w:p>")
    assert texts(document) == ["Name", "Anna", "Long street near the sea"]
    assert [(tag.start, tag.end) for tag in document.segments[2].tags] == [(12, 12)]
    plain = re.sub("</?w:r>|</?w:t(?: [^>]*)?>", "", body_of(rewritten(document)))
    assert plain == "<w:p>Nämé<w:tab/>Annä<w:br/>Löng stréét<w:br/>néär thé séä</w:p>"


def test_headers_notes_tables_and_boxes_are_read():
    box = "<w:r><w:drawing><w:txbxContent><w:p><w:r><w:t>Box</w:t></w:r></w:p></w:txbxContent></w:drawing></w:r>"
    document = opened(
        f"<w:p>{run('Around ')}{box}{run('it')}</w:p><w:tbl><w:tr><w:tc><w:p>{run('Cell')}</w:p></w:tc></w:tr></w:tbl>",
        header1=f"<w:p>{run('Head')}</w:p>",
        footnotes=f"<w:p>{run('Foot')}</w:p>",
        comments=f"<w:p>{run('Said by a reader')}</w:p>",
    )
    assert texts(document) == ["Around it", "Box", "Cell", "Head", "Foot"]
    assert document.segments[3].place == "header1.xml, paragraph 1"
    body = body_of(rewritten(document))
    assert re.findall("<w:t(?: [^>]*)?>([^<]+)", body) == ["Aröund ", "Böx", "it", "Céll"]


def test_the_language_is_set_where_it_is_stated_and_only_then():
    data = docx(f"<w:p>{run('One', BRITISH)}</w:p><w:p>{run('Two', BRITISH)}</w:p>")
    document = read(data, "docx", Reading())
    written = unpacked(document.written([Marked(text="Un"), None], "fr"))
    assert b'<w:lang w:val="fr-FR" w:eastAsia="zh-CN"/>' in written["word/styles.xml"]
    assert re.findall(b'w:val="(..-..)"', written["word/document.xml"]) == [b"fr-FR", b"en-GB"]


LINK = (
    '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> HYPERLINK "http://a.b" </w:instrText></w:r>'
    f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{run("a page")}<w:r><w:fldChar w:fldCharType="end"/></w:r>'
)


def test_a_link_written_as_a_field_is_a_tag_around_its_text():
    document = opened(f"<w:p>{run('See ')}{LINK}{run(' now')}</w:p>")
    assert document.segments[0].text == "See a page now"
    assert [(tag.start, tag.end) for tag in document.segments[0].tags] == [(4, 10)]
    assert not document.left
    written = body_of(
        document.written([Marked(text="Maintenant une page", tags=(Tag(start=11, end=19),))], "fr")
    )
    assert written.index("Maintenant") < written.index("HYPERLINK") < written.index("une page")
    assert written.endswith('<w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>')


@pytest.mark.parametrize(
    ("paragraph", "why"),
    [
        (f'{run("old")}<w:ins w:id="1">{run("new")}</w:ins>', "tracked changes"),
        (
            f'<w:r><w:fldChar w:fldCharType="begin"/></w:r>{run("Chapter one")}',
            "a field over several paragraphs",
        ),
        (f'{run("The end")}<w:r><w:fldChar w:fldCharType="end"/></w:r>', "a field that does not begin"),
        (
            f"{run('text')}<w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:fldChar w:fldCharType='end'/>"
            "<w:t>more</w:t></w:r>",
            "a field within a run",
        ),
    ],
)
def test_paragraphs_that_are_not_safe_to_translate_are_left(paragraph, why):
    document = opened(f"<w:p>{paragraph}</w:p>")
    assert not document.segments
    assert why in document.left[0].why


@pytest.mark.parametrize(
    ("inside", "why"),
    [
        (LINK.replace("HYPERLINK", "REF"), "the field REF"),
        (f'<w:fldSimple w:instr="AUTHOR">{run("Anna")}</w:fldSimple>', "the field AUTHOR"),
        (
            '<w:sdt><w:sdtPr><w:lock w:val="contentLocked"/></w:sdtPr>'
            f"<w:sdtContent>{run('Fixed')}</w:sdtContent></w:sdt>",
            "locked",
        ),
    ],
)
def test_what_is_filled_elsewhere_stays_in_its_sentence_and_is_listed(inside, why):
    document = opened(f"<w:p>{run('It says ')}{inside}{run(' here.')}</w:p>")
    assert texts(document) == ["It says  here."]
    assert why in document.left[0].why
    assert inside in body_of(rewritten(document))


def test_a_text_with_hundreds_of_formats_is_left():
    pieces = "".join(run("a", BOLD) + run("b") for _ in range(501))
    document = opened(f"<w:p>{pieces}</w:p>")
    assert not document.segments
    assert "format" in document.left[0].why


def test_numbers_alone_are_no_text():
    assert not opened(f"<w:p>{run('12.50 €')}</w:p>").segments


def test_protection_and_signatures_are_told():
    parts = unpacked(
        docx(
            f"<w:p>{run('Text')}</w:p>",
            settings='<w:documentProtection w:edit="readOnly" w:enforcement="1"/>',
        )
    )
    document = read(packed({**parts, "_xmlsignatures/sig1.xml": "<a/>"}), "docx", Reading())
    assert texts(document) == ["Text"]
    assert [left.why.split(",")[0] for left in document.left] == ["a digital signature", "its protection"]
