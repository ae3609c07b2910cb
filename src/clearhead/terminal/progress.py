"""How far some work is, as one line: cut to the width of a terminal, or whole for a log."""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

_NARROWEST_BAR, _WIDEST_BAR = 8, 24
_GAP = "  "


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What is known of some work at one moment."""

    work: str
    """What is being done, such as `training`."""
    completed: int = 0
    total: int | None = None
    """None where nobody knows it."""
    unit: str = ""
    """What is counted, in the plural, such as `steps`; empty where nothing is."""
    figures: tuple[str, ...] = ()
    """The most important first: the last ones go first where there is no room."""
    elapsed: float = 0.0
    """Seconds."""
    left: float | None = None
    """Seconds; None while they are unknown."""

    @property
    def count(self) -> str:
        """`7/240`, or `7` where the total is unknown; as wide for every number up to the total."""
        if self.total is None:
            return f"{self.completed:,}"
        total = f"{self.total:,}"
        return f"{self.completed:,}".rjust(len(total)) + f"/{total}"

    @property
    def counted(self) -> str:
        """The unit as the count needs it: `1 line`, `2 lines`, `1/240 steps`."""
        alone = (self.completed if self.total is None else self.total) == 1
        return self.unit.removesuffix("s") if alone else self.unit

    @property
    def share(self) -> float:
        """The part that is done, from 0 to 1."""
        return min(1.0, self.completed / self.total) if self.total else 0.0


def duration(seconds: float) -> str:
    """Return a time as hours, minutes and seconds, the hours only where there are any; from 100 hours on as days."""
    minutes, second = divmod(int(max(0.0, seconds)), 60)
    hour, minute = divmod(minutes, 60)
    if hour >= 100:
        return f"{hour // 24} d {hour % 24} h"
    return f"{hour}:{minute:02d}:{second:02d}" if hour else f"{minute}:{second:02d}"


def plain(moment: Moment) -> str:
    """Return a line for a log: everything that is known, without a bar."""
    counted = f"{moment.count.strip()} {moment.counted}" if moment.unit else ""
    left = "" if moment.left is None else f"{duration(moment.left)} left"
    parts = (counted, *moment.figures, f"{duration(moment.elapsed)} elapsed", left)
    return f"{moment.work}: " + ", ".join(" ".join(part.split()) for part in parts if part)


def fitted(moment: Moment, width: int, *, ascii_only: bool = False) -> Text:
    """Return a line of at most `width` columns.

    The times stay whole, and so does the count where there is any room for it; what else there is room for is
    added in the order of its worth.
    """
    times, count = _times(moment), moment.count if moment.unit else ""
    if cell_len(count) + len(_GAP) + cell_len(times) > width:
        count = ""
    shown = {"times"}
    room = width - sum(cell_len(part) for part in (times, count)) - (len(_GAP) if count else 0)
    for name, text in _optional(moment):
        needed = cell_len(text) + (1 if name in ("bar", "unit") else len(_GAP))
        if needed <= room:
            shown.add(name)
            room -= needed
    line = Text(no_wrap=True, overflow="crop")
    if "work" in shown:
        line.append(moment.work, "bold")
    if "bar" in shown:
        line.append(" " if line else "")
        line.append_text(_bar(moment.share, min(_WIDEST_BAR, _NARROWEST_BAR + room), ascii_only))
    counted = f"{count} {moment.counted}" if count and "unit" in shown else count
    figures = [figure for number, figure in enumerate(moment.figures) if f"figure {number}" in shown]
    for text, style in ((counted, ""), *((figure, "") for figure in figures), (times, "cyan")):
        if text:
            line.append(_GAP if line else "")
            line.append(text, style)
    line.truncate(width)
    return line


def _optional(moment: Moment) -> Iterator[tuple[str, str]]:
    """Yield the parts that may be left out, the last to go first."""
    figures = [(f"figure {number}", figure) for number, figure in enumerate(moment.figures)]
    yield "work", moment.work
    yield from figures[:1]
    if moment.total:
        yield "bar", " " * _NARROWEST_BAR
    yield from figures[1:2]
    if moment.unit:
        yield "unit", moment.counted
    yield from figures[2:]


def _times(moment: Moment) -> str:
    if moment.total is None:
        return duration(moment.elapsed)
    left = "-:--" if moment.left is None else duration(moment.left)
    return f"{duration(moment.elapsed)}, {left} left"


def _bar(share: float, width: int, ascii_only: bool) -> Text:
    """Return a bar whose two parts differ in their letters too, since colours may be off."""
    full, empty = ("#", "-") if ascii_only else ("━", "─")
    done = int(share * width)
    return Text.assemble((full * done, "green"), (empty * (width - done), "dim"))
