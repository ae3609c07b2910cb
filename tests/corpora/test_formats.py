"""Files that hold both sides: what is read, what is left out and how faults are named."""

import gzip
import json
import subprocess
import sys

import pytest
from backports import zstd

from clearhead.config import CorpusConfig
from clearhead.corpora.corpus import read_pairs
from clearhead.errors import ConfigError, DataError


def pairs(path, source_lang="en", target_lang="fr"):
    corpus = CorpusConfig(source=str(path), source_lang=source_lang, target_lang=target_lang)
    return [(pair.src, pair.tgt, pair.line) for pair in read_pairs(corpus)]


def write(path, text):
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


TMX = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4"><header srclang="en" datatype="plaintext" segtype="sentence" adminlang="en"
 creationtool="t" creationtoolversion="1" o-tmf="x"/><body>
<tu><tuv xml:lang="en-US"><seg>The <bpt i="1">&lt;b></bpt>red<ept i="1">&lt;/b></ept> ball</seg></tuv>
<tuv xml:lang="fr"><seg>La <hi>balle</hi> rouge<ph>{0}</ph></seg></tuv></tu>
<tu><tuv xml:lang="en"><seg>No French</seg></tuv><tuv xml:lang="de"><seg>Kein</seg></tuv></tu>
<tu><tuv lang="FR_CA"><seg>A &amp; B
suite</seg></tuv><tuv lang="EN"><seg>A &amp; B</seg></tuv></tu>
</body></tmx>"""


def test_tmx_has_text_and_no_codes(tmp_path):
    path = write(tmp_path / "m.tmx", TMX)
    assert pairs(path) == [
        ("The red ball", "La balle rouge", 5),
        ("No French", "", 7),
        ("A & B", "A & B\nsuite", 8),
    ]
    packed = write(tmp_path / "m.tmx.gz", gzip.compress(TMX.encode()))
    assert pairs(packed, "fr", "en")[0] == ("La balle rouge", "The red ball", 5)


def test_language_codes_are_written_either_way(tmp_path):
    path = write(tmp_path / "m.tmx", TMX)
    assert pairs(path, "en_US", "fr")[0] == ("The red ball", "La balle rouge", 5)


GROWTH = """
import resource, sys
import lxml.etree
from clearhead.corpora.tmx import read_tmx
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert sum(1 for _ in read_tmx(sys.argv[1], "en", "fr")) == 50_000
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no resource module")
def test_tmx_does_not_grow(tmp_path):
    unit = '<tu><tuv xml:lang="en"><seg>a</seg></tuv><tuv xml:lang="fr"><seg>b</seg></tuv></tu>'
    path = write(tmp_path / "m.tmx", f"<tmx><body>{unit * 50_000}</body></tmx>")
    grown = subprocess.check_output([sys.executable, "-c", GROWTH, path], text=True)
    assert int(grown) / (1 if sys.platform == "linux" else 1024) < 10_000  # KiB


@pytest.mark.parametrize("name", ["m.po.gz", "m.tmx.gz"])
def test_cut_archives_of_both_sides(tmp_path, name):
    text = PO * 50 if "po" in name else TMX * 50
    with pytest.raises(DataError, match=r"cut|not well-formed"):
        pairs(write(tmp_path / name, gzip.compress(text.encode())[:-40]))


def test_broken_tmx_is_named_by_line(tmp_path):
    with pytest.raises(DataError, match=r"m\.tmx, line 7, column"):
        pairs(
            write(tmp_path / "m.tmx", TMX.replace("</seg></tuv></tu>\n<tu><tuv lang", "</tuv><tu><tuv lang"))
        )


PO = r"""
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\n"

msgid "Open file"
msgstr "Ouvrir le fichier"

#, fuzzy
msgid "Close"
msgstr "Ouvrir"

msgid "Not yet"
msgstr ""

msgid "%d file\n"
msgid_plural "%d files"
msgstr[0] "%d fichier\n"
msgstr[1] "%d fichiers"

#~ msgid "Old"
#~ msgstr "Vieux"
"""


