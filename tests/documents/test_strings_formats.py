"""What holds for all formats of strings: subtitles, catalogues, tables, JSON, YAML and XLIFF."""

import os

import pytest

from clearhead.cli.translate import Names, Translate
from clearhead.documents.formats import read
from clearhead.errors import ClearheadError, DocumentError
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Marked
from clearhead.strings import translatable as strings
from tests.documents.damage import damaged
from tests.documents.strings_samples import SAMPLES

IDS = [f"{name}-{number}" for number, (name, _) in enumerate(SAMPLES)]
SPITEFUL = "a \"b\" 'c' <script>x</script> & é 牛 😀 --> ]]> \\ {d}: # e, f; g\th"
MUTATIONS = int(os.environ.get("CLEARHEAD_MUTATIONS", "300"))


def translated(document, text=SPITEFUL):
    """Write a document with one text for all its segments, their tags at its ends and middle."""
    return document.written(
        [Marked(text=text, tags=_tags(segment, text)) for segment in document.segments], "fr"
    )


def _tags(segment, text):
    length = len(segment.text) or 1
    scale = len(text) / length
    return tuple(
        type(tag)(start=int(tag.start * scale), end=int(tag.end * scale), parent=tag.parent)
        for tag in segment.tags
    )


@pytest.mark.parametrize(("name", "data"), SAMPLES, ids=IDS)
@pytest.mark.parametrize("everything", [False, True])
def test_untranslated_files_are_byte_for_byte_what_was_read(name, data, everything):
    document = read(data, name, Reading(everything=everything))
    assert document.segments
    assert document.written(document.segments, "fr") == data
    assert document.written([None] * len(document.segments), "fr") == data


@pytest.mark.parametrize(("name", "data"), SAMPLES, ids=IDS)
def test_windows_line_ends_and_a_mark_stay(name, data):
    data = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    for whole in (data, b"\xef\xbb\xbf" + data):
        document = read(whole, name, Reading())
        assert document.written(document.segments, "fr") == whole
        out = translated(document, "un mot").replace(b"\r\n", b"")
        assert b"\r" not in out
        assert b"\n" not in out


@pytest.mark.parametrize(("name", "data"), SAMPLES, ids=IDS)
def test_any_translation_can_be_read_again(name, data):
    document = read(data, name, Reading(everything=True))
    again = read(translated(document), name, Reading(everything=True))
    if name not in ("srt", "vtt"):  # which cues a sentence goes over depends on the words
        assert len(again.segments) == len(document.segments)


@pytest.mark.parametrize(("name", "data"), SAMPLES, ids=IDS)
def test_damaged_files_are_refused_in_one_line_or_read_as_they_are(name, data):
    refused = 0
    for hurt in damaged(data, MUTATIONS):
        try:
            document = read(hurt, name, Reading())
            assert document.written(document.segments, "fr") == hurt
            translated(document)
        except DocumentError as error:
            refused += "\n" not in str(error) or MUTATIONS
    assert refused < MUTATIONS


@pytest.mark.parametrize(("name", "data"), SAMPLES, ids=IDS)
def test_another_encoding_is_refused_with_the_line(name, data):
    with pytest.raises(ClearheadError, match="line"):
        read(data + "é".encode("latin-1"), name, Reading())
    with pytest.raises(ClearheadError, match="NUL"):
        read(data + b"\0", name, Reading())


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("json", b"[" * 100_000),
        ("json", b'{"a":' * 100_000),
        ("json", b"[" * 100_000 + b"]" * 100_000),
        ("json", b'{"a": ' + b"9" * 10_000 + b"}"),
        ("yaml", b"[" * 100_000),
        ("yaml", b"- " * 100_000),
        ("yaml", b"&a [*a, *a]: &b [*a"),
        ("xliff", b"<xliff version='1.2'>" + b"<g>" * 100_000),
        ("xliff", b"<html/>"),
        ("xliff", b""),
        (
            "xliff",
            b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><xliff version="1.2"><file>&b;</file></xliff>',
        ),
        (
            "xliff",
            b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xliff version="1.2"><file>&a;</file></xliff>',
        ),
        ("srt", b"no cue at all"),
        ("vtt", b"1\n00:00.000 --> 00:01.000\nhello there"),
        ("po", b"<html>"),
        ("csv", b'a,"b'),
    ],
)
def test_hostile_files_get_one_line(name, data):
    with pytest.raises(DocumentError) as caught:
        read(data, name, Reading())
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("srt", b"1\n00:00:01,000 --> 00:00:02,000\n" + b"<i>a " * 50_000 + b"</i>" * 50_000),
        ("xliff", b'<xliff version="1.2"><file><trans-unit><source>' + b"a<x/>" * 5_000
         + b"</source></trans-unit></file></xliff>"),
    ],
)  # fmt: skip
def test_tags_without_end_are_left_and_reported(name, data):
    document = read(data, name, Reading())
    assert not document.segments
    assert len(document.left) == 1


