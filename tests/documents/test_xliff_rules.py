"""Written XLIFF keeps the rules of its specification, and its schema where that is installed."""

import os
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from clearhead.documents.formats import read
from clearhead.segments.inline import moved
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Marked, Tag
from tests.documents.strings_samples import XLIFF_1, XLIFF_2
from tests.documents.test_inline import LINKS
from tests.documents.test_xliff import HEADS, ONE, TWO
from tests.documents.texts import WORDS, marked
from tests.documents.xliff_rules import faults

SCHEMAS = Path(
    os.environ.get(
        "CLEARHEAD_XLIFF_SCHEMAS", "/usr/share/php/Symfony/Component/Translation/Resources/schemas"
    )
)
"""Where Debian's php-symfony-translation puts the schemas of OASIS, which may not be copied here."""
SHOP_1 = b"""<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">
  <file original="shop.html" source-language="en" datatype="html">
    <header><tool tool-id="t" tool-name="Exporter"/><note>The shop</note></header>
    <body>
      <group id="menu">
        <trans-unit id="1"><source xml:space="preserve">Where is  the station?</source></trans-unit>
        <trans-unit id="2" approved="yes">
          <source>The <g id="1" ctype="bold">black</g> cat drank the milk.</source>
          <note>a cat</note>
          <alt-trans><source>A cat.</source><target xml:lang="de">Eine Katze.</target></alt-trans>
        </trans-unit>
      </group>
      <trans-unit id="3">
        <source>A house. The <bpt id="1">&lt;b&gt;</bpt>red<ept id="1">&lt;/b&gt;</ept> house.</source>
        <seg-source><mrk mtype="seg" mid="1">A house.</mrk> <mrk mtype="seg" mid="2">The <bpt id="1">&lt;b&gt;</bpt
        >red<ept id="1">&lt;/b&gt;</ept> house.</mrk></seg-source>
        <target state="new"/>
        <context-group><context context-type="sourcefile">a.html</context></context-group>
      </trans-unit>
      <trans-unit id="4">
        <source>I see a <bx id="5" rid="1"/>red<ex id="6" rid="1"/> car and <x id="7"/> two dogs.</source>
        <target state="needs-translation" xml:lang="de">Ein Auto.</target>
      </trans-unit>
      <trans-unit id="5"><source>Good <mrk mtype="protected">Ann</mrk> or <ph id="1">%s</ph>!</source></trans-unit>
    </body>
  </file>
</xliff>
"""
SHOP_2 = b"""<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" version="2.0" srcLang="en">
  <file id="f1" original="shop.html">
    <notes><note>The shop</note></notes>
    <group id="g1">
      <unit id="u1">
        <segment state="initial" subState="my:open"><source>Where is the station?</source></segment>
        <ignorable><source> </source></ignorable>
        <segment><source xml:space="preserve">The <pc id="1">black</pc> cat  drank.</source></segment>
      </unit>
    </group>
    <unit id="u2">
      <originalData><data id="d1">&lt;b&gt;</data><data id="d2">&lt;/b&gt;</data></originalData>
      <segment>
        <source>A <sc id="1" dataRef="d1"/>red<ec startRef="1" dataRef="d2"/> car and <ph id="2"/> two dogs.</source>
      </segment>
      <segment>
        <source>The <mrk id="m1" translate="no">Ann</mrk> is <sm id="m2" type="term"/>small<em startRef="m2"/>.</source>
        <target/>
      </segment>
      <segment state="final"><source>It is done.</source><target>C'est fait.</target></segment>
    </unit>
  </file>
</xliff>
"""
FILES = {"shop 1.2": SHOP_1, "shop 2.0": SHOP_2, "sample 1.2": XLIFF_1, "sample 2.0": XLIFF_2}
KINDS = {ONE: ("g", "mrk", "bpt", "bx"), TWO: ("pc", "mrk", "sc", "sm")}


def written(data: bytes) -> bytes:
    """Return a file with loud targets whose words came from the words in the reverse order."""
    document = read(data, "xliff", Reading())
    assert document.segments
    loud = []
    for segment in document.segments:
        words = segment.text.split()
        links = [(number, len(words) - 1 - number) for number in range(len(words))]
        text = " ".join(words).upper()
        loud.append(moved(segment, text, words, text.split(), links))
    return document.written(loud, "fr")


@pytest.mark.parametrize("name", FILES)
def test_a_written_file_keeps_the_rules(name):
    assert not faults(written(FILES[name]))


class Packaged(etree.Resolver):
    """Finds the schema of xml:lang and xml:space beside the others instead of on the web."""

    def resolve(self, url, public, context):
        name = Path(url).name
        return self.resolve_filename(str(SCHEMAS / name), context) if name == "xml.xsd" else None


@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="the schemas of XLIFF are not installed")
@pytest.mark.parametrize("name", ["shop 1.2", "shop 2.0"])
def test_a_written_file_is_valid(name):
    version = "xliff-core-1.2-strict.xsd" if "1.2" in name else "xliff-core-2.0.xsd"
    parser = etree.XMLParser()
    parser.resolvers.add(Packaged())
    schema = etree.XMLSchema(etree.parse(SCHEMAS / version, parser))
    for data in (FILES[name], written(FILES[name])):
        schema.assertValid(etree.fromstring(data))


