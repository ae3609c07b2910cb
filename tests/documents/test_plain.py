"""Paragraphs of plain text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhead.documents.formats import read
from clearhead.errors import DocumentError
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Marked

WRAPPED = """Dear Ann,

thank you for the letter that you sent to us last week. We were
very glad to hear that all of you are well, and that the house
is warm.

- bring a towel
- bring a dog
"""


def paragraphs(text, **reading):
    return read(text.encode(), "paragraphs", Reading(**reading))


@given(st.text(st.sampled_from("ab .\n\r\t-é"), max_size=60), st.sampled_from(["auto", "join", "keep"]))
def test_untranslated_text_is_byte_for_byte_what_was_read(text, wrap):
    document = paragraphs(text, wrap=wrap)
    assert document.written(document.segments, "fr") == text.encode()
    assert document.written([None] * len(document.segments), "fr") == text.encode()


@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16"])
def test_encodings_with_a_mark_stay(mark):
    data = "Où ?\n".encode(mark)
    document = read(data, "paragraphs", Reading())
    assert [segment.text for segment in document.segments] == ["Où ?"]
    assert document.written(document.segments, None) == data


def test_wrapped_lines_are_one_text_and_lists_are_not():
    texts = [segment.text for segment in paragraphs(WRAPPED).segments]
    assert len(texts) == 4
    assert texts[1].startswith("thank you for")
    assert texts[1].endswith("is warm.")
    assert texts[2:] == ["- bring a towel", "- bring a dog"]
    assert len(paragraphs(WRAPPED, wrap="keep").segments) == 6
    assert len(paragraphs(WRAPPED, wrap="join").segments) == 3


def test_a_translation_is_wrapped_as_the_text_was():
    document = paragraphs(WRAPPED)
    long = " ".join(["traduction"] * 20)
    out = document.written([None, Marked(text=long), None, None], "fr").decode()
    lines = out.split("\n\n")[1].splitlines()
    assert " ".join(lines) == long
    assert max(map(len, lines)) <= max(map(len, WRAPPED.splitlines()))


def test_places_are_lines():
    assert [segment.place for segment in paragraphs(WRAPPED).segments] == [
        "line 1",
        "line 3",
        "line 7",
        "line 8",
    ]


@pytest.mark.parametrize(("data", "said"), [(b"a\nb \xff", "line 2"), (b"a\0b", "line 1")])
def test_what_is_not_text_is_refused_by_its_place(data, said):
    with pytest.raises(DocumentError, match=said):
        read(data, "paragraphs", Reading())
