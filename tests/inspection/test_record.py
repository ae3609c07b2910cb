"""The recorded maps are those of the pass that translates, and every number on the way adds up."""

import json

import numpy as np
import pytest
import torch

from clearhead.errors import ConfigError
from clearhead.inspection.about import About
from clearhead.inspection.attribution import measured
from clearhead.inspection.maps import AttentionMaps
from clearhead.inspection.record import attended, record
from clearhead.inspection.tokens import Choice, Tokens
from clearhead.model.masks import causal_mask
from clearhead.model.transformer import Transformer
from clearhead.text.words import Span
from tests.model.test_transformer import small

SRC, TGT = [5, 6, 7, 2], [8, 9, 2]
NORMS = pytest.mark.parametrize("norm", ["pre", "post"])


def tokens(ids):
    """Ids named by themselves, each a letter of a text."""
    text = "".join(chr(ord("a") + i) for i in ids[:-1])
    spans = (*(Span(place, place + 1) for place in range(len(text))), None)
    return Tokens(text, tuple(ids), (*text, "</s>"), spans)


def look(model: Transformer, src=SRC, tgt=TGT, **options) -> AttentionMaps:
    return record(model, tokens(src), tokens(tgt), start=1, piece=str, **options)


def made(norm, seed=0) -> Transformer:
    torch.manual_seed(seed)
    model = small(norm).eval()
    with torch.no_grad():
        for parameter in model.parameters():  # biases and norms that do something
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model


@NORMS
def test_maps_have_every_layer_and_head_and_rows_sum_to_one(norm):
    maps = look(made(norm))
    assert maps.encoder.shape == (2, 4, 4, 4)
    assert maps.decoder.shape == (3, 4, 3, 3)
    assert maps.cross.shape == (3, 4, 3, 4)
    for weights in (maps.encoder, maps.decoder, maps.cross):
        np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-6)
    assert (maps.decoder[..., ~causal_mask(3)[0].numpy()] == 0).all()
    assert maps.src == ("f", "g", "h", "</s>")
    assert maps.produced == ("i", "j", "</s>")
    assert maps.read == ("<s>", "i", "j")


def test_the_last_row_does_not_depend_on_what_comes_later():
    """Maps of a longer target begin with the maps of a shorter one: nothing is shifted by a token."""
    model = made("post", seed=1)
    short, long = look(model, tgt=[8, 9, 2]), look(model, tgt=[8, 9, 7, 2])
    np.testing.assert_allclose(long.cross[:, :, :2], short.cross[:, :, :2], atol=1e-6)
    np.testing.assert_allclose(long.decoder[:, :, :2, :2], short.decoder[:, :, :2, :2], atol=1e-6)
    assert long.probabilities[:2] == pytest.approx(short.probabilities[:2], abs=1e-6)


@NORMS
def test_probabilities_and_guesses_are_the_models(norm):
    model = made(norm)
    maps = look(model, guesses=5)
    states = model(torch.tensor([SRC]), torch.tensor([[1, *TGT[:-1]]]))  # the fused path
    expected = model.logits(states)[0].softmax(-1).detach().numpy()
    np.testing.assert_allclose(maps.probabilities, expected[range(3), TGT], atol=1e-6)
    for step, row in zip(maps.guesses, expected, strict=True):
        best = np.argsort(-row)[:5]
        assert [guess.piece for guess in step] == [str(i) for i in best]
        np.testing.assert_allclose([guess.probability for guess in step], row[best], atol=1e-6)


@NORMS
def test_inner_numbers_add_up_to_the_output(norm):
    """Each step of the walk follows from the one before, by the paper's equations, to the last state."""
    model = made(norm)
    maps = look(model, inner=True)
    inner, parameters = maps.inner, {name: p.detach().numpy() for name, p in model.named_parameters()}

    def close(place, expected):
        np.testing.assert_allclose(inner[place], expected, atol=2e-5, err_msg=place)

    def normed(x, name):
        centred = x - x.mean(-1, keepdims=True)
        unit = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
        return unit * parameters[f"{name}.weight"] + parameters[f"{name}.bias"]

    def projected(x, name):
        return x @ parameters[f"{name}.weight"].T + parameters.get(f"{name}.bias", 0)

    def joined(place, name, module):
        heads = inner[f"{place}.heads"].swapaxes(0, 1).reshape(inner[f"{place}.before"].shape)
        close(f"{place}.function", projected(heads, f"{module}.output"))
        sublayer(place, name)

    def sublayer(place, name):
        before, function = inner[f"{place}.before"], inner[f"{place}.function"]
        if norm == "pre":
            close(f"{place}.input", normed(before, name))
            close(f"{place}.after", before + function)
        else:
            close(f"{place}.input", before)
            close(f"{place}.after", normed(before + function, name))

    for stack, layers, placed in (("encoder", 2, SRC), ("decoder", 3, [1, *TGT[:-1]])):
        table = parameters["src_embedding.weight" if model.config.tied_embeddings else
                           f"{'src' if stack == 'encoder' else 'tgt'}_embedding.weight"]  # fmt: skip
        close(f"{stack}.embedded", table[placed] * np.sqrt(model.config.d_model))
        positions = model.positions.table(0, len(placed)).numpy()
        close(f"{stack}.0.self.before", inner[f"{stack}.embedded"] + positions)
        for layer in range(layers):
            home, attentions = f"{stack}.{layer}", {"self": getattr(maps, stack)}
            if stack == "decoder":
                attentions["cross"] = maps.cross
            for which, weights in attentions.items():
                place, module = f"{home}.{which}", f"{stack}.layers.{layer}.{which}_attention"
                scaled = maps.scores(f"{stack}.{which}", layer)[1]
                if (stack, which) == ("decoder", "self"):
                    scaled = np.where(causal_mask(len(placed))[0].numpy(), scaled, -np.inf)
                softmax = np.exp(scaled - scaled.max(-1, keepdims=True))
                softmax /= softmax.sum(-1, keepdims=True)
                np.testing.assert_allclose(weights[layer], softmax, atol=1e-5)
                close(f"{place}.heads", weights[layer] @ inner[f"{place}.value"])
                query = projected(inner[f"{place}.input"], f"{module}.query")
                close(f"{place}.query", query.reshape(len(placed), 4, -1).swapaxes(0, 1))
                attended = inner["encoder.memory"] if which == "cross" else inner[f"{place}.input"]
                for name in ("key", "value"):
                    rows = projected(attended, f"{module}.{name}")
                    close(f"{place}.{name}", rows.reshape(len(attended), 4, -1).swapaxes(0, 1))
                joined(place, f"{stack}.layers.{layer}.{which}_sublayer.norm", module)
            place, module = f"{home}.feed_forward", f"{stack}.layers.{layer}.feed_forward"
            close(f"{place}.inner", np.maximum(0, projected(inner[f"{place}.input"], f"{module}.inner")))
            close(f"{place}.function", projected(inner[f"{place}.inner"], f"{module}.outer"))
            sublayer(place, f"{stack}.layers.{layer}.feed_forward_sublayer.norm")
            following = f"{stack}.{layer + 1}.self.before"
            if layer + 1 < layers:
                close(following, inner[f"{place}.after"])
        last = inner[f"{stack}.{layers - 1}.feed_forward.after"]
        close("encoder.memory" if stack == "encoder" else "decoder.states",
              normed(last, f"{stack}.norm") if norm == "pre" else last)  # fmt: skip
    logits = inner["decoder.states"] @ model.output_projection.weight.detach().numpy().T
    chosen = np.exp(logits - logits.max(-1, keepdims=True))
    chosen /= chosen.sum(-1, keepdims=True)
    np.testing.assert_allclose(maps.probabilities, chosen[range(3), TGT], atol=1e-5)


