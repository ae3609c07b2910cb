"""Attention as a picture for a paper or a slide: one matrix, or all layers and heads side by side.

SVG is written here; PNG is made of it by resvg (the extra `plot`).
"""

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

import numpy as np

from clearhead.errors import ConfigError
from clearhead.extras import missing
from clearhead.inspection.maps import AttentionMaps
from clearhead.inspection.tokens import Maps, label
from clearhead.model.places import PLACES, Place
from clearhead.storage.files import write_file

_SAID: dict[str, str] = {
    "encoder": "encoder self-attention",
    "decoder": "masked decoder self-attention",
    "cross": "encoder-decoder attention",
}
# Cividis (Nunez et al. 2018): even in brightness, the same to colour-blind eyes.
_CIVIDIS = np.array(
    [
        (0, 34, 78), (8, 51, 112), (53, 69, 108), (79, 87, 108), (102, 105, 112), (125, 124, 120),
        (148, 142, 119), (174, 163, 113), (200, 184, 102), (229, 207, 82), (254, 232, 56),
    ]
)  # fmt: skip
_CELL, _SMALL_CELL, _FONT, _GAP = 22, 5, 13, 14
_CHARACTER = 0.62
"""Width of a usual character, in font sizes."""


def colour(weight: float) -> str:
    """Return the colour of a weight on the fixed scale from 0 to 1."""
    place = min(max(weight, 0.0), 1.0) * (len(_CIVIDIS) - 1)
    low = min(int(place), len(_CIVIDIS) - 2)
    mixed = _CIVIDIS[low] + (place - low) * (_CIVIDIS[low + 1] - _CIVIDIS[low])
    return "#" + "".join(f"{round(part):02x}" for part in mixed)


