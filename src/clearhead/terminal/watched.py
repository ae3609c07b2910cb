"""Drawing long work whose items come one by one."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from clearhead.terminal.console import SafeConsole
from clearhead.terminal.gauge import Gauge

Item = TypeVar("Item")


def watched(
    items: Iterable[Item], work: str, total: int | None = None, unit: str = "sentences"
) -> Iterator[Item]:
    """Pass items on, showing on standard error how many there were, how fast they come and how long it takes."""
    with Gauge(SafeConsole(stderr=True), work) as gauge:
        gauge.begin(work, total=total, unit=unit)
        for count, item in enumerate(items, start=1):
            gauge.reach(count)
            yield item
