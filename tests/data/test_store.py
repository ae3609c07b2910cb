"""Prepared text: complete, the same bytes each time, true to its files, and honest about what was left out."""

import base64
import gzip
import json
import lzma
import pickle
import random
from pathlib import Path
from typing import Any

import pytest

from clearhead.config import CorpusConfig, FilterConfig, TokenizerConfig
from clearhead.corpora.corpus import read_pairs
from clearhead.corpora.pair import Pair
from clearhead.data import store as store_module
from clearhead.data.faults import REMEDIES
from clearhead.data.held_out import HeldOut
from clearhead.data.preparation import CorpusText, prepare
from clearhead.data.sources import check_sources, file_sum, record
from clearhead.data.store import Store, settings
from clearhead.errors import ConfigError, DataError
from clearhead.text.normalize import normalize

TOKENIZER = TokenizerConfig(vocab_size=400)


def make(path, *texts, filters=None, max_tokens=40, held_out=None, tokenizer=TOKENIZER, **more):
    steps = prepare(
        path,
        texts,
        tokenizer=tokenizer,
        filters=filters or FilterConfig(),
        max_tokens=max_tokens,
        held_out=held_out or HeldOut(),
        **more,
    )
    assert [step.stage for step in steps][-1] == "encoding"
    return Store(path)


def text(*pairs, **config):
    return CorpusText(
        CorpusConfig(**config), [Pair(src, tgt, "f", n) for n, (src, tgt) in enumerate(pairs, 1)]
    )


PAIRS = [
    ("the ball is blue", "la balle est bleue"),
    ("a cat", "un chat"),
    ("", "vide"),
    ("the cat", "le chat"),
]


def test_a_store_holds_every_pair_in_order(tmp_path):
    store = make(tmp_path / "s", text(*PAIRS))
    assert [store.text(n) for n in range(len(store))] == [PAIRS[0], PAIRS[1], PAIRS[3]]
    for number in range(len(store)):
        src, tgt = store.corpus.ids(number)
        assert (store.tokenizer.decode(src), store.tokenizer.decode(tgt)) == store.text(number)
    (report,) = store.report
    assert (report["pairs_read"], report["pairs_kept"]) == (4, 3)
    entry = report["faults"]["empty side"]
    assert entry["count"] == 1
    assert entry["left_out"]
    assert entry["samples"] == [{"file": "f", "line": 3, "src": "", "tgt": "vide"}]
    assert store.corpus.src.dtype.itemsize == 2


def test_text_is_normalised(tmp_path):
    store = make(tmp_path / "s", text(("e\u0301te\u0301 \u00a0 x", "a\u200bb")))
    assert store.text(0) == ("été x", "ab")


