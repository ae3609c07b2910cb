"""Preparing: the same bytes for any number of processes, however it was interrupted, and whoever reads the lines."""

import random
import shutil
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from clearhead.config import CorpusConfig, FilterConfig, TokenizerConfig
from clearhead.corpora.corpus import read_pairs
from clearhead.corpora.lines import LONGEST
from clearhead.data import blocks, preparation
from clearhead.data.examination import Examiner, LineBlock
from clearhead.data.held_out import HeldOut
from clearhead.data.preparation import CorpusText, is_begun, prepare
from clearhead.data.store import Store
from clearhead.errors import DataError

STRANGE = [
    "", " ", "two  spaces", " led", "trailed ", "no\u00a0break", "e\u0301", "ｶﾞｷﾞ", "한국", "👩\u200d👧", "½ ﬁ …",
    "кот спит", "a\tb", "x\x85y", "tail\r", "123 456", "\u1100\u1161", "words " * 90, "same", "held out",
]  # fmt: skip


def lines(seed: int, number: int) -> list[str]:
    draws = random.Random(seed)
    words = ["bal", "kat", "hus", "rood", "blå", "été", "lopen", "oud", "met", "de"]
    return [
        draws.choice(STRANGE)
        if draws.random() < 0.2
        else " ".join(draws.choices(words, k=draws.randint(1, 6)))
        for _ in range(number)
    ]


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.setattr(preparation, "_BLOCK", 16)
    monkeypatch.setattr(preparation, "_FEW", 1)
    monkeypatch.setattr(preparation, "_FOR_KEYS", 400)
    names = tmp_path / "a.nl", tmp_path / "a.sv"
    for seed, name in enumerate(names):
        text = "\n".join(lines(seed, 150)) + "\n"
        name.write_text(("\ufeff" if seed else "") + text + text[: text.index("\n", 400)], encoding="utf-8")
    pairs = [len(name.read_bytes().split(b"\n")) for name in names]
    with names[int(pairs[0] > pairs[1])].open("a") as shorter:
        shorter.write("\nkat" * abs(pairs[0] - pairs[1]))
    return [str(name) for name in names]


def texts(files, *, by_lines: bool = True) -> list[CorpusText]:
    ways = {"source_lang": "nl", "target_lang": "sv"}
    one = CorpusConfig(source=files[0], target=files[1], both_directions=True, **ways)
    other = CorpusConfig(source=files[1], target=files[0], **ways)
    return [
        CorpusText(each, read_pairs(each), files=(each.source, each.target) if by_lines else ())
        for each in (one, other)
    ]


def steps(path: Path, files, **more):
    corpora = more.pop("texts", None) or texts(files)
    filters = FilterConfig(drop_duplicates=True, drop_script=True)
    held_out = HeldOut.of([("held out", "kat"), ("bal", "same")])
    tokenizer = more.pop("tokenizer", TokenizerConfig(vocab_size=330))
    return prepare(
        path,
        corpora,
        tokenizer=tokenizer,
        filters=filters,
        max_tokens=40,
        held_out=held_out,
        sources=files,
        **more,
    )


def contents(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir()}


@pytest.fixture
def whole(tmp_path, files):
    list(steps(tmp_path / "whole", files))
    return contents(tmp_path / "whole")


def test_processes_and_readers_change_no_byte(tmp_path, files, whole):
    assert len(whole) == 13
    for name, more in (("ordinary", {"texts": texts(files, by_lines=False)}), ("three", {"processes": 3})):
        list(steps(tmp_path / name, files, **more))
        assert contents(tmp_path / name) == whole
    faults = Store(tmp_path / "three").report[0]["faults"]
    assert {"duplicate", "empty side", "wrong script", "too long", "ratio outlier"} <= set(faults)


class Killed(BaseException):
    """Nobody expects it."""


@pytest.mark.parametrize("seed", range(6))
def test_one_that_was_killed_goes_on_and_ends_in_the_same_bytes(tmp_path, files, whole, monkeypatch, seed):
    """Wherever it was killed, in the middle of a save too, and whatever of what was not noted is on the disk."""
    monkeypatch.setattr(preparation, "_SAVE_EVERY", 0.0)
    draws, path, attempts = random.Random(seed), tmp_path / "s", count()
    partial, write_file, append = tmp_path / ".partial-s", preparation.Journal.write, blocks._Side.take

    def may_kill(task, odds):
        def do(*arguments, **more):
            if next(attempts) < 400 and draws.random() < odds:
                raise Killed
            return task(*arguments, **more)

        return do

    monkeypatch.setattr(preparation.Journal, "write", may_kill(write_file, 0.2))
    monkeypatch.setattr(blocks._Side, "take", may_kill(append, 0.03))
    monkeypatch.setattr(preparation.StoreWriter, "append", may_kill(preparation.StoreWriter.append, 0.1))
    monkeypatch.setattr(preparation.StoreWriter, "finish", may_kill(preparation.StoreWriter.finish, 0.4))
    killed = went_on = 0
    while not path.exists():
        went_on += is_begun(path)
        try:
            list(steps(path, files, resumable=True))
        except Killed:
            killed += 1
            if partial.exists():  # in the middle of a save
                (partial / ".partial-progress.json").write_text('{"request": ')
            for file in partial.iterdir() if is_begun(path) else ():
                if draws.random() < 0.3 and file.name not in ("progress.json", "tokenizer.model", "raw.kept"):
                    file.write_bytes(file.read_bytes() + draws.randbytes(7))
    assert killed
    assert went_on or killed < 3
    assert contents(path) == whole
    assert not partial.exists()


