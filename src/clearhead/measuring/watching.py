"""How long work is watched: its caller hands in a function that may draw the progress."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Reach = Callable[[int], None]
"""Called with how many are done."""


class Watch(Protocol):
    """Begins a piece of work, and returns the function to call with its progress.

    `work` says what is done, such as `translating`, and `unit` what is counted; the total is None where nobody
    knows it.
    """

    def __call__(
        self, work: str, total: int | None = None, unit: str = "sentences"
    ) -> AbstractContextManager[Reach]: ...


@contextmanager
def unwatched(work: str, total: int | None = None, unit: str = "sentences") -> Iterator[Reach]:
    """Draw nothing."""
    yield lambda count: None
