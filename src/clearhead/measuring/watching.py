"""How long work is watched: whoever starts it hands in a function that may draw how far it is."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

Item = TypeVar("Item")


class Watch(Protocol):
    """Passes items on, drawing how many there were.

    `work` says what is done, such as `translating`, and `unit` what an item is; the total is None where nobody
    knows it.
    """

    def __call__(
        self, items: Iterable[Item], work: str, total: int | None = None, unit: str = "sentences"
    ) -> Iterator[Item]: ...


def unwatched(
    items: Iterable[Item], work: str, total: int | None = None, unit: str = "sentences"
) -> Iterator[Item]:
    """Pass items on and draw nothing."""
    yield from items
