"""Rates: a bucket for each client, no client at the cost of another, and a table of a fixed size."""

import pytest

from clearhead.serving.failures import ServiceFailure
from clearhead.serving.rates import Rates


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def refused(rates, client, **amounts):
    with pytest.raises(ServiceFailure) as failure:
        rates.check(client, **amounts)
    assert failure.value.status == 429
    return failure.value.retry_after


def test_after_the_wait_that_was_named_the_next_passes():
    clock = Clock()
    rates = Rates(6, 0, clock=clock)
    for _ in range(6):
        rates.check("a")
    wait = refused(rates, "a")
    assert wait == pytest.approx(10)
    rates.check("b")
    clock.now += wait - 0.01
    refused(rates, "a")
    clock.now += 0.02
    rates.check("a")


def test_in_the_long_run_the_rate_is_the_limit():
    clock = Clock()
    rates = Rates(60, 0, clock=clock)
    passed = 0
    for _ in range(6000):
        clock.now += 0.1
        try:
            rates.check("a")
            passed += 1
        except ServiceFailure:
            pass
    assert 600 <= passed <= 661


def test_what_is_refused_costs_nothing():
    rates = Rates(2, 10, clock=Clock())
    rates.check("a", characters=8)
    refused(rates, "a", characters=8)
    rates.check("a", characters=2)


def test_a_text_above_a_minute_passes_and_its_client_waits_longer():
    clock = Clock()
    rates = Rates(0, 60, clock=clock)
    rates.check("a", characters=180)
    assert refused(rates, "a", characters=1) == pytest.approx(121)
    clock.now += 180
    rates.check("a", characters=180)


def test_the_table_does_not_grow():
    rates = Rates(1, 1, max_clients=100, clock=Clock())
    for number in range(1000):
        rates.check(str(number))
    assert len(rates) == 100
    refused(rates, "999")


def test_no_limits_no_table():
    rates = Rates(0, 0)
    for _ in range(100):
        rates.check("a", characters=10**9)
    assert len(rates) == 0
