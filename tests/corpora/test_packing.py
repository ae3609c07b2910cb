"""What is packed is read again, and is the same bytes each time."""

import io

import pytest

from clearhead.corpora import packed
from clearhead.corpora.lines import read_lines
from clearhead.errors import DataError


@pytest.mark.parametrize("ending", ["", ".txt", *packed.PACKED])
def test_what_is_packed_is_read_again(tmp_path, ending):
    if ending == ".zst" and packed._ZSTD is None:
        pytest.skip("no zstd here")
    written = []
    for _ in range(2):
        file = io.BytesIO()
        with packed.packing(file, f"a{ending}") as out:
            out.write(b"eins\n" * 500)
            out.write(b"zwei\n")
        assert not file.closed
        written.append(file.getvalue())
    (tmp_path / f"a{ending}").write_bytes(written[0])
    assert list(read_lines(tmp_path / f"a{ending}")) == ["eins"] * 500 + ["zwei"]
    assert written[0] == written[1]
    assert (len(written[0]) < 500) == (ending in packed.PACKED)


def test_without_zstd_the_package_is_named(monkeypatch):
    monkeypatch.setattr(packed, "_ZSTD", None)
    with (
        pytest.raises(DataError, match=r"cannot write a\.zst: \.zst needs backports\.zstd"),
        packed.packing(io.BytesIO(), "a.zst"),
    ):
        pass
