"""Which of the processes are alive, and for whom one waits: each writes a beat on the board that all can read."""

import logging
import threading
import time
from typing import NamedTuple

from torch._C._distributed_c10d import Store

from clearhead.errors import WorkerError
from clearhead.training.rendezvous import Place

_BEAT, _LOOK = 2.0, 2.0
"""Seconds between two beats, and between two looks of one who waits."""
_QUIET = 22.0
"""Seconds without a beat after which a process is given up: with the looks between, it is named within 30."""
_TELL = 15.0
"""Seconds after which one who waits says for whom."""
_log = logging.getLogger("clearhead.training")


class Heartbeat:
    """Beats for this process in a thread of its own, and listens to the others while this one waits for them.

    A connection tells of a process that was killed, but not of one that is held, nor of a machine without power or
    network. Only that thread asks the board: where the network is gone an answer may never come.
    """

    def __init__(self, board: Store, place: Place) -> None:
        self.exchanges = 0
        """How many exchanges this process came to; the same on all, once they come to one."""
        self._board, self._place = board, place
        self._others = [rank for rank in range(place.size) if rank != place.rank]
        self._told = self._looked = self._silence = 0.0
        self._quiet: dict[int, float] = {}
        self._beats: dict[int, int] = {}
        self._said = self._answers = self._answered = 0
        self._waits = self._gone = False
        self._signs: dict[int, _Signs] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Beat no more."""
        self._stopped.set()
        self._thread.join(1.0)

    def listen(self, waited: float) -> None:
        """Say once in an exchange for whom it waits; raise WorkerError where the heart of one has stopped."""
        now = time.monotonic()
        self._waits = waited >= _LOOK
        if not self._waits:
            self._looked, self._told, self._silence, self._answered = now, 0.0, 0.0, self._answers
            self._quiet.clear()
            return
        since = now - self._looked
        if since < _LOOK:
            return
        self._looked = now
        self._silence += min(since, 2 * _LOOK)  # more: this process itself was held
        if self._gone or self._silence > _QUIET:
            raise WorkerError(
                f"the board of the processes that train together, at {self._place.address}, does not answer; see "
                "whether that machine runs and can be reached, and continue with --resume"
            )
        if self._answers > self._answered:
            since, self._silence, self._answered = self._silence, 0.0, self._answers
            self._listen(waited, since)

    def _listen(self, waited: float, since: float) -> None:
        """Judge the signs of the others, read within so many seconds."""
        for rank, signs in self._signs.items():
            unchanged = signs.beats == self._beats.get(rank)
            self._quiet[rank] = self._quiet.get(rank, 0.0) + since if unchanged else 0.0
            self._beats[rank] = signs.beats
        for rank, seconds in self._quiet.items():
            if seconds > _QUIET:
                raise WorkerError(
                    f"worker {rank} of {self._place.size} has not been heard of for {seconds:.0f} seconds; see "
                    "whether its machine runs, and continue with --resume"
                )
        if waited > _TELL and not self._told and self._place.local_rank == 0:
            missing = [rank for rank, signs in self._signs.items() if signs.exchanges < self.exchanges]
            if missing:
                self._told = waited
                names = ", ".join(f"worker {rank}" for rank in missing)
                why = ", which validates and saves for all" if missing == [0] else ""
                _log.warning(f"waiting for {names} of {self._place.size}{why} …")

    def _beat(self) -> None:
        while not self._stopped.wait(_BEAT) and self._report():
            pass

    def _report(self) -> bool:
        """Write a beat, and read those of the others while this process waits; return whether there is a board."""
        try:
            self._board.add(f"beats {self._place.rank}", 1)
            came = self.exchanges
            self._board.add(f"exchanges {self._place.rank}", came - self._said)
            self._said = came
            if self._waits:
                self._signs = {rank: self._read(rank) for rank in self._others}
        except RuntimeError:  # whoever waits finds that out
            self._gone = True
        self._answers += 1
        return not self._gone

    def _read(self, rank: int) -> "_Signs":
        return _Signs(self._board.add(f"beats {rank}", 0), self._board.add(f"exchanges {rank}", 0))


class _Signs(NamedTuple):
    """What the board has of a process."""

    beats: int
    exchanges: int