def element(kind: str, number: int) -> tuple[str, str]:
    """Return how an inline element of a kind begins and how it ends."""
    match kind:
        case "bpt":
            return f'<bpt id="{number}">[b]</bpt>', f'<ept id="{number}">[/b]</ept>'
        case "bx":
            return f'<bx id="{number}" rid="{number}"/>', f'<ex id="x{number}" rid="{number}"/>'
        case "sc" | "sm":
            end = kind.replace("s", "e", 1)
            return f'<{kind} id="{number}"/>', f'<{end} startRef="{number}"/>'
    return f'<{kind} id="{number}">', f"</{kind}>"


@given(
    marked(), WORDS, LINKS, st.sampled_from([ONE, TWO]), st.lists(st.integers(0, 3), min_size=5, max_size=5)
)
def test_whatever_the_links_the_rules_are_kept(source, target, links, namespace, drawn):
    elements = [element(KINDS[namespace][kind], number) for number, kind in enumerate(drawn)]
    content = source.woven(lambda n: elements[n][0], lambda n: elements[n][1], escape)
    unit = f'<trans-unit id="1"><source>{content}</source></trans-unit>'
    if namespace == TWO:
        unit = f'<unit id="u"><segment><source>{content}</source></segment></unit>'
    data = unit.join(HEADS[namespace]).encode()
    document = read(data, "xliff", Reading())
    if not document.segments:
        return
    (segment,) = document.segments
    assert len(segment.tags) == len(source.tags)  # a pair of codes is one tag, as an element is
    assert document.written(document.segments, "fr") == data
    words = segment.text.split()
    links = [(i, j) for i, j in links if i < len(words) and j < len(target)]
    assert not faults(document.written([moved(segment, " ".join(target), words, target, links)], "fr"))


CODES = st.sampled_from(
    [
        "one ",
        "two ",
        *(f'<sc id="{number}"/>' for number in "123"),
        *(f'<ec startRef="{number}"/>' for number in "123"),
    ]
)
NESTED = st.recursive(
    CODES,
    lambda inner: st.lists(inner, max_size=4).map(lambda parts: f"<pc id='9'>{''.join(parts)}</pc>"),
    max_leaves=6,
)


@given(st.lists(NESTED, max_size=6), WORDS, LINKS)
def test_codes_in_any_order_are_all_in_the_target(parts, target, links):
    """Unpaired, crossing, repeated, or one half within another element."""
    data = f'<unit id="u"><segment><source>word {"".join(parts)}</source></segment></unit>'.join(
        HEADS[TWO]
    ).encode()
    (segment,) = read(data, "xliff", Reading()).segments
    assert segment.is_well_formed
    words = segment.text.split()
    links = [(i, j) for i, j in links if i < len(words) and j < len(target)]
    document = read(data, "xliff", Reading())
    out = document.written([moved(segment, " ".join(target), words, target, links)], "fr")
    assert not [fault for fault in faults(out) if fault.startswith("the source has")]


def test_codes_that_do_not_nest_stay_points():
    source = (
        '<sc id="1"/>one <sc id="2"/>two <ec startRef="1"/>three <ec startRef="2"/><ec startRef="9"/>four'
    )
    data = f'<unit id="u"><segment><source>{source}</source></segment></unit>'.join(HEADS[TWO]).encode()
    (segment,) = read(data, "xliff", Reading()).segments
    assert [tag.start for tag in segment.tags] == [tag.end for tag in segment.tags] == [0, 4, 8, 14, 14]
    outside = source.replace('<ec startRef="1"/>', '<pc id="3"><ec startRef="1"/></pc>')
    (segment,) = read(data.replace(source.encode(), outside.encode()), "xliff", Reading()).segments
    assert segment.tags[0] == Tag(start=0, end=0)
    assert segment.tags[1] == Tag(start=4, end=14)


@pytest.mark.parametrize(
    ("data", "old", "new", "fault"),
    [
        (SHOP_1, b'target-language="fr"', b"", "no language"),
        (SHOP_1, b'xml:lang="fr"', b'xml:lang="es"', "says es"),
        (SHOP_1, b"needs-review-translation", b"reviewed", "the state is reviewed"),
        (SHOP_1, b"<target", b"<note>a</note><target", "stands behind"),
        (SHOP_2, b'state="translated"', b'state="translated" subState="a:b"', "subState"),
        (SHOP_2, b'<ec startRef="1"', b'<ec startRef="7"', "the source has"),
        (SHOP_2, b'<target xml:space="preserve">', b"<target>", "white space"),
    ],
)
def test_a_file_that_breaks_a_rule_is_told(data, old, new, fault):
    """The rules themselves can fail."""
    before, found, after = written(data).rpartition(old)
    assert found
    assert any(fault in one for one in faults(before + new + after))


def test_an_end_before_its_beginning_is_told():
    source, target = '<sc id="1"/>one<ec startRef="1"/>', '<ec startRef="1"/>un<sc id="1"/>'
    sides = f"<source>{source}</source><target>{target}</target>"
    data = f'<unit id="u"><segment>{sides}</segment></unit>'.join(HEADS[TWO]).replace(
        "srcLang", 'trgLang="fr" srcLang'
    )
    assert faults(data.encode()) == ["ec 1 stands before its beginning"]


def test_a_language_of_a_target_that_was_not_translated_stays():
    document = read(SHOP_1, "xliff", Reading())
    out = document.written([None] * len(document.segments), "fr")
    assert out == SHOP_1
    out = document.written([Marked(text="Où ?"), *[None] * (len(document.segments) - 1)], "fr")
    assert b'xml:lang="de">Ein Auto' in out
