"""The whole model: its size, PyTorch's own layers, the cache, and that the future never changes the past."""

import pytest
import torch
from torch import nn

from clearhead.config import ModelConfig
from clearhead.model.decoder import DecoderLayer
from clearhead.model.encoder import EncoderLayer
from clearhead.model.masks import causal_mask
from clearhead.model.transformer import Transformer
from tests.model.test_attention import copy_attention, random_mask

VARIANTS = [(norm, tied) for norm in ("post", "pre") for tied in (True, False)]
OPTIONS = [
    {"activation": "gelu"},
    {"activation": "swish"},
    {"activation": "swiglu"},
    {"normalization": "rms"},
    {"positions": "rotary"},
    {"positions": "learned", "max_positions": 20},
    {"activation": "swiglu", "normalization": "rms", "positions": "rotary"},
]


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def small(norm="post", tied=True, **overrides) -> Transformer:
    shape = {
        "d_model": 32,
        "d_ff": 48,
        "num_heads": 4,
        "num_encoder_layers": 2,
        "num_decoder_layers": 3,
        **overrides,
    }
    model = Transformer(ModelConfig(vocab_size=50, norm=norm, tied_embeddings=tied, **shape))
    with torch.no_grad():  # away from the zeros and ones that a fresh model has
        for name, parameter in model.named_parameters():
            if "bias" in name or "norm" in name:
                parameter.add_(0.3 * torch.randn_like(parameter))
    return model


@pytest.mark.parametrize("preset", ["tiny", "small", "base"])
@pytest.mark.parametrize(("norm", "tied"), VARIANTS)
def test_number_of_parameters_by_formula(preset, norm, tied):
    config = ModelConfig.preset(preset, vocab_size=1000, norm=norm, tied_embeddings=tied)
    assert sum(p.numel() for p in Transformer(config).parameters()) == config.num_parameters


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize(("norm", "tied"), VARIANTS)
def test_number_of_parameters_of_every_option(norm, tied, options):
    model = small(norm, tied, **options)
    assert sum(p.numel() for p in model.parameters()) == model.config.num_parameters


@pytest.mark.parametrize(("preset", "millions", "tolerance"), [("base", 65, 0.04), ("big", 213, 0.02)])
def test_number_of_parameters_near_table_3(preset, millions, tolerance):
    """Table 3 gives 65 and 213 million; the vocabulary was about 37,000 (§5.1)."""
    assert ModelConfig.preset(preset, vocab_size=37_000).num_parameters == pytest.approx(
        millions * 1e6, rel=tolerance
    )


def test_big_has_as_many_parameters_as_the_formula_says():
    config = ModelConfig.big(vocab_size=300)
    with torch.device("meta"):
        model = Transformer(config)
    assert sum(p.numel() for p in model.parameters()) == config.num_parameters


@pytest.mark.parametrize("norm", ["post", "pre"])
def test_encoder_layer_equals_torchs(norm):
    ours = small(norm).encoder.layers[0].eval()
    theirs = nn.TransformerEncoderLayer(32, 4, 48, batch_first=True, norm_first=norm == "pre").eval()
    copy_layer(ours, theirs)
    x, padding = torch.randn(2, 6, 32), torch.tensor([[True] * 6, [True] * 4 + [False] * 2])
    expected = theirs(x, src_key_padding_mask=~padding)
    out = ours(x, padding.unsqueeze(1))
    torch.testing.assert_close(out[padding], expected[padding], atol=2e-6, rtol=0)


@pytest.mark.parametrize("norm", ["post", "pre"])
def test_decoder_layer_equals_torchs(norm):
    ours = small(norm).decoder.layers[0].eval()
    theirs = nn.TransformerDecoderLayer(32, 4, 48, batch_first=True, norm_first=norm == "pre").eval()
    copy_layer(ours, theirs)
    x, memory, mask = torch.randn(2, 5, 32), torch.randn(2, 7, 32), random_mask(2, 1, 7)
    expected = theirs(x, memory, tgt_mask=~causal_mask(5)[0], memory_key_padding_mask=~mask[:, 0])
    out, _ = ours(x, None, ours.cross_attention.keys_values(memory), causal_mask(5), mask)
    torch.testing.assert_close(out, expected, atol=2e-6, rtol=0)


def copy_layer(ours: EncoderLayer | DecoderLayer, theirs: nn.Module) -> None:
    copy_attention(ours.self_attention, theirs.self_attn)
    theirs.norm1.load_state_dict(ours.self_sublayer.norm.state_dict())
    last = theirs.norm2
    if isinstance(ours, DecoderLayer):
        copy_attention(ours.cross_attention, theirs.multihead_attn)
        theirs.norm2.load_state_dict(ours.cross_sublayer.norm.state_dict())
        last = theirs.norm3
    last.load_state_dict(ours.feed_forward_sublayer.norm.state_dict())
    theirs.linear1.load_state_dict(ours.feed_forward.inner.state_dict())
    theirs.linear2.load_state_dict(ours.feed_forward.outer.state_dict())