def test_preparing_twice_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        make(tmp_path / name, text(*PAIRS * 50), filters=FilterConfig(drop_duplicates=True))
    one, two = ({f.name: f.read_bytes() for f in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two
    assert set(one) >= {"manifest.json", "report.json", "tokenizer.model", "src.ids", "tgt.text", "lines"}


def test_filters_leave_out_what_they_say(tmp_path):
    pairs = [
        *PAIRS,
        PAIRS[1],
        ("same", "same"),
        ("x" * 300, "y"),
        ("кот", "le chat noir"),
        ("valid", "valide"),
    ]
    everything = make(tmp_path / "all", text(*pairs, source_lang="en", target_lang="fr"), max_tokens=900)
    assert len(everything) == 8
    filters = FilterConfig(
        drop_duplicates=True, drop_identical=True, drop_ratio=True, drop_script=True, drop_overlap=True
    )
    store = make(
        tmp_path / "some",
        text(*pairs, source_lang="en", target_lang="fr"),
        filters=filters,
        max_tokens=900,
        held_out=HeldOut.of([("valid", "autre")]),
    )
    assert [store.text(n)[0] for n in range(len(store))] == ["the ball is blue", "a cat", "the cat"]
    counts = {fault: (e["count"], e["left_out"]) for fault, e in store.report[0]["faults"].items()}
    assert counts == {
        "empty side": (1, True),
        "identical sides": (1, True),
        "ratio outlier": (1, True),
        "wrong script": (1, True),
        "sentence of the validation set": (1, True),
        "duplicate": (1, True),
    }


def test_long_pairs_are_left_out_and_counted(tmp_path):
    store = make(tmp_path / "s", text(*PAIRS, ("word " * 60, "mot")), max_tokens=20)
    assert len(store) == 3
    assert store.report[0]["faults"]["too long"]["count"] == 1


def test_both_directions_and_tags(tmp_path):
    one = text(*PAIRS, source_lang="en", target_lang="fr", both_directions=True)
    other = text(("a dog", "ein Hund"), source_lang="en", target_lang="de")
    store = make(tmp_path / "s", one, other)
    ways = [(part.corpus, part.source_lang, part.target_lang, part.size) for part in store.parts]
    assert ways == [(0, "en", "fr", 3), (0, "fr", "en", 3), (1, "en", "de", 1)]
    assert store.tokenizer.languages == ("de", "en", "fr")
    assert store.text(3) == PAIRS[0][::-1]
    for number, tag in ((0, "fr"), (3, "en"), (6, "de")):
        assert store.corpus.ids(number)[0][0] == store.tokenizer.tag(tag)
        assert store.part_of(number).tag == tag
    assert [report["pairs_kept"] for report in store.report] == [3, 1]


def test_the_same_words_count_once_a_direction(tmp_path):
    texts = [
        text(("Bravo", "Bravo"), ("a b", "c"), target_lang=lang, source_lang="en") for lang in ("fr", "de")
    ]
    store = make(tmp_path / "s", *texts, filters=FilterConfig(drop_duplicates=True))
    assert [part.size for part in store.parts] == [2, 2]


def test_a_tokenizer_without_the_tags_is_refused(tmp_path):
    tokenizer = make(tmp_path / "s", text(*PAIRS, target_lang="fr")).tokenizer
    two = text(*PAIRS, source_lang="en", target_lang="fr", both_directions=True)
    with pytest.raises(ConfigError, match="no tag for the target languages en, fr"):
        make(tmp_path / "t", two, tokenizer=tokenizer)


def test_one_target_needs_no_tag_and_some_without_a_name_are_refused(tmp_path):
    store = make(tmp_path / "s", text(*PAIRS, target_lang="fr"))
    assert store.tokenizer.languages == ()
    with pytest.raises(ConfigError, match="give target_lang for every one"):
        make(tmp_path / "t", text(*PAIRS, target_lang="fr"), text(*PAIRS))
    assert not (tmp_path / "t").exists()


@pytest.mark.parametrize("pairs", [[], [("", "a"), ("b", " ")]])
def test_an_empty_corpus_is_refused_and_leaves_nothing(tmp_path, pairs):
    with pytest.raises(DataError, match="empty corpus"):
        make(tmp_path / "s", text(*pairs))
    assert list(tmp_path.iterdir()) == []


def test_a_corpus_of_long_pairs_only(tmp_path):
    with pytest.raises(DataError, match=r"longer than data\.max_tokens = 2"):
        make(tmp_path / "s", text(*PAIRS[:2]), max_tokens=2)


def test_another_text_or_setting_is_refused_by_name(tmp_path):
    source, target = tmp_path / "a.en", tmp_path / "a.fr"
    source.write_text("the cat\na dog\n")
    target.write_text("le chat\nun chien\n")
    config = CorpusConfig(source=str(source), target=str(target))
    files = [str(source), str(target)]
    store = make(tmp_path / "s", CorpusText(config, read_pairs(config)), sources=files)
    same = settings([config], FilterConfig(), TOKENIZER, 40)
    store.check(same, files)
    other = settings([config], FilterConfig(drop_ratio=True), TOKENIZER, 41)
    with pytest.raises(
        ConfigError, match=r"filters\.drop_ratio was False, is True; max_tokens was 40, is 41"
    ):
        store.check(other, files)
    target.write_text("le chat\nun chien \n")
    with pytest.raises(ConfigError, match=r"a\.fr is not, or no longer, the text"):
        store.check(same, files)


def test_a_store_serves_whoever_brings_the_tokenizer_it_was_made_with(tmp_path):
    store = make(tmp_path / "learned", text(*PAIRS))
    configs = [CorpusConfig()]
    store.check(settings(configs, FilterConfig(), store.tokenizer, 40), ())
    other = make(tmp_path / "other", text(("an owl", "un hibou"))).tokenizer
    with pytest.raises(ConfigError, match="tokenizer was"):
        store.check(settings(configs, FilterConfig(), other, 40), ())
    given = make(tmp_path / "given", text(*PAIRS), tokenizer=store.tokenizer)
    with pytest.raises(ConfigError, match=r"tokenizer\.vocab_size"):
        given.check(settings(configs, FilterConfig(), TOKENIZER, 40), ())


def read_or_fault(read) -> tuple[Any, str]:
    try:
        return read(), ""
    except DataError as error:
        return None, str(error)


MANIFEST_KEYS = [
    "format_version",
    "settings",
    "sources",
    "pairs",
    "parts",
    "id_type",
    "sha256",
    "bytes",
    "tokens",
]


def earlier(path: Path, **changed) -> Path:
    """Make a store one of the first releases, whose manifest had no sum of its own, the report's or the tokenizer's."""
    file = path / "manifest.json"
    manifest = json.loads(file.read_text())
    del manifest["sum"]
    for sums in (manifest["sha256"], manifest["bytes"]):
        del sums["report.json"], sums["tokenizer.model"]
    file.write_text(json.dumps(manifest | changed))
    return path


@pytest.mark.parametrize("key", MANIFEST_KEYS)
@pytest.mark.parametrize("value", [None, [], {}, "7", -1, True, [{}], [[]], {"src.ids": "x"}, {"../x": 1}])
def test_a_manifest_of_any_kind_is_refused_or_makes_no_difference(tmp_path, key, value):
    path = earlier(make(tmp_path / "s", text(*PAIRS)).path, **{key: value})
    found, fault = read_or_fault(lambda: Store(path).text(0))
    if fault:
        assert "s is damaged (manifest.json: " in fault or "by another release" in fault
        assert fault.endswith("; remove it and prepare again")
    else:
        assert found == PAIRS[0]


@pytest.mark.parametrize("key", MANIFEST_KEYS)
def test_a_manifest_must_be_whole(tmp_path, key):
    path = earlier(make(tmp_path / "s", text(*PAIRS)).path)
    manifest = json.loads((path / "manifest.json").read_text())
    del manifest[key]
    (path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DataError, match=f"s is damaged .*{key}"):
        Store(path)


@pytest.mark.parametrize("report", ["[{", "{}x", "7", "[7]", "[{}]", '[{"name": 3}]', "[" * 100_000])
def test_a_report_of_an_earlier_release_that_is_damaged(tmp_path, report):
    path = earlier(make(tmp_path / "s", text(*PAIRS)).path)
    assert Store(path).report[0]["pairs_read"] == 4
    (path / "report.json").write_text(report)
    with pytest.raises(DataError, match=r"s is damaged \(report\.json: .*\); remove it and prepare again"):
        _ = Store(path).report


def test_an_earlier_store_is_the_same_text_to_a_run(tmp_path):
    store = make(tmp_path / "s", text(*PAIRS))
    same = make(tmp_path / "t", text(*PAIRS))
    assert Store(earlier(same.path)).fingerprint == store.fingerprint


def test_a_store_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="does not hold prepared text"):
        Store(tmp_path / "none")


def all_of(path: Path) -> tuple[object, ...]:
    """Return everything that a run takes from a store."""
    store = Store(path)
    pairs = [(store.text(n), store.corpus.ids(n)) for n in range(len(store))]
    links = [store.corpus.links_of(n).tolist() for n in range(len(store))] if store.has_links else []
    known = [store.tokenizer.decode(ids) for _, sides in pairs for ids in sides]
    return pairs, links, known, store.report, store.parts, store.fingerprint, store.validation


def damages(data: bytes, draws: random.Random):
    """Yield a file as it may be found: a bit flipped in eight places, cut, empty, another of the same length, gone."""
    for _ in range(8):
        place = draws.randrange(len(data))
        yield data[:place] + bytes([data[place] ^ 1 << draws.randrange(8)]) + data[place + 1 :]
    yield data[: draws.randrange(len(data))]
    yield b""
    yield data[::-1]
    yield b" " * len(data)
    yield None


def linked_store(path: Path) -> Store:
    pairs = [Pair(src, tgt, "f", n, ((0, 0),)) for n, (src, tgt) in enumerate(PAIRS, 1)]
    languages = {"source_lang": "en", "target_lang": "fr", "both_directions": True}
    kept = iter([{"src": "a", "tgt": "b", "part": "x"}, {"src": "c", "tgt": "d", "part": "x"}])
    return make(path, CorpusText(CorpusConfig(alignments="f", **languages), pairs), validation=kept)


@pytest.fixture(scope="module")
def whole_store(tmp_path_factory):
    path = linked_store(tmp_path_factory.mktemp("whole") / "s").path
    return path, all_of(path)


FILES = [
    "manifest.json", "report.json", "tokenizer.model", "lines", "links", "links_offsets", "validation.jsonl",
    *(f"{side}.{column}" for side in ("src", "tgt") for column in ("text", "text_offsets", "ids", "ids_offsets")),
]  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_damage_to_any_file_is_told_in_one_line_or_harms_nothing(whole_store, name):
    path, whole = whole_store
    assert {file.name for file in path.iterdir()} == set(FILES)
    file, told = path / name, 0
    data = file.read_bytes()
    for content in damages(data, random.Random(name)):
        file.unlink(missing_ok=True)
        if content is not None:
            file.write_bytes(content)
        found, fault = read_or_fault(lambda: all_of(path))
        file.write_bytes(data)
        if fault:
            told += 1
            assert fault.count("\n") == 0
            assert str(path) in fault
            assert "prepare again" in fault or "give a folder" in fault
        else:
            assert found == whole, "other text without a word"
    assert told >= (3 if name == "lines" else 12), "nobody reads the line numbers"


def test_files_are_held_against_their_sums_once_and_by_one_process(whole_store, monkeypatch):
    """Loader processes trust the one that starts them, which looks at all files before."""
    path, whole = whole_store
    summed: list[str] = []
    monkeypatch.setattr(store_module, "file_sum", lambda file: summed.append(file.name) or file_sum(file))
    store = Store(path)
    store.check_files()
    assert sorted(summed) == sorted(set(FILES) - {"manifest.json"})
    assert all_of(path) == whole
    summed.clear()
    store.check_files()
    for trusting in (pickle.loads(pickle.dumps(store)), Store(path, trusted=True)):
        assert trusting.text(0) == store.text(0)
        assert trusting.corpus.ids(0) == store.corpus.ids(0)
    assert summed == []


def mutate(data: bytes, draws: random.Random) -> bytes:
    """Do to a file what happens to files: cut, join, insert, re-encode, flip."""
    lines = data.split(b"\n")
    place = draws.randrange(len(lines) - 1)
    match draws.randrange(8):
        case 0:
            del lines[place]
        case 1:
            lines[place : place + 2] = [lines[place] + lines[place + 1]]
        case 2:
            lines.insert(place, lines[place])
        case 3:
            lines[place] = lines[place].decode().encode("latin-1", errors="replace")
        case 4:
            return data[: draws.randrange(len(data))]
        case 5:
            place = draws.randrange(len(data))
            return data[:place] + bytes([data[place] ^ (1 << draws.randrange(8))]) + data[place + 1 :]
        case 6:
            lines[place] += draws.choice([b"\r", "\u2028".encode(), "\x85".encode(), b"\x0c", b"\0"]) + b"x"
        case 7:
            return data.replace(b"\n", b"\r\n")
    return b"\n".join(lines)


@pytest.mark.parametrize("seed", range(100))
def test_a_mutated_file_never_shifts_the_alignment_silently(tmp_path, seed):
    """Either the fault is named, or every pair still stands on the line it says, with its own translation."""
    draws = random.Random(seed)
    numbers = list(range(40))
    originals = (
        [f"numéro {n} à lire".encode() for n in numbers],
        [f"number {n} to read".encode() for n in numbers],
    )
    paths = tmp_path / "a.fr", tmp_path / "a.en"
    for path, lines in zip(paths, originals, strict=True):
        path.write_bytes(b"\n".join(lines) + b"\n")
    victim = draws.choice(paths)
    before = victim.read_bytes()
    victim.write_bytes(mutate(before, draws))
    config = CorpusConfig(source=str(paths[0]), target=str(paths[1]))
    found, fault = read_or_fault(lambda: list(read_pairs(config)))
    if fault:
        assert "a.fr" in fault or "a.en" in fault
        return
    assert len(found) == 40, "lines were gained or lost without a word"
    untouched = [
        n for n in numbers if f" {n} " in found[n].src and f" {n} " in found[n].tgt and found[n].line == n + 1
    ]
    assert len(untouched) >= 39, "more than the one damaged line changed its partner"


def test_normal_form_is_what_is_stored(tmp_path):
    """What the store gives back is what the tokenizer would make of the file."""
    rows = [("Ça  va\u00a0?", "How\tare you?"), ("👩\u200d👧 ok", "\u2581<2fr>")]
    store = make(tmp_path / "s", text(*rows))
    for number, (src, tgt) in enumerate(rows):
        assert store.text(number) == (normalize(src), normalize(tgt))
        assert store.corpus.ids(number)[0] == store.tokenizer.encode(src)
    assert Path(store.path / "lines").stat().st_size == 16


def test_validation_pairs_are_kept_beside_and_are_nothing_that_is_learned(tmp_path):
    rows = [{"src": "a\u2028b", "tgt": "c", "part": "x"}, {"src": "", "tgt": "\u00e9"}]
    whole, part = (
        make(tmp_path / str(len(kept)), text(*PAIRS), validation=iter(kept)) for kept in (rows, rows[:1])
    )
    assert (whole.validation, part.validation) == (rows, rows[:1])
    assert whole.fingerprint == part.fingerprint
    del whole.manifest["bytes"]["validation.jsonl"]
    assert whole.validation is None, "a store of an earlier release has none"


@pytest.mark.parametrize("suffix", ["", ".gz", ".xz"])
def test_a_file_is_the_same_packed_or_not_and_no_other_is(tmp_path, suffix):
    packed = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress}
    first = tmp_path / f"a{suffix}"
    first.write_bytes(packed[suffix](b"the cat\n"))
    records = [record(str(first))]
    for other, pack in packed.items():
        file = tmp_path / f"b{other}"
        file.write_bytes(pack(b"the cat\n"))
        check_sources(tmp_path, [str(file)], records, "or else")
        file.write_bytes(pack(b"the cats\n"))
        with pytest.raises(ConfigError, match=r"or no longer, the text .* or else"):
            check_sources(tmp_path, [str(file)], records, "or else")
        file.write_bytes(pack(b"the cat\n" * 99)[:-3])  # cut off
        with pytest.raises(ConfigError, match="or no longer, the text"):
            check_sources(tmp_path, [str(file)], records, "or else")
        file.unlink()
        check_sources(tmp_path, [str(file)], records, "or else")
    with pytest.raises(ConfigError, match="was prepared from 1 files"):
        check_sources(tmp_path, [], records, "or else")


