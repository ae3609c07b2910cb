"""The entropy of attention, by weights whose entropy is known, and whatever is beside a pair in its batch."""

import pytest
import torch

from clearhead.config import ModelConfig
from clearhead.data.batching import TokenizedCorpus
from clearhead.model.transformer import Transformer
from clearhead.run.entropy import _by_head, attention_entropy


def test_entropy_of_known_weights():
    read = torch.tensor([[5, 6, 7]])
    alike = torch.tensor([[1.0, 0, 0], [0.5, 0.5, 0], [1 / 3, 1 / 3, 1 / 3]])
    sharp = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]])
    assert _by_head(torch.stack([alike, sharp])[None], read) == pytest.approx([1.0, 0.0], abs=1e-3)


@torch.no_grad()
def test_padding_and_company_change_nothing():
    config = ModelConfig.tiny(vocab_size=60, num_encoder_layers=1, num_decoder_layers=1, dropout=0.0)
    torch.manual_seed(0)
    model = Transformer(config).eval()
    short, long = ([7, 8, 9], [9, 8]), (list(range(10, 40)), list(range(20, 35)))
    alone = [attention_entropy(model, TokenizedCorpus.from_ids([src], [tgt])) for src, tgt in (short, long)]
    both = attention_entropy(model, TokenizedCorpus.from_ids(*zip(short, long, strict=True)))
    assert both.keys() == {"encoder.0.self", "decoder.0.self", "decoder.0.cross"}
    queries = {"encoder.0.self": (4, 31), "decoder.0.self": (2, 15), "decoder.0.cross": (3, 16)}
    for place, values in both.items():
        few, many = queries[place]  # those that may attend to more than one position
        mean = [
            (few * one + many * other) / (few + many)
            for one, other in zip(alone[0][place], alone[1][place], strict=True)
        ]
        assert values == pytest.approx(mean, abs=2e-4)