@pytest.mark.parametrize("options", [{}, *OPTIONS], ids=str)
@pytest.mark.parametrize(("norm", "tied"), VARIANTS)
def test_cached_equals_uncached(norm, tied, options):
    model = small(norm, tied, **options).eval()
    src, tgt = torch.randint(3, 50, (3, 6)), torch.randint(3, 50, (3, 8))
    whole = model(src, tgt)
    for pieces in ([1] * 8, [3, 1, 4]):
        cache, states = model.encode(src), []
        for piece in tgt.split(pieces, dim=1):
            state, cache = model.decode(piece, cache)
            states.append(state)
        torch.testing.assert_close(torch.cat(states, dim=1), whole, atol=5e-6, rtol=0)


def test_selecting_rows_of_the_cache_selects_hypotheses():
    model = small().eval()
    src, tgt = torch.randint(3, 50, (3, 6)), torch.randint(3, 50, (3, 4))
    _, cache = model.decode(tgt, model.encode(src))
    rows = torch.tensor([2, 0, 0])
    after, _ = model.decode(torch.tensor([[5], [6], [7]]), cache.select(rows))
    expected = model(src[rows], torch.cat([tgt[rows], torch.tensor([[5], [6], [7]])], dim=1))[:, -1:]
    torch.testing.assert_close(after, expected, atol=2e-6, rtol=0)


@pytest.mark.parametrize("options", [{}, *OPTIONS], ids=str)
def test_the_future_never_changes_the_past(options):
    model = small(**options).eval()
    src, tgt = torch.randint(3, 50, (2, 6)), torch.randint(3, 50, (2, 8))
    changed = tgt.clone()
    changed[:, 5:] = torch.randint(3, 50, (2, 3))
    torch.testing.assert_close(model(src, tgt)[:, :5], model(src, changed)[:, :5], atol=1e-6, rtol=0)
    assert not torch.allclose(model(src, tgt)[:, 5:], model(src, changed)[:, 5:], atol=1e-3)


@pytest.mark.parametrize("options", [{}, *OPTIONS], ids=str)
def test_padding_changes_nothing(options):
    model = small(**options).eval()
    src, tgt = torch.randint(3, 50, (2, 6)), torch.randint(3, 50, (2, 5))
    padded = nn.functional.pad(src, (0, 4)), nn.functional.pad(tgt, (0, 3))
    torch.testing.assert_close(model(*padded)[:, :5], model(src, tgt), atol=5e-6, rtol=0)


@pytest.mark.parametrize("options", [{}, *OPTIONS], ids=str)
def test_an_observer_sees_every_attention_and_changes_nothing(options):
    model = small(**options).eval()
    src, tgt = torch.randint(3, 50, (2, 6)), torch.randint(3, 50, (2, 5))
    seen = {}
    observed = model(src, tgt, observer=lambda place, tensor: seen.update({place: tensor}))
    torch.testing.assert_close(observed, model(src, tgt), atol=5e-6, rtol=0)
    weights = {place: tuple(t.shape) for place, t in seen.items() if place.endswith(".weights")}
    assert weights == {
        **{f"encoder.{n}.self.weights": (2, 4, 6, 6) for n in range(2)},
        **{f"decoder.{n}.self.weights": (2, 4, 5, 5) for n in range(3)},
        **{f"decoder.{n}.cross.weights": (2, 4, 5, 6) for n in range(3)},
    }
    assert seen["decoder.0.self.weights"].triu(1).eq(0).all()


@pytest.mark.parametrize("options", [{}, *OPTIONS], ids=str)
def test_bf16_autocast_stays_near_fp32(options):
    model = small(**options).eval()
    src, tgt = torch.randint(3, 50, (2, 6)), torch.randint(3, 50, (2, 5))
    with torch.autocast("cpu", torch.bfloat16):
        half = model(src, tgt)
    assert (half - model(src, tgt)).abs().max() < 0.15


def test_a_fresh_model_is_unsure():
    """Before training every token is about as likely as any other: the loss starts near log V."""
    model = small(num_encoder_layers=1, num_decoder_layers=1).eval()
    states = model(torch.randint(3, 50, (8, 6)), torch.randint(3, 50, (8, 5)))
    entropy = torch.distributions.Categorical(logits=model.logits(states)).entropy()
    assert entropy.mean() > 0.6 * torch.tensor(50.0).log()


def test_the_root_mean_square_alone():
    """Zhang and Sennrich 2019, Eq. 4: no mean is taken away, and nothing is added."""
    norm = small(normalization="rms").encoder.layers[0].self_sublayer.norm
    x = torch.randn(3, 32)
    expected = x / (x.square().mean(dim=-1, keepdim=True) + 1e-6).sqrt() * norm.weight
    torch.testing.assert_close(norm(x), expected)
    assert [name for name, _ in norm.named_parameters()] == ["weight"]
