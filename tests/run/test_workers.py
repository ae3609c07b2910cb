"""Processes that train together end together, and what went wrong is told once."""

import errno
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
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


def one_is_killed():
    if rank() == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.5)


def one_is_stopped():
    if rank() == 1:
        os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(600)


def one_is_killed_with_semaphores():
    semaphore = multiprocessing.get_context("spawn").Semaphore()
    if rank() == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    with semaphore:
        time.sleep(600)


def one_meets_no_disk():
    if rank() == 1:
        raise PermissionError(errno.EACCES, "Permission denied", "some/file")


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


def nobody_else_gets_the_port():
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind((os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])))
    if rank() == 0:
        held = socket.socket(fileno=int(os.environ["CLEARHEAD_MEETING_SOCKET"]))
        assert held.getsockname() == (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
        assert not held.get_inheritable()
        time.sleep(1)  # beyond the attempt of the other


def test_the_port_of_a_run_is_its_own_before_the_first_worker_listens():
    assert workers.run(nobody_else_gets_the_port, 2) == 0


def test_runs_that_start_at_the_same_moment_have_ports_of_their_own():
    meetings = [workers._meeting_socket() for _ in range(500)]
    ports = {meeting.getsockname()[1] for meeting in meetings}
    for meeting in meetings:
        meeting.close()
    assert len(ports) == len(meetings)


@pytest.mark.parametrize(("task", "code"), [(all_is_well, 0), (one_stops_before_the_other, 143)])
def test_the_exit_code(task, code, monkeypatch):
    monkeypatch.setattr(workers, "_GRACE", 0.5)  # nobody who is saving is ended
    started = time.monotonic()
    assert workers.run(task, 2) == code
    assert time.monotonic() - started < 60


@pytest.fixture
def soon(monkeypatch):
    """Let nobody be waited for as long as users are."""
    monkeypatch.setattr(workers, "_GRACE", 0.5)
    monkeypatch.setattr(Held, "TOLD", 0.5)
    monkeypatch.setattr(Held, "ENDED", 1.5)


@pytest.mark.parametrize(
    ("task", "says"),
    [
        (one_is_killed, r"worker 1 was killed \(SIGKILL\), probably because memory ran out"),
        (one_is_stopped, r"worker 1 was stopped \(SIGSTOP\) and not resumed for \d+ seconds"),
    ],
)
def test_who_is_killed_or_stopped_is_named(task, says, soon, capfd):
    with pytest.raises(WorkerError, match=says + "; continue with the same command and --resume$"):
        workers.run(task, 2)
    assert not multiprocessing.active_children()
    waited = "waiting for worker 1, which was stopped …\n" if task is one_is_stopped else ""
    assert capfd.readouterr().err == waited


def test_a_signal_ends_also_one_who_is_stopped(soon):
    threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGTERM)).start()
    with pytest.raises(Interrupted) as told:
        workers.run(one_is_stopped, 2)
    assert told.value.signal == signal.SIGTERM
    assert not multiprocessing.active_children()


def test_the_longest_waits():
    """In seconds: a user is told of a stopped worker soon, and is rid of it within half a minute."""
    assert Held.TOLD <= 5
    assert Held.ENDED <= 30
    assert workers._GRACE <= 10


def test_an_error_of_the_system_is_a_line(soon):
    with pytest.raises(ClearheadError) as caught:
        workers.run(one_meets_no_disk, 2)
    assert str(caught.value) == "Permission denied (some/file)"


def test_of_a_killed_worker_nothing_is_left_and_nothing_else_is_said():
    code = (
        "from clearhead.run import workers\n"
        "from tests.run.test_workers import one_is_killed_with_semaphores as task\n"
        "workers._GRACE = 0.2\n"
        "try:\n    workers.run(task, 2)\nexcept workers.WorkerError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert done.stdout.startswith("worker 1 was killed")
    assert done.stderr == ""  # where the tracker of multiprocessing told of semaphores
