"""`batch_tokens = "auto"`: fitted to measured memory, resolved once, the same when resumed."""

from dataclasses import replace
from functools import partial

import pytest
import torch

from clearhead.cli.settings import with_settings
from clearhead.cli.train import Train
from clearhead.cli.usage import problem
from clearhead.config import RunConfig
from clearhead.errors import ConfigError
from clearhead.run import batch_size, train
from clearhead.run.directory import with_precision
from clearhead.training.distributed import Group
from clearhead.training.state import TrainState
from clearhead.translator.unsaved import translated
from tests.system.test_resume import CONFIG, corpora

run = partial(train.run, translate=translated)
AUTO = replace(CONFIG, training=replace(CONFIG.training, batch_tokens="auto", max_steps=2))


def using(fixed, by_token, limit=None):
    """Return a memory that grows in proportion, which `limit` tokens exhaust."""
    tried = []

    def used(tokens, length):
        tried.append(tokens)
        if limit and tokens > limit:
            raise torch.OutOfMemoryError("out of memory")
        return fixed + by_token * tokens * (2 if length > 100 else 1)

    return used, tried


def test_the_longest_sentences_decide_and_what_is_taken_was_tried():
    used, tried = using(1_000_000, 50)
    tokens = batch_size.fitting(used, 6_000_000, (20, 256))
    assert tokens == 50_000 // 1024 * 1024
    assert used(tokens, 256) <= 6_000_000
    assert tokens in tried


def test_more_than_fills_a_gpu_is_not_taken():
    assert batch_size.fitting(using(0, 1)[0], 10**12, (20,)) == batch_size.MOST


def test_what_two_sizes_promised_is_taken_back_where_it_does_not_fit():
    used, _ = using(0, 10, limit=40_000)
    tokens = batch_size.fitting(used, 10**9, (20,))
    assert 33_000 < tokens <= 40_000
    assert tokens % 1024 == 0


def test_where_the_second_size_does_not_fit_the_first_is_taken():
    assert batch_size.fitting(using(0, 10, limit=10_000)[0], 10**9, (20, 256)) == 8192
    assert batch_size.fitting(using(0, 10, limit=1_000)[0], 10**9, (20,)) == 0


def test_a_gpu_that_is_too_small_is_told_in_a_line():
    with pytest.raises(
        ConfigError, match=r"no batch of 1,024 tokens fits into the 2.0 GiB that are free on cuda"
    ):
        batch_size.checked(0, 2 << 30, "cuda")
    assert batch_size.checked(4096, 2 << 30, "cuda") == 4096


@pytest.fixture
def on_cpu(monkeypatch):
    """Let a processor answer what a GPU is asked: it holds nothing, and has a GiB."""
    for name, answer in {
        "empty_cache": None,
        "memory_allocated": 0,
        "get_rng_state": None,
        "set_rng_state": None,
        "mem_get_info": (1 << 30, 1 << 30),
        "reset_peak_memory_stats": None,
        "max_memory_allocated": 1 << 20,
    }.items():
        monkeypatch.setattr(torch.cuda, name, lambda *_, answer=answer: answer)
    monkeypatch.setattr(batch_size, "_PROBES", (64, 128))
    monkeypatch.setattr(batch_size, "MOST", 2048)


def exhausted(*_, **__):
    raise torch.OutOfMemoryError("out of memory")


def test_a_run_of_few_steps_is_measured_like_a_long_one(on_cpu):
    """The probe takes more steps than the run has."""
    short = with_precision(AUTO, "fp32")
    assert batch_size.measured(replace(short, training=replace(short.training, max_steps=1)), "cpu") == 2048


def test_a_model_that_does_not_fit_is_told_in_a_line(on_cpu, monkeypatch):
    monkeypatch.setattr(torch.nn.Module, "to", exhausted)
    with pytest.raises(
        ConfigError, match=r"the model has 0.\d million parameters, for which cpu has no room; use a"
    ):
        batch_size.measured(AUTO, "cpu")


def test_moments_that_do_not_fit_are_told_in_a_line(on_cpu, monkeypatch):
    monkeypatch.setattr(TrainState, "fresh", exhausted)
    says = 'use a number for training.batch_tokens, .*several --workers with training.sharding = "fsdp", or a smaller'
    with pytest.raises(ConfigError, match=says):
        batch_size.measured(AUTO, "cpu")


def test_a_step_that_does_not_fit_is_told_in_a_line(monkeypatch, tmp_path):
    monkeypatch.setattr("clearhead.training.loop.batch_loss", exhausted)
    with pytest.raises(ConfigError, match="cpu has no room for the steps of a model of"):
        list(run(AUTO, tmp_path / "run", corpora=corpora()))


def test_batches_have_no_padding_and_their_size():
    batch = batch_size.batch_of(50, 1000, 7)
    assert batch.tgt.size + batch.src.size <= 1000 < batch.tgt.size + batch.src.size + 17
    assert (batch.src > 0).all()
    assert (batch.tgt > 0).all()


def test_a_number_is_taken_as_it_is_and_auto_without_a_gpu_is_4096():
    assert (
        batch_size.settle(replace(AUTO, training=CONFIG.training), "cpu", Group())
        == CONFIG.training.batch_tokens
    )
    assert batch_size.settle(AUTO, "cpu", Group()) == 4096


def test_the_command_line_takes_a_number_or_auto():
    for value, taken in (("auto", "auto"), ("2048", 2048)):
        words = ["--out", "x", "--training.batch-tokens", value]
        assert problem(Train, words, ()) is None
        assert with_settings(Train, words).training.batch_tokens == taken
    assert problem(Train, ["--out", "x", "--training.batch-tokens", "many"], ()) == (
        "--training.batch-tokens must be a whole number, or auto, got 'many'"
    )


@pytest.mark.parametrize(
    ("value", "told"), [("many", "of type int, or auto"), (0, "at least 1, or auto, got 0")]
)
def test_a_file_takes_a_number_or_auto(value, told):
    with pytest.raises(ConfigError, match=told):
        RunConfig.from_dict({"training": {"batch_tokens": value}})


def test_a_run_keeps_what_it_found_and_resumes_exactly(tmp_path):
    whole, interrupted = tmp_path / "whole", tmp_path / "interrupted"
    list(run(AUTO, whole, corpora=corpora()))
    assert RunConfig.load(whole / "run.toml").training.batch_tokens == 4096
    list(run(replace(AUTO, training=replace(AUTO.training, max_steps=1)), interrupted, corpora=corpora()))
    list(run(AUTO, interrupted, corpora=corpora(), resume=True))
    for file in ("model.safetensors", "config.json"):
        assert (whole / "model" / file).read_bytes() == (interrupted / "model" / file).read_bytes()
