"""Ports for tests that must name one before anybody listens there."""

import random
import socket

_NEVER_GIVEN = (20_000, 32_000)
"""Below the ports that Linux (from 32768) and macOS (from 49152) give to those who do not name one."""


def unclaimed_port() -> int:
    """Return a port that is free, and that the system gives to nobody who asks for any port."""
    draw = random.SystemRandom()  # two workers of pytest may have the same seed
    while True:
        port = draw.randrange(*_NEVER_GIVEN)
        with socket.socket() as free:
            try:
                free.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
