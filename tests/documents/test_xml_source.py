"""XML whose elements know their bytes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearhead.errors import DocumentError
from clearhead.office import xml_source
from clearhead.office.xml_source import DEEPEST, Splices, escaped, parsed, with_attribute

NAMES = st.sampled_from(["a", "b", "x:c"])
TEXTS = st.text(st.sampled_from("ab &<>\"'é東\n"), max_size=4)


@st.composite
def elements(draw, depth=0):
    """Draw an element as bytes."""
    name = draw(NAMES)
    value = draw(TEXTS)
    quoted = escaped(value).decode().replace("'", "&#39;").replace('"', "&quot;")
    tag = f"<{name} k {draw(st.sampled_from(['=', ' = ']))} '{quoted}' "
    if draw(st.booleans()):
        return f"{tag}/>"
    inner = "".join(
        draw(
            st.one_of(
                elements(depth + 1), TEXTS.map(lambda text: escaped(text).decode()), st.just("<!-- <a> -->")
            )
        )
        for _ in range(draw(st.integers(0, 3 if depth < 3 else 0)))
    )
    return f"{tag}>{inner}</{name} >"


@settings(deadline=None, max_examples=50)
@given(elements(), st.sampled_from([b"", b"\xef\xbb\xbf"]))
def test_spans_of_elements_are_their_bytes(xml, mark):
    data = mark + f"<?xml version='1.0'?>\n<r xmlns:x='urn:x'>{xml}</r>".encode()
    for element in parsed(data, {"urn:x": "y"}).walk():
        assert data[element.start : element.start + 1] == b"<"
        assert data[element.end - 1 : element.end] == b">"
        again = data[element.start : element.inner].replace(b"<x:c", b"<x:c xmlns:x='urn:x'")
        whole = again + data[element.inner : element.end].replace(b"<x:c", b"<x:c xmlns:x='urn:x'")
        assert parsed(whole, {"urn:x": "y"}).text == element.text
    splices = Splices(data)
    root = parsed(data, {})
    same = {
        (inner.start, inner.end): (lambda inner=inner: [(inner.start, inner.end)]) for inner in root.walk()
    }
    assert splices.replace(same) == data


def test_changes_within_changes_are_kept():
    data = b"<a>one<b>two</b>three</a>"
    changes = {(9, 12): lambda: [b"TWO"], (3, 21): lambda: [b"[", (6, 16), b"]"]}
    assert Splices(data).replace(changes) == b"<a>[<b>TWO</b>]</a>"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a>&e;</a>', "not defined"),
        (
            b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>',
            "declares entities in a document type",
        ),
        (
            b'<!DOCTYPE a [<!ENTITY e "ha"><!ENTITY f "&e;&e;&e;">]><a>&f;</a>',
            "declares entities in a document type",
        ),
        (b"<a>" * 100_000, "its elements are nested deeper than"),
        (b"<a>&unknown;</a>", "undefined entity"),
        (b"<a><b></a>", "line 1, column 9: mismatched tag"),
        (b"", "no element found"),
        ("<a/>".encode("utf-16"), "UTF-16"),
        (b"<?xml version='1.0' encoding='latin-1'?><a/>", "latin-1"),
    ],
)
def test_what_is_not_safe_or_no_xml_is_refused_in_a_line(data, said):
    with pytest.raises(DocumentError, match=said) as error:
        parsed(data, {})
    assert "\n" not in str(error.value)


def test_more_elements_than_a_document_has_are_refused(monkeypatch):
    monkeypatch.setattr(xml_source, "MOST_ELEMENTS", 3)
    with pytest.raises(DocumentError, match="it has more than 3 elements; split the document"):
        parsed(b"<a><b/><b/><b/></a>", {})
    parsed(b"<a><b/><b/></a>", {})


def test_a_document_type_by_name_alone_is_read_and_not_loaded():
    data = b'<!DOCTYPE a PUBLIC "-//OpenOffice.org//DTD Manifest 1.0//EN" "file:///dev/zero"><a>text</a>'
    assert parsed(data, {}).text == "text"


def test_the_deepest_xml_is_read():
    root = parsed(b"<a>" * DEEPEST + b"x" + b"</a>" * DEEPEST, {})
    assert root.text == "x"
    assert sum(1 for _ in root.walk()) == DEEPEST


def test_an_attribute_is_changed_by_its_name_alone():
    assert with_attribute(b"<w:lang w:valx='1' w:val='en' x:other=\"en\"/>", "val", 'a"&') == (
        b'<w:lang w:valx=\'1\' w:val="a&quot;&amp;" x:other="en"/>'
    )


def test_characters_that_xml_cannot_hold_are_left_out():
    assert escaped("a\x0b\ud800<&>\t") == b"a&lt;&amp;&gt;\t"
