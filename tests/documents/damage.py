"""Files that were damaged: bytes flipped, cut out and repeated."""

import random
from collections.abc import Iterator


def damaged(data: bytes, count: int, seed: int = 1) -> Iterator[bytes]:
    """Yield a file with one to three random damages, `count` times."""
    rng = random.Random(seed)
    for _ in range(count):
        hurt = bytearray(data)
        for _ in range(rng.randint(1, 3)):
            start = rng.randrange(len(hurt) + 1)
            end = min(len(hurt), start + rng.choice([1, 2, 5, 40]))
            kind = rng.randrange(5)
            if kind == 0:
                hurt[start:end] = bytes(byte ^ (1 << rng.randrange(8)) for byte in hurt[start:end])
            elif kind == 1:
                del hurt[start:end]
            elif kind == 2:
                hurt[start:start] = hurt[start:end] * rng.choice([1, 3])
            elif kind == 3:
                hurt[start:start] = rng.choice(
                    [b'"', b"<", b"&", b"\\", b"\n\n", b"{", b"--> ", b"\r", b"\t", b": "]
                )
            else:
                del hurt[rng.randrange(len(hurt) + 1) :]
        yield bytes(hurt)
