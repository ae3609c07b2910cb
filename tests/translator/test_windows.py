"""Texts are read in windows that end where the next would have to be waited for, or cannot be read."""

import random

import pytest

from clearhead.errors import DataError
from clearhead.translator.streaming import one_ahead
from clearhead.translator.streaming import windows as in_windows


class Source:
    """Texts of which some have yet to come when they are asked about."""

    def __init__(self, texts, coming):
        self.texts, self.coming, self.asked = texts, coming, 0

    def __iter__(self):
        for text in self.texts:
            self.asked += 1
            yield text

    def waits(self):
        return self.asked in self.coming


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_windows_hold_every_text_once_and_in_order(seed, size):
    draws = random.Random(seed)
    texts = [str(number) for number in range(draws.randrange(30))]
    coming = {number for number in range(1, len(texts) + 1) if draws.random() < 0.3}
    source = Source(texts, coming)
    windows = list(in_windows(source, size, source.waits))
    assert [text for window in windows for text in window] == texts
    assert all(len(window) <= size for window in windows)
    ends, read = set(), 0
    for window, following in zip(windows, [*windows[1:], None], strict=True):
        read += len(window)
        if window and following == []:
            ends.add(read)
    assert ends == coming


def test_what_was_read_is_given_out_before_anybody_waits():
    source = Source(["a", "b", "c", "d"], {1, 3})
    given = []
    for window in one_ahead(in_windows(source, 100, source.waits)):
        given += window
        if window and source.asked in source.coming:
            assert len(given) == source.asked
    assert given == ["a", "b", "c", "d"]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize("bad", range(5))
def test_texts_before_one_that_cannot_be_read_come_first(size, bad):
    def texts():
        for number in range(5):
            if number == bad:
                raise DataError(f"line {bad} is broken")
            yield str(number)

    given: list[str] = []
    windows = one_ahead(in_windows(texts(), size, None))
    with pytest.raises(DataError, match=f"line {bad}"):
        given.extend(text for window in windows for text in window)
    assert given == [str(number) for number in range(bad)]


def test_without_a_fault_and_a_wait_the_windows_are_whole():
    assert list(in_windows("abcdefg", 3, None)) == [["a", "b", "c"], ["d", "e", "f"], ["g"]]
    assert list(in_windows([], 3, None)) == []
