"""What a serialised SentencePiece model says of itself is read behind pieces of every size."""

import pytest

from clearhead.errors import TextError
from clearhead.text.sentencepiece_model import specifications

BPE, IDENTITY = b"\x12\x02\x18\x02", b"\x1a\x0a\x0a\x08identity"


def piece(size):
    """Return a piece as protocol buffers write it: its number and type, its size in one byte or two, itself."""
    length = bytes([size]) if size < 128 else bytes([size & 0x7F | 0x80, size >> 7])
    return b"\x0a" + length + b"\x12" * size  # each byte could begin the next field


@pytest.mark.parametrize("sizes", [(), (0,), (1, 127), (128,), (127, 128, 300, 5), (3,) * 1000])
def test_pieces_of_every_size_are_passed_over(sizes):
    pieces = b"".join(map(piece, sizes))
    assert specifications(pieces + BPE + IDENTITY) == ("bpe", b"identity")
    assert specifications(BPE + pieces + IDENTITY + pieces) == ("bpe", b"identity")


@pytest.mark.parametrize("end", [b"\x0a", b"\x0a\x80", b"\x0a\xff\xff"])
def test_a_piece_without_its_size_is_refused(end):
    with pytest.raises(TextError, match="a number in it does not end"):
        specifications(BPE + IDENTITY + piece(5) + end)
