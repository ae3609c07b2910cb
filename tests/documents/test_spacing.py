"""Spaces around empty tags: put in where words would run together, and taken out again."""

from hypothesis import given
from hypothesis import strategies as st

from clearhead.segments.segment import Marked, Tag
from clearhead.segments.spacing import loosened, spaced, tightened
from tests.documents.texts import marked

TIGHT = st.lists(st.sampled_from(["First.", "second,", "third", " "]), min_size=1, max_size=6)


def empty(*places):
    return tuple(Tag(start=place, end=place) for place in places)


def test_sentences_that_only_a_tag_parts_are_read_apart():
    assert loosened(Marked(text="First.Second", tags=empty(6))) == Marked(text="First. Second", tags=empty(6))


def test_a_letter_and_a_tag_within_a_word_stay():
    for text in ("H2O", "king, and", "end."):
        source = Marked(text=text, tags=empty(0, 1, len(text)))
        assert loosened(source) == source


@given(TIGHT, st.data())
def test_what_is_loosened_and_tightened_is_as_it_was(pieces, data):
    text = "".join(pieces)
    places = data.draw(st.lists(st.integers(0, len(text)), max_size=4).map(sorted))
    source = Marked(text=text, tags=empty(*places))
    assert tightened(source, loosened(source)) == source


@given(marked())
def test_nested_tags_are_as_they_were_too(source):
    result = tightened(source, loosened(source))
    assert result.text == source.text
    assert [tag.parent for tag in result.tags] == [tag.parent for tag in source.tags]


def test_a_picture_between_words_keeps_a_space_on_either_side():
    source = Marked(text="Press  to open", tags=empty(6))
    assert spaced(source, Marked(text="Pulse para abrir", tags=empty(5))) == Marked(
        text="Pulse  para abrir", tags=empty(6)
    )
    assert spaced(source, Marked(text="Pulse para abrir", tags=empty(6))) == Marked(
        text="Pulse  para abrir", tags=empty(6)
    )


def test_a_mark_behind_its_word_stays_at_its_word():
    source = Marked(text="The king died in winter", tags=empty(13))
    translation = Marked(text="Le roi est mort en hiver", tags=empty(15))
    assert spaced(source, translation) == translation


def test_other_tags_keep_their_letters_where_a_space_comes_in():
    source = Marked(text="Press  to open", tags=(*empty(6), Tag(start=7, end=14)))
    result = spaced(source, Marked(text="Pulse para abrir", tags=(*empty(6), Tag(start=6, end=16))))
    assert result.text[result.tags[1].start : result.tags[1].end] == "para abrir"