def test_scores_need_inner():
    with pytest.raises(ConfigError, match="look again with inner=True"):
        look(made("pre")).scores("encoder.self", 0)


def test_a_batch_of_cross_attention_is_each_pairs_own():
    model = made("pre")
    pairs = [(SRC, TGT), ([9, 2], [5, 6, 7, 8, 2])]
    sides = [[tokens(side) for side in each] for each in zip(*pairs, strict=True)]
    for (src, tgt), found in zip(pairs, attended(model, *sides, start=1, pad=0), strict=True):
        maps = look(model, src, tgt)
        np.testing.assert_allclose(found.cross, maps.cross, atol=1e-6)
        np.testing.assert_allclose(found.probabilities, maps.probabilities, atol=1e-6)


@pytest.mark.parametrize("suffix", [".json", ".npz"])
@pytest.mark.parametrize("inner", [False, True])
def test_saved_and_loaded_maps_are_the_same_to_the_last_bit(tmp_path, suffix, inner):
    model = made("post")
    maps = look(model, inner=inner, about=About(model="m"), search=((Choice("a", 0, 0.5, -1.0, "kept"),),))
    if inner:
        maps = measured(model, maps, 1)
    file = tmp_path / f"maps{suffix}"
    maps.save(file)
    loaded = AttentionMaps.load(file)
    assert (loaded.source, loaded.target, loaded.guesses, loaded.about) == (
        maps.source, maps.target, maps.guesses, maps.about)  # fmt: skip
    for name in ("encoder", "decoder", "cross", "probabilities"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(maps, name))
    assert loaded.inner.keys() == maps.inner.keys()
    assert bool(loaded.inner) == inner
    assert loaded.measures.keys() == maps.measures.keys()
    assert loaded.search == maps.search
    for place, array in maps.inner.items():
        np.testing.assert_array_equal(loaded.inner[place], array)
    for name, array in maps.measures.items():
        np.testing.assert_array_equal(loaded.measures[name], array)


def test_what_holds_no_maps_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"must end in \.html, \.json or \.npz"):
        look(made("pre")).save(tmp_path / "maps.txt")
    for name, content in {
        "a.json": b"[]",
        "b.npz": b"PK",
        "c.json": b"{",
        "d.json": b'{"arrays": {}}',
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ConfigError):
            AttentionMaps.load(tmp_path / name)
    with pytest.raises(ConfigError, match="does not hold attention maps"):
        AttentionMaps.load(tmp_path / "none.json")
    wrong = {**look(made("pre")).to_dict()}
    for change in (
        {"arrays": {**wrong["arrays"], "cross": [1, 2]}},
        {"about": [1]},
        {"guesses": []},
        {"arrays": []},
    ):
        (tmp_path / "wrong.json").write_text(json.dumps({**wrong, **change}))
        with pytest.raises(ConfigError, match="does not hold attention maps"):
            AttentionMaps.load(tmp_path / "wrong.json")
    whole = tmp_path / "whole.npz"
    look(made("pre")).save(whole)
    for broken in (
        b"",
        whole.read_bytes()[:-40],
        whole.read_bytes()[:300] + b"\0" + whole.read_bytes()[301:],
    ):
        (tmp_path / "broken.npz").write_bytes(broken)
        with pytest.raises(ConfigError, match="does not hold attention maps"):
            AttentionMaps.load(tmp_path / "broken.npz")
    later = {**look(made("pre")).to_dict(), "format_version": 99}
    (tmp_path / "later.json").write_text(json.dumps(later))
    with pytest.raises(ConfigError, match="format version 99"):
        AttentionMaps.load(tmp_path / "later.json")
