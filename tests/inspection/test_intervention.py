"""A changed model is what its definition says, step by step as all at once, and the model itself stays as it is."""

import copy

import numpy as np
import pytest
import torch

from clearhead.errors import ConfigError
from clearhead.inspection.intervention import Intervention, Row
from clearhead.inspection.part import Part, cross_heads_of, layers_of
from clearhead.inspection.record import record
from clearhead.model.transformer import Transformer
from tests.inspection.test_record import tokens
from tests.model.test_transformer import small

SRC, TGT = torch.tensor([[5, 6, 7, 8, 2]]), torch.tensor([[1, 8, 9, 7]])
ROW = Row(head="decoder.1.cross.3", query=2, weights=(0.25, 0.0, 0.75))
OF_SELF = Row(head="decoder.2.self.0", query=3, weights=(0.0, 1.0, 0.0, 0.0))
OF_ENCODER = Row(head="encoder.1.self.2", query=0, weights=(0.0, 0.0, 0.0, 0.0, 1.0))
SOME = [
    Intervention(without=("encoder.1.self.2",)),
    Intervention(without=("decoder.0.self.1", "decoder.0.self.3", "decoder.2.cross.0")),
    Intervention(without=("encoder.0", "decoder.1")),
    Intervention(without=("encoder.0.self", "decoder.1.cross", "decoder.2.feed_forward", "decoder.2.self")),
    Intervention(masked=(1, 2)),
    Intervention(rows=(ROW, OF_SELF, OF_ENCODER)),
    Intervention(without=("decoder.1.cross.0", "decoder.1.cross.3"), masked=(3,), rows=(ROW,)),
]
NORMS = pytest.mark.parametrize("norm", ["pre", "post"])


def made(norm: str) -> Transformer:
    torch.manual_seed(5)
    return small(norm).eval()


def states(model, src=SRC, tgt=TGT) -> torch.Tensor:
    with torch.inference_mode():
        return model(src, tgt)


@NORMS
def test_an_empty_change_is_the_plain_path_to_the_bit(norm):
    model = made(norm)
    assert Intervention().of(model) is model
    before = states(model)
    row = Row(head="decoder.0.cross.0", query=99, weights=(1.0,))  # a copy with hooks that have nothing to do
    assert torch.equal(states(Intervention(rows=(row,)).of(model)), before)


@pytest.mark.parametrize("change", SOME, ids=str)
@NORMS
def test_the_model_itself_stays_as_it_is_and_no_tensor_is_copied(norm, change):
    model = made(norm)
    before = states(model)
    changed = change.of(model)
    assert not torch.allclose(states(changed), before, atol=1e-4)
    assert torch.equal(states(model), before)
    for one, other in zip(model.parameters(), changed.parameters(), strict=True):
        assert one is other
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


