"""Texts with tags are written out well-formed."""

import re

import pytest
from hypothesis import given

from clearhead.segments.segment import Marked, Tag
from tests.documents.texts import marked

_TAG = re.compile(r"\x01(/?)(\d+)\x02")


def written(text: Marked) -> str:
    return text.woven(lambda n: f"\x01{n}\x02", lambda n: f"\x01/{n}\x02", lambda part: part)


@given(marked())
def test_what_is_drawn_nests(text):
    assert text.is_well_formed


@given(marked())
def test_tags_are_written_well_formed_around_their_characters(text):
    out = written(text)
    assert _TAG.sub("", out) == text.text
    opened: list[int] = []
    places = {}
    plain = 0
    last = 0
    for match in _TAG.finditer(out):
        plain += match.start() - last
        last = match.end()
        number = int(match[2])
        if match[1]:
            assert opened.pop() == number
            assert places[number] == text.tags[number].start
            assert plain == text.tags[number].end
        else:
            assert (opened[-1] if opened else None) == text.tags[number].parent
            opened.append(number)
            places[number] = plain
    assert not opened
    assert sorted(places) == list(range(len(text.tags)))


def test_what_overlaps_is_not_well_formed():
    overlapping = Marked(text="a b c", tags=(Tag(start=0, end=3), Tag(start=2, end=5)))
    outside = Marked(text="a b c", tags=(Tag(start=0, end=1), Tag(start=2, end=3, parent=0)))
    assert not overlapping.is_well_formed
    assert not outside.is_well_formed


class Counted(tuple):
    """Tags that count how often they are looked at."""

    looks = 0

    def __getitem__(self, number):
        self.looks += 1
        return super().__getitem__(number)

    def __iter__(self):
        for tag in super().__iter__():
            self.looks += 1
            yield tag


@pytest.mark.parametrize("deep", [False, True], ids=["beside each other", "within each other"])
def test_twenty_thousand_tags_are_written_with_a_few_looks_at_each(deep):
    count = 20_000
    tags = Counted(
        Tag(start=number, end=2 * count - number, parent=number - 1 if number else None)
        if deep
        else Tag(start=2 * number, end=2 * number + 1)
        for number in range(count)
    )
    text = Marked(text="ab" * count, tags=tags)
    out = written(text)
    assert _TAG.sub("", out) == text.text
    assert len(_TAG.findall(out)) == 2 * count
    assert text.is_well_formed
    assert tags.looks < 20 * count
