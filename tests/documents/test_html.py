"""Pages keep their markup; their texts and the attributes that people read are translated."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhead.documents.formats import read
from clearhead.errors import DocumentError
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Marked
from tests.documents.mutations import COUNT, mutated, survives

SAMPLES = Path(__file__).parent / "samples"
SHOP = (SAMPLES / "shop.html").read_bytes()
BROKEN = (SAMPLES / "broken.html").read_bytes()
ITEMS = (
    "<p>|</p>|<b>|</b>|<i>|</i>|<a href='x&amp;y'>|</a>|<div>|</div>|<br>|<br/>|<img alt='A cat'>|<code>"
    "|</code>|<script>|</script>|<!-- c -->|<!--|-->|<pre>|</pre>|<svg>|</svg>|<ul>|<li>|</ul>|<table>|<tr>"
    "|<td>|</table>|<span translate=no>|<span translate=yes>|</span>|<title>|</title>|<html lang=en>|&|&amp;"
    "|&nbsp;|<|>|</|<!|one|two.|&lt;|'|<input placeholder=Name>|<![CDATA[|]]>|<p title='Half"
)
MARKUP = st.lists(
    st.sampled_from(ITEMS.split("|")) | st.sampled_from([" ", "\n", "\r\n", "word", "é"]),
    max_size=30,
)


def page(text):
    return read(text.encode(), "html", Reading())


def texts(text):
    return [segment.text for segment in page(text).segments]


def written(text, change=str.upper, to=None):
    document = page(text)
    done = [Marked(text=change(segment.text), tags=segment.tags) for segment in document.segments]
    return document.written(done, to).decode()


@given(MARKUP, st.sampled_from(["", "<?xml version='1.0'?>"]))
def test_untranslated_pages_are_byte_for_byte_what_was_read(parts, head):
    data = (head + "".join(parts)).encode()
    document = read(data, "html", Reading())
    assert document.written(document.segments, "fr") == data
    assert document.written([None] * len(document.segments), "fr") == data
    assert all(segment.is_well_formed for segment in document.segments)


@given(MARKUP)
def test_what_was_translated_is_read_again_as_it_was_written(parts):
    """Translations stand where the texts stood, and no markup comes out of one."""
    document = page("".join(parts))
    done = [Marked(text=f"{segment.text} <script>&amp;", tags=segment.tags) for segment in document.segments]
    again = read(document.written(done, "en"), "html", Reading())
    assert [segment.text for segment in again.segments] == [text.text for text in done]


@pytest.mark.parametrize("data", [SHOP, BROKEN], ids=["shop", "broken"])
def test_samples_stay_where_one_text_changes(data):
    """Around the one text that changes, and the language, every byte is what it was."""
    document = read(data, "html", Reading())
    assert len(document.segments) > 10
    before = document.file.text.encode()
    for number, segment in enumerate(document.segments):
        done: list[Marked | None] = [None] * len(document.segments)
        done[number] = Marked(text="\u241f", tags=tuple(segment.tags[:0]))
        if segment.tags:
            continue
        out = document.written(done, None)
        start, end = out.split("\u241f".encode())
        assert before.startswith(start)
        assert before.endswith(end)


def test_blocks_are_texts_and_inline_elements_are_tags():
    (segment,) = page("<p>\n  A <b>black\n  <i>cat</i></b> &amp; a dog </p>").segments
    assert segment.text == "A black cat & a dog"
    assert [(tag.start, tag.end, tag.parent) for tag in segment.tags] == [(2, 11, None), (8, 11, 0)]
    assert written("<p> A <b>cat</b> sat </p>") == "<p> A <b>CAT</b> SAT </p>"
    assert texts("<ul><li>One<li>Two</ul><td>Three<td>Four") == ["One", "Two", "Three", "Four"]


def test_markup_around_a_whole_text_is_no_tag():
    assert all(not segment.tags for segment in page("<h1><a href=x><b>Home</b></a></h1>").segments)
    assert written("<li><img src=x> <a href=y>Home</a>") == "<li><img src=x> <a href=y>HOME</a>"


def test_what_is_no_text_is_not_translated():
    same = "<p>12 &mdash; 13</p><pre>a <b>b</b></pre><script>'<p>a'</script><style>a{}</style><svg><text>a</text></svg>"
    assert (
        texts(
            same + "<textarea>a</textarea><p translate=no>a</p><p class='x notranslate'>a</p><math>a</math>"
        )
        == []
    )
    (segment,) = page("<p>Run <code>pip <b>install</b></code> now, <kbd>Enter</kbd>.").segments
    assert segment.text == "Run now, ."
    assert written("<p>Run <code>pip <b>x</b></code> now.") == "<p>RUN <code>pip <b>x</b></code> NOW."


def test_code_has_white_space_around_it_wherever_it_goes():
    document = page("<p>Run <code>x</code> to install <code>y</code>.")
    (segment,) = document.segments
    moved = Marked(
        text="Installez-le.",
        tags=tuple(
            type(tag)(start=place, end=place) for tag, place in zip(segment.tags, (0, 12), strict=True)
        ),
    )
    assert document.written([moved], None).decode() == "<p><code>x</code> Installez-le <code>y</code>."


def test_translate_yes_within_what_is_not():
    source = "<div translate=no>Acme <p translate=yes>Two <b>cats</b></p> Acme</div><p>Dogs"
    assert texts(source) == ["Two cats", "Dogs"]
    assert written(source) == source.replace("Two", "TWO").replace("cats", "CATS").replace("Dogs", "DOGS")


def test_attributes_that_people_read():
    source = """<img alt='A "cat"' src="a.png"><a title=Home href=b>12</a><input type=submit value=Send
        placeholder="Name" aria-label="Your name"><input value=kept>
        <meta name=description content="A shop"><meta name=x content=kept>"""
    assert texts(source) == ['A "cat"', "Home", "Send", "Name", "Your name", "A shop"]
    out = written(source, lambda text: f"<{text}'>")
    assert "alt='&lt;A \"cat\"&#39;&gt;'" in out
    assert 'title="&lt;Home\'&gt;" href=b' in out
    assert texts("<img alt=IMG_2031.jpg><img alt=''><a title=https://x.org/a>") == []
    assert out.count("kept") == 2


def test_the_language_is_named():
    assert written("<html lang=en><p>a", to="fr") == "<html lang=fr><p>A"
    assert written('<html class="x"><p>a', to="fr") == '<html lang="fr" class="x"><p>A'
    assert written('<html lang="en-GB"><p lang=en>a', to="fr") == '<html lang="fr"><p lang=fr>A'
    assert written("<html lang=en><p>a") == "<html lang=en><p>A"
    assert written("<p>a", to="fr") == "<p>A"


def test_another_language_than_that_of_the_page_stays():
    source = "<html lang=en><p>Languages: <a lang=de>Deutsch</a><p lang=de>Hallo"
    assert texts(source) == ["Languages:"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>One<p>Two", ["One", "Two"]),
        ("<p>a < b and c<d</p>e", ["a < b and c", "e"]),
        ("<p>One <code>x<p>Two", ["One", "Two"]),
        ("a <!-- b > c --> d<!-- e", ["a d"]),
        ("<p>one</b> two", ["one", "two"]),
        ("<b>one <p>two</b> three", ["one", "two", "three"]),
        ("<a href='x>one' title=\"t'>\">two", ["t'>", "two"]),
        ("one<script>a</script x>two</SCRIPT >three", ["onetwo", "three"]),
        ("<script><!--<script>a</script>b--></script>c", ["c"]),
        ("<title>a <b> c</title>d", ["a <b> c", "d"]),
        ("one <a href='x", ["one"]),
        ("one<br>two<br><br>three", ["one two", "three"]),
        ("One.<br>Two", ["One.", "Two"]),
        ("one</>two</ x>three<?php echo 1 ?>four", ["onetwothreefour"]),
        ("<svg><style></svg><p>one", ["one"]),
    ],
)
def test_broken_markup_is_read_as_browsers_do(source, expected):
    assert texts(source) == expected


def test_what_does_not_end_is_said():
    document = page("<p>one</p>\n<div class=notranslate>two<p>three")
    assert [segment.text for segment in document.segments] == ["one"]
    assert [(left.place, "<div> does not end" in left.why) for left in document.left] == [("line 2", True)]


def test_no_script_comes_out_of_a_translation():
    out = written(
        '<p>one <b>x</b> two</p><p>one</p><img alt="one">', lambda text: "<script>alert(1)</script>\"'>"
    )
    assert "<script" not in out
    assert out.count("&lt;script&gt;") == 2
    assert out.startswith("<p>&lt;scr<b>i</b>pt&gt;alert(1)")


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ("<meta charset=windows-1252>", "cp1252"),
        ("<meta http-equiv=content-type content='text/html; charset=ISO-8859-1'>", "cp1252"),
        ("<?xml version='1.0' encoding='Shift_JIS'?>", "shift_jis"),
        ("", "utf-16"),
        ("", "utf-8-sig"),
    ],
)
def test_encodings(head, encoding):
    data = f"{head}<p>One two".encode(encoding)
    document = read(data, "html", Reading())
    assert document.written(document.segments, None) == data
    out = document.written([Marked(text="Œuvre 牛")], None)
    assert "&#" not in out.decode(encoding) or encoding in ("cp1252", "shift_jis")
    assert read(out, "html", Reading()).segments[0].text == "Œuvre 牛"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<p>caf\xe9", "line 1: byte 7 is not UTF-8"),
        (b"<meta charset=none><p>a", "unknown encoding 'none'"),
        (b"<meta charset=utf-7><p>&ABC;+AGE-", "written back"),
        (b"<p>a\0b", "NUL"),
    ],
)
def test_what_is_not_text_is_refused_in_one_line(data, said):
    with pytest.raises(DocumentError, match=said):
        read(data, "html", Reading())


def test_many_tags_in_one_text_are_left():
    document = page("<p>" + "<b>" * 300 + "one" + " two</b>" * 300)
    assert not document.segments
    assert "299 tags" in document.left[0].why


@pytest.mark.parametrize(
    "source",
    [
        "<div>" * 100_000 + "one" + "</div>" * 100_000,
        "<b>" * 30_000 + "one" + "</b>" * 30_000,
        "<b>" * 30_000 + "one" + "</i>" * 30_000,
        "<b><i>" * 20_000 + "one" + "</b></i>" * 20_000,
        "<i><div>" * 20_000 + "</i>" * 20_000,
        "<p><table>" * 20_000 + "<li>" * 20_000,
        "<svg>" * 30_000 + "one",
        "<code>" * 30_000 + "one",
        "<br>" * 30_000 + "one",
        "<a b='" * 30_000,
        "<a " * 30_000,
        "<!--" * 30_000,
        "</script" * 30_000,
        "<p>one" + " " * 300_000 + "two" + "&nbsp;" * 20_000,
        "<a " + "b=c " * 30_000 + ">one",
        "<a title='" + ": " * 30_000 + "a'>one",
    ],
    ids=range(16),
)
def test_endless_nesting_takes_no_time(source):
    began = time.process_time()
    document = page(source)
    assert document.written(document.segments, None) == source.encode()
    assert time.process_time() - began < 20


@pytest.mark.parametrize("sample", [SHOP, BROKEN], ids=["shop", "broken"])
def test_mutations(sample):
    for seed in range(COUNT // 2):
        survives(mutated(sample, seed), "html")
