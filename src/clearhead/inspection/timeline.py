"""Attention to a source that is no text as a picture: when, or where, each piece of the target was found.

Above, the frames as the model read them; below, a row for each piece that was made, over the same axis.
"""

from collections.abc import Iterator

import numpy as np

from clearhead.config import ModelConfig
from clearhead.corpora.frames import Frames
from clearhead.inspection.maps import AttentionMaps
from clearhead.inspection.picture import chosen, colour, document, escaped, scale, spoken, text, widest
from clearhead.inspection.tokens import Maps

_WIDTH, _ROW, _STRIP, _MOST_BANDS = 720, 20, 120, 40
"""Pixels of the axis, of a row and of the frames; bands of the frames that are drawn at most."""
_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def timeline(
    maps: AttentionMaps, frames: Frames, model: ModelConfig, layer: int | None = None, head: int | None = None
) -> str:
    """Return the attention to the source of a translation of `frames` as SVG.

    The darkest cell of a row has the row's least weight and the brightest its greatest: a sound lasts for many frames,
    so that no weight is near 1. Where a layer or a head is not named, it is the mean over them. Raises ConfigError for
    one there is not.
    """
    weights, title = chosen(maps, "cross", layer, head)
    left, top = widest(maps.produced), 14
    bands = _banded(frames, model.frames_per_position)
    width = _WIDTH / len(maps.source)
    below = top + _STRIP + 8
    parts = [*_frames(bands, left, top, width), *_rows(weights, left, below, width)]
    parts += [
        f'<text x="{left - 6}" y="{below + (row + 0.72) * _ROW:g}" text-anchor="end">{text(piece)}</text>'
        for row, piece in enumerate(maps.produced)
    ]
    bottom = below + _ROW * len(maps.produced)
    parts += _axis(left, bottom, len(maps.source) * model.frames_per_position, model)
    line = f"{title}; each row from its least to its greatest weight"
    parts.append(f'<text x="{left}" y="{bottom + 56}" class="title">{escaped(line)}</text>')
    parts += scale(left, bottom + 66, "least", "greatest")
    return document(left + _WIDTH + 24, bottom + 104, parts, spoken(maps, title))


def _banded(frames: Frames, size: int) -> Maps:
    """Return the mean of the frames of each position, and of neighbours where features are many, from 0 to 1."""
    means = np.stack([frames[start : start + size].mean(axis=0) for start in range(0, len(frames), size)])
    bands = np.stack(
        [part.mean(axis=1) for part in np.array_split(means, min(_MOST_BANDS, means.shape[1]), axis=1)], 1
    )
    return _stretched(bands)


def _stretched(table: Maps) -> Maps:
    least, most = float(table.min()), float(table.max())
    return (table - least) / ((most - least) or 1.0)


def _frames(bands: Maps, left: int, top: int, width: float) -> Iterator[str]:
    """Yield the cells of the frames, the first feature below."""
    height = _STRIP / bands.shape[1]
    for position, column in enumerate(bands.tolist()):
        for band, value in enumerate(column):
            grey = round(255 - 225 * value)
            x, y = left + position * width, top + _STRIP - (band + 1) * height
            size = f'width="{width + 0.3:.1f}" height="{height + 0.3:.1f}"'
            yield f'<rect x="{x:.1f}" y="{y:.1f}" {size} fill="rgb({grey},{grey},{grey})"/>'


def _rows(weights: Maps, left: int, top: int, width: float) -> Iterator[str]:
    for row, values in enumerate(weights):
        for position, (shade, weight) in enumerate(
            zip(_stretched(values).tolist(), values.tolist(), strict=True)
        ):
            x, y = left + position * width, top + row * _ROW
            yield (
                f'<rect x="{x:.1f}" y="{y}" width="{width + 0.3:.1f}" height="{_ROW}" fill="{colour(shade)}">'
                f"<title>{weight:.3f}</title></rect>"
            )


def _axis(left: int, top: int, frames: int, model: ModelConfig) -> Iterator[str]:
    """Yield the axis, in seconds where the model knows them, else in frames."""
    seconds = model.source_seconds
    length = frames * (seconds or 1)
    step = next((step for step in _TICKS if length / step <= 12 and (seconds or step >= 1)), length)
    for number in range(int(length / step) + 1):
        x = left + number * step / length * _WIDTH
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{top + 5}" stroke="#444"/>'
        yield f'<text x="{x:.1f}" y="{top + 19}" text-anchor="middle">{number * step:g}</text>'
    name = "seconds" if seconds else "frames"
    yield f'<text x="{left + _WIDTH / 2:g}" y="{top + 36}" text-anchor="middle" class="title">{name}</text>'
