"""Rows of different lengths side by side."""

import torch

from clearhead.model.padding import padded


def test_rows_are_padded_on_the_right():
    table = padded([[5], [7, 8, 9], []], 0)
    assert table.dtype == torch.int64
    assert table.tolist() == [[5, 0, 0], [7, 8, 9], [0, 0, 0]]
