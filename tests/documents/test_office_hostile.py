"""Office files that are broken or mean harm: one line, and no more."""

import os
import random

import pytest

from clearhead.documents.formats import read
from clearhead.errors import DocumentError
from clearhead.segments.protocol import Reading
from tests.documents import test_docx as word
from tests.documents import test_odf as open_document
from tests.documents import test_pptx as power_point
from tests.documents import test_xlsx as excel
from tests.documents.office_files import docx, odf, packed, pptx, rewritten, unpacked, xlsx

MUTATIONS = int(os.environ.get("CLEARHEAD_MUTATIONS", "300"))
"""Of each format."""
SAMPLES = {
    "docx": docx(
        f"<w:p>{word.run('Dear ')}{word.run('friends', word.BOLD)}{word.LINK}</w:p>"
        f'<w:p><w:bookmarkStart w:id="1"/>{word.run("a text")}<w:bookmarkEnd w:id="1"/></w:p>',
        header1=f"<w:p>{word.run('Head')}</w:p>",
    ),
    "pptx": pptx(
        f"<a:p>{power_point.run('the ')}{power_point.run('cat', power_point.BOLD)}<a:br/>{power_point.END}</a:p>",
        f"<a:p>{power_point.run('Second')}</a:p>",
        notes=f"<a:p>{power_point.run('Say it')}</a:p>",
    ),
    "xlsx": xlsx(
        ["<t>Chair</t>", "<t>two\nlines</t>", f"<r><t>Please </t></r>{excel.BOLD.format('wait')}"],
        excel.row(excel.cell("A1", 0), excel.cell("B1", 1), excel.cell("A2", 2), "<c><f>A1</f></c>"),
        table1='<tableColumns><tableColumn id="1" name="Chair"/></tableColumns>',
    ),
    "odt": odf(
        '<text:p>the <text:span text:style-name="T1">cat</text:span><text:s text:c="2"/>sat<text:line-break/>'
        f"{open_document.NOTE}</text:p>",
        styles=open_document.STYLES,
        master="<style:header><text:p>Head</text:p></style:header>",
    ),
    "ods": odf(open_document.SHEET, "spreadsheet"),
    "odp": odf("<draw:page><text:p>One</text:p></draw:page>", "presentation"),
}


def mutated(data, source):
    """Return bytes with some of them flipped, cut, doubled or replaced by others of the same."""
    out = bytearray(data)
    for _ in range(source.randint(1, 4)):
        if not out:
            break
        start = source.randrange(len(out))
        end = min(len(out), start + source.randint(1, 40))
        kind = source.randrange(4)
        if kind == 0:
            out[start] ^= 1 << source.randrange(8)
        elif kind == 1:
            del out[start:end]
        elif kind == 2:
            out[start:start] = out[start:end]
        else:
            other = source.randrange(len(out))
            out[start:end] = out[other : other + end - start]
    return bytes(out)


def why_refused(data, name):
    """Return the line with which a file is refused; None for one that is read, and comes back as it was."""
    try:
        document = read(data, name, Reading())
        rewritten(document, "fr")
    except DocumentError as error:
        return only_line(error)
    assert document.written(document.segments, "fr") == data
    return None


def only_line(error):
    line = str(error)
    assert line
    assert "\n" not in line
    return line


@pytest.mark.parametrize("name", SAMPLES)
def test_a_mutated_file_is_read_or_refused_in_a_line(name):
    """Half of the mutations are in the archive, half in a part of it, where no checksum tells."""
    source = random.Random(name)
    parts = unpacked(SAMPLES[name])
    refused = 0
    for number in range(MUTATIONS):
        if number % 2:
            data = mutated(SAMPLES[name], source)
        else:
            part = source.choice([part for part in parts if not part.endswith(("png", "mimetype"))])
            data = packed({**parts, part: mutated(parts[part], source)})
        refused += why_refused(data, name) is not None
    assert 0 < refused < MUTATIONS


