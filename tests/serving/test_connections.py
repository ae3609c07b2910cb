"""Connections that are ended from our side: the right one, and none but that."""

import os
import socket
from pathlib import Path

import pytest

pytest.importorskip("starlette")

from clearhead.serving.connections import Connections

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no /proc")


@pytest.fixture(params=["127.0.0.1", "::1"])
def lines(request):
    """Two connections to one listening socket, each as its two ends: ours and the client's."""
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with socket.socket(family) as listening:
        listening.bind((request.param, 0))
        listening.listen()
        pairs = []
        for _ in range(2):
            client = socket.create_connection(listening.getsockname()[:2])
            pairs.append((listening.accept()[0], client))
        yield pairs
        for pair in pairs:
            for end in pair:
                end.close()


def test_only_the_connection_of_the_request_reads_nothing_more(lines):
    (ours, client), (other, other_client) = lines
    before = len(os.listdir("/proc/self/fd"))
    assert Connections().stop_reading({"client": client.getsockname()[:2]})
    assert len(os.listdir("/proc/self/fd")) == before
    ours.settimeout(1)
    assert ours.recv(10) == b""
    ours.sendall(b"answered")
    assert client.recv(10) == b"answered"
    other_client.sendall(b"more")
    assert other.recv(10) == b"more"


def test_a_number_that_came_to_mean_another_connection_is_left_alone(lines):
    (ours, client), (other, other_client) = lines
    connections, peer = Connections(), client.getsockname()[:2]
    assert not connections.stop_reading({"client": ("192.0.2.1", 9)})  # reads the list
    os.dup2(other.fileno(), ours.fileno())
    assert not connections.stop_reading({"client": peer})
    other_client.sendall(b"more")
    assert other.recv(10) == b"more"


def test_a_request_without_a_client_is_left_alone():
    assert not Connections().stop_reading({"client": None})
