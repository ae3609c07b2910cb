"""Processes that learn as one: they meet, exchange, and never wait deaf."""

import os
import signal
import socket
import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.distributed import Store, Work

from clearhead.data.processes import Held
from clearhead.errors import ClearheadError, ConfigError, DataError, WorkerError
from clearhead.run import workers
from clearhead.run.interruption import Interrupted, Interruption
from clearhead.training import distributed, heartbeat
from clearhead.training.distributed import Group
from clearhead.training.rendezvous import Place


def fail_together(group, fails):
    with group.together():
        if fails:
            raise DataError("no text")


def exchange():
    """Run as rank 0 and as rank 1."""
    group = Group.join("cpu")
    other = 1 - group.rank
    assert group.most(group.rank) == 1
    assert group.total(0.5, group.rank) == (1.0, 1)
    assert group.gather("é" * (3 * group.rank)) == ["", "ééé"]
    assert group.gather("") == ["", ""]
    assert group.of_first(f"of {group.rank}") == "of 0"
    assert group.exchange(b"\0\1" * (3 * group.rank)) == [b"", b"\0\1" * 3]

    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "step": np.array(3.0, np.float32)}
    found = group.arrays_of_first(arrays if group.leads else {})
    assert all(np.array_equal(found[name], arrays[name]) for name in arrays)
    assert found["step"].shape == ()

    group.check_same({"training.seed": 1, "init": None})
    with pytest.raises(ConfigError, match=r"rank 1 has training\.seed 2, rank 0 has 1; rank 1 has x None"):
        group.check_same({"training.seed": 1 + group.rank, "same": 7, **({} if group.rank else {"x": 1})})

    with group.together():
        pass
    for failing in (0, 1):
        mine = group.rank == failing
        kind, says = (
            (DataError, "^no text$") if mine else (WorkerError, f"worker {failing} of 2 ended: no text")
        )
        with pytest.raises(kind, match=says):
            fail_together(group, mine)
    assert group.gather(str(other)) == ["1", "0"], "all are still in step"
    group.leave()


def test_what_is_exchanged():
    assert workers.run(exchange, 2) == 0


def wait_for_one_who_is_stopped():
    with Interruption() as interruption:
        group = Group.join("cpu", interruption.while_waiting)
        group.most(0)
        if group.leads:
            os.kill(os.getppid(), signal.SIGTERM)  # who started us, as a user would
            os.kill(os.getpid(), signal.SIGSTOP)
        try:
            group.most(0)
        except Interrupted:
            started = time.monotonic()
            group.leave()
            print(f"left in {time.monotonic() - started:.0f} seconds", flush=True)
            sys.exit(143)


def test_a_signal_ends_who_waits_for_one_who_does_not_answer(monkeypatch, capfd):
    """It leaves the group and ends by itself, before the other is killed."""
    monkeypatch.setattr(Held, "TOLD", 14.0)
    with pytest.raises(Interrupted):
        workers.run(wait_for_one_who_is_stopped, 2)
    assert capfd.readouterr().out == "left in 0 seconds\n"


def test_an_exchange_is_within_reach_of_signals(monkeypatch):
    monkeypatch.setattr("clearhead.run.interruption._PATIENCE", 0.1)

    class Endless(Work):
        def is_completed(self):
            return False

    with Interruption() as interruption:
        group = Group(0, 2, watch=interruption.while_waiting)
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
        with pytest.raises(Interrupted):
            group.finish(Endless())
        assert group._pending, "it is not taken apart: that would wait for the answer"


class Board(Store):
    """What processes write, without any."""

    def __init__(self):
        super().__init__()
        self.numbers = {}

    def add(self, name, more):
        self.numbers[name] = self.numbers.get(name, 0) + more
        return self.numbers[name]


