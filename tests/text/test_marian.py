"""The file of an imported tokenizer: whatever it holds is read within bounds, or refused in a line."""

import io
import json
import pickle
import tracemalloc
import zipfile

import pytest

from clearhead.errors import TextError
from clearhead.text.marian import pieces_in_order
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.vocabulary import BOS, CONTROLS, PAD

SPM = Tokenizer.train(["a b c d e f"], kind="char", vocab_size=300).to_bytes()
PIECES = [*CONTROLS, ">>fr<<", "▁a", "b"]


def archive(pieces=PIECES, *, method=zipfile.ZIP_DEFLATED, **members):
    packed = io.BytesIO()
    contents = {"source": SPM, "target": SPM, **members}
    with zipfile.ZipFile(packed, "w", method) as file:
        for name, content in contents.items():
            if content is not None:
                file.writestr(f"{name}.spm", content)
        file.writestr("pieces.json", pieces if isinstance(pieces, bytes) else json.dumps(pieces))
    return packed.getvalue()


def lying(data, name=b"source.spm", says=10):
    """Return an archive in which a member says that it is small."""
    place = data.rindex(name) - 46  # its record in the directory at the end
    return data[: place + 24] + says.to_bytes(4, "little") + data[place + 28 :]


def encrypted(data):
    place = data.rindex(b"source.spm") - 46
    return data[: place + 8] + b"\1\0" + data[place + 10 :]


WRONG = {
    "no archive": b"PK nothing",
    "cut off": archive()[:-30],
    "no source": archive(source=None),
    "no model": archive(source=b"nothing"),
    "no list": archive({}),
    "numbers": archive([*CONTROLS, 5]),
    "few": archive(["<pad>"]),
    "other controls": archive(["<s>", "<pad>", "</s>", "<unk>", "a"]),
    "twice": archive([*PIECES, "b"]),
    "nested": archive(b"[" * 200_000),
    "not UTF-8": archive(b'["\xff"]'),
    "packed otherwise": archive(method=zipfile.ZIP_BZIP2),
    "a lie": lying(archive()),
    "a password": encrypted(archive()),
}


def test_what_is_right_is_read():
    tokenizer = Tokenizer(archive())
    assert tokenizer.languages == ("fr",)
    assert tokenizer.vocabulary == tuple(PIECES)


def test_the_same_door_reads_both_forms(tmp_path):
    """A file, its bytes and a copy for a loader's process give the same tokenizer; so does more than one text."""
    for form in (archive(), SPM):
        (tmp_path / "tokenizer.model").write_bytes(form)
        tokenizer = Tokenizer.load(tmp_path / "tokenizer.model")
        for other in (Tokenizer.from_bytes(form), pickle.loads(pickle.dumps(tokenizer))):
            assert (other.kind, other.vocabulary) == (tokenizer.kind, tokenizer.vocabulary)
        texts = ["a b", "", "z a"]
        assert tokenizer.encode_batch(texts) == [tokenizer.encode(text) for text in texts]
    assert Tokenizer(archive()).kind == "marian"
    assert Tokenizer(archive()).with_targets(["de"]).languages == ("fr", "de")


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused_in_a_line(name):
    with pytest.raises(TextError) as told:
        Tokenizer(WRONG[name], source="models/x/tokenizer.model")
    assert str(told.value).startswith("models/x/tokenizer.model is damaged")
    assert "\n" not in str(told.value)


def test_what_would_unpack_to_much_takes_little():
    """A thousand times its size, once told and once not."""
    bomb = archive(source=bytes(300 << 20))
    assert len(bomb) < 1 << 20
    for data in (bomb, lying(bomb)):
        tracemalloc.start()
        with pytest.raises(TextError, match="damaged"):
            Tokenizer(data)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert most < 300 << 20


def test_what_their_padding_and_an_unused_id_become():
    theirs = {"<s>": 0, "</s>": 1, "<unk>": 2, ">>fr<<": 3, "▁a": 4, "<pad>": 5}
    given = pieces_in_order(theirs, eos=1, unk=2, pad=5, unused=0)
    assert dict(given) == {"<pad>": 0, "<s>": 5, "</s>": 1, "<unk>": 2, ">>fr<<": 3, "▁a": 4}
    assert [name for name, _ in given][PAD : BOS + 1] == ["<pad>", "<s>"]
    another = pieces_in_order(theirs, eos=1, unk=2, pad=5)
    assert another[:2] == [("<pad>", 5), ("<s>", 5)]
    assert another[-2:] == [("<s>'", 0), ("▁a", 4)]
