"""A plan looks at what the run will look at: its batches, its vocabulary, its steps in an epoch."""

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from clearhead.cli.plan import _rows
from clearhead.config import ModelConfig, RunConfig, TrainingConfig
from clearhead.data.loader import Loader
from clearhead.data.store import Store
from clearhead.errors import ConfigError
from clearhead.grammar import grammar
from clearhead.model.operations import flops_per_token
from clearhead.planning import sample as sampling
from clearhead.planning.measured import Measured
from clearhead.planning.plan import plan
from clearhead.planning.requirements import kept_numbers, memory_bytes, passing_numbers
from clearhead.planning.sample import Sample, real_batches
from clearhead.run.prepare import prepare_store
from clearhead.run.setup import recipe

MEASURED = Measured(compute=0.2, processor=0.2, data=0.3, tokens=500, device="cpu", threads=1)
POINTS = json.loads((Path(__file__).parent / "points.json").read_text())


@pytest.fixture
def config(tmp_path):
    for part, count in (("train", 700), ("valid", 5)):
        examples = list(islice(grammar.generate(1, part=part), count))
        for language in ("en", "fr"):
            lines = "".join(f"{example.text(language)}\n" for example in examples)
            (tmp_path / f"{part}.{language}").write_text(lines)
    data = {
        "source": str(tmp_path / "train.en"),
        "target": str(tmp_path / "train.fr"),
        "valid_source": str(tmp_path / "valid.en"),
        "valid_target": str(tmp_path / "valid.fr"),
        "source_lang": "en",
        "target_lang": "fr",
        "store": str(tmp_path / "store"),
    }
    return RunConfig.from_dict(
        {
            "preset": "tiny",
            "data": data,
            "tokenizer": {"vocab_size": 400},
            "model": {"d_model": 16, "d_ff": 32, "num_heads": 2},
            "training": {
                "batch_tokens": 300,
                "precision": "fp32",
                "max_steps": 500,
                "max_epochs": 3,
                "threads": 1,
            },
        }
    )


def test_the_batches_are_those_of_the_run(config):
    list(prepare_store(config))
    store = Store(config.data.store)
    chunk = Loader(store, recipe(config, [1.0])).first_chunk()
    with real_batches(config, Sample.of(config), None) as batches:
        assert batches.vocab_size == store.tokenizer.vocab_size
        assert batches.per_epoch == len(chunk.batches)
        assert [rows.tolist() for rows in batches.chunk.batches] == [rows.tolist() for rows in chunk.batches]
        tokens = (chunk.corpus.tgt_lengths - 1).sum() / len(chunk.batches)
        assert batches.tokens == pytest.approx(tokens)


def test_a_thinner_sample_says_nearly_the_same(config, monkeypatch):
    with real_batches(config, Sample.of(config), None) as whole:
        pass
    monkeypatch.setattr(sampling, "PAIRS", 100)
    thin = Sample.of(config)
    assert 100 <= len(thin.texts[0].pairs) < 200
    assert thin.pairs == 700
    with real_batches(config, thin, None) as batches:
        assert batches.vocab_size == 400  # of the whole corpus, which has more words than the sample
        assert batches.tokens * batches.per_epoch == pytest.approx(whole.tokens * whole.per_epoch, rel=0.15)


def test_a_plan_with_workers(config):
    said = plan(config, workers=2)
    assert said.device == "cpu"
    assert said.pairs == 700
    assert 100 < said.tokens_per_step < 200  # of 300 on both sides, padding counted
    assert said.steps == pytest.approx(3 * said.tokens_per_epoch / said.tokens_per_step, rel=0.02)
    assert said.together.processes == 2
    assert said.together.tokens_per_second > 0
    assert said.seconds_together == pytest.approx(
        said.steps * said.tokens_per_step / said.together.tokens_per_second
    )


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"workers": 0}, "--workers must be at least 1 and --bandwidth at least 0, got 0 and 0"),
        ({"bandwidth": -1.0}, "got 1 and -1"),
        ({"workers": 2, "measure": False}, "follows from the measured time of one; leave out --no-measure"),
    ],
)
def test_what_cannot_be_planned_is_refused(flags, words):
    with pytest.raises(ConfigError, match=words):
        plan(RunConfig(), **flags)


def test_a_loader_that_works_ahead_costs_only_what_the_steps_do_not_cover():
    assert MEASURED.seconds_per_step(0) == 0.5
    assert MEASURED.seconds_per_step(1) == 0.3
    assert MEASURED.seconds_per_step(4) == 0.2


@pytest.mark.parametrize(("load", "busy"), [(None, False), (0.2, False), (3.0, True)])
def test_a_crowded_processor_is_told(monkeypatch, load, busy):
    monkeypatch.setattr("clearhead.planning.plan.load", lambda: load)
    monkeypatch.setattr("clearhead.planning.plan.measured", lambda *_, **__: MEASURED)
    said = plan(RunConfig.from_dict({"preset": "tiny", "training": {"precision": "fp32"}}))
    assert said.busy is busy
    rows = dict(_rows(said))
    assert ("something else uses the processor too" in rows["speed"]) is busy


@pytest.mark.parametrize("point", POINTS["memory"], ids=lambda point: f"{point['mib']} MiB")
def test_memory_is_what_was_measured(point):
    said = memory_bytes(
        ModelConfig.tiny(vocab_size=point["vocab_size"]), TrainingConfig(**point["training"]), point["length"]
    )
    assert said / 2**20 == pytest.approx(point["mib"], rel=0.1)


def test_what_is_counted():
    model, training = ModelConfig.tiny(vocab_size=8000), TrainingConfig()
    parts = model.parameters_by_part
    assert kept_numbers(model, training) == 4 * model.num_parameters
    assert kept_numbers(model, replace(training, ema_decay=0.99)) == 5 * model.num_parameters
    muon = kept_numbers(model, replace(training, optimizer="muon"))
    assert muon == 4 * model.num_parameters - parts["encoder"] - parts["decoder"]
    assert memory_bytes(model, replace(training, r_drop=1.0), 20) > 1.4 * memory_bytes(model, training, 20)
    more = ModelConfig.tiny(vocab_size=16000)
    assert passing_numbers(more, training, 20) - passing_numbers(model, training, 20) == 8000 * (
        1024 + 2 * 128
    )
    assert flops_per_token(model, 20, r_drop=True) == 2 * flops_per_token(model, 20)
