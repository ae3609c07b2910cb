"""Configuration: presets, TOML in and out, and mistakes that are named."""

import os
import threading
import tomllib

import pytest

from clearhead.cli.settings import with_settings
from clearhead.cli.train import Train
from clearhead.config import PRESETS, DecodingConfig, ModelConfig, RunConfig, TrainingConfig
from clearhead.errors import ConfigError


def test_presets_are_table_3_and_the_published_tiny():
    base, big = ModelConfig.base(vocab_size=37_000), ModelConfig.big(vocab_size=37_000)
    assert (base.d_model, base.d_ff, base.num_heads, base.num_encoder_layers, base.dropout) == (
        512,
        2048,
        8,
        6,
        0.1,
    )
    assert (big.d_model, big.d_ff, big.num_heads, big.num_decoder_layers, big.dropout) == (
        1024,
        4096,
        16,
        6,
        0.3,
    )
    tiny = ModelConfig.tiny(vocab_size=100)
    assert (tiny.d_model, tiny.d_ff, tiny.num_heads, tiny.num_encoder_layers) == (128, 256, 4, 4)
    assert base.d_k == 64
    assert base.norm == "post"


def test_training_defaults_are_the_papers():
    training, decoding = TrainingConfig(), DecodingConfig()
    assert training.optimizer_betas == (0.9, 0.98)
    assert (training.optimizer_eps, training.label_smoothing, training.warmup_steps) == (1e-9, 0.1, 4000)
    assert (training.schedule, training.learning_rate) == ("noam", 1.0)
    assert (decoding.beam_size, decoding.alpha) == (4, 0.6)


@pytest.mark.parametrize("preset", PRESETS)
def test_toml_out_and_in_is_the_same_run(preset, tmp_path):
    odd = {"data": {"source": 'a "quoted"\\path\u00e9.fr'}, "training": {"optimizer_betas": [0.8, 0.9]}}
    config = RunConfig.from_dict({"preset": preset, **odd})
    file = tmp_path / "run.toml"
    file.write_text(config.to_toml(), encoding="utf-8")
    assert RunConfig.load(file) == config
    assert tomllib.loads(config.to_toml())["preset"] == preset


def test_a_preset_is_a_start_that_the_table_overrides():
    config = RunConfig.from_dict({"preset": "tiny", "model": {"d_ff": 512}})
    assert (config.model.d_model, config.model.d_ff) == (128, 512)
    assert RunConfig.from_dict({"preset": "tiny"}, preset="base").model.d_model == 512


def test_flags_override_the_file_which_overrides_the_preset(tmp_path):
    file = tmp_path / "run.toml"
    file.write_text('preset = "tiny"\n[model]\nd_ff = 512\ndropout = 0.2\n[data]\nsource = "in.toml"\n')
    args = ["--config", str(file), "--out", "x", "--model.dropout", "0.4", "--target", "by.flag"]
    config = with_settings(Train, args).run_config()
    assert (config.model.d_model, config.model.d_ff, config.model.dropout) == (128, 512, 0.4)
    assert (config.data.source, config.data.target) == ("in.toml", "by.flag")


def test_a_file_of_settings_may_be_a_pipe(tmp_path):
    """It is read once, lists of tables too."""
    file = tmp_path / "run.toml"
    os.mkfifo(file)
    writing = threading.Thread(
        target=file.write_text, args=('[[data.corpora]]\nsource = "a"\ntarget = "b"\n',), daemon=True
    )
    writing.start()
    config = with_settings(Train, ["--config", str(file), "--out", "x"]).run_config()
    assert [each.source for each in config.data.train_sets] == ["a"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"trainig": {}}, "unknown key 'trainig' in the top level (did you mean 'training'?)"),
        ({"model": {"dmodel": 1}}, "unknown key 'dmodel' in [model] (did you mean 'd_model'?)"),
        ({"model": 3}, "[model] is 3; it must be a table"),
        ({"max_steps": 5}, "max_steps does not belong at the top level; put it under [training]"),
        ({"data": {"d_model": 8}}, "d_model does not belong in [data]; put it under [model]"),
        ({"data": {"filters": {"copied": 0.1}}}, "in [data.filters]; put it under [data.augmentation]"),
        ({"training": {"preset": "tiny"}}, "put it at the top, before all tables"),
        ({"model": {"d_model": "wide"}}, "model.d_model is 'wide'; it must be of type int"),
        ({"model": {"d_model": True}}, "must be of type int"),
        ({"model": {"tied_embeddings": 1}}, "must be of type bool"),
        ({"model": {"d_model": 7}}, "an even number"),
        ({"model": {"num_heads": 3}}, "a divisor of d_model = 256"),
        ({"model": {"dropout": 1.0}}, "at least 0 and below 1"),
        ({"model": {"norm": "mid"}}, "model.norm must be one of post, pre, got 'mid'"),
        ({"training": {"optimizer_betas": 0.9}}, "it must be a list"),
        ({"training": {"optimizer_betas": [0.9]}}, "two numbers"),
        ({"training": {"accumulate": 0}}, "at least 1, got 0"),
        (
            {"training": {"precision": "fp16"}},
            "training.precision must be one of auto, fp32, bf16, got 'fp16'",
        ),
        ({"training": {"learning_rate": 0}}, "above 0"),
        ({"training": {"patience": -1}}, "at least 0, got -1"),
        ({"tokenizer": {"vocab_size": 100}}, "300 (256 are bytes) to"),
        ({"tokenizer": {"kind": "wordpiece"}}, "one of unigram, bpe, word, char"),
        ({"decoding": {"alpha": -0.1}}, "a number from 0 to 10"),
        ({"preset": "bse"}, "unknown preset 'bse' (did you mean 'base'?); there are tiny, small, base, big"),
    ],
)
def test_mistakes_are_named(values, said):
    with pytest.raises(ConfigError) as error:
        RunConfig.from_dict(values)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_an_integer_may_stand_for_a_float():
    assert RunConfig.from_dict({"training": {"learning_rate": 2}}).training.learning_rate == 2.0


def test_length_limit():
    assert DecodingConfig(max_length_factor=1.5, max_length_offset=3).max_length(5) == 10


def test_learned_positions_hold_the_longest_pair():
    model = {"positions": "learned", "max_positions": 100}
    assert RunConfig.from_dict({"model": model, "data": {"max_tokens": 98}}).model.longest == 100
    with pytest.raises(ConfigError, match=r"data\.max_tokens must be at most 98 .*, got 99"):
        RunConfig.from_dict({"model": model, "data": {"max_tokens": 99}})
    assert RunConfig.from_dict({"data": {"max_tokens": 5000}}).model.longest is None
