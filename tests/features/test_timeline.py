"""The picture over time: its axis is that of the frames, and its rows are those of the map."""

import re

import numpy as np

from clearhead.inspection.timeline import timeline

FILL = re.compile(r'height="20" fill="(#\w+)"><title>([\d.]+)')


def test_rows_are_those_of_the_map(translator, spoken, signals):
    maps = translator.look(f"{signals / 'test.npz'}:arr_2")
    drawn = timeline(maps, spoken[0][2], translator.info.model)
    cells = FILL.findall(drawn)
    weights = maps.cross.mean((0, 1))
    assert [float(weight) for _, weight in cells] == [round(float(w), 3) for w in weights.ravel()]
    brightest = np.array([shade for shade, _ in cells]).reshape(weights.shape) == "#fee838"
    assert (brightest.argmax(1) == weights.argmax(1)).all(), "each row from its least to its greatest weight"


def test_the_axis_is_in_seconds_of_the_frames(translator, spoken, signals):
    maps = translator.look(f"{signals / 'test.npz'}:arr_2")
    drawn = timeline(maps, spoken[0][2], translator.info.model)
    ticks = re.findall(r'<text x="([\d.]+)" y="\d+" text-anchor="middle">([\d.]+)</text>', drawn)
    first = float(ticks[0][0])
    length = 2 * len(maps.source) * 0.01  # a position is two frames
    assert ">seconds</text>" in drawn
    assert len(ticks) >= 3
    for x, seconds in ticks:
        assert abs((float(x) - first) / 720 * length - float(seconds)) < 1e-3
