"""Catalogues of gettext."""

import shutil
import subprocess

import polib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearhead.documents.formats import read
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Marked
from tests.documents.strings_samples import PO

TEXT = st.lists(
    st.sampled_from(["two", "words", '"', "\\", "\n", "\t", "é", "a" * 50]), min_size=1, max_size=12
).map(" ".join)


def catalogue(data=PO, **reading):
    return read(data, "po", Reading(**reading))


def written(document, new, to="fr"):
    texts = [new(segment.text) if callable(new) else new for segment in document.segments]
    return document.written([Marked(text=text) for text in texts], to)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5, unique_by=lambda pair: pair[0].strip()),
    st.sampled_from([0, 40, 78]),
)
def test_polib_reads_the_translations_that_were_written(pairs, width):
    file = polib.POFile(wrapwidth=width)
    file.metadata = {"Content-Type": "text/plain; charset=UTF-8"}
    for number, (source, target) in enumerate(pairs):
        file.append(
            polib.POEntry(
                msgid=source, msgstr=target if number % 2 else "", comment="c" if number % 3 else ""
            )
        )
    data = str(file).encode()
    document = catalogue(data)
    assert document.written(document.segments, "fr") == data
    new = dict(zip((s.text for s in document.segments), (f"{t.strip()} x" for _, t in pairs), strict=False))
    out = {entry.msgid: entry for entry in polib.pofile(written(document, new.get).decode())}
    for number, (source, target) in enumerate(pairs):
        expected = target if number % 2 else new.get(source.strip(), "")
        assert out[source].msgstr.strip() == expected.strip()
        assert out[source].comment == ("c" if number % 3 else "")


def test_only_what_has_no_translation_is_translated():
    texts = [segment.text for segment in catalogue().segments]
    assert texts[:2] == ["%d apple was found", "%d apples were found"]
    assert len(texts) == 4
    assert "Close the door" in [segment.text for segment in catalogue(everything=True).segments]
    out = written(catalogue(), str.upper).decode()
    assert '#, fuzzy\n#| msgid "Shut the door"\nmsgid "Close the door"\nmsgstr "Fermez la porte"\n' in out
    assert '#~ msgid "old words"\n#~ msgstr "vieux mots"' in out
    every = written(catalogue(everything=True), str.lower).decode()
    assert "#|" not in every
    assert 'msgid "Close the door"\nmsgstr "close the door"\n' in every


def test_the_header_gets_language_and_plurals():
    out = polib.pofile(written(catalogue(), str.upper).decode())
    assert out.metadata["Language"] == "fr"
    assert out.metadata["Plural-Forms"] == "nplurals=2; plural=(n > 1);"
    assert out.metadata["Project-Id-Version"] == "game 1"
    assert (
        polib.pofile(written(catalogue(), str.upper, "de").decode()).metadata["Plural-Forms"]
        == "nplurals=2; plural=(n != 1);"
    )


def test_rules_of_other_languages_are_kept():
    rule = b"nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 ? 1 : 2);"
    data = PO.replace(b"nplurals=INTEGER; plural=EXPRESSION;", rule)
    entry = polib.pofile(written(catalogue(data), lambda text: f"pl {text}", "pl").decode())[0]
    assert entry.msgstr_plural == {
        0: "pl %d apple was found\n",
        1: "pl %d apples were found\n",
        2: "pl %d apples were found\n",
    }
    document = catalogue()
    out = polib.pofile(written(document, str.upper, "pl").decode())[0]
    assert not any(out.msgstr_plural.values())
    assert "Plural-Forms" in document.left[-1].why


def test_a_lost_placeholder_makes_an_entry_fuzzy_and_is_reported():
    document = catalogue()
    out = polib.pofile(written(document, lambda text: text.replace("%(name)s", "Ann")).decode())
    fuzzy = [entry.msgid for entry in out if entry.fuzzy]
    assert fuzzy == ["Close the door", "Hello %(name)s"]
    assert "python-format" in out.find("Hello %(name)s").flags
    assert "placeholders" in document.left[-1].why


@pytest.mark.skipif(not shutil.which("msgfmt"), reason="gettext is not installed")
@pytest.mark.parametrize("head", ["", "#, fuzzy\n", "none", "crlf"])
@pytest.mark.parametrize("to", ["fr", "de"])
def test_msgfmt_accepts_what_is_written(tmp_path, head, to):
    data = PO if head in ("none", "crlf") else PO.replace(b"msgid", head.encode() + b"msgid", 1)
    if head == "none":
        data = data[data.index(b"#: a.c:1") :]
    if head == "crlf":
        data = data.replace(b"\n", b"\r\n")
    (tmp_path / "a.po").write_bytes(written(catalogue(data), lambda text: f"é {text}", to))
    done = subprocess.run(
        ["msgfmt", "-c", "--statistics", "-o", tmp_path / "a.mo", tmp_path / "a.po"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "4 translated messages, 1 fuzzy" in done.stderr


def test_other_encodings_become_utf8_only_where_they_must():
    data = PO.replace(b"charset=UTF-8", b"charset=ISO-8859-1")
    out = written(catalogue(data), lambda text: f"é {text}")
    assert "é Hello".encode("latin-1") in out
    out = written(catalogue(data), lambda text: f"œ {text}")
    assert "œ Hello".encode() in out
    assert b"charset=UTF-8" in out