def test_po_has_what_is_translated(tmp_path):
    found = pairs(write(tmp_path / "m.po", PO), "", "")
    assert found == [
        ("Open file", "Ouvrir le fichier", 5),
        ("Not yet", "", 12),
        ("%d file\n", "%d fichier\n", 15),
        ("%d files", "%d fichiers", 15),
    ]


HEADER = 'msgid ""\nmsgstr ""\n\n'


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        (
            'msgid "un\u2028deux\rtrois"\n# \x85\nmsgstr "x\x85"\nmsgid "b"\nmsgstr "c"\n',
            [("un\u2028deux\rtrois", "x\x85", 4), ("b", "c", 7)],
        ),
        ('msgid "a"\nmsgstr "b"\n\nmsgid "c"\nmsgstr "d"\n#:', [("a", "b", 4), ("c", "d", 7)]),
        ('#,fuzzy\nmsgid "a"\nmsgstr "b"\n', []),
        ('#, c-format\n#. said so\nmsgid "a"\nmsgstr "b"\n', [("a", "b", 6)]),
    ],
)
def test_po_lines_and_comments(tmp_path, entries, found):
    assert pairs(write(tmp_path / "m.po", HEADER + entries), "", "") == found


def test_po_without_a_header_counts_from_its_first_line(tmp_path):
    text = '\n# a\nmsgid "Oui"\nmsgstr ""\n\nmsgid "Non"\nmsgstr "No"\n'
    assert pairs(write(tmp_path / "m.po", text), "", "") == [("Oui", "", 3), ("Non", "No", 6)]


def test_po_that_is_the_name_of_a_file_is_no_po(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "other.po", PO)
    with pytest.raises(DataError, match="line 1 is neither"):
        pairs(write(tmp_path / "m.po", "other.po"), "", "")


@pytest.mark.parametrize("line", ['msgid "Bonjour', "msgid Oui", 'msgid "Bon\0jour"', 'msgid "a" "b"'])
def test_po_strings_must_be_whole(tmp_path, line):
    with pytest.raises(DataError, match=r"m\.po is not a gettext PO file: line 4"):
        pairs(write(tmp_path / "m.po", f'{HEADER}{line}\nmsgstr "x"\n'), "", "")


def test_tmx_in_other_encodings(tmp_path):
    text = '<?xml version="1.0" encoding="{}"?>\n<tmx><body><tu><tuv xml:lang="en"><seg>a</seg></tuv>'
    text += '<tuv xml:lang="ja"><seg>\u7d75</seg></tuv></tu></body></tmx>'
    path = write(tmp_path / "m.tmx", text.format("Shift_JIS").encode("shift_jis"))
    assert pairs(path, "en", "ja") == [("a", "\u7d75", 2)]
    with pytest.raises(DataError, match=r"m\.tmx, line 1.*klingon"):
        pairs(write(path, text.format("klingon")), "en", "ja")


def test_po_faults(tmp_path):
    with pytest.raises(DataError, match="not a gettext PO file"):
        pairs(write(tmp_path / "m.po", 'msgid "a"\nmsgxtr "b"\n'))
    with pytest.raises(DataError, match=r"l\.po, line 2: byte 13 .0xe9. is not valid UTF-8"):
        pairs(write(tmp_path / "l.po", b'msgid "a"\n#  \xe9'))


