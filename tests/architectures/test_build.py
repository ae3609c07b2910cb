"""The one place that builds a model, and what settings and files say of its kind."""

import json

import pytest
import torch

from clearhead.architectures.build import build
from clearhead.config import ModelConfig, RunConfig
from clearhead.config.kinds import KINDS, OF_SOME_KINDS, check_exports
from clearhead.errors import ConfigError, EngineError
from clearhead.model.transformer import Transformer
from clearhead.model_directory import ModelInfo, read_config
from clearhead.storage.files import json_bytes

SMALL = {"d_model": 32, "d_ff": 48, "num_heads": 4, "num_encoder_layers": 1, "num_decoder_layers": 2}


def test_a_transformer_is_what_it_was():
    """The same names in the same order, and the same draws."""
    config = ModelConfig(vocab_size=40, tied_embeddings=False, **SMALL)
    torch.manual_seed(1)
    built = build(config)
    torch.manual_seed(1)
    direct = Transformer(config)
    assert type(built) is Transformer
    assert [name for name, _ in built.named_parameters()][:3] == [
        "src_embedding.weight",
        "tgt_embedding.weight",
        "output_embedding.weight",
    ]
    for (mine, a), (theirs, b) in zip(built.named_parameters(), direct.named_parameters(), strict=True):
        assert mine == theirs
        assert torch.equal(a, b)


def test_a_file_of_a_transformer_has_no_setting_that_earlier_releases_do_not_know():
    known = (
        "vocab_size d_model d_ff num_heads num_encoder_layers num_decoder_layers dropout attention_dropout "
        "feed_forward_dropout norm tied_embeddings output_bias activation normalization positions max_positions"
    )
    assert list(ModelConfig.base(vocab_size=9).to_dict()) == known.split()


def test_a_file_says_of_another_kind_what_it_is(tmp_path):
    config = ModelConfig(kind="gru", attention="dot", vocab_size=40, **SMALL)
    info = ModelInfo(model=config, decoding=RunConfig().decoding, tokenizer="bpe")
    (tmp_path / "config.json").write_bytes(json_bytes(info.to_dict()))
    assert json.loads((tmp_path / "config.json").read_text())["model"]["kind"] == "gru"
    assert read_config(tmp_path).model == config


def test_settings_of_a_run_come_back():
    run = RunConfig.from_dict({"model": {"kind": "convolutional", "kernel_size": 5}})
    assert RunConfig.from_dict(run.to_dict()) == run


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"attention": "dot"}, "model.attention must be left out with model.kind transformer"),
        ({"kind": "lstm", "norm": "pre"}, "model.norm must be left out with model.kind lstm"),
        ({"kind": "gru", "kernel_size": 5}, "model.kernel_size must be left out with model.kind gru"),
        ({"kind": "convolutional", "kernel_size": 4}, "an odd number, so that it has a middle, got 4"),
        (
            {"kind": "convolutional", "positions": "rotary"},
            "sinusoidal or learned with model.kind convolutional",
        ),
        ({"kind": "rnn"}, "model.kind must be one of transformer, lstm, gru, convolutional"),
    ],
)
def test_a_setting_that_does_not_apply_is_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        ModelConfig(vocab_size=40, **settings)


def test_a_kind_passes_over_what_presets_have():
    """Presets name a number of heads and a width of feed-forward networks for all kinds."""
    for kind in KINDS:
        assert ModelConfig.preset("tiny", vocab_size=40, kind=kind).kind == kind
    assert ModelConfig(kind="lstm", vocab_size=40, d_model=36, num_heads=8).attends("cross") == (1, 1)


def test_the_settings_of_some_kinds_are_settings():
    assert set(ModelConfig.__dataclass_fields__) > OF_SOME_KINDS


def test_what_cannot_be_exported_is_refused():
    check_exports("transformer", "CTranslate2")
    with pytest.raises(EngineError, match="CTranslate2 cannot represent a model of kind lstm"):
        check_exports("lstm", "CTranslate2")
