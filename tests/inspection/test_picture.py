"""Pictures show the numbers they are made of."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from clearhead.errors import ConfigError
from clearhead.inspection import picture
from clearhead.inspection.tokens import label
from tests.inspection.test_record import look, made

SVG = "{http://www.w3.org/2000/svg}"


def titles(drawn: str) -> list[float]:
    return [float(each.text) for each in ElementTree.fromstring(drawn).iter(f"{SVG}title")]


@pytest.mark.parametrize("place", ["encoder", "decoder", "cross"])
@pytest.mark.parametrize(("layer", "head"), [(None, None), (1, None), (None, 2), (0, 3)])
def test_every_cell_tells_its_weight(place, layer, head):
    maps = look(made("pre"))
    weights = getattr(maps, place)
    weights = weights.mean(axis=0) if layer is None else weights[layer]
    weights = weights.mean(axis=0) if head is None else weights[head]
    seen = np.tril(np.ones_like(weights)) == 1 if place == "decoder" else np.ones_like(weights) == 1
    drawn = picture.svg(maps, place, layer, head)
    np.testing.assert_allclose(titles(drawn), weights[seen], atol=6e-4)
    assert drawn.count("url(#masked)") == (~seen).sum()


def test_what_a_mean_is_of_is_told():
    maps = look(made("pre"))
    assert picture.chosen(maps, "cross", None, None)[1].endswith(", mean of 3 layers, mean of 4 heads")
    alone = replace(maps, cross=maps.cross[:1, :1])
    assert picture.chosen(alone, "cross", None, None)[1].endswith(", one layer, one head")


def test_the_grid_has_every_head():
    maps = look(made("post"))
    drawn = picture.grid(maps, "cross")
    cells = re.findall(r'<rect [^>]*width="5" height="5"', drawn)
    assert len(cells) == maps.cross.size
    assert {f"layer {n}" for n in range(3)} | {f"head {n}" for n in range(4)} <= set(
        re.findall(r">([^<]+)</text>", drawn)
    )


def test_colours_are_on_one_scale():
    assert picture.colour(0.0) == picture.colour(-1.0) == "#00224e"
    assert picture.colour(1.0) == picture.colour(2.0) == "#fee838"
    bright = [sum(int(picture.colour(x)[i : i + 2], 16) for i in (1, 3, 5)) for x in np.linspace(0, 1, 40)]
    assert bright == sorted(bright)


def test_labels():
    assert [label(piece) for piece in ("\u2581The", "nk", ".", "\u2581", "</s>", "<0xF0>")] == [
        "The", "\u00b7nk", ".", "\u2423", "</s>", "<0xF0>"]  # fmt: skip


def test_what_there_is_not():
    maps = look(made("pre"))
    with pytest.raises(ConfigError, match="there is no head 9"):
        picture.svg(maps, head=9)
    with pytest.raises(ConfigError, match="unknown attention 'other'"):
        picture.grid(maps, "other")
