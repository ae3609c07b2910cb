"""Learning rates."""

import pytest

from clearhead.training.schedule import constant, cosine, inverse_sqrt, learning_rate, noam


def test_noam_is_equation_3():
    assert noam(1, 512, 4000) == pytest.approx(512**-0.5 * 4000**-1.5)
    assert noam(4000, 512, 4000) == pytest.approx((512 * 4000) ** -0.5)
    assert noam(100_000, 512, 4000) == pytest.approx(512**-0.5 * 100_000**-0.5)


@pytest.mark.parametrize(
    "curve", [lambda s: noam(s, 128, 100), lambda s: inverse_sqrt(s, 100), lambda s: cosine(s, 100, 1000)]
)
def test_rises_to_the_end_of_warmup_then_falls(curve):
    rates = [curve(step) for step in range(1, 1001)]
    assert rates.index(max(rates)) == 99
    assert rates[:100] == sorted(rates[:100])
    assert rates[99:] == sorted(rates[99:], reverse=True)


def test_peaks_and_ends():
    assert inverse_sqrt(400, 100) == pytest.approx(0.5)
    assert cosine(1000, 100, 1000) == pytest.approx(0)
    assert cosine(5000, 100, 1000) == pytest.approx(0)
    assert [constant(step, 4) for step in (1, 2, 4, 99)] == [0.25, 0.5, 1, 1]


def test_scale_multiplies_every_curve():
    for name in ("noam", "inverse_sqrt", "cosine", "constant"):
        settings = {"d_model": 64, "warmup_steps": 10, "max_steps": 50}
        assert learning_rate(name, 7, scale=3.0, **settings) == pytest.approx(
            3 * learning_rate(name, 7, scale=1.0, **settings)
        )
