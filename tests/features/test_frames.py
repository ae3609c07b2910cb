"""Reading frames: which file holds which source, and one line for whatever is wrong with it."""

import io
import zipfile

import numpy as np
import pytest

from clearhead.config import CorpusConfig
from clearhead.corpora.corpus import read_pairs
from clearhead.corpora.frames import padded_frames, read_frames, references
from clearhead.data.batching import TokenizedCorpus, collate
from clearhead.errors import ConfigError, DataError


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "parts").mkdir()
    for number in range(3):
        np.save(tmp_path / "parts" / f"{number}.npy", np.full((number + 1, 2), number, dtype=np.float64))
    (tmp_path / "list.txt").write_text("parts/0.npy\nparts/1.npy\nparts/2.npy\n")
    (tmp_path / "words.txt").write_text("zero\none\ntwo\n")
    return tmp_path


def test_a_list_is_seen_from_its_own_folder(folder):
    found = [read_frames(each) for each in references(folder / "list.txt")]
    assert [each.shape for each in found] == [(1, 2), (2, 2), (3, 2)]
    assert found[2].dtype == np.float32
    assert found[2][0, 0] == 2


def test_an_archive_has_its_sources_in_the_order_of_saving(tmp_path):
    arrays = [np.full((1, 3), number) for number in range(12)]
    np.savez(tmp_path / "a.npz", *arrays)
    found = [read_frames(each)[0, 0] for each in references(tmp_path / "a.npz")]
    assert found == list(range(12)), "and not arr_10 before arr_2"


def test_a_file_that_was_written_again_is_read_again(tmp_path):
    for number in (1, 2):
        np.savez(tmp_path / "a.npz", np.full((number, 3), number))
        assert read_frames(f"{tmp_path / 'a.npz'}:arr_0").tolist() == [[number] * 3] * number


def test_an_array_of_three_axes_is_a_source_each(tmp_path):
    np.save(tmp_path / "images.npy", np.arange(24.0).reshape(3, 4, 2))
    found = list(references(tmp_path / "images.npy"))
    assert len(found) == 3
    np.testing.assert_array_equal(read_frames(found[1]), np.arange(8.0, 16).reshape(4, 2))


def test_pairs_are_in_step(folder):
    corpus = CorpusConfig(
        source=str(folder / "list.txt"), target=str(folder / "words.txt"), source_kind="features"
    )
    assert [pair.tgt for pair in read_pairs(corpus)] == ["zero", "one", "two"]
    (folder / "words.txt").write_text("zero\none\n")
    with pytest.raises(DataError, match=r"list.txt has 3 lines but .*words.txt has 2"):
        list(read_pairs(corpus))


def pickled():
    stream = io.BytesIO()
    np.save(stream, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"no array at all", "cannot read .*x.npy"),
        (b"", "cannot read .*x.npy"),
        (b"\x93NUMPY\x01\x00", "cannot read .*x.npy"),
        (pickled(), "cannot read .*x.npy: it is damaged, or holds no array of numbers"),
        (np.zeros((0, 4)), r"x.npy is empty, \[0, 4\]"),
        (np.zeros(4), r"x.npy holds float64 \[4\]; a source is a table of numbers"),
        (np.array([["a", "b"]]), r"x.npy holds <U1 \[1, 2\]"),
        (
            np.array([[1.0] * 4, [0.0, np.nan, 0.0, 0.0]]),
            r"x.npy has a number that is not finite .* in frame 1",
        ),
        (np.array([[1.0, 1.0, 1.0, 1e300]]), "not finite .* in frame 0"),
        (np.zeros((2, 5)), "x.npy has 5 features in each frame, and 4 are expected"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(tmp_path, contents, message):
    file = tmp_path / "x.npy"
    if isinstance(contents, bytes):
        file.write_bytes(contents)
    else:
        np.save(file, contents)
    with pytest.raises(DataError, match=message) as caught:
        read_frames(str(file), 4)
    told = str(caught.value)
    assert "\n" not in told
    assert "pickle" not in told
    assert told.count("x.npy") == 1


def refused(path, **_):
    raise PermissionError(path)


def test_a_cut_archive_and_missing_files_are_told(tmp_path, monkeypatch):
    np.savez(tmp_path / "a.npz", np.zeros((2, 2)))
    whole = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cannot read .*cut.npz"):
        list(references(tmp_path / "cut.npz"))
    with zipfile.ZipFile(tmp_path / "odd.npz", "w") as archive:
        archive.writestr("arr_0.npy", b"nothing")
    with pytest.raises(DataError, match=r"cannot read .*odd.npz|odd.npz:arr_0 holds"):
        read_frames(f"{tmp_path / 'odd.npz'}:arr_0")
    with pytest.raises(DataError, match="there is no file"):
        read_frames(str(tmp_path / "none.npy"))
    with monkeypatch.context() as patched:
        patched.setattr("clearhead.corpora.frames.os.stat", refused)
        with pytest.raises(DataError, match="permission denied; allow it, or give a copy"):
            read_frames(str(tmp_path / "closed.npy"))
    with pytest.raises(DataError, match=r"there is no arr_7 in .*a.npz"):
        read_frames(f"{tmp_path / 'a.npz'}:arr_7")
    with pytest.raises(DataError, match="names no frames"):
        read_frames("The ball is blue.")
    (tmp_path / "list.txt").write_text("The ball is blue.\n")
    with pytest.raises(DataError, match=r"list.txt:1 is 'The ball is blue.', which names no .npy file"):
        list(references(tmp_path / "list.txt"))


def test_padding_is_nan_and_the_budget_counts_positions():
    rows = [np.ones((length, 2), dtype=np.float32) for length in (5, 2)]
    assert np.isnan(padded_frames(rows)[1, 2:]).all()
    corpus = TokenizedCorpus.from_ids(rows, [[7], [8, 9]])
    assert corpus.src_lengths.tolist() == [5, 2]
    strided = TokenizedCorpus(
        corpus.src, corpus.src_offsets, corpus.tgt, corpus.tgt_offsets, frames_per_position=4
    )
    assert strided.src_lengths.tolist() == [2, 1]
    batch = collate(corpus, np.array([1, 0]))
    assert batch.src.shape == (2, 5, 2)
    assert np.isnan(batch.src[0, 2:]).all()
    assert batch.num_tgt_tokens == 5


def test_what_needs_text_is_refused():
    features = {"source": "a.npz", "target": "b", "source_kind": "features"}
    for more, name in (
        ({"target": ""}, "data.target"),
        ({"columns": (1, 2)}, "data.columns"),
        ({"alignments": "links"}, "data.alignments"),
        ({"both_directions": True, "source_lang": "a", "target_lang": "b"}, "data.corpora.both_directions"),
    ):
        with pytest.raises(ConfigError, match=name):
            CorpusConfig(**{**features, **more})