@pytest.mark.parametrize(
    "text",
    [
        "Save",
        "yes",
        "Open file",
        "{name}:  hello",
        "Are you sure?",
        "Sign in",
        "牛奶",
        "Où ?",
        "[OK]",
        "100 files",
        "file.",
        "_Open",
    ],
)
def test_words_are_text(text):
    assert strings.is_text(text)


@pytest.mark.parametrize(
    "text",
    ["", "12.5", "#ffcc00", "menu_open", "menuOpen", "menu.open", "https://a.b/c", "a@b.org", "%s", "{count}",
     "2024-01-01", "--flag", "btn-primary", "./a/b.png", "10px", "M10 20 L30 40", "{{ user.name }}", "<br/>", "x"],
)  # fmt: skip
def test_what_is_plainly_no_text(text):
    assert not strings.is_text(text)


@pytest.mark.parametrize(
    ("label", "bare", "translation", "marked"),
    [
        ("_Open file", "Open file", "Ouvrir", "_Ouvrir"),
        ("E_xit", "Exit", "Quitter", "_Quitter"),
        ("Save &As", "Save As", "Sauver sous", "S&auver sous"),
        ("&Print...", "Print...", "Imprimer...", "Im&primer..."),
        ("R&D", "R&D", "R&D", "R&D"),
        ("a snake_case word", "a snake_case word", "un mot", "un mot"),
        ("Fish &amp; chips", "Fish &amp; chips", "x", "x"),
    ],
)
def test_access_keys_come_back(label, bare, translation, marked):
    without, mark = strings.without_mnemonic(label)
    assert without == bare
    assert strings.with_mnemonic(translation, mark) == marked


@pytest.mark.parametrize("name", ["a.csv", "a.po", "a.vtt"])
def test_a_table_with_tabs_alone_is_lines_as_for_training(name):
    def are_documents(*names, **flags):
        return Translate(input=Names(names), **flags)._are_documents()

    assert not are_documents("a.tsv")
    assert are_documents("a.tsv", columns=Names(("1",)))
    assert are_documents("a.tsv", as_="tsv")
    assert are_documents("a.tsv", "b.tsv")
    assert are_documents(name)


@pytest.mark.parametrize(
    ("source", "translation", "kept"),
    [
        ("%d of %s", "%d de %s", True),
        ("%d of %s", "%s de %d", False),
        ("%1$d of %2$s", "%2$s de %1$d", True),
        ("{a} and {b}", "{b} et {a}", True),
        ("%(n)s files", "fichiers", False),
        ("50% off", "50 % de moins", True),
    ],
)
def test_placeholders_are_compared(source, translation, kept):
    assert strings.keeps_placeholders(source, translation) is kept


@pytest.mark.parametrize(
    "text", ["a" * 50_000 + "1", "%" + "0" * 50_000, "a'" * 50_000, "{" * 50_000, "<a" * 50_000]
)
def test_long_strings_take_no_time_out_of_proportion(text):
    assert not strings.is_text(text) or text.startswith(("a'", "{"))
    assert strings.unsafe(text) is None


def test_white_space_without_end_in_a_unit():
    source = b"one" + b" " * 50_000 + b"word"
    head, tail = b'<xliff version="1.2"><file><trans-unit><source>', b"</source></trans-unit></file></xliff>"
    assert read(head + source + tail, "xliff", Reading()).segments[0].text.encode() == source


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("json", b"[" * 100_000, "it is nested too deeply; give a JSON file of some hundred levels at most"),
        ("xliff", b"<xliff version='1.2'>" + b"<g>" * 1_000, "deep, which no XLIFF needs"),
        (
            "csv",
            b'a,b\n"one,two words here\n',
            "the quotes of a cell do not close; fix them, or save the table",
        ),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(name, data, said):
    with pytest.raises(DocumentError) as refused:
        read(data, name, Reading())
    assert said in str(refused.value)