def test_jsonl_with_and_without_the_outer_key(tmp_path):
    lines = ['{"translation": {"en": "a\\u2028b", "fr": "é"}}', "", '{"fr": "d", "en": "c", "id": 7}']
    path = write(tmp_path / "c.jsonl", "\n".join(lines))
    assert pairs(path) == [("a\u2028b", "é", 1), ("", "", 2), ("c", "d", 3)]
    packed = write(tmp_path / "c.jsonl.zst", zstd.compress(path.read_bytes()))
    assert pairs(packed) == pairs(path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"translation": {"en": "a"}}', 'line 2: it does not hold {"translation"'),
        ('{"en": 1, "fr": "b"}', "line 2: it does not hold"),
        ("[1, 2]", "line 2: it does not hold"),
        ('{"en": "a", ', "line 2: it is not a JSON object"),
        ('{"en": "\\ud83d", "fr": "b"}', "line 2: it is not a JSON object of text"),
        (
            '{"en": "a", "fr": "b", "en": "c"}',
            "line 2: it is not a JSON object of text .'en' appears in it twice",
        ),
    ],
)
def test_jsonl_faults_are_named_by_line(tmp_path, line, message):
    good = json.dumps({"en": "a", "fr": "b"})
    with pytest.raises(DataError, match=message):
        pairs(write(tmp_path / "c.jsonl", f"{good}\n{line}\n"))


def test_a_blank_line_of_jsonl_keeps_the_place_of_the_others_in_a_file_of_alignments(tmp_path):
    path = write(tmp_path / "c.jsonl", '{"en": "a", "fr": "b"}\n\n{"en": "c d", "fr": "e"}\n')
    links = write(tmp_path / "links", "0-0\n\n1-0\n")
    corpus = CorpusConfig(source=str(path), source_lang="en", target_lang="fr", alignments=str(links))
    assert [(pair.src, pair.line, pair.links) for pair in read_pairs(corpus)] == [
        ("a", 1, ((0, 0),)),
        ("", 2, ()),
        ("c d", 3, ((1, 0),)),
    ]


@pytest.mark.parametrize("name", ["c.jsonl", "c.tmx"])
def test_several_languages_need_to_be_named(tmp_path, name):
    with pytest.raises(ConfigError, match="say which by source_lang and target_lang"):
        pairs(write(tmp_path / name, "{}"), "", "fr")


def test_a_cut_archive_is_said(tmp_path):
    data = zstd.compress(b"a\tb\n" * 100_000)
    with pytest.raises(DataError, match=r"cannot read .*\.zst to its end"):
        pairs(write(tmp_path / "c.tsv.zst", data[: len(data) // 2]))


def test_po_may_begin_with_a_byte_order_mark(tmp_path):
    assert pairs(write(tmp_path / "m.po", f"\ufeff{PO}".encode()), "", "") == pairs(
        write(tmp_path / "n.po", PO), "", ""
    )
    assert pairs(write(tmp_path / "o.po", '\ufeffmsgid "a"\nmsgstr "b"\n'), "", "") == [("a", "b", 1)]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"\101\x42C", "ABC"),
        (r"caf\303\251", "café"),
        (r"caf\xc3\xa9 \xe2\x82\xac", "café €"),
        (r"say \042hi\042", 'say "hi"'),
        (r"back\134n", "back\\n"),
        (r"a\\101", "a\\101"),
        (r"a\\\101", "a\\A"),
        (r"one\012two\11three", "one\ntwo\tthree"),
        (r"bell\a \b\v\f.", "bell\a \b\v\f."),
        (r"\x41g", "Ag"),
        (r"\0601", "01"),
    ],
)
def test_po_escapes(tmp_path, written, meant):
    assert pairs(write(tmp_path / "m.po", f'msgid "{written}"\nmsgstr "x{written}"\n'), "", "") == [
        (meant, f"x{meant}", 1)
    ]


def test_po_escapes_that_are_no_text(tmp_path):
    with pytest.raises(
        DataError, match=r"m\.po, line 2: its escapes stand for bytes that are not valid UTF-8"
    ):
        pairs(write(tmp_path / "m.po", 'msgid "a"\nmsgstr "\\351"\n'), "", "")


UNITS = (
    '<tmx><body>{}\n<tu><tuv xml:lang="en-GB"><seg>one</seg></tuv>'
    '<tuv xml:lang="fr-FR"><seg>un</seg></tuv></tu></body></tmx>'
)
BAD_UNIT = (
    '\n<tu><tuv xml:lang="en-GB"><seg>t{}wo</seg></tuv><tuv xml:lang="fr-FR"><seg>deux</seg></tuv></tu>'
)


