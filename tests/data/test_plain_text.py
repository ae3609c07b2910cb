"""Text of one side: how it is read, and what can be wrong with it."""

import pytest

from clearhead.config import CorpusConfig
from clearhead.corpora.pair import Pair
from clearhead.data.faults import (
    CARRIAGE_RETURN,
    EMPTY,
    LETTERLESS,
    OVERLAP,
    PARTIAL_OVERLAP,
    SCRIPT,
    text_faults,
)
from clearhead.data.held_out import HeldOut
from clearhead.data.plain_text import is_alone, read_text


def test_every_line_is_a_target_that_follows_nothing(tmp_path):
    file = tmp_path / "text.en"
    file.write_text("one\n\ntwo\n", encoding="utf-8")
    pairs = list(read_text(CorpusConfig(source=str(file))))
    assert [(pair.src, pair.tgt, pair.line) for pair in pairs] == [
        ("", "one", 1),
        ("", "", 2),
        ("", "two", 3),
    ]


@pytest.mark.parametrize(
    ("source", "target", "alone"),
    [
        ("a.txt", "", True),
        ("a.en.gz", "", True),
        ("-", "", True),
        ("a.tsv", "", False),
        ("a.txt", "b", False),
    ],
)
def test_a_plain_file_without_a_target_is_alone(source, target, alone):
    assert is_alone(CorpusConfig(source=source, target=target)) == alone


def test_an_empty_source_is_no_fault_and_an_empty_line_is():
    def found(text, language="en"):
        return set(text_faults(Pair("", text, "f", 1), text.strip(), language))

    assert found("one and two") == set()
    assert found(" ") == {EMPTY}
    assert found("1 2") == {LETTERLESS}
    assert found("a\rb") == {CARRIAGE_RETURN}
    assert found("Это по-русски") == {SCRIPT}


def test_texts_without_a_source_share_nothing_by_that():
    held = HeldOut.of([("", "a b")])
    assert held.overlap("", "c d") is None
    assert held.overlap("", "a b") == OVERLAP
    assert held.overlap("x", "a b") == PARTIAL_OVERLAP
