"""Presentations: paragraphs of slides and notes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from clearhead.documents.formats import read
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Marked, Tag
from tests.documents.office_files import accented, pptx, rewritten, unpacked


def run(text, about='lang="en-US" dirty="0"', inside=""):
    return f"<a:r><a:rPr {about}>{inside}</a:rPr><a:t>{text}</a:t></a:r>"


BOLD = 'lang="en-US" b="1"'
END = '<a:endParaRPr lang="en-US"/>'
PIECES = st.sampled_from(
    [
        run("the cat "),
        run("sat &amp; ", BOLD),
        run("on", 'b="1" lang="en-GB" err="1"'),
        run("a link", inside='<a:hlinkClick r:id="r1"/>'),
        "<a:r><a:t>bare</a:t></a:r>",
        "<a:br><a:rPr/></a:br>",
        '<a:fld id="{1}" type="slidenum"><a:t>3</a:t></a:fld>',
        "<a:r><a:t/></a:r>",
    ]
)
PARAGRAPHS = st.lists(
    st.lists(PIECES, max_size=6).map(lambda pieces: f"<a:p>{''.join(pieces)}{END}</a:p>"), max_size=4
)


def opened(*slides, **more):
    return read(pptx(*slides, **more), "pptx", Reading())


@settings(deadline=None, max_examples=40)
@given(PARAGRAPHS.map("".join))
def test_written_with_its_own_texts_it_is_the_very_bytes_and_else_has_the_given_ones(slide):
    data = pptx(slide, "<a:p/>")
    document = read(data, "pptx", Reading())
    assert document.written(document.segments, "fr") == data
    again = read(rewritten(document, "fr"), "pptx", Reading())
    assert [segment.text for segment in again.segments] == [
        accented(segment.text) for segment in document.segments
    ]
    assert [segment.tags for segment in again.segments] == [segment.tags for segment in document.segments]


def test_slides_come_in_the_order_of_the_show_each_with_its_notes():
    document = opened(
        f"<a:p>{run('First')}</a:p>", f"<a:p>{run('Second')}</a:p>", notes=f"<a:p>{run('Say it')}</a:p>"
    )
    assert [(segment.place, segment.text) for segment in document.segments] == [
        ("slide 1", "First"),
        ("slide 1, notes", "Say it"),
        ("slide 2", "Second"),
    ]


def test_formats_move_and_the_language_is_set():
    slide = f"<a:p>{run('the ')}{run('red', BOLD)}{run(' car')}{END}</a:p>"
    translation = Marked(text="la voiture rouge", tags=(Tag(start=11, end=16),))
    data = opened(slide).written([translation], "fr")
    inner = (
        unpacked(data)["ppt/slides/slide1.xml"]
        .decode()
        .partition("<p:txBody>")[2]
        .partition("</p:txBody>")[0]
    )
    expected = f"<a:p>{run('la voiture ')}{run('rouge', BOLD)}{END}</a:p>"
    assert inner == expected.replace("en-US", "fr-FR")


def test_a_slide_without_a_translation_is_byte_for_byte_what_it_was():
    data = pptx(f"<a:p>{run('One')}</a:p>", f"<a:p >{run('Two')}</a:p >")
    written = read(data, "pptx", Reading()).written([Marked(text="Un"), None], "fr")
    before, after = unpacked(data), unpacked(written)
    assert [name for name in before if before[name] != after[name]] == ["ppt/slides/slide2.xml"]
