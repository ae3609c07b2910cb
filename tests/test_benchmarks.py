"""What the benchmarks count by themselves."""

import numpy as np
import torch
from benchmarks.trainers import SHAPES, flops_per_target_token
from torch.utils.flop_counter import FlopCounterMode

from clearhead.config import ModelConfig
from clearhead.data.batching import Batch
from clearhead.model.transformer import Transformer
from clearhead.training.loop import batch_loss


def test_the_operations_of_a_target_token_are_those_that_torch_counts():
    """Forward and backward, every product of the model and of its loss; attention as it is written out."""
    shape, vocabulary, rows, src, tgt = SHAPES["tiny"], 90, 3, 7, 9
    config = ModelConfig(
        vocab_size=vocabulary,
        d_model=shape["d_model"],
        d_ff=shape["d_ff"],
        num_heads=shape["heads"],
        num_encoder_layers=shape["layers"],
        num_decoder_layers=shape["layers"],
        attention_dropout=0.1,
    )
    draws = np.random.default_rng(0)
    batch = Batch(
        src=draws.integers(5, vocabulary, (rows, src)),
        tgt=draws.integers(5, vocabulary, (rows, tgt + 1)),
        indices=np.arange(rows),
    )
    model = Transformer(config).train()
    with FlopCounterMode(display=False) as counter:
        batch_loss(model, batch, smoothing=0.0).backward()
    counted = counter.get_total_flops() / (rows * tgt)
    expected = flops_per_target_token(shape, vocabulary, np.full(rows, src), np.full(rows, tgt))
    assert torch.isclose(torch.tensor(counted), torch.tensor(expected), rtol=1e-3), (counted, expected)
