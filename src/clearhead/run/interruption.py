"""Requests to stop: the first signal ends a run at the next safe moment, a second one at once."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Self

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Ctrl-C, being ended, and a terminal that was closed; Windows has no SIGHUP."""
_ALWAYS = (signal.SIGINT, signal.SIGTERM)
_PATIENCE = 10.0
"""Seconds after a signal for which other processes are waited for, so that all stop after the same step."""
_ECHO = 3.0
"""Seconds in which a worker may hear one signal twice: a cluster sends it to all, and the launcher passes it on."""


class Interrupted(BaseException):
    """A signal came where nothing has to be finished first."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal = signal_number


class Interruption:
    """Whether one of SIGNALS has come, while used as a context; outside of one it never has."""

    def __init__(self) -> None:
        self.signal = 0
        """Number of the signal; 0 for none."""
        self._may_raise, self._since = False, 0.0

    def __enter__(self) -> Self:
        """Listen to the signals, where Python lets us: in the main thread. A SIGHUP that `nohup` ignores stays so."""
        self._before = {}
        if threading.current_thread() is threading.main_thread():
            heard = [s for s in SIGNALS if s in _ALWAYS or signal.getsignal(s) != signal.SIG_IGN]
            self._before = {s: signal.signal(s, self._received) for s in heard}
        return self

    def __exit__(self, *exception: object) -> None:
        """Give the signals back to their former handlers."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def anywhere(self) -> Iterator[None]:
        """Let a signal end this stretch of work wherever it is, by raising Interrupted."""
        if self.signal:
            raise Interrupted(self.signal)
        self._may_raise = True
        try:
            yield
        finally:
            self._may_raise = False

    def while_waiting(self) -> None:
        """Raise Interrupted where a signal came, and the processes that are waited for do not come."""
        if self._since and time.monotonic() - self._since > _PATIENCE:
            raise Interrupted(self.signal)

    def _received(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        echo = "TORCHELASTIC_RUN_ID" in os.environ and now - self._since < _ECHO
        again, self.signal = bool(self.signal) and not echo, number
        self._since = self._since or now
        if self._may_raise or again:
            raise Interrupted(number)
