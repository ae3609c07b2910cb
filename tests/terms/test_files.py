"""Glossaries in files: what is read, and the one line that hostile ones get."""

import pytest

from clearhead.errors import ClearheadError
from clearhead.terms import Term, Terms

TSV = (
    "source\ttarget\tlanguages\tmatch\tcase\tforbidden\n"
    "# a remark\n"
    "house\tmaison | maisons\ten-fr\tinflected\t\tbaraque\n"
    "\n"
    "Tom\tThomas\t\t\tkeep\t\n"
    "\t\t\t\t\ttruc | machin\n"
)
TOML = """
[[terms]]
source = "house"
target = ["maison", "maisons"]
languages = "en-fr"
match = "inflected"
forbidden = "baraque"

[[terms]]
source = "Tom"
target = "Thomas"
case = "keep"

[[terms]]
forbidden = ["truc", "machin"]
"""
ENTRIES = (
    Term(
        source="house",
        targets=("maison", "maisons"),
        languages=("en", "fr"),
        match="inflected",
        forbidden=("baraque",),
    ),
    Term(source="Tom", targets=("Thomas",), case="keep"),
    Term(forbidden=("truc", "machin")),
)
TBX = """<?xml version="1.0"?><tbx xmlns="urn:iso:std:iso:30042:ed-2" type="TBX-Basic"><text><body>
<conceptEntry id="1">
<langSec xml:lang="en-GB"><termSec><term>house</term></termSec></langSec>
<langSec xml:lang="fr"><termSec><term>maison</term></termSec><termSec><term>baraque</term>
<termNote type="administrativeStatus">deprecatedTerm-admn-sts</termNote></termSec></langSec>
</conceptEntry></body></text></tbx>"""


def read(tmp_path, name, text):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Terms.read(path)


@pytest.mark.parametrize(("name", "text"), [("t.tsv", TSV), ("t.toml", TOML), ("t.TSV", "\ufeff" + TSV)])
def test_table_and_toml_say_the_same(tmp_path, name, text):
    assert read(tmp_path, name, text).entries == ENTRIES


def test_two_columns_need_no_names(tmp_path):
    assert read(tmp_path, "t.tsv", "house\tmaison\r\n").entries == Terms.of(("house", "maison")).entries


def test_tbx_gives_each_direction_and_forbids_what_is_deprecated(tmp_path):
    entries = {term.languages: term for term in read(tmp_path, "t.tbx", TBX).entries}
    assert entries["en", "fr"].targets == ("maison",)
    assert entries["en", "fr"].forbidden == ("baraque",)
    assert entries["fr", "en"].source == "maison"


BOMB = (
    '<!DOCTYPE tbx [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    "<tbx><conceptEntry><langSec xml:lang='en'><term>&b;</term></langSec></conceptEntry></tbx>"
)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("t.tsv", "house maison\n", "line 1: there is no tab"),
        ("t.tsv", "house\tmaison\nhouse\tdemeure\n", "line 2: 'house' has another target on line 1"),
        ("t.tsv", "house\tmaison\nHouse\tdemeure\n", "line 2: 'House' has another target"),
        ("t.tsv", "house\tmaison\ten-fr\tloose\n", "line 1: match must be exact or inflected"),
        ("t.tsv", "house\tmaison\tenglish\n", "line 1: languages must be two codes"),
        ("t.tsv", "source\ttarget\tcolour\n", "line 1: the column 'colour' is unknown"),
        ("t.tsv", "source\ttarget\ttarget\n", "line 1: there are two columns target; leave one out"),
        ("t.tsv", "house\tmaison | \n", "line 1: a target or a forbidden word is empty"),
        ("t.tsv", "house\t\n", "line 1: 'house' has neither"),
        ("t.tsv", "\tmaison\n", "line 1: the target 'maison' has no source"),
        ("t.tsv", "house\t" + "a" * 1000, "longer than 200"),
        ("t.tsv", b"house\tmaison\ncaf\xe9\tcoffee\n", "line 2: it is not UTF-8"),
        ("t.toml", "terms = 3", "tables [[terms]]"),
        ("t.toml", "[[terms]]\nsource = 3\n", "entry 1: source must be text"),
        ("t.toml", "[[terms]]\nsorce = 'a'\n", "entry 1: the key 'sorce' is unknown; use source"),
        ("t.toml", "[[terms", "not valid TOML"),
        ("t.tbx", BOMB, "entity"),
        ("t.tbx", "<tbx><conceptEntry>", "not well-formed"),
        ("t.tbx", "", "not well-formed"),
        ("t.xlsx", "", "cannot tell what kind of glossary"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path, name, text, said):
    with pytest.raises(ClearheadError) as error:
        read(tmp_path, name, text)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert name in str(error.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ClearheadError, match="cannot read"):
        Terms.read(tmp_path / "none.tsv")
