"""The study runs, and its ways differ in one thing each."""

import argparse
from dataclasses import asdict

from studies import regularisation


def test_each_way_leaves_one_thing_out():
    paper = asdict(regularisation.WAYS["the paper's"])
    for name in ("no label smoothing", "no dropout", "dropout 0.3", "no warm-up", "pre-norm"):
        way = asdict(regularisation.WAYS[name])
        assert sum(way[key] != paper[key] for key in paper) == 1, name


def test_it_runs():
    results = [regularisation.measure(1, argparse.Namespace(form="toy"))]
    for norm in ("post", "pre"):
        ways = [name for name, way in regularisation.WAYS.items() if way.norm == norm]
        assert len({results[0][way]["parameters"] for way in ways}) == 1
    assert len(regularisation.claims(results)) == 3
    assert regularisation.tables(results)
    assert regularisation.panels(results)
