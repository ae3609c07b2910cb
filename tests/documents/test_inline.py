"""Tags come out of a translation as they went in: the same ones, nested as they were, around the right words."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clearhead.segments.correspondence import located
from clearhead.segments.inline import moved, nested
from clearhead.segments.segment import Marked, Tag
from clearhead.segments.spacing import loosened, tightened
from tests.documents.texts import WORDS, marked

LINKS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=12)


@given(marked(), WORDS, LINKS, st.integers(0, 99), st.booleans())
def test_every_tag_is_there_and_they_nest_whatever_the_links(source, target, links, seed, tables):
    words = source.text.split()
    links = [(i, j) for i, j in links if i < len(words) and j < len(target)]
    shape = (len(target), len(words))
    weights = [np.random.default_rng(seed).dirichlet([0.1] * shape[1], shape[0]).astype(np.float32)]
    result = moved(source, " ".join(target), words, target, links, weights if tables else ())
    assert result.is_well_formed
    assert [tag.parent for tag in result.tags] == [tag.parent for tag in source.tags]
    assert result.text.split() == " ".join(target).split()


@given(marked(), st.text(max_size=12), st.lists(st.text(max_size=3), max_size=4), LINKS)
def test_they_nest_in_any_text_too(source, text, target, links):
    """Whatever the words of the alignment are: none, or some that are not in the text."""
    words = source.text.split()[:4]
    links = [(i, j) for i, j in links if i < len(words) and j < len(target)]
    result = moved(loosened(source), text, words, target, links)
    for one in (result, tightened(source, result)):
        assert one.is_well_formed
        assert [tag.parent for tag in one.tags] == [tag.parent for tag in source.tags]


def test_many_tags_take_no_time_to_speak_of():
    count = 3000
    tags = tuple(Tag(start=i % 90, end=i % 90) for i in range(count))
    words = [f"w{i % 10}" for i in range(40)]
    source = Marked(text=" ".join(words), tags=tags)
    result = moved(source, source.text, words, words, [(i, i) for i in range(40)])
    assert len(result.tags) == count


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
