"""How many characters each client had translated since the start, in a table that cannot grow without end."""

from collections import OrderedDict

MAX_CLIENTS = 10_000
"""Clients that are remembered; the one that was silent for longest is forgotten first."""


class Usage:
    """The characters of all clients of this process; each process of a service counts for itself."""

    def __init__(self, max_clients: int = MAX_CLIENTS) -> None:
        self._max_clients = max_clients
        self._counts: OrderedDict[str, int] = OrderedDict()

    def add(self, client: str, characters: int) -> None:
        """Count characters that were translated for a client."""
        self._counts[client] = self.of(client) + characters
        self._counts.move_to_end(client)
        while len(self._counts) > self._max_clients:
            self._counts.popitem(last=False)

    def of(self, client: str) -> int:
        """Return the characters of a client."""
        return self._counts.get(client, 0)

    def __len__(self) -> int:
        return len(self._counts)
