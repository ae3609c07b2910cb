"""Samples broken at random: what comes from outside may be cut, flipped and repeated anywhere."""

import os
import random

from clearhead.documents.formats import read
from clearhead.errors import DocumentError
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Marked

COUNT = int(os.environ.get("CLEARHEAD_MUTATIONS", "300"))


def mutated(sample: bytes, seed: int) -> bytes:
    """Return a sample with one to six changes: a bit, a piece cut out, repeated, moved, or replaced by markup."""
    draw = random.Random(seed)
    data = bytearray(sample)
    for _ in range(draw.randint(1, 6)):
        start = draw.randrange(len(data) + 1)
        end = min(start + draw.randint(1, 60), len(data))
        piece = bytes(data[start:end])
        match draw.randrange(5):
            case 0 if piece:
                data[start] ^= 1 << draw.randrange(8)
            case 1:
                del data[start:end]
            case 2:
                data[start:start] = piece * draw.randint(1, 5)
            case 3:
                del data[start:end]
                place = draw.randrange(len(data) + 1)
                data[place:place] = piece
            case _:
                data[start:start] = draw.choice(
                    [
                        b"<",
                        b">",
                        b"&",
                        b'"',
                        b"'",
                        b"<!--",
                        b"</p>",
                        b"`",
                        b"*",
                        b"[",
                        b"|",
                        b"\n",
                        b"\r",
                        b"\\",
                    ]
                )
    return bytes(data)


def survives(data: bytes, format: str) -> str:
    """Return why a document is refused, in one line; assert that one that is read stays as it was."""
    document, said = None, ""
    try:
        document = read(data, format, Reading())
    except DocumentError as error:
        said = str(error)
    if document is None:
        assert said
        assert "\n" not in said
        return said
    assert document.written(document.segments, "fr") == data
    assert document.written([None] * len(document.segments), "fr") == data
    loud = [Marked(text=segment.text.upper(), tags=segment.tags) for segment in document.segments]
    assert document.written(loud, "fr") is not None
    return ""
