"""Compiled layers compute what is written, keep their names, and run as written where a search calls them."""

from dataclasses import replace

import jaxtyping
import pytest
import torch

from clearhead.architectures.build import build
from clearhead.config import ModelConfig, TrainingConfig
from clearhead.training.compiling import compile_layers, compiles, uncompiled

MODEL = ModelConfig(
    vocab_size=40, d_model=16, d_ff=32, num_heads=2, num_encoder_layers=1, num_decoder_layers=1, dropout=0.0
)


@pytest.mark.parametrize(
    ("setting", "device", "guided", "compiled"),
    [
        ("auto", "cpu", 0.0, False),
        ("auto", "cuda", 0.0, True),
        ("auto", "cuda", 0.05, False),
        ("on", "cpu", 0.0, True),
        ("off", "cuda", 0.0, False),
    ],
)
def test_auto_compiles_on_a_gpu_only(setting, device, guided, compiled):
    config = TrainingConfig(compile=setting, guided_alignment=guided)
    assert compiles(config, torch.device(device)) == compiled


def test_other_layers_are_left_alone():
    model = build(replace(MODEL, kind="gru"))
    compile_layers(model)
    assert all(module._compiled_call_impl is None for module in model.modules())


def gradients(model, lengths):
    found = []
    for rows, src, tgt in lengths:
        torch.manual_seed(0)
        ids = torch.randint(4, 40, (rows, src)), torch.randint(4, 40, (rows, tgt))
        model.zero_grad()
        model(*ids).square().sum().backward()
        found.append(torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]))
    return found


def test_compiled_is_written_in_any_shape_and_a_search_runs_what_is_written(monkeypatch):
    monkeypatch.setattr(
        jaxtyping.config, "jaxtyping_disable", True
    )  # sizes are no int while a graph is traced
    calls = []

    def counting(graph, _):
        def run(*arguments):
            calls.append(len(arguments))
            return graph(*arguments)

        return run

    torch.manual_seed(1)
    written = build(MODEL)
    compiled = build(MODEL)
    compiled.load_state_dict(written.state_dict())
    compile_layers(compiled, counting)
    assert list(compiled.state_dict()) == list(written.state_dict())
    shapes = [(3, 5, 7), (4, 6, 2)]
    for ours, theirs in zip(gradients(compiled, shapes), gradients(written, shapes), strict=True):
        torch.testing.assert_close(ours, theirs)
    assert calls
    calls.clear()
    config = replace(TrainingConfig(), compile="on")
    with torch.inference_mode(), uncompiled(config, torch.device("cpu")):
        compiled(torch.randint(4, 40, (2, 5)), torch.randint(4, 40, (2, 3)))
    assert not calls
