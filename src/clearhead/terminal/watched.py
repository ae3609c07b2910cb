"""Drawing long work on a terminal."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.progress import track

from clearhead.terminal.console import SafeConsole

Item = TypeVar("Item")


def watched(items: Iterable[Item], what: str, total: int | None = None) -> Iterator[Item]:
    """Pass items on, drawing on standard error how many there were, where that is a terminal."""
    console = SafeConsole(stderr=True)
    yield from track(
        items, what, total=total, console=console, disable=not console.is_terminal, transient=True
    )