def test_it_does_not_go_on_with_another_text_or_setting(tmp_path, files, monkeypatch):
    monkeypatch.setattr(preparation, "_SAVE_EVERY", 0.0)
    path = tmp_path / "s"
    for change in ("text", "setting", "nothing"):
        begun = steps(path, files, resumable=True)
        for _ in range(4):
            next(begun)
        begun.close()
        assert is_begun(path)
        if change == "text":
            Path(files[0]).write_text(Path(files[0]).read_text().replace("kat", "hond"))
        more = {"tokenizer": TokenizerConfig(vocab_size=340)} if change == "setting" else {}
        first = next(steps(path, files, resumable=True, **more))
        assert (first.pairs > 16) == (change == "nothing")
        shutil.rmtree(tmp_path / ".partial-s", ignore_errors=True)


def test_an_error_leaves_nothing(tmp_path, files):
    with open(files[0], "ab") as file:
        file.write(b"\nlast \xff line")
    with pytest.raises(DataError, match=r"a\.nl, line \d+: byte \d+ .*is not valid UTF-8"):
        list(steps(tmp_path / "s", files, resumable=True))
    assert not (tmp_path / ".partial-s").exists()


@pytest.mark.parametrize(
    "ending", [b"\none more", b"\n" + b"x" * (LONGEST + 1) + b"\nkat", b"\nnul \0", b"\xff"]
)
def test_what_is_not_usual_is_left_to_the_ordinary_reader(files, ending):
    """Which goes on where the blocks end, and says what is wrong as it always did."""
    with open(files[0], "ab") as file:
        file.write(ending)
    config = CorpusConfig(source=files[0], target=files[1])

    def read(files):
        rows, fault = [], ""
        try:
            for block in blocks.blocks_of(0, iter(read_pairs(config)), 16, files=files):
                rows += zip(*block.sides, block.lines, strict=True)
        except DataError as error:
            fault = str(error)
        return rows, fault

    rows, fault = read(files)
    ordinary, same_fault = read(())
    assert fault
    assert fault == same_fault
    assert len(rows) >= 150
    assert ordinary[: len(rows) - len(rows) % 16] == rows[: len(rows) - len(rows) % 16]


@pytest.mark.parametrize("language", ["", "nl", "ru", "ja", "ko"])
def test_pairs_that_are_passed_over_have_nothing_to_be_seen(monkeypatch, language):
    """To look at every pair closely gives the same."""
    draws = random.Random(language)
    alphabet = "abc дет éœ ' … 漢か한 \u0301\u1161 .ｶﾞ½ºﬁ\u0e31👍½Ⅳ١" + "".join(
        chr(draws.randrange(0x20, 0x3000)) for _ in range(60)
    )
    alphabet = "".join(character for character in alphabet if character not in "\n\r")
    sides = [
        "\n".join("".join(draws.choices(alphabet + "abc   ", k=draws.randint(0, 9))) for _ in range(3000))
    ] * 2
    sides[1] = "\n".join(random.Random(1).sample(sides[1].split("\n"), 3000))
    block = LineBlock(0, "f", 1, *(side.encode() for side in sides))
    held = HeldOut.of([("abc", "a")])
    config = CorpusConfig(source_lang=language, target_lang="en")
    examiner = Examiner(
        corpora=[config], alone=[False], filters=FilterConfig(drop_script=True, max_ratio=1.2), max_tokens=9,
        held_out=held, linked=False,
    )  # fmt: skip
    share = float(examiner._closer(block).mean())
    quick = examiner(block)
    monkeypatch.setattr(Examiner, "_closer", lambda self, block: np.ones(3000, dtype=bool))
    slow = examiner(block)
    assert (quick.rows.src, quick.rows.tgt) == (slow.rows.src, slow.rows.tgt)
    assert quick.report == slow.report
    assert np.array_equal(quick.keys, slow.keys)
    assert 0.1 < share < 1
