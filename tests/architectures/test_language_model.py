"""The decoder-only model: what it may see, and that it gives the same however it is asked."""

import pytest
import torch

from clearhead.architectures.language_model import LanguageModel
from clearhead.config import ModelConfig
from clearhead.engines.pytorch import next_token
from clearhead.model.encoder import EncoderLayer
from clearhead.model.masks import causal_mask

BOS, EOS = 1, 2
SHAPES = [
    {},
    {"norm": "pre", "positions": "rotary"},
    {"activation": "swiglu", "normalization": "rms", "tied_embeddings": False, "output_bias": True},
]


@pytest.fixture(params=SHAPES, ids=["paper", "pre-rotary", "swiglu-rms"])
def model(request):
    torch.manual_seed(3)
    shape = {
        "d_model": 32,
        "d_ff": 48,
        "num_heads": 4,
        "num_decoder_layers": 2,
        "vocab_size": 40,
        "dropout": 0.0,
    }
    return LanguageModel(ModelConfig(**shape, **request.param)).eval()


def padded(*rows):
    width = max(map(len, rows))
    return torch.tensor([[*row, *[0] * (width - len(row))] for row in rows])


NOTHING = padded([EOS])
SOURCES = [[9, 8, 7, 6, 5, EOS], [11, EOS], [EOS], [12, 13, 14, EOS]]


def test_the_future_never_changes_the_past(model):
    text = torch.tensor([[BOS, 5, 6, 7, 8, 9]])
    changed = text.clone()
    changed[0, 4:] = torch.tensor([30, 31])
    one, other = (model(NOTHING, ids) for ids in (text, changed))
    assert torch.equal(one[:, :4], other[:, :4])
    assert not torch.allclose(one[:, 4:], other[:, 4:], atol=1e-3)


def test_the_source_is_seen_and_its_own_future_is_not(model):
    text = padded([BOS, 5, 6])
    one, other = (model(padded(source), text) for source in ([9, 8, EOS], [9, 7, EOS]))
    assert not torch.allclose(one, other, atol=1e-3)
    longer, shorter = (
        model.encode(padded(source)).layers[-1].keys for source in ([9, 8, 7, EOS], [9, 8, EOS])
    )
    torch.testing.assert_close(longer[:, :, :2], shorter)


def test_one_token_at_a_time_gives_what_all_at_once_give(model):
    src, text = padded(*SOURCES), torch.randint(3, 40, (4, 7))
    whole = model(src, text)
    cache, states = model.encode(src), []
    for column in text.unbind(1):
        state, cache = model.decode(column[:, None], cache)
        states.append(state)
    torch.testing.assert_close(torch.cat(states, dim=1), whole, rtol=1e-5, atol=1e-5)


def test_a_batch_gives_what_its_rows_give_alone(model):
    src, text = padded(*SOURCES), torch.randint(3, 40, (4, 5))
    together = model(src, text)
    for row, source in enumerate(SOURCES):
        alone = model(padded(source), text[row : row + 1])
        torch.testing.assert_close(together[row : row + 1], alone, rtol=1e-5, atol=1e-5)


def test_selected_rows_go_on_as_they_would_alone(model):
    step = next_token(model)
    _, cache = step(torch.tensor([BOS] * 4), model.encode(padded(*SOURCES)))
    chosen = torch.tensor([3, 0, 0])
    log_probs, _ = step(torch.tensor([5, 6, 6]), cache.select(chosen))
    for row, (number, token) in enumerate(zip(chosen.tolist(), (5, 6, 6), strict=True)):
        alone = model.logits(model(padded(SOURCES[number]), torch.tensor([[BOS, token]]))[:, -1])
        torch.testing.assert_close(log_probs[row : row + 1], alone.log_softmax(-1), rtol=1e-5, atol=1e-5)


def test_a_position_gets_what_the_papers_encoder_layer_gives_the_last_of_that_many(model):
    """Masked self-attention alone is all that sets the two apart."""
    ours, papers = model.layers[0], EncoderLayer(model.config).eval()
    papers.load_state_dict(ours.state_dict())
    x = torch.randn(2, 6, 32)
    masked, _ = ours(x, None, causal_mask(6))
    for length in range(1, 7):
        torch.testing.assert_close(masked[:, length - 1], papers(x[:, :length], None)[:, -1])


def test_an_observer_sees_a_triangle_and_changes_nothing(model):
    seen = {}
    text = torch.randint(3, 40, (1, 6))
    observed = model(NOTHING, text, observer=lambda place, tensor: seen.update({place: tensor}))
    torch.testing.assert_close(observed, model(NOTHING, text), rtol=1e-5, atol=1e-5)
    weights = seen["decoder.1.self.weights"][0]
    assert torch.equal(weights, weights.tril())
    torch.testing.assert_close(weights.sum(-1), torch.ones(4, 6))
    assert not any(".cross." in place for place in seen)
