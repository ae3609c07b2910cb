"""The processes of the service: several on one port, and an end at which nothing accepted is lost.

SIGTERM: `/health/ready` answers 503 for a moment, in which balancers look elsewhere; then the workers stop accepting,
finish what they have, and the process exits with 0.
"""

import atexit
import json
import logging
import math
import multiprocessing
import os
import resource
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from clearhead.errors import ClearheadError, ConfigError
from clearhead.serving.health import FOLDER_VARIABLE, STOPPING
from clearhead.serving.settings import ServingSettings

FACTORY = "clearhead.serving.app:create_app"
NOTICE_SECONDS = 1.0
"""Between not ready and no more accepting."""
KILL_SECONDS = 5
"""After `drain_seconds`, until a worker that hangs is killed."""
_HEADER_MS = 4_000
"""For the headers of a request, so that whoever sends them by the byte is cut off within 5 s."""
_CONNECTIONS = 4_096
"""Per process; more wait in the backlog of the kernel."""
_SWITCH_SECONDS = 0.0005
"""After which a thread of Python makes way: with the usual 5 ms the server's own threads, which bring in each request
and take out each answer, wait longer for a busy event loop than all of the work takes."""
_SETTINGS = "settings.json"
_FIGURES = "PROMETHEUS_MULTIPROC_DIR"


def serve(
    settings: ServingSettings,
    *,
    factory: str = FACTORY,
    notice_seconds: float = NOTICE_SECONDS,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then return; `factory` is `module:function`, from settings to an ASGI app.

    `ready` is called once with the service's address when it answers there. Raises ConfigError where the port is taken.
    """
    with _held_port(settings.host, settings.port) as port, _shared_folder(settings, factory) as folder:
        # A fork would copy what the threads of this process hold locked.
        multiprocessing.set_start_method("spawn", force=True)
        _allow_connections()
        if ready:
            threading.Thread(target=_announce, args=(settings.host, port, ready), daemon=True).start()
        _Service(
            "clearhead.serving.server:application",
            stopping=folder / STOPPING,
            notice_seconds=notice_seconds,
            factory=True,
            interface=Interfaces.ASGI,
            address=settings.host,
            port=port,
            workers=settings.workers,
            # The detection of HTTP/2 waits for the first bytes without any limit of time.
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(header_read_timeout=_HEADER_MS, max_buffer_size=65_536),
            websockets=False,
            backlog=2_048,
            backpressure=_CONNECTIONS,
            workers_kill_timeout=math.ceil(settings.drain_seconds) + KILL_SECONDS,
            log_level=LogLevels.warning,
        ).serve()


def application() -> Any:
    """Return the ASGI application of this worker, from the settings that the first process wrote."""
    stored = json.loads(Path(os.environ[FOLDER_VARIABLE], _SETTINGS).read_text(encoding="utf-8"))
    _log_to_standard_error()
    atexit.register(_leave)
    _end_with_first_process()
    sys.setswitchinterval(_SWITCH_SECONDS)
    module, _, name = stored["factory"].partition(":")
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in stored["settings"].items()
    }
    try:
        return getattr(import_module(module), name)(ServingSettings(**values))
    except ClearheadError as error:
        sys.exit(f"clearhead: {error}")


def _leave() -> None:
    """End this worker, whose work is done, without taking Python apart.

    A thread of the server that asks for Python while that goes on makes Rust abort the process.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _end_with_first_process() -> None:
    """End this worker in order when the process that started it is gone, killed say: else it would keep the port."""
    first = multiprocessing.parent_process()
    if first:
        threading.Thread(target=_end_after, args=(first.join,), daemon=True).start()


def _end_after(wait: Callable[[], None]) -> None:
    wait()
    os.kill(os.getpid(), signal.SIGTERM)


def _log_to_standard_error() -> None:
    """Let the lines of the access log, and our warnings, out as they are."""
    log = logging.getLogger("clearhead")
    if not log.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(message)s"))
        log.addHandler(handler)
    log.setLevel(logging.WARNING)
    log.propagate = False
    logging.getLogger("clearhead.access").setLevel(logging.INFO)


class _Service(MPServer):
    """Granian's server, which gives notice before its workers stop accepting."""

    def __init__(self, target: str, *, stopping: Path, notice_seconds: float, **options: Any) -> None:
        super().__init__(target, **options)
        self._stopping, self._notice_seconds = stopping, notice_seconds

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
        """Be not ready at once, and end after the notice; asked again, end now."""
        end = super().signal_handler_interrupt
        if self._stopping.exists():
            end()  # type: ignore[no-untyped-call]
            return
        self._stopping.touch()
        timer = threading.Timer(self._notice_seconds, end)
        timer.daemon = True
        timer.start()

    def _stop_workers(self) -> None:
        """Wait until the workers are gone: one that is just going counts as alive, and would be killed."""
        for worker in self.wrks:
            worker.terminate()  # type: ignore[no-untyped-call]
        end = time.monotonic() + (self.workers_kill_timeout or 0)
        while time.monotonic() < end:
            if not any(worker.is_alive() for worker in self.wrks):  # type: ignore[no-untyped-call]
                break
            time.sleep(0.02)
        self.workers_kill_timeout = 1  # the rest of the time was waited for
        super()._stop_workers()  # type: ignore[no-untyped-call]


def _announce(host: str, port: int, ready: Callable[[str], None]) -> None:
    """Wait until a worker listens, and say where."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    while True:
        try:
            socket.create_connection((reachable, port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
            continue
        ready(f"http://{f'[{reachable}]' if ':' in reachable else reachable}:{port}/")
        return


@contextmanager
def _held_port(host: str, port: int) -> Iterator[int]:
    """Hold a port without listening, so that it is ours for all workers; 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    if port:  # two services of one user could share a port unnoticed
        _check_free(family, host, port)
    with socket.socket(family, socket.SOCK_STREAM) as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        _bind(held, host, port)
        yield held.getsockname()[1]


def _check_free(family: socket.AddressFamily, host: str, port: int) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _bind(tried, host, port)


def _bind(place: socket.socket, host: str, port: int) -> None:
    try:
        place.bind((host, port))
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {host} port {port}: {error.strerror or error}; choose another with --port or --host"
        ) from None


@contextmanager
def _shared_folder(settings: ServingSettings, factory: str) -> Iterator[Path]:
    """Make the folder that the workers share, readable by us alone, and name it in their environment."""
    folder = Path(tempfile.mkdtemp(prefix="clearhead-serving-"))
    (folder / "figures").mkdir()
    stored = {"factory": factory, "settings": asdict(settings)}
    (folder / _SETTINGS).write_text(json.dumps(stored), encoding="utf-8")
    before = {name: os.environ.get(name) for name in (FOLDER_VARIABLE, _FIGURES)}
    os.environ.update({FOLDER_VARIABLE: str(folder), _FIGURES: str(folder / "figures")})
    try:
        yield folder
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        shutil.rmtree(folder, ignore_errors=True)


def _allow_connections() -> None:
    """Raise the number of files that we may hold open as far as the system lets us: a connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(most, 65_536) if most != resource.RLIM_INFINITY else 65_536
    if wanted > resource.getrlimit(resource.RLIMIT_NOFILE)[0]:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
