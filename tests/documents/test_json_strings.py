"""Strings of JSON."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from clearhead.documents.formats import read
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Marked
from tests.documents.strings_samples import JSON

TEXT = st.text(st.sampled_from('ab é"\\/\n\t{}[]:,1😀'), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT | st.sampled_from(["two words", "Save"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)


def document(text, **reading):
    return read(text.encode(), "json", Reading(**reading))


def leaves(value):
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item)]
    return [value] if isinstance(value, str) else []


@settings(max_examples=60)
@given(VALUES, st.sampled_from([None, 2]), st.booleans(), TEXT.map(str.strip).filter(bool))
def test_only_the_strings_change_and_they_say_the_translation(value, indent, ascii_only, new):
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    strings = document(text)
    assert strings.written(strings.segments, None) == text.encode()
    out = json.loads(strings.written([Marked(text=new) for _ in strings.segments], None))
    before, after = leaves(value), leaves(out)
    changed = [(old, now) for old, now in zip(before, after, strict=True) if old != now]
    assert all(now.strip() == new for _, now in changed)
    kept = sum(segment.text == new for segment in strings.segments)
    assert len(changed) + kept == len(strings.segments)


def test_what_is_no_text_is_no_segment_and_what_is_unsafe_is_reported():
    strings = document(JSON.decode())
    assert [segment.text for segment in strings.segments] == [
        "Open the file",
        "One word more",
        "Café",
        'a "quoted" word',
        "Save",
    ]
    assert [left.place for left in strings.left] == ["line 4, key count"]
    assert strings.segments[0].place == "line 2, key menu.open"


def test_keys_choose():
    text = '{"menu": {"a": {"label": "First", "hint": "Second"}, "b": [{"label": "Third"}]}, "a.label": "Fourth"}'
    chosen = {
        ("menu.*.label",): ["First"],
        ("menu",): ["First", "Second", "Third"],
        ("*.label",): ["Fourth"],
        ("menu.b.0.label",): ["Third"],
        ("menu.*.hint", "a.label"): ["Second", "Fourth"],
    }
    for keys, texts in chosen.items():
        assert [segment.text for segment in document(text, keys=keys).segments] == texts
    assert [left.place for left in document(text, keys=("menu.x",)).left] == ["key menu.x"]


def test_escapes_stay_escapes():
    data = '{"a": "Caf\\u00e9 noir", "b": "either \\/ or so"}'
    out = document(data).written([Marked(text="café"), Marked(text="soit / ou")], None).decode()
    assert out == '{"a": "caf\\u00e9", "b": "soit \\/ ou"}'
