"""The open elements of a page, as far as a translator must know them: what ends what (WHATWG HTML, §13.2.6)."""

from collections import Counter

from clearhead.webpages import html_elements as elements

DEEPEST = 512
"""How far up an end tag looks for its start tag; browsers build no deeper trees."""


class OpenElements:
    """Elements that have begun and not ended, the outermost first, by their depth."""

    def __init__(self, *, xml: bool) -> None:
        self._xml = xml
        self._names: list[str] = []
        self._counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: str) -> bool:
        return self._counts[name] > 0

    def push(self, name: str) -> None:
        """Open an element."""
        self._names.append(name)
        self._counts[name] += 1

    def cut(self, depth: int) -> None:
        """Close all elements at a depth and within."""
        self._counts.subtract(self._names[depth:])
        del self._names[depth:]

    def ended_by(self, name: str) -> int | None:
        """Return the depth of the element that an end tag closes; None where it closes none.

        A tag of a line closes nothing outside its block, and no tag closes what is outside its table.
        """
        if name not in self:
            return None
        is_block = name in elements.BLOCKS
        for depth in self._inward():
            other = self._names[depth]
            if other == name:
                return depth
            if not self._xml and (
                other in ("table", "template") or (not is_block and other in elements.BLOCKS)
            ):
                return None
        return None

    def ended_before(self, name: str) -> int | None:
        """Return the depth of the element that ends where a start tag stands, as a paragraph does before a list."""
        closed = elements.CLOSES.get(name)
        if closed is None or self._xml or not any(other in self for other in closed):
            return None
        for depth in self._inward():
            if self._names[depth] in closed:
                return depth
            if self._names[depth] in elements.SCOPES:
                return None
        return None

    def _inward(self) -> range:
        return range(len(self._names) - 1, max(len(self._names) - DEEPEST, 0) - 1, -1)
