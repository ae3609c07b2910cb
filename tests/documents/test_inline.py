"""Tags come out of a translation as they went in: the same ones, nested as they were, around the right words."""

from hypothesis import given
from hypothesis import strategies as st

from clearhead.documents.correspondence import located
from clearhead.documents.inline import moved, nested
from clearhead.documents.segment import Marked, Tag
from tests.documents.texts import WORDS, marked

LINKS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=12)


@given(marked(), WORDS, LINKS)
def test_every_tag_is_there_and_they_nest_whatever_the_links(source, target, links):
    words = source.text.split()
    links = [(i, j) for i, j in links if i < len(words) and j < len(target)]
    result = moved(source, " ".join(target), words, target, links)
    assert result.is_well_formed
    assert [tag.parent for tag in result.tags] == [tag.parent for tag in source.tags]


@given(marked())
def test_a_copy_has_the_tags_where_they_were(source):
    """Of tags that stand at words' ends: what a tag cuts within a word is moved with the word."""
    words = source.text.split()
    spans = located(source.text, words)
    starts, ends = {start for start, _ in spans}, {end for _, end in spans}
    links = [(number, number) for number in range(len(words))]
    result = moved(source, source.text, words, words, links)
    for before, after in zip(source.tags, result.tags, strict=True):
        if before.start in starts and before.end in ends and before.start < before.end:
            assert (after.start, after.end) == (before.start, before.end)


@given(marked())
def test_what_nests_stays_as_it_is(source):
    assert nested(source) == source


def test_a_tag_follows_its_word():
    source = Marked(text="the black cat", tags=(Tag(start=4, end=9),))
    result = moved(
        source, "le chat noir", source.text.split(), ["le", "chat", "noir"], [(0, 0), (1, 2), (2, 1)]
    )
    assert result.tags == (Tag(start=8, end=12),)