@pytest.fixture
def clock(monkeypatch):
    """The time as the heartbeat has it, which no thread of its own moves."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(heartbeat, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(heartbeat.Heartbeat, "_beat", lambda self: None)
    return clock


def hear(beating, clock, board, alive, seconds, reports=True):
    """Wait in an exchange while some of the others are alive, and the board answers what the thread asks, or not."""
    since = clock.now
    for second in range(seconds):
        clock.now = since + second
        for rank in alive:
            board.add(f"beats {rank}", 1)
        if reports and second % 2:
            beating._report()
        beating.listen(clock.now - since)


def test_one_whose_heart_does_not_beat_is_named_within_half_a_minute(clock, caplog):
    board, place = Board(), Place(0, 3, 0, 1, "host", 1)
    beating = heartbeat.Heartbeat(board, place)
    beating.exchanges = 7
    board.add("exchanges 1", 7)
    board.add("exchanges 2", 6)
    hear(beating, clock, board, [1, 2], 100)
    assert [record.getMessage() for record in caplog.records] == ["waiting for worker 2 of 3 …"]
    with pytest.raises(
        WorkerError, match=r"worker 2 of 3 has not been heard of for 2. seconds; see whether its"
    ):
        hear(beating, clock, board, [1], 30)


def test_one_that_was_held_itself_blames_nobody_for_that_time(clock):
    board = Board()
    beating = heartbeat.Heartbeat(board, Place(0, 2, 0, 1, "host", 1))
    hear(beating, clock, board, [1], 10)
    clock.now += 3600
    for _ in range(3):
        clock.now += 2
        beating.listen(3610)


def test_a_board_that_is_gone_is_an_error_of_one_line(clock):
    board = Board()
    beating = heartbeat.Heartbeat(board, Place(1, 2, 0, 1, "host", 29500))
    hear(beating, clock, board, [0], 5)
    board.add = lambda name, more: (_ for _ in ()).throw(RuntimeError("Connection reset by peer"))
    with pytest.raises(WorkerError, match=r"the board of the processes .* at host:29500, does not answer"):
        hear(beating, clock, board, [], 10)


def test_a_board_that_cannot_be_reached_is_given_up_within_half_a_minute(clock):
    """Where a cable is cut no connection ends: nothing comes, for ever."""
    beating = heartbeat.Heartbeat(Board(), Place(1, 2, 0, 1, "host", 29500))
    hear(beating, clock, Board(), [], 20, reports=False)
    with pytest.raises(
        WorkerError, match=r"host:29500, does not answer; see whether that machine runs and can"
    ):
        hear(beating, clock, Board(), [], 30, reports=False)
    assert clock.now < 30 + 20


GOOD = {"WORLD_SIZE": "2", "RANK": "1", "LOCAL_RANK": "0", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"RANK": "2"}, "RANK is 2 and WORLD_SIZE 2; ranks count from 0"),
        ({"RANK": "one"}, "the environment's RANK is 'one'; it must be a whole number"),
        ({"WORLD_SIZE": "-2"}, "the environment's WORLD_SIZE is '-2'"),
        ({"MASTER_ADDR": None}, "WORLD_SIZE is set but MASTER_ADDR is not; start several"),
    ],
)
def test_half_an_environment_is_refused(wrong, says, monkeypatch):
    for name, value in (GOOD | wrong).items():
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError, match=says):
        Place.of_environment()
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert Place.of_environment() is None


@pytest.fixture
def environment(monkeypatch):
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is one")
def test_a_gpu_that_is_not_there_is_refused(environment):
    with pytest.raises(
        ConfigError,
        match=r"device is 'cuda', and there is no GPU 0 for worker 1 \(.*\); give cpu as --training",
    ):
        Group.join("cuda")


def test_more_processes_than_gpus_are_told_how_many_there_is_room_for(environment, monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "3")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(
        ConfigError, match=r"no GPU 3 for worker 1 .*; start at most 1 on a machine like this one, or"
    ):
        Group.join("auto")


def test_one_gpu_for_several_processes_is_refused(environment):
    with pytest.raises(
        ConfigError, match="'cuda:1' for 2 processes, and no two can share a GPU; give cuda, with which"
    ):
        Group.join("cuda:1")


def with_a_gpu_at_the_first():
    distributed._kind_of = lambda device, place: "cpu" if place.rank else "cuda"
    Group.join("auto")


def test_a_machine_whose_gpu_is_lost_is_named_before_others_wait_for_it():
    with pytest.raises(ClearheadError) as told:
        workers.run(with_a_gpu_at_the_first, 2)
    assert str(told.value) == (
        f"training.device is 'auto', and of 2 processes worker 1 on {socket.gethostname()} found no GPU that torch can "
        "use, which the others have; see what nvidia-smi says there, or give cpu as --training.device to all"
    )