def natural(seed, count=300):
    draws = random.Random(seed)
    parts = ["bal", "kat", "hus", "rood", "blau", "lopen", "oud", "met", "de", "een"]
    stems = [first + last for first in parts for last in parts]
    return [
        tuple(" ".join(draws.choice(stems) for _ in range(draws.randint(3, 9))) for _ in range(2))
        for _ in range(count)
    ]


def base64_text(seed, size):
    return base64.b64encode(random.Random(seed).randbytes(size)).decode()


HELD = ("gehouden zin qqq", "held out wwww")
JUNK = {
    "empty side": [("", "xyzzy plugh xyzzy plugh"), ("xyzzy plugh xyzzy", " ")],
    "ratio outlier": [("xyzzy plugh " * 30, "plu")],
    "wrong script": [("xyzzy plugh", "совсем другой язык совсем другой")],
    "identical sides": [("xyzzy plugh frotz", "xyzzy plugh frotz")],
    "duplicate": [],
    "pair of the validation set": [HELD],
    "sentence of the validation set": [(HELD[0], "xyzzy frotz xyzzy frotz")],
    "too long": [
        (base64_text(1, 3000), base64_text(2, 3000)),
        (base64_text(3, 70), base64_text(4, 70)),
        (f"see {base64_text(5, 60)} there", f"zie {base64_text(6, 60)} daar"),
        ("xyzzy frotz " * 50, "plugh xyzzy " * 50),
        ("y" * 300_000, "z" * 300_000),
        ("x y z " * 30, "z y x " * 30),
        ("字" * 70, "句" * 70),
    ],
    "line of more than 1,000,000 bytes": [("xyzzy frotz", "xyzzy frotz")],
}


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
@pytest.mark.parametrize("sample", [100_000, 90])
def test_what_is_left_out_does_not_shape_the_vocabulary(tmp_path, kind, sample):
    """With junk of every kind of fault in it, a corpus gives the vocabulary that it gives without, piece for piece."""
    config = CorpusConfig(source_lang="en", target_lang="nl")
    clean = [Pair(*pair, "f", 1) for pair in natural(1)]
    dirty = list(clean)
    for fault, pairs in JUNK.items():
        read = fault if fault.startswith("line of") else ""
        dirty[7:7] = [Pair(*pair, "f", 1, fault=read) for pair in pairs]
    dirty += clean[:50]
    filters = FilterConfig(**dict.fromkeys(REMEDIES.values(), True))
    tokenizer = TokenizerConfig(kind=kind, vocab_size=420, sample_pairs=sample)
    stores = [
        make(
            tmp_path / name,
            CorpusText(config, pairs),
            filters=filters,
            held_out=HeldOut.of([HELD]),
            tokenizer=tokenizer,
            max_tokens=60,
        )
        for name, pairs in (("clean", clean), ("dirty", dirty))
    ]
    assert set(JUNK) == {fault for fault, entry in stores[1].report[0]["faults"].items() if entry["left_out"]}
    assert len(stores[0]) == len(stores[1]) == len(clean)
    one, other = (store.tokenizer.vocabulary for store in stores)
    assert one == other


def test_a_vocabulary_is_learned_anew_without_what_it_makes_too_long(tmp_path):
    """Digits look short before the vocabulary is known, and cannot be pieces of several once it is."""
    clean = [Pair(*pair, "f", 1) for pair in natural(1)]
    junk = [Pair(" ".join(str(n * n * 7919 + k) for k in range(9)), "een kat", "f", 1) for n in range(20, 60)]
    tokenizer = TokenizerConfig(vocab_size=420, split_digits=True)
    one, other = (
        make(tmp_path / name, CorpusText(CorpusConfig(), pairs), tokenizer=tokenizer, max_tokens=40).tokenizer
        for name, pairs in (("clean", clean), ("dirty", clean[:9] + junk + clean[9:]))
    )
    assert one.vocabulary == other.vocabulary


def test_a_corpus_whose_lines_all_look_too_long_still_has_a_vocabulary(tmp_path):
    pairs = [Pair(f"{'abcdefgh' * 5}", f"{'hgfedcba' * 5}", "f", n) for n in range(50)]
    assert len(make(tmp_path / "s", CorpusText(CorpusConfig(), pairs), max_tokens=39)) == 50
