"""In which precision a run learns: decided from two times, recorded with the run, the same in every process."""

import io
import json
import os
import sys
from dataclasses import replace
from functools import partial

import pytest
import torch
from rich.console import Console

from clearhead.cli import main
from clearhead.config import ModelConfig, RunConfig
from clearhead.errors import ConfigError
from clearhead.model_directory import read_info
from clearhead.run import precision, train, workers
from clearhead.run.events import Prepared, Saved
from clearhead.terminal.training import show
from clearhead.training.distributed import Group
from clearhead.translator.unsaved import translated
from tests.system.test_resume import CONFIG as TINY
from tests.system.test_resume import corpora

run = partial(train.run, translate=translated)

CONFIG = replace(TINY, training=replace(TINY.training, max_steps=7))
LONG = RunConfig.from_dict({"preset": "base"})
FAST_BF16, SLOW_BF16 = (1.6, 1.0), (1.0, 7.0)


@pytest.fixture
def measured(monkeypatch):
    """Have every run measured, as told; return what was asked to be measured."""
    asked = []

    def set_times(times):
        def measure(model, tokens):
            asked.append(tokens)
            assert times is not None, "measured where it should not be"
            return times

        monkeypatch.setattr(precision, "measure", measure)
        monkeypatch.setattr(precision, "_SHORT", 0.0)
        return asked

    return set_times


def training(config, **changes) -> RunConfig:
    return replace(config, training=replace(config.training, **changes))


@pytest.mark.parametrize(
    ("fp32", "bf16", "told"),
    [
        (1.6, 1.0, "bf16, measured 1.6 times as fast as fp32"),
        (1.1, 1.0, "bf16, measured 1.1 times as fast as fp32"),
        (1.09, 1.0, "fp32, as bf16 was measured to take 0.92 times as long"),
        (0.1, 0.1, "fp32, as bf16 was measured to take 1.00 times as long"),
        (0.1, 0.67, "fp32, as bf16 was measured to take 6.70 times as long"),
    ],
)
def test_two_times_decide(fp32, bf16, told):
    assert str(precision.faster(fp32, bf16)) == told


def test_what_is_asked_for_is_taken(measured):
    """And not measured, but for a long run in bf16, which may be much the slower one."""
    measured(None)
    assert str(precision.choose(training(LONG, precision="fp32"), "cpu")) == "fp32"
    for device in ("cuda:0", "mps"):
        assert str(precision.choose(training(LONG, precision="bf16"), device)) == "bf16"


@pytest.mark.parametrize(
    ("fp32", "bf16", "told"),
    [
        (1.6, 1.0, "bf16"),
        (1.0, 1.0, "bf16"),
        (
            0.1,
            0.67,
            "bf16, as asked, but measured to take 6.7 times as long as fp32 here; auto takes the faster",
        ),
    ],
)
def test_bf16_that_is_slow_here_is_told_of(measured, monkeypatch, fp32, bf16, told):
    measured(FAST_BF16)
    monkeypatch.setattr(precision, "measure", lambda *_: (fp32, bf16))
    assert str(precision.choose(training(LONG, precision="bf16"), "cpu")) == told


def test_auto_is_the_default_and_measures_the_tokens_of_a_side(measured):
    asked = measured(FAST_BF16)
    assert precision.choose(training(LONG, batch_tokens=3000), "cpu").precision == "bf16"
    assert asked == [1500]


@pytest.mark.parametrize(("steps", "count"), [(10, 0), (100_000, 1)])
def test_a_short_run_is_not_measured(measured, monkeypatch, steps, count):
    short = precision._SHORT
    asked = measured(FAST_BF16)
    monkeypatch.setattr(precision, "_SHORT", short)
    choice = precision.choose(training(LONG, max_steps=steps, batch_tokens=1000), "cpu")
    assert len(asked) == count
    assert choice.precision == ("bf16" if count else "fp32")


def test_a_gpu_is_asked_and_not_measured(measured, monkeypatch):
    measured(None)
    for able, told in ((True, "bf16"), (False, "fp32")):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation, able=able: able)
        assert precision.choose(LONG, "cuda:0").precision == told
    assert precision.choose(LONG, "mps").precision == "fp32"


