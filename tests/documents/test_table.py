"""Columns of CSV and TSV."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearhead.documents.formats import read
from clearhead.errors import DocumentError
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Marked

CELL = st.lists(st.sampled_from(["two", "words", '"', ",", ";", "é", "\n", "7"]), max_size=4).map(" ".join)


def table(text, name="csv", **reading):
    return read(text.encode(), name, Reading(**reading))


def rows(data, delimiter=","):
    return list(csv.reader(io.StringIO(data.decode(), newline=""), delimiter=delimiter))


@settings(max_examples=60)
@given(
    st.integers(1, 4).flatmap(
        lambda n: st.lists(st.lists(CELL, min_size=n, max_size=n), min_size=1, max_size=5)
    ),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    CELL.map(str.strip).filter(bool),
)
def test_only_the_chosen_cells_change(cells, quoting, new):
    out = io.StringIO(newline="")
    csv.writer(out, quoting=quoting, lineterminator="\r\n").writerows(cells)
    text = out.getvalue()
    document = table(text)
    assert document.written(document.segments, None) == text.encode()
    last = str(len(cells[0]))
    if "," not in text:  # one column: nothing shows the delimiter
        return
    try:
        document = table(text, columns=(last,))
    except DocumentError:  # another mark parts the lines as often
        return
    written = rows(document.written([Marked(text=new) for _ in document.segments], None))
    for before, after in zip(cells, written, strict=True):
        if len(document.segments) and len(after) == len(before):
            assert after[:-1] == before[:-1]


def test_columns_by_name_by_number_and_by_themselves():
    text = "id,name,text\n1,a_1,A chair of wood\n2,b_2,It gives light\n"
    for columns in ((), ("text",), ("TEXT",), ("3",)):
        assert [segment.text for segment in table(text, columns=columns).segments] == [
            "A chair of wood",
            "It gives light",
        ]
    assert table(text).segments[0].place == "line 2, column 3"
    for column in ("price", "4", "0"):
        with pytest.raises(DocumentError, match="has no column"):
            table(text, columns=(column,))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_recognised(delimiter):
    lines = [["no", "word"], ["1", "A chair, of wood"], ["2", "It; gives light"]]
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(lines)
    document = table(out.getvalue())
    assert [segment.text for segment in document.segments] == ["A chair, of wood", "It; gives light"]


def test_a_table_without_a_head_loses_no_row():
    document = table("Hello my friend\tone word\nGood morning to you\ttwo words\n", "tsv", columns=("1",))
    assert [segment.text for segment in document.segments] == ["Hello my friend", "Good morning to you"]


def test_quotes_are_set_where_they_must_be():
    document = table("a,b\n1,A chair of wood\n2,It gives a light\n")
    out = document.written([Marked(text="bois, chaise"), None], None).decode()
    assert out == 'a,b\n1,"bois, chaise"\n2,It gives a light\n'
