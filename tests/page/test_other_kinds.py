"""The page of a model without self-attention, such as a recurrent one."""

from dataclasses import replace

import numpy as np


def test_an_attention_that_the_model_does_not_have_is_not_offered(opened, maps):
    source, target = len(maps.source), len(maps.target)
    view = opened(
        replace(
            maps,
            encoder=np.zeros((0, 0, source, source), np.float32),
            decoder=np.zeros((0, 0, target, target), np.float32),
            measures={},
            inner={},
            about=replace(maps.about, kind="gru"),
        )
    )
    assert "gru, d_model" in view.locator(".about").inner_text()
    view.locator("#tab-attention").click()
    text = view.locator("#attention").inner_text()
    assert "Encoder-decoder attention" in text
    assert "self-attention" not in text
    view.locator("#tab-walk").click()
    assert "this model has none" in view.locator("#walk").inner_text()
