"""Office files as small as their programs take them, written by hand."""

import io
import zipfile

from clearhead.segments.segment import Marked

_ACCENTS = str.maketrans("aeoc", "äéöç")
_OPEN = "http://schemas.openxmlformats.org/"
_R = f'xmlns:r="{_OPEN}officeDocument/2006/relationships"'
_W = f'xmlns:w="{_OPEN}wordprocessingml/2006/main" {_R}'
_A = f'xmlns:a="{_OPEN}drawingml/2006/main" xmlns:p="{_OPEN}presentationml/2006/main" {_R}'
_S = f'xmlns="{_OPEN}spreadsheetml/2006/main" {_R}'
_ODF = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{space}:1.0"'
    for name, space in {
        "office": "office",
        "text": "text",
        "table": "table",
        "style": "style",
        "draw": "drawing",
        "presentation": "presentation",
        "fo": "xsl-fo-compatible",
    }.items()
)
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n'


def accented(text):
    """Return a text with other letters, of the same length and case."""
    return text.translate(_ACCENTS)


def rewritten(document, to=None):
    """Return a document with its own texts in other letters."""
    return document.written(
        [Marked(text=accented(segment.text), tags=segment.tags) for segment in document.segments], to
    )


def packed(parts):
    """Return a zip archive of parts by their names."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            info = zipfile.ZipInfo(name, (2024, 1, 2, 3, 4, 6))
            info.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return out.getvalue()


def unpacked(data):
    """Return the parts of a zip archive by their names."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _package(parts, kinds):
    types = "".join(
        f'<Override PartName="/{name}" ContentType="application/vnd.openxmlformats-officedocument.{kind}+xml"/>'
        for name, kind in kinds.items()
    )
    return packed(
        {
            "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_OPEN}package/2006/content-types">{types}</Types>',
            **parts,
            "media/picture.png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        }
    )


def _relations(**targets):
    inner = "".join(
        f'<Relationship Id="{key}" Target="{target}" Type="x"/>' for key, target in targets.items()
    )
    return f'{_HEAD}<Relationships xmlns="{_OPEN}package/2006/relationships">{inner}</Relationships>'


def docx(body, main="wordprocessingml.document.main", **parts):
    """Return a Word document with a body, and other parts such as header1="<w:p/>"."""
    kinds = {"word/document.xml": main, "word/styles.xml": "wordprocessingml.styles"}
    files = {
        "word/document.xml": f"{_HEAD}<w:document {_W}><w:body>{body}<w:sectPr/></w:body></w:document>",
        "word/styles.xml": f'{_HEAD}<w:styles {_W}><w:docDefaults><w:rPrDefault><w:rPr><w:lang w:val="en-US"'
        ' w:eastAsia="zh-CN"/></w:rPr></w:rPrDefault></w:docDefaults></w:styles>',
    }
    for name, content in parts.items():
        kind = name.rstrip("0123456789")
        kinds[f"word/{name}.xml"] = f"wordprocessingml.{kind}"
        files[f"word/{name}.xml"] = f"{_HEAD}<w:{kind} {_W}>{content}</w:{kind}>"
    return _package(files, kinds)


def pptx(*slides, notes=""):
    """Return a presentation with slides of paragraphs; the first has notes. Their files are in the other order."""
    count = len(slides)
    kinds = {"ppt/presentation.xml": "presentationml.presentation.main"}
    shown = "".join(f'<p:sldId id="{256 + n}" r:id="r{n}"/>' for n in range(count))
    files = {
        "ppt/presentation.xml": f"{_HEAD}<p:presentation {_A}><p:sldIdLst>{shown}</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": _relations(
            **{f"r{n}": f"slides/slide{count - n}.xml" for n in range(count)}
        ),
    }
    for number, slide in enumerate(slides):
        name = f"ppt/slides/slide{count - number}.xml"
        kinds[name] = "presentationml.slide"
        files[name] = f"{_HEAD}<p:sld {_A}><p:txBody>{slide}</p:txBody></p:sld>"
    if notes:
        kinds["ppt/notesSlides/notesSlide1.xml"] = "presentationml.notesSlide"
        files["ppt/notesSlides/notesSlide1.xml"] = f"{_HEAD}<p:notes {_A}>{notes}</p:notes>"
        files[f"ppt/slides/_rels/slide{count}.xml.rels"] = _relations(n="../notesSlides/notesSlide1.xml")
    return _package(files, kinds)


def xlsx(strings, rows, extra="", **parts):
    """Return a workbook with shared strings (XML of each) and rows of one sheet (XML)."""
    kinds = {
        "xl/workbook.xml": "spreadsheetml.sheet.main",
        "xl/worksheets/sheet1.xml": "spreadsheetml.worksheet",
        "xl/sharedStrings.xml": "spreadsheetml.sharedStrings",
    }
    shared = "".join(f"<si>{string}</si>" for string in strings)
    files = {
        "xl/workbook.xml": f'{_HEAD}<workbook {_S}><sheets><sheet name="Stock" sheetId="1" r:id="r1"/>'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": _relations(r1="/xl/worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": f"{_HEAD}<worksheet {_S}><sheetData>{rows}</sheetData>{extra}</worksheet>",
        "xl/sharedStrings.xml": f'{_HEAD}<sst {_S} count="9">{shared}</sst>',
    }
    for name, content in parts.items():
        kinds[f"xl/{name}.xml"] = f"spreadsheetml.{name.rstrip('0123456789')}"
        files[f"xl/{name}.xml"] = (
            f"{_HEAD}<{name.rstrip('0123456789')} {_S}>{content}</{name.rstrip('0123456789')}>"
        )
    return _package(files, kinds)


def odf(body, kind="text", styles="", master="", manifest=""):
    """Return an OpenDocument file with a body, automatic styles of it, and a master page."""
    defaults = (
        '<office:styles><style:default-style style:family="paragraph"><style:text-properties fo:language="en"'
        ' fo:country="US"/></style:default-style></office:styles>'
    )
    return packed(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "content.xml": f"{_HEAD}<office:document-content {_ODF}><office:automatic-styles>{styles}"
            f"</office:automatic-styles><office:body><office:{kind}>{body}</office:{kind}></office:body>"
            "</office:document-content>",
            "styles.xml": f"{_HEAD}<office:document-styles {_ODF}>{defaults}<office:master-styles>"
            f"<style:master-page>{master}</style:master-page></office:master-styles></office:document-styles>",
            "META-INF/manifest.xml": f'{_HEAD}<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
            f"{manifest}</m:manifest>",
        }
    )