@pytest.mark.parametrize("more", [{}, {"norm": "pre", "activation": "swiglu", "positions": "rotary"}])
def test_measuring_leaves_no_trace(monkeypatch, more):
    monkeypatch.setattr(precision, "_SECONDS", 0.0)
    shape = ModelConfig.tiny(vocab_size=100, **more)
    torch.manual_seed(5)
    before, threads = torch.random.get_rng_state(), torch.get_num_threads()
    assert all(seconds > 0 for seconds in precision.measure(shape, 50))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.get_num_threads() == threads


def until(kind, events) -> None:
    """End a run with its first event of a kind."""
    assert any(isinstance(event, kind) for event in events)
    events.close()


def recorded(out) -> str:
    return RunConfig.load(out / "run.toml").training.precision


@pytest.mark.parametrize("saved", [True, False])
def test_a_resumed_run_keeps_what_was_settled(measured, tmp_path, saved):
    """Stopped after a checkpoint or before the first, and resumed where measuring would find otherwise."""
    whole, parted, other = tmp_path / "whole", tmp_path / "parted", tmp_path / "other"
    measured(FAST_BF16)
    list(run(CONFIG, whole, corpora=corpora()))
    until(Saved if saved else Prepared, run(CONFIG, parted, corpora=corpora()))
    measured(SLOW_BF16)
    list(run(CONFIG, other, corpora=corpora()))
    asked = measured(None)
    prepared, *_ = (
        event for event in run(CONFIG, parted, corpora=corpora(), resume=True) if isinstance(event, Prepared)
    )
    assert (prepared.precision, prepared.resumed_from > 0) == ("bf16", saved)
    assert [recorded(out) for out in (whole, parted, other)] == ["bf16", "bf16", "fp32"]
    weights = [(out / "model/model.safetensors").read_bytes() for out in (whole, parted, other)]
    assert weights[0] == weights[1] != weights[2]
    assert read_info(parted / "model").training.precision == "bf16"
    assert len(asked) == 3


def test_another_precision_is_refused(measured, tmp_path):
    measured(FAST_BF16)
    until(Prepared, run(CONFIG, tmp_path / "run", corpora=corpora()))
    with pytest.raises(ConfigError, match=r"training\.precision was 'bf16', is 'fp32'"):
        next(run(training(CONFIG, precision="fp32"), tmp_path / "run", corpora=corpora(), resume=True))


def test_it_is_told_and_logged(measured, tmp_path):
    measured(FAST_BF16)
    console = Console(file=io.StringIO(), width=200)
    until(Prepared, show(run(CONFIG, tmp_path / "run", corpora=corpora()), console, 1))
    assert "precision: bf16, measured 1.6 times as fast as fp32\n" in console.file.getvalue()
    event = json.loads((tmp_path / "run" / "log.jsonl").read_text().splitlines()[0])
    assert event["precision"] == "bf16"


def learn_as_one(out):
    """Run in each process of a group: the first finds bf16 fast, the other slow."""
    rank = os.environ["RANK"]
    precision._SHORT = 0.0
    precision.measure = lambda model, tokens: FAST_BF16 if rank == "0" else SLOW_BF16
    config = training(CONFIG, max_steps=2)
    told = [
        event.precision
        for event in run(config, out / "run", corpora=corpora())
        if isinstance(event, Prepared)
    ]
    (out / rank).write_text(told[0])


@pytest.mark.skipif(sys.platform == "win32", reason="workers need Linux or macOS")
def test_the_first_of_several_processes_decides_for_all(tmp_path):
    assert workers.run(partial(learn_as_one, tmp_path), 2) == 0
    told = [(tmp_path / rank).read_text() for rank in "01"]
    assert told == ["bf16, measured 1.6 times as fast as fp32", "bf16"]


def test_a_follower_does_not_measure(measured, monkeypatch):
    measured(None)
    for first, told in ((1, "bf16"), (0, "fp32")):
        monkeypatch.setattr(Group, "most", lambda self, number, first=first: max(number, first))
        assert precision.settle(LONG, "cpu", Group(rank=1, size=2)).precision == told


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--no-measure"], "auto, measured when the run starts"),
        ([], "bf16, measured 1.6 times as fast as fp32"),
    ],
)
def test_plan_tells_it(measured, tmp_path, capsys, flags, told):
    measured(FAST_BF16)
    config = tmp_path / "run.toml"
    config.write_text('preset = "tiny"\n[training]\nbatch_tokens = 300\nthreads = 1\n')
    main(["plan", "--config", str(config), *flags])
    assert f"precision   {told}\n" in capsys.readouterr().out
