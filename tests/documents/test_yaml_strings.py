"""Strings of YAML."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from clearhead.documents.formats import read
from clearhead.errors import DocumentError
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Marked
from tests.documents.strings_samples import YAML

WORDS = st.lists(
    st.sampled_from(["two", "words", "it's", '"so"', "a:", "#b", "- c", "é", "😀", "\n", "{d}", "%s"]),
    min_size=1,
    max_size=6,
).map(" ".join)
TREES = st.recursive(
    WORDS | st.integers() | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=10,
)
STYLES = st.sampled_from([None, "'", '"', "|", ">"])


def document(text, **reading):
    return read(text.encode(), "yaml", Reading(**reading))


def same_shape(before, after):
    if isinstance(before, dict):
        return list(before) == list(after) and all(map(same_shape, before.values(), after.values()))
    if isinstance(before, list):
        return len(before) == len(after) and all(map(same_shape, before, after))
    return type(before) is type(after) and (isinstance(before, str) or before == after)


@settings(max_examples=60)
@given(TREES, STYLES, st.booleans(), WORDS.map(str.strip))
def test_only_strings_change_and_they_say_the_translation(tree, style, flow, new):
    text = yaml.safe_dump(
        {"top": tree}, default_style=style, default_flow_style=flow, allow_unicode=True, width=20
    )
    strings = document(text)
    assert strings.written(strings.segments, None) == text.encode()
    try:
        out = strings.written([Marked(text=new) for _ in strings.segments], None).decode()
    except DocumentError:
        pytest.fail(f"{text!r} could not hold {new!r}")
    assert same_shape(yaml.safe_load(text), yaml.safe_load(out))
    assert [
        segment.text for segment in document(out).segments if segment.text != new
    ] == [] or not strings.segments


def test_styles_comments_and_anchors_stay():
    strings = document(YAML.decode())
    new = [
        Marked(text=text)
        for text in ("Bienvenue: ici", "Voulez-vous\n sortir ?", "C'est à vous", "no", "Cher,\nviens.")
    ]
    new += [None] * (len(strings.segments) - len(new))
    lines = strings.written(new, "fr").decode().splitlines()
    assert lines[2] == '  title: &t "Bienvenue: ici"'  # a colon cannot be written without quotes
    assert lines[3] == '  quit: "Voulez-vous\\n sortir ?"   # asked at the end'
    assert lines[4] == "  owner: 'C''est à vous'"
    assert lines[5] == '  long: "no"'  # it would be false without quotes
    assert lines[6:9] == ["  letter: |", "    Cher,", "    viens."]
    assert lines[-1] == "other: *all"


def test_what_is_no_string_is_no_segment():
    texts = [
        segment.text
        for segment in document("a: no\nb: 12\nc: 2024-01-01\nd: !!str 12 apples\ne: !x two words\n").segments
    ]
    assert texts == ["12 apples"]
    keys = {"keys": ("en.words",)}
    assert [segment.text for segment in document(YAML.decode(), **keys).segments] == ["a bird", "a dog"]
