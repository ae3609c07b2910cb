"""Which of the processes are alive, and for whom one waits: each writes a beat on the board that all can read."""

import logging
import threading
import time
from contextlib import suppress

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

    A connection tells of a process that was killed, but not of one that is held, nor of a machine without power.
    """

    def __init__(self, board: Store, place: Place) -> None:
        self.exchanges = 0
        """How many exchanges this process came to; the same on all, once they come to one."""
        self._board, self._place = board, place
        self._told = self._looked = 0.0
        self._quiet: dict[int, float] = {}
        self._beats: dict[int, int] = {}
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
        if waited < _LOOK:
            self._looked, self._told = now, 0.0
            self._quiet.clear()
            return
        since = now - self._looked
        if since < _LOOK:
            return
        self._looked = now
        try:
            self._listen(waited, min(since, 2 * _LOOK))  # more: this process itself was held
        except RuntimeError as error:  # of the board
            raise WorkerError(
                f"the board of the processes that train together, at {self._place.address}, does not answer; "
                "continue with --resume"
            ) from error

    def _listen(self, waited: float, since: float) -> None:
        others = [rank for rank in range(self._place.size) if rank != self._place.rank]
        for rank in others:
            beats = self._board.add(f"beats {rank}", 0)
            self._quiet[rank] = self._quiet.get(rank, 0.0) + since if beats == self._beats.get(rank) else 0.0
            self._beats[rank] = beats
        for rank, seconds in self._quiet.items():
            if seconds > _QUIET:
                raise WorkerError(
                    f"worker {rank} of {self._place.size} has not been heard of for {seconds:.0f} seconds; see "
                    "whether its machine runs, and continue with --resume"
                )
        if waited > _TELL and not self._told and self._place.local_rank == 0:
            came = {rank: self._board.add(f"exchanges {rank}", 0) for rank in others}
            missing = [rank for rank in others if came[rank] < self.exchanges]
            if missing:
                self._told = waited
                names = ", ".join(f"worker {rank}" for rank in missing)
                why = ", which validates and saves for all" if missing == [0] else ""
                _log.warning(f"waiting for {names} of {self._place.size}{why} …")

    def _beat(self) -> None:
        said = 0
        with suppress(RuntimeError):  # the board is gone: whoever waits finds that out
            while not self._stopped.wait(_BEAT):
                self._board.add(f"beats {self._place.rank}", 1)
                came = self.exchanges
                self._board.add(f"exchanges {self._place.rank}", came - said)
                said = came