@pytest.mark.parametrize("change", SOME, ids=str)
@NORMS
def test_step_by_step_is_all_at_once(norm, change):
    changed = change.of(made(norm))
    with torch.inference_mode():
        cache = changed.encode(SRC)
        steps = []
        for place in range(TGT.shape[1]):
            state, cache = changed.decode(TGT[:, place : place + 1], cache)
            steps.append(state)
    torch.testing.assert_close(torch.cat(steps, dim=1), states(changed), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("change", SOME, ids=str)
@NORMS
def test_what_is_recorded_is_what_runs(norm, change):
    """The written-out path under an observer equals the fast one, and its maps have the rows that were set."""
    changed = change.of(made(norm))
    maps = record(
        changed, tokens(SRC[0].tolist()), tokens([*TGT[0, 1:].tolist(), 2]), start=1, piece=str, inner=True
    )
    np.testing.assert_allclose(maps.inner["decoder.states"], states(changed)[0], atol=1e-5)
    for row in change.rows:
        stack, layer, place, head = row.head.split(".")
        table = maps.cross if place == "cross" else getattr(maps, stack)
        expected = np.zeros(table.shape[-1], np.float32)
        expected[: len(row.weights)] = row.weights
        np.testing.assert_array_equal(table[int(layer), int(head), row.query], expected)
    for name in change.without:
        part = Part.of(name, changed.config)
        if part.head is not None:
            assert not maps.inner[f"{part._replace(head=None)}.heads"][part.head].any()
    for token in change.masked:
        assert not maps.cross[..., token].any()
        assert not maps.encoder[..., token].any()


@NORMS
def test_a_silent_head_is_one_whose_columns_of_the_output_projection_are_nothing(norm):
    model = made(norm)
    by_hand = copy.deepcopy(model)
    with torch.no_grad():  # head 2 of 4, of size 8
        by_hand.encoder.layers[1].self_attention.output.weight[:, 16:24] = 0
        by_hand.decoder.layers[2].cross_attention.output.weight[:, 0:8] = 0
    changed = Intervention(without=("encoder.1.self.2", "decoder.2.cross.0")).of(model)
    torch.testing.assert_close(states(changed), states(by_hand), atol=1e-6, rtol=1e-6)


@NORMS
def test_a_sublayer_without_its_function_and_a_layer_less(norm):
    model = made(norm)
    by_hand = copy.deepcopy(model)
    with torch.no_grad():
        for module in (
            by_hand.decoder.layers[1].cross_attention.output,
            by_hand.encoder.layers[0].self_attention.output,
            by_hand.encoder.layers[1].feed_forward.outer,
        ):
            module.weight.zero_()
            module.bias.zero_()
    changed = Intervention(without=("decoder.1.cross", "encoder.0.self", "encoder.1.feed_forward")).of(model)
    torch.testing.assert_close(states(changed), states(by_hand), atol=1e-6, rtol=1e-6)

    shorter = copy.deepcopy(model)
    del shorter.encoder.layers[0], shorter.decoder.layers[1]
    assert torch.equal(states(Intervention(without=("encoder.0", "decoder.1")).of(model)), states(shorter))


@NORMS
def test_a_masked_token_changes_nothing_whatever_it_is(norm):
    changed = Intervention(masked=(2,)).of(made(norm))
    other = SRC.clone()
    other[0, 2] = 33
    torch.testing.assert_close(states(changed), states(changed, other), atol=1e-6, rtol=1e-6)
    batch = states(changed, torch.cat((SRC, other)), torch.cat((TGT, TGT)))
    torch.testing.assert_close(batch[:1], states(changed), atol=1e-5, rtol=1e-5)


@NORMS
def test_a_row_set_to_what_it_was_changes_nothing(norm):
    model = made(norm)
    maps = record(model, tokens(SRC[0].tolist()), tokens([*TGT[0, 1:].tolist(), 2]), start=1, piece=str)
    same = Row(head="decoder.1.cross.3", query=2, weights=tuple(maps.cross[1, 3, 2].tolist()))
    changed = Intervention(rows=(same,)).of(model)
    torch.testing.assert_close(states(changed), states(model), atol=1e-5, rtol=1e-5)


def test_a_row_changes_nothing_before_it():
    model = made("post")
    before, after = states(model), states(Intervention(rows=(ROW, OF_SELF)).of(model))
    assert torch.equal(before[:, :2], after[:, :2])
    assert not torch.allclose(before[:, 2], after[:, 2], atol=1e-4)


def test_every_layer_and_head_that_looks_at_the_source_has_a_name():
    config = made("post").config
    assert [str(part) for part in layers_of(config)] == [
        *("encoder.0", "encoder.1"),
        *("decoder.0", "decoder.1", "decoder.2"),
    ]
    heads = [str(part) for part in cross_heads_of(config)]
    assert (len(heads), heads[0], heads[-1]) == (12, "decoder.0.cross.0", "decoder.2.cross.3")
    for name in heads:
        assert str(Part.of(name, config)) == name


@pytest.mark.parametrize(
    ("without", "message"),
    [
        ("encoder", "'encoder' names no part of a model; write encoder.3 (a layer), decoder.1.cross"),
        ("encoder.0.self.1.2", "names no part of a model"),
        ("encoder.2", "encoder.2: the encoder of this model has layers 0 to 1"),
        (
            "encoder.0.cross",
            "encoder.0.cross: the encoder has self and feed_forward; cross is in the decoder",
        ),
        ("encoder.0.feed_forward.1", "a feed-forward network has no heads; leave out .1"),
        ("decoder.0.self.4", "decoder.0.self.4: an attention of this model has heads 0 to 3"),
    ],
)
def test_a_part_that_is_not_there_is_an_error(without, message):
    with pytest.raises(ConfigError) as error:
        Intervention(without=(without,)).of(made("post"))
    assert message in str(error.value)


def test_a_row_is_written_as_the_keys_that_share_it():
    assert Row.of("decoder.1.cross.3:2=4") == Row(
        head="decoder.1.cross.3", query=2, weights=(0.0, 0.0, 0.0, 0.0, 1.0)
    )
    assert Row.of("encoder.0.self.1:0=0,2").weights == (0.5, 0.0, 0.5)
    for wrong in (
        "decoder.1.cross.3",
        "decoder.1.cross.3:2",
        "decoder.1.cross.3:2=",
        "decoder.1.cross.3:2=a",
    ):
        with pytest.raises(ConfigError, match="is no row of attention; write HEAD:QUERY=KEY"):
            Row.of(wrong)


def test_rows_and_masks_that_cannot_be_are_errors():
    model = made("post")
    with pytest.raises(ConfigError, match="must be 0 or more and sum to 1"):
        Row(head="decoder.0.cross.0", query=0, weights=(0.5, 0.4))
    with pytest.raises(ConfigError, match=r"belongs to a head, and decoder\.0\.cross is none"):
        Intervention(rows=(Row(head="decoder.0.cross", query=0, weights=(1.0,)),)).of(model)
    with pytest.raises(ConfigError, match="no later token may be looked at"):
        Intervention(rows=(Row(head="decoder.0.self.0", query=0, weights=(0.0, 1.0)),)).of(model)
    long = Row(head="decoder.0.cross.0", query=0, weights=(*(0.0,) * 5, 1.0))
    with pytest.raises(ConfigError, match="has 5 keys, got 6 weights"):
        states(Intervention(rows=(long,)).of(model))
    with pytest.raises(ConfigError, match="every source token is masked"):
        states(Intervention(masked=(0, 1, 2, 3, 4)).of(model))
    with pytest.raises(ConfigError, match="the source has tokens 0 to 4, and 7 cannot be masked"):
        states(Intervention(masked=(7,)).of(model))
