"""What is put into a run is what another run put out: step by step as all at once, and as it is recorded."""

import numpy as np
import pytest
import torch

from clearhead.inspection.intervention import Intervention, taken
from clearhead.inspection.part import Part
from clearhead.inspection.patching import Patch, Transplant
from clearhead.inspection.record import record
from tests.inspection.test_intervention import NORMS, SRC, TGT, made, states
from tests.inspection.test_record import tokens

OTHER = torch.tensor([[9, 4, 3, 11, 2]])
NAMES = (
    "encoder.0",
    "encoder.1.self",
    "encoder.1.feed_forward",
    "encoder.0.self.3",
    "decoder.1",
    "decoder.0.self",
    "decoder.2.cross",
    "decoder.1.cross.2",
    "decoder.0.feed_forward:1,3",
    "encoder.1.self.0:2",
)


def transplant(model, name, src=OTHER) -> Transplant:
    patch = Patch.of(name)
    part = Part.of(patch.part, model.config)
    values = taken(model, [part], lambda copied: states(copied, src))[part]
    return Transplant.of(patch, part, values, (SRC if part.stack == "encoder" else TGT).shape[1])


@pytest.mark.parametrize("name", NAMES)
@NORMS
def test_of_the_same_source_it_changes_nothing(norm, name):
    model = made(norm)
    changed = Intervention(transplants=(transplant(model, name, SRC),)).of(model)
    torch.testing.assert_close(states(changed), states(model), atol=1e-6, rtol=1e-6)
    other = Intervention(transplants=(transplant(model, name),)).of(model)
    if name != "decoder.0.self":  # which sees nothing of the source
        assert not torch.allclose(states(other), states(model), atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
@NORMS
def test_step_by_step_is_all_at_once_and_what_is_recorded(norm, name):
    model = made(norm)
    changed = Intervention(transplants=(transplant(model, name),)).of(model)
    with torch.inference_mode():
        cache = changed.encode(SRC)
        steps = []
        for place in range(TGT.shape[1]):
            state, cache = changed.decode(TGT[:, place : place + 1], cache)
            steps.append(state)
    torch.testing.assert_close(torch.cat(steps, dim=1), states(changed), atol=1e-5, rtol=1e-5)
    maps = record(
        changed, tokens(SRC[0].tolist()), tokens([*TGT[0, 1:].tolist(), 2]), start=1, piece=str, inner=True
    )
    np.testing.assert_allclose(maps.inner["decoder.states"], states(changed)[0], atol=1e-5)


@NORMS
def test_the_last_layer_is_the_other_run(norm):
    model = made(norm)
    for name in ("encoder.1", "decoder.2"):
        changed = Intervention(transplants=(transplant(model, name),)).of(model)
        torch.testing.assert_close(states(changed), states(model, OTHER), atol=1e-6, rtol=1e-6)


@NORMS
def test_a_head_is_put_in_where_it_was_taken(norm):
    """The recorded heads are those of the other run for the patched head, and this run's own for the rest."""
    model = made(norm)
    sides = [tokens([*TGT[0, 1:].tolist(), 2])]
    changed = Intervention(transplants=(transplant(model, "encoder.0.self.3"),)).of(model)
    maps, plain, other = (
        record(each, tokens(src[0].tolist()), *sides, start=1, piece=str, inner=True).inner[
            "encoder.0.self.heads"
        ]
        for each, src in ((changed, SRC), (model, SRC), (model, OTHER))
    )
    np.testing.assert_allclose(maps[3], other[3], atol=1e-6)
    np.testing.assert_allclose(maps[:3], plain[:3], atol=1e-6)


def test_a_part_that_is_patched_and_taken_away_is_patched():
    model = made("post")
    for name in ("encoder.0", "decoder.1.cross.2", "encoder.1.self"):
        put = (transplant(model, name),)
        both = Intervention(without=(name,), transplants=put).of(model)
        assert torch.equal(states(both), states(Intervention(transplants=put).of(model)))


def test_a_patch_is_written_as_a_part_and_its_tokens():
    assert Patch.of("decoder.1.cross.3:2,4") == Patch(part="decoder.1.cross.3", tokens=(2, 4))
    for name in ("encoder.0", "decoder.1.cross.3:2,4"):
        assert str(Patch.of(name)) == name
