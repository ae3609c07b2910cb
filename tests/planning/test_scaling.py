"""The cost model: its terms by hand, its limits, and beside steps of one and two processes that were measured."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from clearhead.planning.scaling import BUCKET, LOOPBACK, NETWORK, Link, Step, exchange, ring, scaled

POINTS = json.loads((Path(__file__).parent / "points.json").read_text())
ONE = Step(compute=0.3, data=0.0, tokens=2000, gradients=4 * 65_000_000)


def test_the_terms_by_hand():
    link = Link(bandwidth=1e9, latency=1e-3, covered=False)
    assert ring(1_000_000_000, 1, link) == 0
    assert ring(1_000_000_000, 2, link) == pytest.approx(1.0 + 0.002)
    assert ring(1_000_000_000, 8, link) == pytest.approx(1.75 + 0.014)
    two = scaled(ONE, 2, link)
    assert two.seconds_per_step == pytest.approx(0.3 + 0.26 + 0.002)
    assert two.tokens_per_second == pytest.approx(4000 / two.seconds_per_step)
    assert two.efficiency == pytest.approx(0.3 / two.seconds_per_step)
    assert two.bound_by == "compute"


def test_one_process_is_what_was_measured():
    one = scaled(ONE, 1, LOOPBACK)
    assert (one.seconds_per_step, one.efficiency, one.exchange) == (0.3, 1.0, 0.0)


def test_what_the_backward_pass_covers_costs_nothing_but_for_the_last_bucket():
    covered = replace(NETWORK, latency=0.0)
    whole = ring(ONE.gradients, 8, covered)
    assert whole < 0.2
    assert exchange(ONE, 8, covered) == pytest.approx(whole / -(-ONE.gradients // BUCKET))
    slow = replace(covered, bandwidth=1e9)
    assert exchange(ONE, 8, slow) == pytest.approx(ring(ONE.gradients, 8, slow) - 0.2)


def test_more_processes_never_learn_less_nor_more_than_in_proportion():
    runs = [scaled(ONE, number, NETWORK) for number in (1, 2, 8, 64, 512)]
    speeds = [run.tokens_per_second for run in runs]
    assert speeds == sorted(speeds)
    assert [run.efficiency for run in runs] == sorted((run.efficiency for run in runs), reverse=True)
    assert all(run.tokens_per_second <= run.processes * speeds[0] * 1.0001 for run in runs)


def test_a_slow_loader_binds_whatever_the_network_does():
    starving = scaled(replace(ONE, data=0.9), 8, NETWORK)
    assert starving.seconds_per_step == 0.9
    assert starving.bound_by == "data"


@pytest.mark.parametrize("point", POINTS["all_reduce"], ids=lambda point: f"{point['bytes']} bytes")
def test_the_loopback_sends_what_was_measured(point):
    """A line through points over two orders of magnitude."""
    assert ring(point["bytes"], 2, LOOPBACK) == pytest.approx(point["seconds"], rel=0.15)


@pytest.mark.parametrize("point", POINTS["steps"], ids=lambda point: str(point["parameters"]))
def test_two_processes_take_what_the_model_says(point):
    step = Step(compute=point["compute"], data=0.0, tokens=point["tokens"], gradients=4 * point["parameters"])
    for processes, seconds in point["measured"].items():
        said = scaled(step, int(processes), LOOPBACK).seconds_per_step
        assert said == pytest.approx(seconds, rel=0.15)
