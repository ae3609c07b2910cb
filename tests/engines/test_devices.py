"""Devices by name: what is there is taken, what is not is refused in a line, never replaced silently."""

import pytest
import torch

from clearhead import cli
from clearhead.architectures.build import build
from clearhead.cli.options import options_of
from clearhead.config import ModelConfig
from clearhead.engines.devices import computing, device_named, search_precision
from clearhead.engines.pytorch import PyTorchEngine, next_token
from clearhead.errors import ConfigError
from clearhead.translator import Translator


def test_a_device_is_taken_by_its_name():
    assert device_named("cpu") == "cpu"
    assert device_named("auto") == ("cuda" if torch.cuda.is_available() else "cpu")
    assert search_precision("cpu") == "fp32"


@pytest.mark.parametrize("name", ["cuda:77", "gpu", "cpu:x"])
def test_a_device_that_is_not_there_is_refused(name):
    with pytest.raises(ConfigError, match=f"the device '{name}' cannot be used here .*; use 'cpu'"):
        device_named(name)
    with pytest.raises(ConfigError, match="cannot be used here"):
        Translator.load(device=name)


def test_every_command_that_runs_a_model_can_be_told_where():
    told = {name for name in cli.COMMANDS if any(o.flag == "--device" for o in options_of(cli.kind_of(name)))}
    running = {
        name
        for name in cli.COMMANDS
        if any(o.flag in ("--model", "--models") for o in options_of(cli.kind_of(name)))
    }
    assert running - told == {"export", "info"}, "these only read a model"


def test_bf16_is_for_the_search_alone():
    torch.manual_seed(0)
    model = build(
        ModelConfig(
            vocab_size=60, d_model=32, d_ff=64, num_heads=4, num_encoder_layers=1, num_decoder_layers=1
        )
    ).eval()
    src, last = torch.randint(4, 60, (3, 6)), torch.tensor([1, 1, 1])
    with torch.inference_mode():
        exact, near = (next_token(model, kind)(last, model.encode(src))[0] for kind in ("fp32", "bf16"))
        with computing(torch.device("cpu"), "bf16"):
            assert model.logits(torch.randn(2, 32)).dtype == torch.bfloat16
    assert near.dtype == torch.float32
    assert not torch.equal(near, exact)
    torch.testing.assert_close(near, exact, rtol=0.05, atol=0.05)
    scores = [PyTorchEngine(model, precision=kind).score([[5, 2]], [[6, 7]]) for kind in ("fp32", "bf16")]
    assert scores[0] == scores[1]
