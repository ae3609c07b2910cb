"""The short form of `make test-faults`: whatever is killed, flipped or cut, nothing is lost without a word."""

import pytest
from benchmarks import faults


@pytest.mark.timeout(900)  # a dozen short trainings, on a machine that may be busy
def test_nothing_is_lost(capfd):
    counts = faults.count(kills=1, flips=8, truncations=4, seed=3)
    with capfd.disabled():
        assert sum(ends.total() for ends in counts.values()) == 13
        for fault, ends in counts.items():
            assert not ends[faults.LOST], (fault, capfd.readouterr().err)
    assert sum(ends[faults.TOLD] for ends in counts.values()) > 0
    assert "| fault | tries |" in faults.table(counts)
