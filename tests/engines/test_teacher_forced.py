"""The equations in numpy give what our own code gives, for every shape, and a conversion without torch is told."""

import numpy as np
import pytest

from clearhead.architectures.build import build
from clearhead.config import ModelConfig
from clearhead.config.weights import shapes
from clearhead.engines import conversion, parity, patience
from clearhead.engines.pytorch import PyTorchEngine
from clearhead.engines.teacher_forced import TeacherForced, sinusoids
from clearhead.model import positions
from tests.engines.test_ctranslate2 import SHAPES, write_model


@pytest.mark.parametrize("name", SHAPES)
def test_numpy_scores_as_our_own_code(name, tmp_path):
    path = write_model(tmp_path / "model", languages=("de",), **SHAPES[name])
    srcs = parity.random_sources(path)[:6]
    tgts = [src[:-1] for src in parity.random_sources(path, seed=1)[:6]]
    expected = PyTorchEngine.load(path).score(srcs, tgts)
    for row, other in zip(expected, TeacherForced.load(path).score(srcs, tgts), strict=True):
        np.testing.assert_allclose(other, row, atol=1e-3)


@pytest.mark.parametrize("shape", [*SHAPES.values(), {"kind": "lm", "norm": "pre", "normalization": "rms"}])
def test_the_shapes_of_the_weights_are_those_of_the_model(shape):
    sizes = {"d_model": 8, "d_ff": 12, "num_heads": 2, "num_encoder_layers": 2, "num_decoder_layers": 1}
    config = ModelConfig(vocab_size=11, **{**sizes, **shape})
    model = build(config)
    assert shapes(config) == {name: tuple(each.shape) for name, each in model.named_parameters()}


def test_the_table_of_sinusoids_is_that_of_the_model():
    np.testing.assert_allclose(sinusoids(300, 32), positions.sinusoids(300, 32).numpy(), atol=1e-6)


def test_a_conversion_is_proved_where_torch_has_come_since(tmp_path, monkeypatch):
    path = write_model(tmp_path / "model", seed=21)
    monkeypatch.setattr(conversion, "has_torch", lambda: False)
    place = conversion.converted(path)
    assert not patience.kept(place).proved
    stamp = (place / "model.bin").stat().st_mtime_ns
    assert conversion.converted(path) == place
    assert (place / "model.bin").stat().st_mtime_ns == stamp
    monkeypatch.undo()
    assert conversion.converted(path) == place
    assert patience.kept(place).proved
