"""Markdown keeps its structure; paragraphs, headings, items and cells are translated."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from clearhead.documents.formats import read
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Marked, Tag
from tests.documents.mutations import COUNT, mutated, survives

MANUAL = (Path(__file__).parent / "samples" / "manual.md").read_bytes()
ITEMS = (
    "# |## |- |1. |> |    |\t|  \n|\\\n|\n|\n\n|\r\n| |*|**|_|~~|`|``|```\n|[a|](b)|][c]|[c]: d\n|![a](b)|<b>|</b>|<br>"
    "|<div>\n|</div>\n|<kbd>|</kbd>|<https://a.b>|[^1]|[^1]: |---\n|\\*|&amp;|title: A cat\n|one|two.|é|\xa0|==\n"
    "|<!-- c -->"
)
PARTS = st.lists(
    st.sampled_from([*ITEMS.split("|"), "| ", "|\n|--|--|\n", "\\|"]),
    max_size=25,
)
ENDLESS = (
    *("> " * 10_000, "- " * 10_000, "[" * 20_000, "*a " * 5_000, "**a" * 5_000, "`" * 20_000, "<b>" * 5_000),
    *(
        "![" * 5_000,
        "[a](" * 5_000,
        "<div>\n\n" * 2_000,
        "| a " * 5_000 + "\n" + "|--" * 5_000,
        "a\n" * 20_000,
    ),
    *("[^a" * 10_000, "&amp;" * 5_000, "\\*" * 5_000, "_a_ " * 5_000, "---\ntitle: a\n" * 2_000),
)


def markdown(text):
    return read(text.encode(), "markdown", Reading())


def texts(text):
    return [segment.text for segment in markdown(text).segments]


def written(text, change=str.upper):
    document = markdown(text)
    done = [Marked(text=change(segment.text), tags=segment.tags) for segment in document.segments]
    return document.written(done, None).decode()


@given(PARTS)
def test_untranslated_files_are_byte_for_byte_what_was_read(parts):
    data = "".join(parts).encode()
    document = read(data, "markdown", Reading())
    assert document.written(document.segments, "fr") == data
    assert document.written([None] * len(document.segments), "fr") == data
    assert all(segment.is_well_formed for segment in document.segments)


@given(st.text(st.sampled_from("ab 1.)(*_`[]<>#&;~|\\!-+="), min_size=1, max_size=12))
def test_no_markup_comes_out_of_a_translation(text):
    """Whatever a translation is, a reader sees its very characters, in a paragraph and in a cell."""
    text = " ".join(text.split()) or "a"
    for source in ("one\n", "| one | 2 |\n|--|--|\n"):
        (first, *_) = [segment for segment in markdown(source).segments if segment.text == "one"]
        document = markdown(source)
        done = [Marked(text=text) if segment == first else None for segment in document.segments]
        out = document.written(done, None).decode()
        tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(out)
        inline = next(token for token in tokens if token.type == "inline")
        assert tokens[0].type == ("paragraph_open" if source == "one\n" else "table_open")
        assert {child.type for child in inline.children} == {"text"}
        assert "".join(child.content for child in inline.children) == text


def test_the_manual():
    document = read(MANUAL, "markdown", Reading())
    assert [segment.text for segment in document.segments][:4] == [
        "The coffee machine",
        "How to use it, and how to clean it",
        "The coffee machine",
        "Thank you for buying this machine! Please read this manual before you use it for the first time, and keep it.",
    ]
    assert not document.left
    out = written(MANUAL.decode())
    for kept in (
        *(
            "layout: manual",
            "](index.md)",
            "`1.5 l`",
            "<kbd>Start</kbd>",
            "](machine.png)",
            "    indented code",
        ),
        *(
            "# This is code",
            "coffee --cups 2",
            "  \nTHE MACHINE IS AT <https://example.org/machine>",
            "\\* IN ENGL",
        ),
        *('title="READ THIS"', "[EVERY LETTER][letters]", "[letters]: https", "[^1]: THE CUP", "IT[^1] |"),
        *(
            "![THE MACHINE ON A TABLE]",
            "*BEFORE* YOU **USE IT FOR THE FIRST TIME**, AND",
            "|:----------------------|",
        ),
        *(
            "1. WASH",
            "   - THE LIGHT",
            "> DO NOT OPEN THE MACHINE WHILE",
            "\nPARTS\n-----\n",
            "title: THE COFFEE",
        ),
    ):
        assert kept in out, kept
    html = MarkdownIt("commonmark").enable("table").render(out)
    before = MarkdownIt("commonmark").enable("table").render(MANUAL.decode())
    for tag in (
        "<li>",
        "<td",
        "<h2>",
        "<blockquote>",
        "<strong>",
        "<code>",
        "<a ",
        "<p>",
        "<br",
        "<hr",
        "<img",
    ):
        assert html.count(tag) == before.count(tag), tag


def test_wrapped_and_nested_lines():
    (segment,) = markdown("> one *two\n> three*\n> four").segments
    assert (segment.text, segment.tags) == ("one two three four", (Tag(start=4, end=13),))
    assert written("> one *two\n> three*\n> four") == "> ONE *TWO THREE* FOUR"
    assert written("- one\n  two\n- three\n\n      code") == "- ONE TWO\n- THREE\n\n      code"


def test_front_matter():
    assert texts("---\ntitle: 'It''s'\nkey: word\n---\n") == ["It's"]
    assert (
        written("---\ntitle: 'It''s'\n---\n", lambda text: text + " l'eau")
        == "---\ntitle: 'It''s l''eau'\n---\n"
    )
    assert written("---\ntitle: One\n---\n", lambda text: "Un : #2") == '---\ntitle: "Un : #2"\n---\n'
    assert written('+++\ntitle = "One"\n+++\nTwo', lambda text: '"') == '+++\ntitle = "\\""\n+++\n"'


def test_links_by_name_keep_their_target():
    source = "See [one], [two][] and [three][x] ![one] ![two][x].\n\n[one]: a\n[two]: b\n[x]: c\n"
    out = written(source)
    assert out.startswith("SEE [ONE][one], [TWO][two] AND [THREE][x] ![one] ![TWO][x].\n\n[one]: a\n")


def test_emphasis_that_would_enclose_nothing_is_not_written():
    document = markdown("one **two** [three](x) four")
    (segment,) = document.segments
    moved = Marked(text="un", tags=tuple(Tag(start=2, end=2) for _ in segment.tags))
    assert document.written([moved], None).decode() == "un[](x)"


def test_footnotes():
    source = "One[^a] two.\n\n[^a]: word\n[^b]: Some\n  text\n\nlast\n"
    assert texts(source) == ["One two.", "word", "Some text", "last"]
    assert written(source) == "ONE[^a] TWO.\n\n[^a]: WORD\n[^b]: SOME TEXT\n\nLAST\n"


@pytest.mark.parametrize("source", ENDLESS, ids=range(len(ENDLESS)))
def test_endless_markup_takes_no_time(source):
    began = time.process_time()
    document = markdown(source)
    assert document.written(document.segments, None) == source.encode()
    assert time.process_time() - began < 20


def test_mutations():
    for seed in range(COUNT):
        survives(mutated(MANUAL, seed), "markdown")
