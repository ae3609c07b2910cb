"""Figures as SVG: panels of lines or of points, each with its interval over seeds; light and dark."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from studies.spread import half_interval, mean

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 360, 260, 58, 20, 34, 46
LIGHT = (
    "#0072b2",
    "#d55e00",
    "#00875a",
    "#b0408f",
    "#8a6d00",
    "#5d5d9c",
    "#a03030",
    "#3b8ea5",
    "#6b4a2b",
    "#4a4a4a",
)
DARK = (
    "#56b4e9",
    "#ff9a4d",
    "#3fc99a",
    "#e79bcf",
    "#e6c84c",
    "#a9a9e8",
    "#f08a8a",
    "#8fd3e6",
    "#cfa987",
    "#c8c8c8",
)
DASHES = ("", "7 3", "2 3", "9 3 2 3")
MARKS = ("M-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0", "M-3-3h6v6h-6z", "M0-4l4 7h-8z", "M0-4l4 4-4 4-4-4z")


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One plot: for each name, the values of all seeds at each x. Where x is a word, points are not joined."""

    title: str
    x: str
    y: str
    lines: Mapping[str, Mapping[float, Sequence[float]] | Mapping[str, Sequence[float]]]
    log_x: bool = False
    log_y: bool = False
    y_range: tuple[float, float] | None = None


def svg(panels: Sequence[Panel], columns: int = 2) -> str:
    """Return the panels beside and below each other, with one legend for all."""
    names = list(dict.fromkeys(name for panel in panels for name in panel.lines))
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    width = columns * WIDTH
    legend, below = _legend(names, width)
    height = rows * HEIGHT + below
    body = [
        f'<g transform="translate({at % columns * WIDTH} {at // columns * HEIGHT})">{_panel(panel, names)}</g>'
        for at, panel in enumerate(panels)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" font-family="system-ui, sans-serif" font-size="11">\n<style>{_style()}</style>\n'
        f'<rect class="ground" width="{width}" height="{height}" rx="8"/>\n'
        + "\n".join(body)
        + f'\n<g transform="translate(0 {rows * HEIGHT})">{legend}</g>\n</svg>\n'
    )


def _style() -> str:
    def colours(palette: Sequence[str], ink: str, ground: str, grid: str) -> str:
        series = "".join(
            f".c{place} .line,.c{place} .whisker{{stroke:{colour}}}.c{place} .mark{{fill:{colour}}}"
            for place, colour in enumerate(palette)
        )
        return (
            f".ground{{fill:{ground}}}text{{fill:{ink}}}.axis{{stroke:{ink}}}.grid{{stroke:{grid}}}{series}"
        )

    return (
        ".line{fill:none;stroke-width:1.8}.whisker{stroke-width:1.5}.axis,.grid{fill:none}.title{font-weight:600;font-size:12px}"
        + colours(LIGHT, "#222", "#fff", "#e4e4e4")
        + f"@media (prefers-color-scheme:dark){{{colours(DARK, '#ddd', '#16181d', '#33373f')}}}"
    )


def _legend(names: Sequence[str], width: int) -> tuple[str, int]:
    """Return the legend, and its height."""
    parts: list[str] = []
    x, y = float(LEFT), 10
    for place, name in enumerate(names):
        needed = 40 + 6.4 * len(name)
        if x + needed > width and x > LEFT:
            x, y = LEFT, y + 18
        parts.append(
            f'<g class="c{place % len(LIGHT)}" transform="translate({x:.0f} {y})">'
            f'<path class="line" stroke-dasharray="{DASHES[place % len(DASHES)]}" d="M0 0h24"/>'
            f'<path class="mark" transform="translate(12 0)" d="{MARKS[place % len(MARKS)]}"/>'
            f'<text x="29" y="4">{escape(name)}</text></g>'
        )
        x += needed
    return "".join(parts), y + 14


