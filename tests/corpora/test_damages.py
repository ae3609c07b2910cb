"""Every reader and every damage: the text is read right, or one line names file and place; no pair is lost unseen."""

import bz2
import gzip
import json
import lzma
import re

import pytest
from backports import zstd

from clearhead.config import CorpusConfig, DataConfig, RunConfig, TokenizerConfig
from clearhead.corpora.corpus import read_pairs
from clearhead.errors import ClearheadError
from clearhead.run.prepare import prepare_store

PAIRS = [(f"Der Wagen Nummer {n} fährt.", f"La voiture numéro {n} démarre.") for n in range(20)]
BAD = 11
"""The pair that is damaged."""


def plain(pairs):
    return "".join(f"{src}\n" for src, _ in pairs)


def tsv(pairs):
    return "".join(f"{src}\t{tgt}\n" for src, tgt in pairs)


def table(pairs):
    return "".join(f"{n}.5\t{src}\t{tgt}\n" for n, (src, tgt) in enumerate(pairs))


def jsonl(pairs):
    return "".join(json.dumps({"de": src, "fr": tgt}, ensure_ascii=False) + "\n" for src, tgt in pairs)


def tmx(pairs):
    unit = '<tu><tuv xml:lang="de"><seg>{}</seg></tuv><tuv xml:lang="fr"><seg>{}</seg></tuv></tu>\n'
    units = "".join(unit.format(*pair) for pair in pairs)
    return f'<?xml version="1.0"?>\n<tmx version="1.4"><body>\n{units}</body></tmx>\n'


def po(pairs):
    return 'msgid ""\nmsgstr ""\n\n' + "".join(f'msgid "{src}"\nmsgstr "{tgt}"\n\n' for src, tgt in pairs)


FORMS = {"a.de": plain, "a.tsv": tsv, "b.tsv": table, "a.jsonl": jsonl, "a.tmx": tmx, "a.po": po}
PACKED = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress, ".bz2": bz2.compress, ".zst": zstd.compress}
WORD = "Wagen Nummer 11"


def put(text):
    return lambda data: data.replace(WORD.encode(), WORD.encode()[:3] + text + WORD.encode()[3:])


TEXT_DAMAGES = {
    "none": lambda data: data,
    "bad byte": put(b"\xff"),
    "Latin-1 letter": put(b"\xe9"),
    "NUL": put(b"\0"),
    "C1": put("\x92".encode()),
    "control character": put(b"\x1f"),
    "escape": put(b"\x1b"),
    "lone carriage return": put(b"\r"),
    "line separator": put("\u2028".encode()),
    "BOM": lambda data: b"\xef\xbb\xbf" + data,
    "CRLF": lambda data: data.replace(b"\n", b"\r\n"),
    "cut": lambda data: data[: data.index(WORD.encode()) + 3],
    "garbage after": lambda data: data + b"garbage",
    "bytes after": lambda data: data + b"\xfe\xff\x00\x80",
    "empty": lambda data: b"",
    "blank lines": lambda data: b"\n" * 20,
    "UTF-16": lambda data: data.decode().encode("utf-16"),
    "UTF-16LE": lambda data: data.decode().encode("utf-16-le"),
    "UTF-16BE": lambda data: data.decode().encode("utf-16-be"),
    "UTF-32": lambda data: data.decode().encode("utf-32"),
    "gzip": gzip.compress,
    "zip": lambda data: b"PK\x03\x04" + bytes(26) + b"a.txt" + data,
}
KEPT = {
    "C1": "\x92",
    "control character": "\x1f",
    "escape": "\x1b",
    "lone carriage return": "\r",
    "line separator": "\u2028",
}
"""Damages that are text, to be read as it stands."""
FILE_DAMAGES = {
    "cut": lambda data: data[:-5],
    "cut early": lambda data: data[:9],
    "garbage after": lambda data: data + b"garbage",
    "another after": lambda data: data + b"\x1f\x8b\x08",
    "empty": lambda data: b"",
    "not packed": lambda data: b"text\n" * 20,
}


def read(folder, name, data):
    path = folder / name
    path.write_bytes(data)
    target = ""
    if name.startswith("a.de"):
        target = str(folder / "a.fr")
        (folder / "a.fr").write_text("".join(f"{tgt}\n" for _, tgt in PAIRS))
    return CorpusConfig(source=str(path), target=target, source_lang="de", target_lang="fr")


def check(corpus, damage, expected, whole=("none", "BOM", "CRLF")):
    """Hold what is read to what should be, or the error to one line with the file and the place."""
    try:
        pairs = list(read_pairs(corpus))
    except ClearheadError as error:
        message = str(error)
        assert "\n" not in message
        assert corpus.source in message
        assert re.search(
            r"line \d|byte \d|to its end| is text in | is packed | is a zip| has \d+ lines|no text in",
            message,
        ), message
        assert damage not in whole
        return None
    if damage in ("empty", "blank lines"):
        assert all(not pair.src for pair in pairs)
    elif "b.tsv" in corpus.source and damage in ("cut", "garbage after"):  # a row that has not all columns
        assert [bool(pair.fault) for pair in pairs] == [False] * (len(pairs) - 1) + [True]
    else:
        assert len(pairs) == len(expected)
        assert [pair[:2] for pair in pairs if not pair.fault] == [
            pair for pair, read in zip(expected, pairs, strict=True) if not read.fault
        ]
        assert [n for n, pair in enumerate(pairs) if pair.fault] in ([], [BAD])
    return pairs


@pytest.mark.parametrize("damage", TEXT_DAMAGES)
@pytest.mark.parametrize("form", FORMS)
def test_damaged_text(tmp_path, form, damage):
    for packing in ("", ".gz", ".XZ"):
        data = TEXT_DAMAGES[damage](FORMS[form](PAIRS).encode())
        corpus = read(tmp_path, form + packing, PACKED[packing.lower()](data))
        expected = list(PAIRS)
        if damage in KEPT:
            src, tgt = expected[BAD]
            kept = (
                "\n" if form == "a.tmx" and damage == "lone carriage return" else KEPT[damage]
            )  # XML has it so
            expected[BAD] = src.replace("Wagen", f"Wag{kept}en"), tgt
        check(corpus, damage, expected)


@pytest.mark.parametrize("damage", FILE_DAMAGES)
@pytest.mark.parametrize("packing", [packing for packing in PACKED if packing])
def test_damaged_packing(tmp_path, packing, damage):
    for form in FORMS:
        data = FILE_DAMAGES[damage](PACKED[packing](FORMS[form](PAIRS).encode()))
        corpus = read(tmp_path, form + packing, data)
        pairs = check(corpus, damage, PAIRS)
        assert pairs is None or (damage == "empty" and packing == ".gz" and not pairs)


@pytest.mark.parametrize("damage", ["empty", "blank lines"])
@pytest.mark.parametrize("form", FORMS)
def test_a_corpus_without_text_is_refused(tmp_path, form, damage):
    corpus = read(tmp_path, form, TEXT_DAMAGES[damage](b""))
    valid = read(tmp_path, "v.tsv", tsv(PAIRS).encode())
    data = DataConfig(corpora=(corpus,), validation=(valid,), store=str(tmp_path / "store"))
    with pytest.raises(ClearheadError) as raised:
        list(prepare_store(RunConfig(data=data, tokenizer=TokenizerConfig(vocab_size=400))))
    assert "\n" not in str(raised.value)
    assert form in str(raised.value)
