"""How long work is watched: whoever starts it hands in a function that may draw how far it is."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

Item = TypeVar("Item")


class Watch(Protocol):
    """Passes items on, drawing how many there were; the total is None where nobody knows it."""

    def __call__(self, items: Iterable[Item], what: str, total: int | None = None) -> Iterator[Item]: ...


def unwatched(items: Iterable[Item], what: str, total: int | None = None) -> Iterator[Item]:
    """Pass items on and draw nothing."""
    yield from items