def svg(
    maps: AttentionMaps, place: Place = "cross", layer: int | None = None, head: int | None = None
) -> str:
    """Return one matrix: rows are queries, columns the keys that they attend to; layers and heads count from 0.

    Where a layer or a head is not named, it is the mean over them. Raises ConfigError for one there is not.
    """
    weights, title = chosen(maps, place, layer, head)
    queries, keys = _labels(maps, place)
    left, top = widest(queries), widest(keys)
    width, height = len(keys) * _CELL, len(queries) * _CELL
    rows = [
        f'<text x="{left - 6}" y="{top + (row + 0.68) * _CELL:g}" text-anchor="end">{text(piece)}</text>'
        for row, piece in enumerate(queries)
    ]
    columns = [
        f'<text transform="translate({left + (column + 0.65) * _CELL:g} {top - 6}) rotate(-60)">{text(piece)}</text>'
        for column, piece in enumerate(keys)
    ]
    cells = list(_cells(weights, left, top, _CELL, place))
    head_line = f'<text x="{left}" y="{top + height + 22}" class="title">{escaped(title)}</text>'
    colours = scale(left, top + height + 34)
    total = left + max(width + top // 2, 210, _wide(title)) + 12
    return document(
        total, top + height + 76, [*rows, *columns, *cells, head_line, *colours], spoken(maps, title)
    )


def grid(maps: AttentionMaps, place: Place = "cross") -> str:
    """Return a small matrix for every head, one row per layer."""
    _check_place(maps, place)
    tables: Maps = getattr(maps, place)
    layers, heads, queries, keys = tables.shape
    wide, high, left, top = keys * _SMALL_CELL + _GAP, queries * _SMALL_CELL + _GAP, 66, 30
    parts = [f'<text x="{left + head * wide}" y="{top - 8}">head {head}</text>' for head in range(heads)]
    for layer in range(layers):
        parts.append(
            f'<text x="{left - 8}" y="{top + layer * high + 14}" text-anchor="end">layer {layer}</text>'
        )
        for head in range(heads):
            parts += _cells(tables[layer, head], left + head * wide, top + layer * high, _SMALL_CELL, place)
    bottom = top + layers * high
    title = f"{_SAID[place]}: rows are queries, columns keys"
    parts.append(f'<text x="{left}" y="{bottom + 16}" class="title">{title}</text>')
    parts += scale(left, bottom + 28)
    return document(left + max(heads * wide, 210, _wide(title)) + 12, bottom + 70, parts, spoken(maps, title))


def save(picture: str, file: Path) -> None:
    """Write a picture as `.svg` or `.png`. Raises ConfigError for another name, or without what makes a PNG."""
    if file.suffix == ".svg":
        write_file(file, picture.encode())
        return
    if file.suffix != ".png":
        raise ConfigError(f"{file} is not named as a picture; end its name in .svg or .png")
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        raise ConfigError(f"{missing('a .png file', 'resvg-py')}, or write an .svg file") from None
    image = svg_to_bytes(svg_string=picture, zoom=2)
    if image == svg_to_bytes(svg_string=picture, zoom=2, skip_system_fonts=True):
        raise ConfigError(
            f"{file} would be without letters, as this machine has no fonts; install one, or write an .svg"
        )
    write_file(file, bytes(image))


def chosen(maps: AttentionMaps, place: Place, layer: int | None, head: int | None) -> tuple[Maps, str]:
    """Return one matrix, or the mean of several, and what it is in words."""
    _check_place(maps, place)
    tables: Maps = getattr(maps, place)
    named = []
    for what, number, count in (("layer", layer, tables.shape[0]), ("head", head, tables.shape[1])):
        if number is not None and not 0 <= number < count:
            raise ConfigError(
                f"there is no {what} {number} in the {_SAID[place]}; there are 0 to {count - 1}"
            )
        of_all = f"mean of {count} {what}s" if count > 1 else f"one {what}"
        named.append(of_all if number is None else f"{what} {number}")
    for axis, number in ((0, layer), (1, head)):
        tables = tables.mean(axis=axis, keepdims=True) if number is None else tables.take([number], axis=axis)
    return tables[0, 0], f"{_SAID[place]}, {', '.join(named)}"


def _check_place(maps: AttentionMaps, place: str) -> None:
    if place not in PLACES:
        raise ConfigError(f"unknown attention {place!r}; choose one of {', '.join(PLACES)}")
    if not len(getattr(maps, place)):
        has = [each for each in PLACES if len(getattr(maps, each))]
        raise ConfigError(
            f"a model of kind {maps.about.kind} has no {_SAID[place]}; choose the place {' or '.join(has)}"
        )


def _labels(maps: AttentionMaps, place: Place) -> tuple[Sequence[str], Sequence[str]]:
    """Return the names of the queries and of the keys."""
    if place == "encoder":
        return maps.src, maps.src
    return (maps.read, maps.read) if place == "decoder" else (maps.produced, maps.src)


def _cells(weights: Maps, left: int, top: int, size: int, place: Place) -> Iterator[str]:
    for query, row in enumerate(weights.tolist()):
        for key, weight in enumerate(row):
            x, y = left + key * size, top + query * size
            hidden = place == "decoder" and key > query  # the future, which the mask hides
            fill = "url(#masked)" if hidden else colour(weight)
            inside = "" if size < _CELL or hidden else f"<title>{weight:.3f}</title>"
            yield f'<rect x="{x}" y="{y}" width="{size}" height="{size}" fill="{fill}">{inside}</rect>'


def scale(left: int, top: int, least: str = "0", most: str = "1") -> Iterator[str]:
    """Yield the colours from the least weight to the greatest."""
    for number in range(50):
        yield f'<rect x="{left + 4 * number}" y="{top}" width="4" height="10" fill="{colour(number / 49)}"/>'
    for place, end in ((0, least), (200, most)):
        yield f'<text x="{left + place}" y="{top + 26}" text-anchor="middle">{end}</text>'


def document(width: int, height: int, parts: Sequence[str], spoken: str) -> str:
    """Return an SVG of these parts."""
    body = "\n".join(parts)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" \
viewBox="0 0 {width} {height}" role="img" aria-label="{escape(spoken)}">
<style>text {{ font: {_FONT}px "DejaVu Sans", Arial, sans-serif; fill: #1a1a1a; unicode-bidi: isolate }}
.title {{ font-size: 12px; fill: #444 }}</style>
<defs><pattern id="masked" width="4" height="4" patternUnits="userSpaceOnUse">
<rect width="4" height="4" fill="#f2f2f2"/><path d="M0 4L4 0" stroke="#bbb" stroke-width="0.8"/></pattern></defs>
<rect width="{width}" height="{height}" fill="#fff"/>
{body}
</svg>
"""


def spoken(maps: AttentionMaps, title: str) -> str:
    """Return what is said of a picture to those who do not see it."""
    return f"{title}: from {maps.source.text!r} to {maps.target.text!r}"


def widest(labels: Sequence[str]) -> int:
    """Return the pixels that the longest label takes."""
    return max(map(_wide, map(label, labels)), default=0) + 18


def _wide(text: str) -> int:
    return round(len(text) * _FONT * _CHARACTER)


def text(piece: str) -> str:
    """Escape a label; what XML cannot hold shows as U+FFFD."""
    return escaped(label(piece))


def escaped(text: str) -> str:
    """Escape a text for XML."""
    return escape("".join(c if c.isprintable() else "\ufffd" for c in text))
