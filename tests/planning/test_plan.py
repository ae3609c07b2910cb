"""The plan's counts are those of the model."""

from dataclasses import replace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from clearhead import cli
from clearhead.cli.plan import _shorter, in_words
from clearhead.config import ModelConfig, RunConfig
from clearhead.errors import DataError
from clearhead.model.operations import flops_per_token
from clearhead.model.transformer import Transformer
from clearhead.planning import plan as planning
from clearhead.planning.plan import plan
from clearhead.planning.suggestion import AFTERNOON
from clearhead.run import batch_size, learner
from clearhead.training.state import TrainState


def test_parts_add_up_to_the_model():
    for norm in ("post", "pre"):
        config = ModelConfig.tiny(vocab_size=500, norm=norm, tied_embeddings=False)
        parts = config.parameters_by_part
        model = Transformer(config)
        assert sum(parts.values()) == config.num_parameters
        embeddings = sum(p.numel() for n, p in model.named_parameters() if "embedding" in n)
        assert parts["embeddings"] == embeddings


def test_operations_are_those_that_torch_counts():
    config = ModelConfig(
        vocab_size=400, d_model=64, d_ff=128, num_heads=4, num_encoder_layers=2, num_decoder_layers=2
    )
    model, length = Transformer(config).eval(), 20
    ids = torch.randint(4, 400, (3, length))
    with FlopCounterMode(display=False) as counter:
        model.logits(model(ids, ids, observer=lambda place, tensor: None))
    forward = counter.get_total_flops() / (3 * length)
    assert abs(3 * forward / flops_per_token(config, length) - 1) < 0.02


def test_without_a_corpus_and_without_measuring():
    result = plan(RunConfig.from_dict({"preset": "base"}), measure=False)
    assert result.parameters == result.parameters_by_part["embeddings"] + sum(
        result.parameters_by_part[part] for part in ("encoder", "decoder")
    )
    assert result.tokens_per_second == 0
    assert result.seconds == 0


def test_a_measured_speed_gives_a_time_however_short_the_run():
    config = RunConfig.from_dict({"preset": "tiny", "training": {"max_steps": 1, "batch_tokens": 300}})
    result = plan(config, measure=True)
    assert result.tokens_per_second > 0
    assert result.seconds == 150 / result.tokens_per_second


def test_the_model_that_is_measured_is_that_of_a_run(monkeypatch):
    """Compiled and recomputing where the run is, on a device that was prepared like that of the run."""
    learning = {"max_steps": 1, "batch_tokens": 300, "activation_checkpointing": True, "compile": "on"}
    compiled, prepared, states = [], [], []
    fresh = TrainState.fresh
    monkeypatch.setattr(learner, "compile_layers", compiled.append)
    monkeypatch.setattr(planning, "prepare_device", lambda _, device: prepared.append(device))
    monkeypatch.setattr(TrainState, "fresh", lambda model, *more: states.append(model) or fresh(model, *more))
    plan(RunConfig.from_dict({"preset": "tiny", "training": learning}))
    assert compiled == states
    assert states[0].encoder.recompute
    assert prepared == [states[0].device.type]


def test_batches_of_auto_are_those_of_a_run(monkeypatch):
    config = RunConfig.from_dict(
        {"preset": "tiny", "training": {"batch_tokens": "auto", "precision": "fp32"}}
    )
    assert planning._sized(config, "cpu") == config
    monkeypatch.setattr(batch_size, "measured", lambda settled, device: 6144 if device == "cuda" else 0)
    assert planning._sized(config, "cuda").training.batch_tokens == 6144


def test_a_shorter_run_is_as_short_as_it_was_said_to_be():
    config = RunConfig.from_dict({"preset": "tiny"})
    slow = replace(plan(config, measure=False), tokens_per_second=1234.0)
    assert slow.seconds > AFTERNOON
    steps = slow.steps_within(AFTERNOON)
    shorter = replace(slow, steps=steps)
    assert 0.9 * AFTERNOON < shorter.seconds <= AFTERNOON
    assert plan(config, measure=False).steps_within(AFTERNOON) == 0
    ((name, hint),) = _shorter(slow)
    assert name == "shorter"
    assert f"--training.max-steps {steps}" in hint
    assert list(_shorter(shorter)) == []


def test_the_corpus_of_the_flags_is_planned_for_with_settings_that_fit_it(tmp_path, capsys):
    for name in ("a.fr", "a.en"):
        (tmp_path / name).write_text("".join(f"Number {number}.\n" for number in range(90)))
    files = ["--source", str(tmp_path / "a.fr"), "--target", str(tmp_path / "a.en")]
    cli.main(["plan", *files, "--no-measure"])
    out, err = capsys.readouterr()
    assert "1,000 of up to 512 target tokens" in out
    assert "90 pairs, about" in out
    assert err == ""  # it is no terminal
    (tmp_path / "run.toml").write_text('[training]\nmax_steps = 7\n[data]\nsource = "gone"\n')
    cli.main(["plan", "--config", str(tmp_path / "run.toml"), *files, "--no-measure"])
    assert "steps       7 of up to 2,048" in capsys.readouterr().out


def test_what_is_being_done_is_told():
    told: list[str] = []
    plan(RunConfig.from_dict({"training": {"max_steps": 1}}), measure=False, tell=told.append)
    assert told == []
    with pytest.raises(DataError):
        plan(RunConfig.from_dict({"data": {"source": "gone.tsv"}}), measure=False, tell=told.append)
    assert told == ["reading the corpus ..."]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (3, "about a minute"),
        (25 * 60, "about 25 minutes"),
        (61 * 60, "about an hour"),
        (4 * 3600, "about 4 hours"),
        (2.5 * 3600, "about 2 hours and 30 minutes"),
        (10.7 * 3600, "about 11 hours"),
        (59.6 * 60, "about an hour"),
        (90 * 3600, "about 4 days"),
    ],
)
def test_time_in_words(seconds, words):
    assert in_words(seconds) == words
