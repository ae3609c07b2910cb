"""The end of a connection whose client does not end it: what the server (granian) leaves open."""

import os
import socket
import time
from contextlib import closing
from pathlib import Path

from starlette.types import Scope

Peer = tuple[str, int]
"""Address and port of the other end."""
FRESH_SECONDS = 1.0
"""For which the list of open files is taken as it was: with thousands of connections it takes a moment to read."""
_OPEN_FILES = Path("/proc/self/fd")


class Connections:
    """The connections of this process, found among its open files by who is at their other end."""

    def __init__(self) -> None:
        self._descriptors: dict[Peer, int] = {}
        self._at = float("-inf")

    def stop_reading(self, scope: Scope) -> bool:
        """Read nothing more of the connection of a request, so that the server closes it once it is answered.

        Granian waits for the rest of a body as long as its client likes, without a limit. Returns whether the
        connection was found: never where there is no /proc, nor in its first second.
        """
        client = scope.get("client")
        if not client:
            return False
        peer = (str(client[0]), int(client[1]))
        if time.monotonic() - self._at > FRESH_SECONDS:
            self._descriptors, self._at = _open_connections(), time.monotonic()
        descriptor = self._descriptors.pop(peer, None)
        return descriptor is not None and _stopped(descriptor, peer)


def _open_connections() -> dict[Peer, int]:
    descriptors = map(int, os.listdir(_OPEN_FILES)) if _OPEN_FILES.is_dir() else ()
    return {peer: descriptor for descriptor in descriptors if (peer := _peer_of(descriptor))}


def _peer_of(descriptor: int) -> Peer | None:
    connection = _copied(descriptor)
    if connection is None:
        return None
    with closing(connection):
        return _peer(connection)


def _stopped(descriptor: int, peer: Peer) -> bool:
    connection = _copied(descriptor)
    if connection is None:
        return False
    with closing(connection):
        if _peer(connection) != peer:  # closed meanwhile, and its number means another
            return False
        try:
            connection.shutdown(socket.SHUT_RD)
        except OSError:
            return False
        return True


def _copied(descriptor: int) -> socket.socket | None:
    """Return a descriptor of our own for a socket, which nobody else closes; None for what is no socket."""
    try:
        copy = os.dup(descriptor)
    except OSError:
        return None
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        return None


def _peer(connection: socket.socket) -> Peer | None:
    """Return the other end of a connection over a network; None for any other socket."""
    if connection.family not in (socket.AF_INET, socket.AF_INET6) or connection.type != socket.SOCK_STREAM:
        return None
    try:
        address, port = connection.getpeername()[:2]
    except OSError:
        return None
    return address, port
