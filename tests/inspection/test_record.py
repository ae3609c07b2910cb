"""The recorded maps are those of the pass that translates."""

import numpy as np
import torch

from clearhead.inspection.record import record
from clearhead.model.masks import causal_mask
from tests.model.test_transformer import small


def test_maps_have_every_layer_and_head_and_rows_sum_to_one():
    torch.manual_seed(0)
    model = small("pre").eval()
    src, tgt = [5, 6, 7, 2], [1, 8, 9]
    maps = record(model, src, tgt, pieces="abcd", read="xyz", produced="yz.")
    assert maps.encoder.shape == (2, 4, 4, 4)
    assert maps.decoder.shape == (3, 4, 3, 3)
    assert maps.cross.shape == (3, 4, 3, 4)
    for weights in (maps.encoder, maps.decoder, maps.cross):
        np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-6)
    assert (maps.decoder[..., ~causal_mask(3)[0].numpy()] == 0).all()
    assert maps.src == ("a", "b", "c", "d")
    assert maps.produced == ("y", "z", ".")


def test_the_last_row_does_not_depend_on_what_comes_later():
    """Maps of a longer target begin with the maps of a shorter one: nothing is shifted by a token."""
    torch.manual_seed(1)
    model = small().eval()
    short = record(model, [5, 6, 2], [1, 8], pieces="abc", read="xy", produced="yz")
    long = record(model, [5, 6, 2], [1, 8, 9], pieces="abc", read="xyw", produced="ywz")
    np.testing.assert_allclose(long.cross[:, :, :2], short.cross, atol=1e-6)
    np.testing.assert_allclose(long.decoder[:, :, :2, :2], short.decoder, atol=1e-6)
