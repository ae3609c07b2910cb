"""Workbooks: texts of cells."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearhead.documents.formats import read
from clearhead.errors import DocumentError
from clearhead.office.sheets import letters, numbers
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Marked
from tests.documents.office_files import accented, rewritten, unpacked, xlsx

BOLD = '<r><rPr><b/></rPr><t xml:space="preserve">{}</t></r>'
STRINGS = st.sampled_from(
    [
        "<t>Chair</t>",
        '<t xml:space="preserve"> two\nlines &lt;\n</t>',
        f"<r><t>Please </t></r>{BOLD.format('do not ')}{BOLD.format('touch')}",
        "<t>12.5</t>",
        "<t/>",
        '<t>東京</t><rPh sb="0" eb="2"><t>トウキョウ</t></rPh><phoneticPr fontId="1"/>',
        "<t>_x000D_bell</t>",
    ]
)


def cell(name, number):
    return f'<c r="{name}" t="s"><v>{number}</v></c>'


def row(*cells):
    return f"<row>{''.join(cells)}</row>"


def opened(strings, rows, *columns, **more):
    return read(xlsx(strings, rows, **more), "xlsx", Reading(columns=columns))


@settings(deadline=None, max_examples=40)
@given(st.lists(STRINGS, max_size=6))
def test_written_with_its_own_texts_it_is_the_very_bytes_and_else_has_the_given_ones(strings):
    data = xlsx(strings, row(*(cell(f"A{n + 1}", n) for n in range(len(strings)))))
    document = read(data, "xlsx", Reading())
    assert document.written(document.segments, "fr") == data
    again = read(rewritten(document), "xlsx", Reading())
    assert [segment.text for segment in again.segments] == [
        accented(segment.text) for segment in document.segments
    ]
    assert [segment.tags for segment in again.segments] == [segment.tags for segment in document.segments]


def test_only_texts_change():
    rows = row(cell("A1", 0), '<c r="B1"><v>0</v></c>', '<c r="C1"><f>SUM(B1:B9)</f><v>0</v></c>')
    data = xlsx(["<t>Chair</t>"], rows)
    written = read(data, "xlsx", Reading()).written([Marked(text="Stuhl & Tisch")], "de")
    before, after = unpacked(data), unpacked(written)
    assert [name for name in before if before[name] != after[name]] == ["xl/sharedStrings.xml"]
    assert b'<si><t xml:space="preserve">Stuhl &amp; Tisch</t></si>' in after["xl/sharedStrings.xml"]


def test_inline_strings_are_read():
    document = opened([], row('<c r="B2" t="inlineStr"><is><t>Lamp</t></is></c>'))
    assert [(segment.place, segment.text) for segment in document.segments] == [("Stock!B2", "Lamp")]
    assert b"L\xc3\xa4mp" in unpacked(rewritten(document))["xl/worksheets/sheet1.xml"]


@pytest.mark.parametrize(
    "more",
    [
        {"rows": row('<c r="B1"><f>IF(A1="yes",1,2)</f><v>1</v></c>')},
        {
            "extra": '<dataValidations><dataValidation><formula1>"yes,no"</formula1></dataValidation></dataValidations>'
        },
        {
            "extra": '<autoFilter><filterColumn><filters><filter val="yes"/></filters></filterColumn></autoFilter>'
        },
        {"table1": '<tableColumns><tableColumn id="1" name="yes"/></tableColumns>'},
    ],
)
def test_a_text_that_something_depends_on_is_left(more):
    rows = row(cell("A1", 0), cell("A2", 1)) + more.pop("rows", "")
    document = opened(["<t>yes</t>", "<t>Lamp</t>"], rows, **more)
    assert [segment.text for segment in document.segments] == ["Lamp"]
    assert [left.place for left in document.left] == ["Stock!A1"]


def test_texts_that_formulas_give_are_counted():
    document = opened([], row('<c r="A1" t="str"><f>B1</f><v>text</v></c>'))
    assert "1 texts that formulas give" in document.left[0].why


@pytest.mark.parametrize("column", ["B", "2", "Name", "b"])
def test_columns_are_chosen_by_letter_number_or_head(column):
    strings = ["<t>Code</t>", "<t>Name</t>", "<t>red</t>", "<t>chair</t>", "<t>both</t>"]
    rows = row(cell("A1", 0), cell("B1", 1), cell("A2", 2), cell("B2", 3), cell("A3", 4), cell("B3", 4))
    document = opened(strings, rows, column)
    assert [segment.text for segment in document.segments] == ["Name", "chair"]
    assert "Stock!A3 shares" in document.left[0].why


def test_a_column_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(DocumentError, match=r"'Price'.*: Code"):
        opened(["<t>Code</t>"], row(cell("A1", 0)), "Price")


@given(st.integers(1, 16_384))
def test_names_of_columns_stand_for_their_numbers(column):
    assert numbers(f"{letters(column)}7") == (column, 7)
