"""How processes that were started apart meet: each comes to the first one's address and waits there for the rest.

Nothing here waits out of reach: between two looks for the others a signal is answered.
"""

import logging
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import torch.distributed as dist
from torch._C._distributed_c10d import PrefixStore, Store, TCPStore

from clearhead.errors import ConfigError, WorkerError

Watch = Callable[[], None]
"""Called again and again while this process waits for others; it may raise to end the waiting."""

_LOOK = 0.1
"""Seconds between two looks."""
_TELL, _MOST = 5.0, 600.0
"""Seconds after which a line says who is waited for, and after which the wait ends."""
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


def meet(place: Place, watch: Watch) -> Store:
    """Return the board of the processes, once all have come to it.

    Raises ConfigError where two of them claim the same rank or give different numbers of processes, WorkerError
    where somebody does not come.
    """
    try:
        attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")  # torchrun keeps its board
        board = PrefixStore(f"clearhead {attempt}", _board(place, watch))
        if board.add(f"taken {place.rank}", 1) > 1:
            raise ConfigError(
                f"two processes at {place.address} have RANK {place.rank}; give each a rank of its own, from 0 to "
                f"{place.size - 1}"
            )
        board.set(f"size {place.rank}", str(place.size))
        patience = _Patience(place, watch)
        while missing := [rank for rank in range(place.size) if not board.check([f"size {rank}"])]:
            patience.wait_for(missing)
        sizes = [int(board.get(f"size {rank}")) for rank in range(place.size)]
    except dist.DistError as error:
        raise WorkerError(
            f"the first of the processes that train together, at {place.address}, ended before all were there; "
            "start them all again"
        ) from error
    for rank, size in enumerate(sizes):
        if size != place.size:
            raise ConfigError(
                f"rank {rank} has WORLD_SIZE {size}, rank {place.rank} has {place.size}; give all the same"
            )
    return board


class _Patience:
    """Waits for ranks: says once who is waited for, and gives up at last."""

    def __init__(self, place: Place, watch: Watch) -> None:
        self.place, self.watch = place, watch
        self.since, self.told = time.monotonic(), False

    def wait_for(self, missing: list[int]) -> None:
        """Let a moment pass."""
        self.watch()
        time.sleep(_LOOK)
        waited = time.monotonic() - self.since
        names = ", ".join(f"worker {rank}" for rank in missing)
        # Those of one machine were started by one, who watches over them.
        if waited > _TELL and not self.told and self.place.neighbours < self.place.size:
            self.told = True
            _log.warning(f"waiting for {names} of {self.place.size} at {self.place.address} …")
        if waited > _MOST:
            raise WorkerError(
                f"{names} of {self.place.size} did not come to {self.place.address} in {_MOST / 60:.0f} minutes; "
                "start every process with the same MASTER_ADDR, MASTER_PORT and WORLD_SIZE"
            )


def _board(place: Place, watch: Watch) -> TCPStore:
    """Return the board: the first process puts it up, or the launcher already has, as torchrun does."""
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
        patience.wait_for([0])
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
