"""Processes that train together end together, and what went wrong is told once."""

import errno
import multiprocessing
import os
import signal
import subprocess
import sys
import time

import pytest

from clearhead.data.processes import Held
from clearhead.errors import ClearheadError, DataError, WorkerError
from clearhead.run import workers
from clearhead.run.interruption import Interrupted

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


def one_is_stopped():
    if rank() == 1:
        os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(600)


def one_is_stopped_and_a_signal_comes():
    if rank() == 1:
        os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(1)
    os.kill(os.getppid(), signal.SIGTERM)
    time.sleep(600)


def one_is_killed_with_semaphores():
    semaphore = multiprocessing.get_context("spawn").Semaphore()
    if rank() == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    with semaphore:
        time.sleep(600)


def one_stops_before_the_other():
    time.sleep(0 if rank() else 2)
    sys.exit(143)


def all_is_well():
    assert os.environ["WORLD_SIZE"] == os.environ["LOCAL_WORLD_SIZE"] == "2"
    assert os.environ["LOCAL_RANK"] == os.environ["RANK"]


def test_the_cause_is_told_not_what_followed():
    with pytest.raises(ClearheadError, match="no such text") as caught:
        workers.run(one_fails_and_the_other_follows, 2)
    assert "in worker 1:" in caught.value.__notes__[0]


@pytest.mark.slow
def test_who_stops_before_the_others_is_no_failure():
    assert workers.run(one_stops_before_the_other, 2, restarts=1) == 143


def one_dies_at_first():
    all_is_well()
    if os.environ["TORCHELASTIC_RESTART_COUNT"] == "0" and rank() == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0 if rank() else 0.5)


@pytest.mark.slow
def test_who_died_is_started_again_and_it_is_said(capfd):
    assert workers.run(one_dies_at_first, 2, restarts=2) == 0
    assert capfd.readouterr().err == "started again (1 of 2), from the last checkpoint\n"


@pytest.mark.slow
def test_an_error_that_would_come_again_is_told_once(capfd):
    started = time.monotonic()
    with pytest.raises(ClearheadError, match="no such text"):
        workers.run(one_fails_and_the_other_hangs, 2, restarts=1)
    assert time.monotonic() - started < 100
    assert capfd.readouterr().err == ""


@pytest.fixture
def soon(monkeypatch):
    """Let nobody be waited for as long as users are."""
    monkeypatch.setattr(Held, "TOLD", 0.5)
    monkeypatch.setattr(Held, "ENDED", 1.5)


def test_who_is_killed_or_stopped_is_named(soon, capfd):
    says = r"^worker 1 was stopped \(SIGSTOP\) and not resumed for \d+ seconds; continue with the same command and"
    with pytest.raises(WorkerError, match=says):
        workers.run(one_is_stopped, 2)
    assert not multiprocessing.active_children()
    assert capfd.readouterr().err == "waiting for worker 1, which was stopped …\n"


@pytest.mark.slow
def test_a_signal_ends_also_one_who_is_stopped(soon):
    with pytest.raises(Interrupted) as told:
        workers.run(one_is_stopped_and_a_signal_comes, 2)
    assert told.value.signal == signal.SIGTERM
    assert not multiprocessing.active_children()


def test_a_signal_that_comes_before_the_workers_starts_none(monkeypatch):
    monkeypatch.setattr(workers, "_launch_config", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(Interrupted):
        workers.run(all_is_well, 2)


def test_the_longest_waits():
    """In seconds: a user is told of a stopped worker soon, and is rid of it within half a minute."""
    assert Held.TOLD <= 5
    assert Held.ENDED <= 30


def test_an_error_of_the_system_is_a_line_and_may_be_gone_the_next_time():
    error = PermissionError(errno.EACCES, "Permission denied", "some/file")
    noted = workers._failure(1, error)
    assert (noted.message, noted.lasting) == ("Permission denied (some/file)", False)
    assert workers._failure(0, DataError("no such text")).lasting
    assert not workers._failure(0, WorkerError("the other ended")).lasting


def test_of_a_killed_worker_nothing_is_left_and_nothing_else_is_said():
    code = (
        "from clearhead.run import workers\n"
        "from tests.run.test_workers import one_is_killed_with_semaphores as task\n"
        "try:\n    workers.run(task, 2)\nexcept workers.WorkerError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    killed = "worker 1 was killed (SIGKILL), probably because memory ran out; "
    assert done.stdout == f"{killed}continue with the same command and --resume\n"
    assert done.stderr == ""  # where the tracker of multiprocessing told of semaphores
