"""Processes that train together end together, and what went wrong is told once."""

import os
import signal
import sys
import time

import pytest

from clearhead.errors import ClearheadError, DataError, WorkerError
from clearhead.pipeline import workers

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="refused there")


def rank():
    return int(os.environ["RANK"])


def one_fails_and_the_other_follows():
    if rank() == 1:
        raise DataError("no such text")
    time.sleep(0.5)
    raise WorkerError("the other ended")


def one_fails_and_the_other_hangs():
    if rank() == 1:
        raise DataError("no such text")
    time.sleep(600)


def one_is_killed():
    if rank() == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.5)


def one_stops_before_the_other():
    time.sleep(0 if rank() else 2)
    sys.exit(143)


def all_is_well():
    assert os.environ["WORLD_SIZE"] == os.environ["LOCAL_WORLD_SIZE"] == "2"
    assert os.environ["LOCAL_RANK"] == os.environ["RANK"]


@pytest.mark.parametrize("task", [one_fails_and_the_other_follows, one_fails_and_the_other_hangs])
def test_the_cause_is_told_not_what_followed(task, monkeypatch):
    monkeypatch.setattr(workers, "_GRACE", 1.0)
    with pytest.raises(ClearheadError, match="no such text") as caught:
        workers.run(task, 2)
    assert "in worker 1:" in caught.value.__notes__[0]


@pytest.mark.parametrize(
    ("task", "code"), [(all_is_well, 0), (one_is_killed, 137), (one_stops_before_the_other, 143)]
)
def test_the_exit_code(task, code, monkeypatch):
    monkeypatch.setattr(workers, "_GRACE", 0.5)  # nobody who is saving is ended
    started = time.monotonic()
    assert workers.run(task, 2) == code
    assert time.monotonic() - started < 60
