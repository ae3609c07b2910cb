"""Processes meet on one store, also where it holds what an earlier start of theirs left behind."""

import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import pytest
from torch._C._distributed_c10d import TCPStore

from clearhead.errors import ConfigError, WorkerError
from clearhead.training import rendezvous
from clearhead.training.rendezvous import Meeting, Place, meet


@pytest.fixture
def store(monkeypatch):
    """Put up a store that outlives those who meet there, as that of torchrun does."""
    monkeypatch.setenv("TORCHELASTIC_USE_AGENT_STORE", "True")
    monkeypatch.delenv("TORCHELASTIC_RESTART_COUNT", raising=False)
    monkeypatch.setattr(rendezvous, "_LOOK", 0.02)
    monkeypatch.setattr(rendezvous, "_STRETCH", 0.2)
    return TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)


class EndedError(Exception):
    """Raised where a process is ended."""


class Starts:
    """Processes as threads, each of which may be ended while it waits."""

    def __init__(self, store):
        self.store = store
        self.pool = ThreadPoolExecutor(16)
        self.ends = []

    def begin(self, rank, size=2):
        """Start a process of a rank; return what it comes to, and how to end it."""
        end = threading.Event()
        self.ends.append(end)

        def watch():
            if end.is_set():
                raise EndedError

        place = Place(rank, size, 0, 1, "127.0.0.1", self.store.port)
        return self.pool.submit(meet, place, watch), end

    def round(self, *sizes):
        """Let as many meet as sizes are given, the last one first; return their meetings by rank."""
        begun = [self.begin(rank, size)[0] for rank, size in reversed(list(enumerate(sizes)))]
        return [future.result(20) for future in reversed(begun)]


@pytest.fixture
def starts(store):
    starts = Starts(store)
    yield starts
    for end in starts.ends:
        end.set()
    starts.pool.shutdown(wait=True, cancel_futures=True)


def share(meetings: list[Meeting]) -> None:
    """Show that all have one board, and that it is empty."""
    for rank, meeting in enumerate(meetings):
        assert meeting.board.add("came", 1) == rank + 1


def test_a_second_start_of_all_meets_whatever_was_left(starts):
    for number in range(3):
        meetings = starts.round(2, 2)
        share(meetings)
        assert [meeting.again for meeting in meetings] == [number > 0] * 2


def test_another_number_may_come_the_next_time(starts):
    for sizes in ([3] * 3, [2] * 2, [4] * 4):
        share(starts.round(*sizes))


@pytest.mark.parametrize("counts", [("0", "1"), ("1", "0"), ("2", "1")])
def test_counts_of_starts_may_differ(starts, monkeypatch, counts):
    """A launcher counts only what failed on its own machine, and a new one begins at 0."""
    share(starts.round(2, 2))
    by_rank = dict(enumerate(counts))
    monkeypatch.setattr(rendezvous, "started_again", lambda: by_rank[threading.current_thread().rank] != "0")
    futures = []
    for rank in (1, 0):

        def run(rank=rank):
            threading.current_thread().rank = rank
            return meet(Place(rank, 2, 0, 1, "127.0.0.1", starts.store.port), lambda: None)

        futures.insert(0, starts.pool.submit(run))
    meetings = [future.result(20) for future in futures]
    share(meetings)
    assert all(meeting.again for meeting in meetings)


@pytest.mark.parametrize("gone", [0, 1])
def test_one_that_ended_while_it_waited_is_replaced(starts, gone):
    waiting, end = starts.begin(gone)
    with pytest.raises(TimeoutError):
        waiting.result(0.3)
    end.set()
    with pytest.raises(EndedError):
        waiting.result(20)
    share(starts.round(2, 2))


def test_two_that_wait_with_one_rank_are_told(starts):
    """Whichever of them answered first finds the other's answer in the place of its own."""
    first, end_first = starts.begin(1, 3)
    with pytest.raises(TimeoutError):
        first.result(0.3)
    (leading, end), (second, end_second) = starts.begin(0, 3), starts.begin(1, 3)
    (told,), waiting = wait([first, second], 20, FIRST_COMPLETED)
    with pytest.raises(
        ConfigError, match=r"^two processes at 127.0.0.1:\d+ have RANK 1; give each a rank of"
    ):
        told.result()
    end.set(), end_first.set(), end_second.set()
    for future in (leading, *waiting):
        with pytest.raises(EndedError):
            future.result(20)


@pytest.mark.parametrize("rank", [0, 1])
def test_who_comes_beside_one_of_its_rank_that_learns_is_told(starts, rank):
    """It lives if it beats; one that is just being ended may do so for a moment."""
    board = starts.round(2, 2)[0].board
    ended, end = starts.begin(rank)
    board.add(f"beats {rank}", 1)
    with pytest.raises(TimeoutError):
        ended.result(1)
    end.set()
    with pytest.raises(EndedError):
        ended.result(20)
    if rank == 0:  # its call was not answered
        return
    late, _ = starts.begin(rank)
    while not late.done():
        board.add(f"beats {rank}", 1)
        threading.Event().wait(0.05)
    with pytest.raises(ConfigError, match="have RANK 1"):
        late.result()


def test_a_second_first_process_is_told(starts):
    board = starts.round(2, 2)[0].board
    late, _ = starts.begin(0)
    while not late.done():
        board.add("beats 0", 1)
        threading.Event().wait(0.05)
    with pytest.raises(ConfigError, match="have RANK 0"):
        late.result()
    waiting, end = starts.begin(0)
    with pytest.raises(TimeoutError):
        waiting.result(0.3)
    _, end_other = starts.begin(0)
    with pytest.raises(ConfigError, match="have RANK 0"):
        waiting.result(20)
    end.set(), end_other.set()


@pytest.mark.parametrize(
    ("sizes", "says"),
    [
        ((2, 3), "rank 0 has WORLD_SIZE 2, rank 1 has 3; give all the same"),
        ((3, 2), "rank 0 has WORLD_SIZE 3, rank 1 has 2; give all the same"),
    ],
)
def test_other_numbers_of_processes_are_told(starts, sizes, says):
    begun = [starts.begin(rank, size) for rank, size in enumerate(sizes)]
    with pytest.raises(ConfigError) as told:
        begun[1][0].result(20)
    assert str(told.value) == says
    begun[0][1].set()


def test_one_beyond_the_number_of_the_others_is_told(starts):
    board = starts.round(2, 2)[0].board
    late, _ = starts.begin(2, 3)
    while not late.done():
        board.add("beats 0", 1)
        threading.Event().wait(0.05)
    with pytest.raises(ConfigError, match="rank 0 has WORLD_SIZE 2, rank 2 has 3"):
        late.result()


def test_who_waits_says_for_whom_and_gives_up_at_last(starts, monkeypatch, caplog):
    monkeypatch.setattr(rendezvous, "_TELL", 0.1)
    monkeypatch.setattr(rendezvous, "_MOST", 0.5)
    starts.round(3, 3, 3)
    (first, _), (third, _) = starts.begin(0, 3), starts.begin(2, 3)
    with pytest.raises(WorkerError, match="worker 1 of 3 did not come to 127"):
        first.result(20)
    with pytest.raises(WorkerError, match="did not come"):
        third.result(20)
    assert "waiting for worker 1 of 3" in caplog.text
