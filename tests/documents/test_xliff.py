"""XLIFF 1.2 and 2.0."""

import re
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from clearhead.documents.formats import read
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Marked, Tag
from tests.documents.strings_samples import XLIFF_1, XLIFF_2
from tests.documents.texts import marked

ONE, TWO = "urn:oasis:names:tc:xliff:document:1.2", "urn:oasis:names:tc:xliff:document:2.0"
HEADS = {
    ONE: (
        f'<xliff version="1.2" xmlns="{ONE}"><file original="a" source-language="en" datatype="x"><body>',
        "</body></file></xliff>",
    ),
    TWO: (f'<xliff version="2.0" srcLang="en" xmlns="{TWO}"><file id="f">', "</file></xliff>"),
}


def xliff(data, **reading):
    return read(data, "xliff", Reading(**reading))


def unit(source, namespace=ONE):
    inner = f"<source>{source}</source>"
    whole = (
        f'<trans-unit id="1">{inner}</trans-unit>'
        if namespace == ONE
        else f'<unit id="1"><segment>{inner}</segment></unit>'
    )
    return whole.join(HEADS[namespace]).encode()


def woven(text, name):
    return text.woven(lambda n: f'<{name} id="{n}">', lambda n: f"</{name}>", escape)


@given(marked(), marked(), st.sampled_from([(ONE, "g"), (TWO, "pc")]))
def test_tags_come_into_the_target_around_their_words(source, other, kind):
    namespace, name = kind
    data = unit(woven(source, name), namespace)
    document = xliff(data)
    if not document.segments:
        assert not any(map(str.isalpha, source.text))
        return
    (segment,) = document.segments
    assert segment.text == source.text.strip()
    assert [(tag.start, tag.end) for tag in segment.tags] == [
        (tag.start, tag.end) for tag in sorted_tags(source)
    ]
    assert document.written(document.segments, "fr") == data
    out = document.written([Marked(text=segment.text.upper(), tags=segment.tags)], "fr")
    root = etree.fromstring(out)
    (target,) = root.iter("{*}target")
    (kept,) = root.iter("{*}source")
    assert "".join(target.itertext()) == segment.text.upper()
    assert sorted(tag.get("id") for tag in target.iter("{*}" + name)) == sorted(
        tag.get("id") for tag in kept.iter("{*}" + name)
    )


def sorted_tags(text):
    """Return the tags in the order in which they are written."""
    order = []

    def visit(parent):
        for number in text.children(parent):
            order.append(text.tags[number])
            visit(number)

    visit(None)
    return order


def test_targets_states_and_languages_are_set():
    document = xliff(XLIFF_1)
    assert [segment.text for segment in document.segments] == [
        "Click the big button &  go",
        "The first.",
        "The second.",
    ]
    out = document.written(
        [Marked(text="Cliquez", tags=(Tag(start=0, end=7), *(Tag(start=7, end=7, parent=p) for p in (0, None, None)))),
         Marked(text="Le un."), Marked(text="Le deux.")],
        "fr",
    )  # fmt: skip
    root = etree.fromstring(out)
    assert root[0].get("target-language") == "fr"
    targets = list(root.iter("{*}target"))
    assert [target.get("state") for target in targets] == [
        "needs-review-translation",
        "final",
        "needs-review-translation",
    ]
    assert ["".join(target.itertext()) for target in targets] == [
        "Cliquez{0}",
        "C'est fait",
        "Le un. Le deux.",
    ]
    assert [mark.get("mid") for mark in targets[2]] == ["1", "2"]
    two = etree.fromstring(
        xliff(XLIFF_2).written(
            [Marked(text="Bonjour", tags=(Tag(start=0, end=7), Tag(start=7, end=7)))], "fr"
        )
    )
    assert two.get("trgLang") == "fr"
    assert [segment.get("state") for segment in two.iter("{*}segment")] == ["translated", "final"]
    assert [etree.QName(child).localname for child in next(two.iter("{*}target"))] == ["pc", "ph"]


def test_everything_takes_approval_away():
    document = xliff(XLIFF_1, everything=True)
    out = document.written([Marked(text="x") for _ in document.segments], "de")
    assert b'approved="no"' in out
    assert b"final" not in out
    assert len(document.segments) == 4


def test_a_language_that_differs_is_reported_where_targets_stay():
    document = xliff(XLIFF_1.replace(b"<file ", b'<file target-language="de" '))
    out = document.written([Marked(text="x") for _ in document.segments], "fr")
    assert b'target-language="de"' in out
    assert "target-language de" in document.left[-1].why


@pytest.mark.parametrize("encoding", ["iso-8859-1", "utf-16"])
def test_encodings_stay(encoding):
    text = XLIFF_1.decode().replace("UTF-8", encoding).replace("a note", "où")
    data = text.encode(encoding)
    document = xliff(data)
    assert document.written(document.segments, "fr") == data
    out = document.written([Marked(text="œuvre é") for _ in document.segments], "fr")
    assert "œuvre é" in "".join(etree.fromstring(out).itertext())


def test_matches_and_white_space_are_left_alone():
    source = "A  word\n     or two"
    data = unit(source).replace(
        b"</source>", b"</source><alt-trans><source>Other</source><target>Autre</target></alt-trans>"
    )
    (segment,) = xliff(data).segments
    assert segment.text == "A  word or two"
    (segment,) = xliff(data.replace(b"<source>", b'<source xml:space="preserve">', 1)).segments
    assert segment.text == source
    assert not xliff(re.sub(b"<trans-unit", b'<trans-unit translate="no"', data)).segments


@pytest.mark.parametrize("name", ["g", "pc"])
def test_comments_sections_and_protected_words_are_kept_whole(name):
    data = unit('Read <mrk mtype="protected">Clear &amp; head</mrk> <!-- c --> <![CDATA[a < b]]> now')
    (segment,) = xliff(data).segments
    assert segment.text == "Read   a < b now"
    out = xliff(data).written([Marked(text="Lisez a < b", tags=segment.tags)], "fr")
    assert b"<target" in out
    assert out.count(b'<mrk mtype="protected">Clear &amp; head</mrk>') == 2
    assert out.count(b"<!-- c -->") == 2
    assert b"a &lt; b" in out
