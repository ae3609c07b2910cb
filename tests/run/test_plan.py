"""The plan's counts are those of the model."""

import torch
from torch.utils.flop_counter import FlopCounterMode

from clearhead.config import ModelConfig, RunConfig
from clearhead.model.transformer import Transformer
from clearhead.run.plan import flops_per_token, parameters_by_part, plan


def test_parts_add_up_to_the_model():
    for norm in ("post", "pre"):
        config = ModelConfig.tiny(vocab_size=500, norm=norm, tied_embeddings=False)
        parts = parameters_by_part(config)
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


def test_a_measured_speed_gives_a_time():
    config = RunConfig.from_dict({"preset": "tiny", "training": {"max_steps": 50, "batch_tokens": 300}})
    result = plan(config, measure=True)
    assert result.tokens_per_second > 0
    assert result.seconds == 50 * 150 / result.tokens_per_second
