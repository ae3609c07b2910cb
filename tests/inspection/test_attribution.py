"""Each method's identities hold, and it finds what is known to matter."""

import numpy as np
import pytest
import torch

from clearhead.inspection.attribution import (
    gradient_times_input,
    integrated_gradients,
    measured,
    rollout,
    value_norms,
    value_zeroing,
)
from clearhead.inspection.roles import roles
from clearhead.model.places import PLACES
from tests.inspection.test_record import look, made

NORMS = pytest.mark.parametrize("norm", ["pre", "post"])


@NORMS
def test_weighted_values_add_up_to_the_output(norm):
    model = made(norm)
    maps = look(model, inner=True)
    found = value_norms(model, maps)
    assert found.check < 1e-5
    for place in PLACES:
        assert getattr(found, place).shape == getattr(maps, place).shape
    attention = model.decoder.layers[1].cross_attention
    value = torch.from_numpy(maps.inner["decoder.1.cross.value"])[2, 3]
    outward = attention.output.weight[:, 2 * attention.d_k : 3 * attention.d_k] @ value
    expected = maps.cross[1, 2, 0, 3] * float(outward.detach().norm())
    assert found.cross[1, 2, 0, 3] == pytest.approx(expected, rel=1e-4)
    assert (found.decoder[..., 0, 1:] == 0).all()  # the future brings nothing


def test_rollout_rows_sum_to_one_and_follow_the_attention():
    maps = look(made("pre"))
    found = rollout(maps)
    assert found.check < 1e-6
    assert found.source.shape == (3, 4)
    assert (found.read[0, 1:] == 0).all()
    maps.encoder[:] = np.eye(4)
    maps.decoder[:] = np.eye(3)
    maps.cross[:] = np.eye(4)[[2, 0, 1]]  # every head of every layer looks at one place
    found = rollout(maps)
    np.testing.assert_allclose(found.source, (1 - 0.5**3) * np.eye(4)[[2, 0, 1]], atol=1e-6)
    np.testing.assert_allclose(found.read, 0.5**3 * np.eye(3), atol=1e-6)


@NORMS
def test_integrated_gradients_are_complete(norm):
    model = made(norm)
    maps = look(model)
    coarse, fine = (integrated_gradients(model, maps, start=1, steps=steps) for steps in (8, 256))
    assert fine.check < 0.02
    assert fine.check < coarse.check
    assert (fine.read[0, 1:] == 0).all()
    assert gradient_times_input(model, maps, start=1).check > fine.check
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_long_text_is_measured_in_bounded_time():
    model = made("pre")
    many = [5 + number % 10 for number in range(120)] + [2]
    found = measured(model, look(model, many, many, inner=True), 1)
    assert {name.partition(".")[0] for name in found.measures} == {"norms", "rollout"}
    assert found.about.unmeasured == ("value zeroing", "integrated gradients")
    short = measured(model, look(model, inner=True), 1)
    assert {name.partition(".")[0] for name in short.measures} == {
        "norms",
        "zeroing",
        "rollout",
        "gradient",
        "integrated",
    }
    assert short.about.steps == 64
    assert short.about.unmeasured == ()


def test_gradient_times_input_is_the_slope():
    """The sum of source and read is the derivative of log p by a common factor of all embeddings."""
    model = made("pre").double()
    maps = look(model)
    found = gradient_times_input(model, maps, start=1)
    src, read = torch.tensor([maps.source.ids]), torch.tensor([[1, *maps.target.ids[:-1]]])

    def log_p(factor):
        mask = torch.ones(1, 1, 4, dtype=torch.bool)
        memory = model.encoder(model.positions(factor * model.src_embedding(src)), mask)
        embedded = model.positions(factor * model.target_embedding(read))
        states, _ = model.decoder(embedded, model.decoder.start(memory, mask))
        return model.logits(states)[0].log_softmax(-1)[range(3), list(maps.target.ids)].detach().numpy()

    slope = (log_p(1 + 1e-5) - log_p(1 - 1e-5)) / 2e-5
    np.testing.assert_allclose(found.source.sum(1) + found.read.sum(1), slope, atol=1e-3)


@NORMS
def test_value_zeroing(norm):
    model = made(norm)
    maps = look(model, inner=True)
    found = value_zeroing(model, maps)
    assert found.check < 1e-4
    for place in PLACES:
        table = getattr(found, place)
        assert table.shape == getattr(maps, place).mean(axis=1).shape
        np.testing.assert_allclose(table.sum(-1), 1, atol=1e-4)
    assert (found.decoder[:, 0, 1:] == 0).all()
    for layer in model.decoder.layers:  # whose values bring nothing at all, their absence changes nothing
        torch.nn.init.zeros_(layer.cross_attention.output.weight)
    assert value_zeroing(model, look(model, inner=True)).cross.max() == 0


def test_roles_are_told_from_the_attention():
    maps = look(made("pre"))
    maps.encoder[0, 0] = np.eye(4, k=-1) + np.eye(4)[0] * np.eye(4)[:, :1]
    maps.encoder[0, 1] = np.eye(4, k=1)
    maps.encoder[0, 2] = np.eye(4)[3]  # the end of the sentence
    maps.encoder[0, 3] = 0.25
    maps.encoder[1, 0] = np.eye(4, k=-2)
    maps.decoder[0, 0] = np.eye(3)
    maps.decoder[0, 1] = np.eye(3)[0]  # the start
    maps.cross[0, 0] = np.eye(4)[[1, 0, 2]]
    maps.cross[0, 1] = np.eye(4)[3]
    found = roles([maps])
    assert found["encoder"][0] == ["previous", "next", "sink", "mixed"]
    assert found["encoder"][1][0] == "position -2"
    assert found["decoder"][0][:2] == ["same", "sink"]
    assert found["cross"][0][:2] == ["alignment", "sink"]