def _panel(panel: Panel, names: Sequence[str]) -> str:
    every_x = list(dict.fromkeys(x for line in panel.lines.values() for x in line))
    words = any(isinstance(x, str) for x in every_x)
    place_x = (
        {x: float(place) for place, x in enumerate(every_x)} if words else {x: float(x) for x in every_x}
    )
    across = _Axis.of(place_x.values(), panel.log_x and not words, (LEFT, WIDTH - RIGHT), None, words)
    heights = [
        end for line in panel.lines.values() for values in line.values() for end in _ends(values, panel.log_y)
    ]
    up = _Axis.of(heights, panel.log_y, (HEIGHT - BOTTOM, TOP), panel.y_range)
    labels = {place_x[x]: str(x) for x in every_x} if words else {at: _tick(at) for at in across.ticks()}
    parts = [
        f'<text class="title" x="{LEFT}" y="20">{escape(panel.title)}</text>',
        *(
            f'<path class="grid" d="M{LEFT} {up(at):.1f}H{WIDTH - RIGHT}"/>'
            f'<text x="{LEFT - 6}" y="{up(at) + 4:.1f}" text-anchor="end">{_tick(at)}</text>'
            for at in up.ticks()
        ),
        *(
            f'<text x="{across(at):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{escape(label)}</text>'
            for at, label in labels.items()
        ),
        f'<path class="axis" d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}"/>',
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 12}" text-anchor="middle">{escape(panel.x)}</text>',
        f'<text transform="translate(13 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">'
        f"{escape(panel.y)}</text>",
    ]
    for name, line in panel.lines.items():
        points = {place_x[x]: values for x, values in line.items() if math.isfinite(mean(values))}
        # Where points are not joined, those of one word stand beside each other.
        beside = (names.index(name) - (len(names) - 1) / 2) * 5.0 if words else None
        parts.append(_line(points, names.index(name), across, up, beside))
    return "".join(parts)


def _tick(value: float) -> str:
    """Return a number at an axis, as short as it can be: 64, 0.05, 1e-07, 1e+10."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"


def _ends(values: Sequence[float], log: bool) -> list[float]:
    """Return what of a point must be visible: its mean and its interval."""
    middle, half = mean(values), half_interval(values)
    ends = [middle] if math.isnan(half) else [middle - half, middle, middle + half]
    return [end for end in ends if math.isfinite(end) and (end > 0 or not log)]


def _line(
    points: Mapping[float, Sequence[float]], place: int, across: "_Axis", up: "_Axis", beside: float | None
) -> str:
    if not points:
        return ""
    middles = [(across(x) + (beside or 0.0), up(mean(values))) for x, values in points.items()]
    parts = [
        f'<path class="mark" transform="translate({x:.1f} {y:.1f})" d="{MARKS[place % 4]}"/>'
        for x, y in middles
    ]
    if len(middles) > 12:  # a curve, not points
        parts = []
    for (x, _), values in zip(middles, points.values(), strict=True):
        ends = _ends(values, up.log)
        if len(ends) > 1:
            parts.append(f'<path class="whisker" d="M{x:.1f} {up(min(ends)):.1f}V{up(max(ends)):.1f}"/>')
    if beside is None:
        way = "L".join(f"{x:.1f} {y:.1f}" for x, y in middles)
        parts.append(f'<path class="line" stroke-dasharray="{DASHES[place % 4]}" d="M{way}"/>')
    return f'<g class="c{place % len(LIGHT)}">{"".join(parts)}</g>'


@dataclass(frozen=True)
class _Axis:
    """From values to places on the page; values outside are put at the end."""

    low: float
    high: float
    log: bool
    places: tuple[float, float]

    @classmethod
    def of(cls, values, log, places, fixed=None, words=False) -> "_Axis":  # type: ignore[no-untyped-def]
        """Return the axis on which all values have room."""
        values = list(values) or [0.1, 1.0]
        low, high = fixed or (min(values), max(values))
        if words:
            return cls(low - 0.5, high + 0.5, False, places)
        if not log and fixed is None:
            low = 0.0 if 0 <= low < 0.5 * high else low
        if low == high:
            low, high = (low / 2, high * 2) if log and low > 0 else (low - 0.5, high + 0.5)
        return cls(low, high, log, places)

    def __call__(self, value: float) -> float:
        """Return the place of a value."""
        low, high, value = (self._scaled(each) for each in (self.low, self.high, value))
        share = min(1.0, max(0.0, (value - low) / (high - low)))
        return self.places[0] + share * (self.places[1] - self.places[0])

    def _scaled(self, value: float) -> float:
        return math.log10(max(value, self.low)) if self.log else value

    def ticks(self) -> list[float]:
        """Return four to seven round values: of a logarithmic axis, powers of 2 or 10."""
        if not self.log:
            rough = (self.high - self.low) / 5
            power = 10 ** math.floor(math.log10(rough))
            step = next(power * each for each in (1, 2, 5, 10) if power * each >= rough)
            first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
            return [place * step for place in range(first, last + 1)]
        base = 10 if self.high / self.low > 4000 else 2
        first = math.ceil(math.log(self.low, base) - 1e-9)
        last = math.floor(math.log(self.high, base) + 1e-9)
        every = -(-(last - first + 1) // 7)
        return [float(base) ** power for power in range(first, last + 1, every)]
