"""The benchmark of a single sentence tells what its processes took."""

import sys

import pytest
from benchmarks import cold


def test_every_way_is_told_with_its_processor_time(monkeypatch, capsys, tmp_path):
    busy = (sys.executable, "-S", "-c", "sum(range(3_000_000))")
    idle = (sys.executable, "-S", "-c", "pass")
    monkeypatch.setattr(cold, "COMMAND", busy)
    monkeypatch.setattr(cold, "LIBRARIES", idle)
    monkeypatch.setattr(sys, "argv", ["cold", "--rounds", "2", "--beside", str(tmp_path)])
    cold.main()
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| ")][1:]
    assert [row[0] for row in rows] == [
        "| clearhead translate",
        "| its libraries alone",
        "| the other version",
    ]
    ours, libraries, other = (float(row[2]) for row in rows)
    assert libraries < ours
    assert other == pytest.approx(ours, rel=0.9)
    assert rows[1][3].startswith("0.")  # what does nothing is faster