@pytest.mark.parametrize(
    "bad",
    [
        "&#x1F;",
        "&#31;",
        "&#0;",
        "&#xD800;",
        "&#xFFFE;",
        "&#1114112;",
        "\x1f",
        "\0",
        "<![CDATA[\x01]]>",
        "<ph>\x02</ph>\x02",
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_character_that_xml_does_not_allow_costs_its_unit_only(tmp_path, bad, packed):
    place = UNITS.format(BAD_UNIT).index("{}")
    for cut in range(1, 10):  # where what is read at a time ends
        text = UNITS.format(" " * ((1 << 15) - place - cut) + BAD_UNIT.format(bad))
        path = write(
            tmp_path / ("m.tmx.gz" if packed else "m.tmx"),
            gzip.compress(text.encode(), 1) if packed else text,
        )
        corpus = CorpusConfig(source=str(path), source_lang="en", target_lang="fr")
        found = [(pair.src, pair.tgt, pair.line, bool(pair.fault)) for pair in read_pairs(corpus)]
        assert found[1] == ("one", "un", 3, False)
        assert found[0][1:] == ("deux", 2, True)


def test_references_that_xml_allows_stay(tmp_path):
    path = write(tmp_path / "m.tmx", UNITS.format(BAD_UNIT.format("&#9;&#233;&#x1F600;&amp;&lt;&#xE58B;")))
    assert pairs(path)[0][0] == "t\t\u00e9\U0001f600&<\ue58bwo"


def test_languages_that_a_memory_does_not_have(tmp_path):
    path = write(tmp_path / "m.tmx", UNITS.format(BAD_UNIT.format("")))
    for wanted in (("es", "fr"), ("en", "es"), ("en-US", "fr")):
        with pytest.raises(
            ConfigError, match=r"m\.tmx has no text in 'e.*'; its languages are en-GB, fr-FR: give one"
        ):
            pairs(path, *wanted)
    two = '<tmx><body><tu><tuv xml:lang="en"><seg>a</seg></tuv>{}</tu></body></tmx>'
    chinese = "".join(f'<tuv xml:lang="zh-{code}"><seg>{code}</seg></tuv>' for code in ("Hans", "TW"))
    path = write(tmp_path / "m.tmx", two.format(chinese))
    with pytest.raises(ConfigError, match=r"'zh' in several scripts, zh-Hans and zh-TW; give one"):
        pairs(path, "en", "zh")
    assert [pairs(path, "en", code)[0][1] for code in ("zh-CN", "zh_Hant")] == ["Hans", "TW"]


@pytest.mark.parametrize("code", ["en", "EN", "eng", "en-US", "en_US"])
@pytest.mark.parametrize("written", ["en", "EN", "eng", "en-US", "en_us"])
def test_a_language_is_found_however_it_is_written(tmp_path, code, written):
    memory = UNITS.format("").replace("en-GB", written)
    assert pairs(write(tmp_path / "m.tmx", memory), code, "fra") == [("one", "un", 2)]
    assert pairs(write(tmp_path / "m.JSONL", json.dumps({written: "one", "fr": "un"})), code, "FR") == [
        ("one", "un", 1)
    ]


def test_null_is_an_empty_side(tmp_path):
    lines = ['{"en": "a", "fr": null}', '{"translation": {"en": null, "fr": "b"}}', '{"en": "c", "fr": "d"}']
    path = write(tmp_path / "c.jsonl", "\n".join(lines))
    assert pairs(path) == [("a", "", 1), ("", "b", 2), ("c", "d", 3)]
    with pytest.raises(DataError, match=r"line 1: it does not hold .* but en, fr; fix"):
        pairs(path, "en", "de")
    with pytest.raises(DataError, match=r"but en, zh-Hans, zh-Hant; fix"):
        pairs(write(path, '{"en": "a", "zh-Hans": "b", "zh-Hant": "c"}'), "en", "zh")
