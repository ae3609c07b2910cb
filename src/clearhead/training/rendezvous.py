"""How processes that were started apart meet: each comes to the first one's address and waits there for the rest.

Nothing here waits out of reach: between two looks for the others a signal is answered.
"""

import json
import logging
import os
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple
from uuid import uuid4

import torch.distributed as dist
from torch._C._distributed_c10d import PrefixStore, Store, TCPStore

from clearhead.errors import ConfigError, WorkerError

Watch = Callable[[], None]
"""Called again and again while this process waits for others; it may raise to end the waiting."""

_LOOK = 0.1
"""Seconds between two looks."""
_TELL, _MOST = 5.0, 600.0
"""Seconds after which a line says who is waited for, and after which the wait ends."""
_STRETCH = 5.0
"""Seconds in which a process that lives has beaten, as it does all two seconds."""
_CALL, _ALL, _MET = "clearhead call", "all answers", "clearhead met"
"""What stands in the store: the word of the first process, all answers to it, and that processes ever met."""
_ANSWER = timedelta(seconds=20)
_NEEDED = ("RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
_log = logging.getLogger("clearhead.training")


@dataclass(frozen=True)
class Place:
    """What the environment says of the other processes."""

    rank: int
    size: int
    local_rank: int
    neighbours: int
    """How many of them share this machine."""
    host: str
    port: int

    @classmethod
    def of_environment(cls) -> "Place | None":
        """Return this process's place, None where it is alone; raise ConfigError for half an environment."""
        size = _number("WORLD_SIZE", "1")
        if size == 1:
            return None
        missing = [name for name in _NEEDED if name not in os.environ]
        if missing:
            raise ConfigError(
                f"WORLD_SIZE is set but {', '.join(missing)} is not; start several processes with --workers or "
                "torchrun, or unset it"
            )
        rank = _number("RANK")
        if rank >= size:
            raise ConfigError(
                f"RANK is {rank} and WORLD_SIZE {size}; ranks count from 0 to below WORLD_SIZE, one a process"
            )
        neighbours = _number("LOCAL_WORLD_SIZE", "1")
        host, port = os.environ["MASTER_ADDR"], _number("MASTER_PORT")
        return cls(rank, size, _number("LOCAL_RANK"), neighbours, host, port)

    @property
    def address(self) -> str:
        """Where the first process is."""
        return f"{self.host}:{self.port}"


def _number(name: str, default: str = "") -> int:
    value = os.environ.get(name, default)
    if not value.isdigit():
        raise ConfigError(f"the environment's {name} is {value!r}; it must be a whole number")
    return int(value)


@dataclass(frozen=True)
class Meeting:
    """What processes have in common once they have met."""

    board: Store
    """Where each writes what all can read; nobody wrote there before they met."""
    again: bool
    """Whether a launcher started them again, after one of them died or was lost."""


def started_again() -> bool:
    """Say whether the launcher counts this as another start, by --max-restarts, ours or torchrun's.

    It counts on each machine for itself: where only another one failed, or the launcher was replaced, it is at 0.
    """
    return os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") != "0"


def meet(place: Place, watch: Watch) -> Meeting:
    """Return what the processes have in common, once all have come.

    torchrun keeps its store when it starts processes again, with all that was written there, and its counts of starts
    differ between machines. So each start of a process has a word of its own: the first one calls with its word, all
    that are alive answer with theirs, and those who meet are those who answered that call.
    Raises ConfigError where two of them claim the same rank or give different numbers of processes, WorkerError
    where somebody does not come.
    """
    try:
        store, word = _store(place, watch), uuid4().hex
        again = started_again() or store.check([_MET])
        earlier = _Round(store, _called(store), place, word)
        if place.rank == 0:
            store.set(_CALL, word)
        present = _Round(store, _called(store), place, word)
        present.answer(again)
        patience = _Patience(place, watch)
        while not (met := present.met()):
            patience.wait_for(present.missing)
            if place.rank == 0:
                earlier.check_rival()
            present.check_rival()
            called = _called(store)
            if called != present.call and place.rank == 0:
                raise _twice(place)
            if called != present.call:
                present = _Round(store, called, place, word)
                present.answer(again)
        if all(other.size == place.size for other in met):
            store.set(_MET, "")
    except dist.DistError as error:
        raise WorkerError(
            f"the first of the processes that train together, at {place.address}, ended before all were there; "
            "start them all again"
        ) from error
    for rank, other in enumerate(met):
        if other.size != place.size:
            raise _another_size(place, rank, other.size)
    return Meeting(present.board, any(other.again for other in met))


def _called(store: Store) -> str:
    """Return the word with which the first process called last; empty where it has not."""
    return store.get(_CALL).decode() if store.check([_CALL]) else ""


def _twice(place: Place) -> ConfigError:
    return ConfigError(
        f"two processes at {place.address} have RANK {place.rank}; give each a rank of its own, from 0 to "
        f"{place.size - 1}"
    )


def _another_size(place: Place, rank: int, size: int) -> ConfigError:
    return ConfigError(
        f"rank {rank} has WORLD_SIZE {size}, rank {place.rank} has {place.size}; give all the same"
    )


class _Answer(NamedTuple):
    """What a process answers to a call."""

    word: str
    size: int
    again: bool


class _Round:
    """A call of the first process, and the answers to it."""

    def __init__(self, store: Store, call: str, place: Place, word: str) -> None:
        self.call, self.board = call, PrefixStore(f"clearhead {call}", store)
        self._place, self._word = place, word
        self._answered = False
        self._pulse: _Pulse | None = None

    def answer(self, again: bool) -> None:
        """Answer the call, if there is one, in the stead of whoever had this rank before."""
        if self.call:
            mine = _Answer(self._word, self._place.size, again)
            self.board.set(f"answer {self._place.rank}", json.dumps(mine))
            self._answered = True

    def met(self) -> list[_Answer]:
        """Return all answers by rank, once the first process has seen them and this one's is among them."""
        place = self._place
        if place.rank == 0 and self.board.check([f"answer {rank}" for rank in range(place.size)]):
            self.board.set(_ALL, json.dumps([self._answer_of(rank) for rank in range(place.size)]))
        answers = self._all()
        return answers if place.rank < len(answers) and answers[place.rank].word == self._word else []

    def missing(self) -> list[int]:
        """Return the ranks that have not answered; where none is missing, the first one has to call anew."""
        ranks = [rank for rank in range(self._place.size) if not self.board.check([f"answer {rank}"])]
        return ranks or [0]

    def check_rival(self) -> None:
        """Raise ConfigError where another process that lives has this rank, or the first one counts otherwise.

        What an earlier start left behind is silent, or soon will be.
        """
        if not self.call:
            return
        place, answers = self._place, self._all()
        rank, error = place.rank, _twice(place)
        if self._answered and not answers:
            self.board.add(f"beats {rank}", 1)
            if self._answer_of(rank).word != self._word:
                raise error
            if not self.board.check(["answer 0"]) or self._answer_of(0).size == place.size:
                return
            rank, error = 0, _another_size(place, 0, self._answer_of(0).size)
        elif answers and rank >= len(answers):
            rank, error = 0, _another_size(place, 0, len(answers))
        self._pulse = self._pulse or _Pulse(self.board, rank)
        if self._pulse.goes_on():
            raise error

    def _answer_of(self, rank: int) -> _Answer:
        return _Answer(*json.loads(self.board.get(f"answer {rank}")))

    def _all(self) -> list[_Answer]:
        if not self.board.check([_ALL]):
            return []
        return [_Answer(*values) for values in json.loads(self.board.get(_ALL))]


class _Pulse:
    """Whether a process lives on that should be gone: one that is being ended may beat for a while."""

    def __init__(self, board: Store, rank: int) -> None:
        self._board, self._name = board, f"beats {rank}"
        self._since, self._beats, self._times = time.monotonic(), board.add(self._name, 0), 0

    def goes_on(self) -> bool:
        """Say whether it beat in two stretches of time in a row."""
        now = time.monotonic()
        if now - self._since >= _STRETCH:
            beats = self._board.add(self._name, 0)
            self._times = self._times + 1 if beats > self._beats else 0
            self._since, self._beats = now, beats
        return self._times >= 2


class _Patience:
    """Waits for ranks: says once who is waited for, and gives up at last."""

    def __init__(self, place: Place, watch: Watch) -> None:
        self.place, self.watch = place, watch
        self.since, self.told = time.monotonic(), False

    def wait_for(self, missing: Callable[[], list[int]]) -> None:
        """Let a moment pass; who is missing is asked only where it is said, since hundreds may ask one store."""
        self.watch()
        time.sleep(_LOOK)
        waited = time.monotonic() - self.since
        # Those of one machine were started by one, who watches over them.
        if waited > _TELL and not self.told and self.place.neighbours < self.place.size:
            self.told = True
            _log.warning(f"waiting for {_names(missing())} of {self.place.size} at {self.place.address} …")
        if waited > _MOST:
            who, where = f"{_names(missing())} of {self.place.size}", self.place.address
            raise WorkerError(
                f"{who} did not come to {where} in {_MOST / 60:.0f} minutes; start every process with the same "
                "MASTER_ADDR, MASTER_PORT and WORLD_SIZE"
            )


def _names(ranks: Iterable[int]) -> str:
    return ", ".join(f"worker {rank}" for rank in ranks)


def _store(place: Place, watch: Watch) -> TCPStore:
    """Return the store that all reach: the first process puts it up, or the launcher already has, as torchrun does."""
    ready_made = os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
    if place.rank == 0 and not ready_made:
        try:
            return TCPStore(place.host, place.port, place.size, True, _ANSWER, wait_for_workers=False)
        except (dist.DistError, RuntimeError, ValueError):
            raise ConfigError(
                f"the first process cannot listen at {place.address}; give a MASTER_ADDR of this machine and a "
                "MASTER_PORT from 1024 to 65535 that is free"
            ) from None
    patience = _Patience(place, watch)
    while not _listens(place):
        patience.wait_for(lambda: [0])
    return TCPStore(place.host, place.port, place.size, False, _ANSWER, wait_for_workers=False)


def _listens(place: Place) -> bool:
    """Say whether somebody is at the address; a store of torch that finds nobody would wait deaf to signals."""
    try:
        socket.create_connection((place.host, place.port), timeout=1).close()
    except socket.gaierror:
        raise ConfigError(
            f"MASTER_ADDR is {place.host!r}, which names no machine; give the address of the first one"
        ) from None
    except (OSError, OverflowError):
        return False
    return True
