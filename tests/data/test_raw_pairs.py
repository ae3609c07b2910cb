"""Between the two passes over a corpus nothing is lost, and equal pairs are found in little memory."""

import numpy as np
import pytest

from clearhead.data.duplicates import first_of_equals
from clearhead.data.raw_pairs import RawPairs, RawRows

BLOCKS = [
    (0, [("the ball", "la balle", ((0, 0), (1, 1)), 3), ("", "été 漢字", (), 4)]),
    (1, [("the ball", "la balle", ((0, 1), (10**8, 2)), 9)]),
    (1, [("a", "b", (), 10**10)]),
]
PAIRS = [pair for _, pairs in BLOCKS for pair in pairs]


def filled(folder, *, linked: bool = True, upto: int = 3, **more) -> RawPairs:
    raw = RawPairs(folder, linked=linked, **more)
    for corpus, pairs in BLOCKS[len(raw.blocks) : upto]:
        rows = RawRows(
            src="".join(f"{src}\n" for src, *_ in pairs).encode(),
            tgt="".join(f"{tgt}\n" for _, tgt, *_ in pairs).encode(),
            lines=np.array([line for *_, line in pairs]),
            links=[links for _, _, links, _ in pairs],
        )
        raw.append(corpus, rows, np.arange(len(pairs)), np.ones(len(pairs), dtype=bool))
    return raw


def everything(raw: RawPairs):
    found = []
    for block in raw.blocks:
        rows = raw.reader.read(block)
        links = [tuple(row) for row in rows.links] or [()] * len(rows)
        found += zip(*rows.sides, links, rows.lines.tolist(), strict=True)
    return found


@pytest.mark.parametrize("linked", [True, False])
def test_pairs_come_back_as_they_were_written(tmp_path, linked):
    raw = filled(tmp_path, linked=linked)
    raw.close()
    assert everything(raw) == [(src, tgt, links if linked else (), line) for src, tgt, links, line in PAIRS]
    assert [raw.pair(row) for row in range(4)] == [(src, tgt, line) for src, tgt, _, line in PAIRS]
    assert list(raw.texts(np.array([1, 3]))) == [PAIRS[1][:2], PAIRS[3][:2]]
    assert [block.corpus for block in raw.blocks] == [0, 1, 1]
    kept = np.array([True, False, True, True])
    raw.keep(kept)
    assert raw.kept().tolist() == kept.tolist()
    raw.remove()
    assert list(tmp_path.iterdir()) == []


def test_what_came_after_the_sizes_that_were_noted_is_written_again(tmp_path):
    raw = filled(tmp_path, upto=1)
    sizes = {name: column.size for name, column in raw.columns.items()}
    raw.close()
    filled(tmp_path, sizes=sizes, upto=2).close()
    (tmp_path / "raw.src").write_bytes((tmp_path / "raw.src").read_bytes() + b"half a li")
    raw = filled(tmp_path, sizes=sizes)
    raw.close()
    assert [row[:2] for row in everything(raw)] == [pair[:2] for pair in PAIRS]


@pytest.mark.parametrize("memory", [1 << 30, 5_000, 200, 64])
def test_the_first_of_equal_keys_is_the_same_in_any_memory(tmp_path, memory):
    draws = np.random.default_rng(1)
    keys = draws.choice(draws.integers(0, 1 << 64, 60, dtype=np.uint64), 100)
    keys[[3, 50]] = np.uint64(0)
    keys[[4, 60]] = np.uint64((1 << 64) - 1)
    (tmp_path / "keys").write_bytes(keys.astype("<u8").tobytes())
    seen: set[int] = set()
    expected = [not (key in seen or seen.add(key)) for key in keys.tolist()]  # type: ignore[func-returns-value]
    assert first_of_equals(tmp_path / "keys", memory).tolist() == expected


def test_no_keys_are_no_trouble(tmp_path):
    (tmp_path / "keys").touch()
    assert not len(first_of_equals(tmp_path / "keys", 100))
