"""The entropy of attention, by weights whose entropy is known, and whatever is beside a pair in its batch."""

import pytest
import torch

from clearhead.architectures.build import build
from clearhead.config import ModelConfig
from clearhead.data.batching import TokenizedCorpus
from clearhead.model.places import PLACES
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


@torch.no_grad()
@pytest.mark.parametrize(
    "settings", [{"kind": "lm"}, {"kind": "gru", "attention": "additive"}, {"kind": "convolutional"}]
)
def test_models_of_every_kind_have_an_entropy_between_0_and_1(settings):
    shape = {"d_model": 16, "d_ff": 32, "num_heads": 2, "num_encoder_layers": 1, "num_decoder_layers": 2}
    model = build(ModelConfig(vocab_size=60, **shape, **settings)).eval()
    corpus = TokenizedCorpus.from_ids([[7, 8, 9], [10] * 6], [[9, 8], [20, 21, 22, 23]])
    entropies = attention_entropy(model, corpus)
    looked = sum(layers * heads for layers, heads in map(model.config.attends, PLACES))
    assert sum(map(len, entropies.values())) == looked > 0
    assert all(0 < value <= 1.0001 for row in entropies.values() for value in row)


def test_a_model_that_attends_to_nothing_has_none():
    model = build(ModelConfig(vocab_size=60, kind="gru", attention="none", d_model=16, num_encoder_layers=1))
    assert attention_entropy(model.eval(), TokenizedCorpus.from_ids([[7, 8]], [[9]])) == {}