@pytest.mark.parametrize("name", SAMPLES)
def test_half_a_file_is_refused(name):
    with pytest.raises(DocumentError, match="archive"):
        read(SAMPLES[name][: len(SAMPLES[name]) // 2], name, Reading())


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize(
    "xml",
    [
        b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>',
        b'<!DOCTYPE a [<!ENTITY e "ha"><!ENTITY f "&e;&e;&e;&e;&e;">]><a>&f;</a>',
        b"<a>" * 100_000,
        b"<a>" * 100_000 + b"</a>" * 100_000,
        b" " * (8 << 20),
    ],
    ids=["entity", "laughs", "deep", "closed", "bomb"],
)
def test_a_part_that_means_harm_is_refused(name, xml):
    part = {"docx": "word/document.xml", "pptx": "ppt/slides/slide1.xml", "xlsx": "xl/sharedStrings.xml"}
    with pytest.raises(DocumentError) as error:
        read(packed({**unpacked(SAMPLES[name]), part.get(name, "content.xml"): xml}), name, Reading())
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", SAMPLES)
def test_names_that_lead_out_of_the_archive_are_refused(name):
    with pytest.raises(DocumentError, match="leads out"):
        read(packed({**unpacked(SAMPLES[name]), "../../evil.xml": "<a/>"}), name, Reading())


def test_a_relation_that_leads_out_of_the_archive_is_passed_over():
    parts = unpacked(SAMPLES["pptx"])
    name = "ppt/_rels/presentation.xml.rels"
    parts[name] = parts[name].replace(b"slides/slide1.xml", b"../../../../etc/passwd")
    assert len(read(packed(parts), "pptx", Reading()).segments) == 3


@pytest.mark.parametrize("name", ["docx", "pptx", "xlsx"])
def test_encrypted_and_old_files_are_named_as_such(name):
    with pytest.raises(DocumentError, match="encrypted, or in the old binary format"):
        read(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), name, Reading())


def test_files_with_macros_are_refused():
    with pytest.raises(
        DocumentError, match="it has macros, which may depend on its text; save it without them first"
    ):
        read(docx("<w:p/>", main="ms-word.document.macroEnabled.main"), "docx", Reading())


@pytest.mark.parametrize(
    ("name", "other"), [("docx", "xlsx"), ("xlsx", "pptx"), ("pptx", "odt"), ("odt", "docx")]
)
def test_another_format_is_named_as_such(name, other):
    with pytest.raises(DocumentError, match="check --as"):
        read(SAMPLES[other], name, Reading())


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("docx", lambda inner: docx(f"<w:p>{inner}</w:p>")),
        ("odt", lambda inner: odf(f"<text:p>{inner}</text:p>")),
    ],
)
def test_formats_as_deep_as_they_may_be_are_read(name, make):
    tag, run = {"docx": ("w:smartTag", word.run("word")), "odt": ("text:a", "word")}[name]
    document = read(make(f"<{tag}>" * 120 + run + f"</{tag}>" * 120), name, Reading())
    assert read(rewritten(document), name, Reading()).segments[0].text == "wörd"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("docx", docx("<w:p>" + "<w:r><w:br/><w:t>a</w:t></w:r>" * 6_000 + "</w:p>")),
        ("odt", odf("<text:p>" + "<text:span>a<text:line-break/></text:span>" * 6_000 + "</text:p>")),
        (
            "docx",
            docx('<w:p><w:bookmarkStart w:id="1"/></w:p>' * 6_000 + f"<w:p>{word.run('a')}</w:p>" * 2_000),
        ),
    ],
    ids=["breaks", "spans", "paragraphs"],
)
@pytest.mark.timeout(30)
def test_much_of_the_same_takes_time_in_proportion(name, data):
    document = read(data, name, Reading())
    assert document.written(document.segments, None) == data
    assert len(document.segments) in (0, 2_000)
    rewritten(document)
