"""Curves for TensorBoard are those of the run."""

from types import SimpleNamespace

import pytest

from clearhead.run import tensorboard
from clearhead.run.events import Prepared, Validated
from clearhead.training.loop import StepReport


def events():
    yield Prepared({}, 1, 0, [])
    for step in range(1, 31):
        yield StepReport(step, 0, 5.0 - step / 10, 100, 0.001, 1.0, step != 20)
    yield Validated(30, SimpleNamespace(loss=2.0, bleu=30.0, chrf=50.0), True)


def test_curves_are_written_and_events_passed_on(tmp_path):
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    assert len(list(tensorboard.recorded(events(), tmp_path))) == 32
    curves = reader.EventAccumulator(str(tmp_path / "tensorboard"))
    curves.Reload()
    assert [(e.step, round(e.value, 3)) for e in curves.Scalars("train/loss")] == [(10, 4.0), (30, 2.0)]
    assert [(e.step, e.value) for e in curves.Scalars("valid/bleu")] == [(30, 30.0)]


def test_without_it_a_run_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(tensorboard, "find_spec", lambda name: None)
    assert len(list(tensorboard.recorded(events(), tmp_path))) == 32
    assert list(tmp_path.iterdir()) == []
