"""Services as processes: started on a free port, their processor time and memory read, ended."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError

from benchmarks.serving.clients import ROOT
from benchmarks.serving.peer import VARIABLE
from clearhead import model_directory
from clearhead.engines import patience
from clearhead.engines.choice import ctranslate2_engine

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_START_SECONDS = 180


@dataclass(frozen=True, kw_only=True)
class Running:
    """A service that answers."""

    port: int
    process: "subprocess.Popen[bytes]"

    def processor_seconds(self) -> float:
        """Return what its processes have used."""
        return sum(sum(map(int, _stat(pid)[11:13])) for pid in self.processes()) / _TICKS

    def memory(self) -> int:
        """Return the bytes of its processes that are in memory; pages that they share count for each."""
        return sum(int(_stat(pid)[21]) for pid in self.processes()) * _PAGE

    def processes(self) -> list[int]:
        """Return the first process and all below it."""
        found, parents = [self.process.pid], {}
        for name in os.listdir("/proc"):
            if name.isdigit():
                with suppress(OSError, IndexError):
                    parents[int(name)] = int(_stat(int(name))[1])
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return [pid for pid in found if Path(f"/proc/{pid}").exists()]

    def get(self, path: str, timeout: float = 30) -> tuple[int, bytes]:
        """Return the status and the body of an address."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=timeout) as answer:
                return answer.status, answer.read()
        except HTTPError as error:
            return error.code, error.read()

    def terminate(self) -> None:
        """Ask it to end."""
        self.process.send_signal(signal.SIGTERM)


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat behind the name, from the state on."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()


@contextmanager
def service(model: str | None = None, **settings: object) -> Iterator[Running]:
    """Run `clearhead serve` without its cache and its log; `settings` are flags of it."""
    command = [sys.executable, "-m", "clearhead", "serve"]
    for name, value in {"cache_entries": 0, "log": "none", **settings}.items():
        command += [f"--{name.replace('_', '-')}", str(value)]
    with _running([*command, *(["--models", model] if model else [])], {}, "--port") as running:
        yield running


@contextmanager
def peer(model: str | None, beam_size: int, alpha: float, *, replicas: int = 1) -> Iterator[Running]:
    """Run the peer on the same converted model in the same arithmetic, with as wide a search."""
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--no-ws"]
    command += ["--backlog", "2048", "--log-level", "warning", "benchmarks.serving.peer:create"]
    environment = _engine(model, beam_size, alpha, replicas)
    with _running(command, environment, "--port") as running:
        yield running


@contextmanager
def libretranslate(
    python: str, model: str | None, beam_size: int, alpha: float, *, replicas: int, threads: int
) -> Iterator[Running]:
    """Run LibreTranslate, which a Python has, on the same converted model; `threads` is how many requests it reads."""
    command = [python, "-P", str(Path(__file__).with_name("libretranslate_peer.py")), "--host", "127.0.0.1"]
    command += ["--disable-web-ui", "--threads", str(threads)]
    environment = _engine(model, beam_size, alpha, replicas)
    with _running(command, environment, "--port", ready="/health") as running:
        yield running


def _engine(model: str | None, beam_size: int, alpha: float, replicas: int) -> dict[str, str]:
    """Return the environment that tells a peer what it runs, and how."""
    path = model_directory.find(model)
    engine = ctranslate2_engine(path)
    settings = {
        "converted": str(engine.converted),
        "tokenizer": str(path / "tokenizer.model"),
        "compute_type": engine.setting.compute_type,
        "replicas": replicas,
        "threads": engine.setting.threads,
        "beam_size": beam_size,
        "alpha": alpha,
        "patience": patience.kept(engine.converted).patience,
    }
    return {VARIABLE: json.dumps(settings)}


@contextmanager
def _running(
    command: list[str], environment: Mapping[str, str], flag: str, ready: str = "/health/ready"
) -> Iterator[Running]:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
    process = subprocess.Popen(
        [*command, flag, str(port)], cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.DEVNULL
    )
    running = Running(port=port, process=process)
    try:
        _wait_until_ready(running, ready)
        yield running
    finally:
        if process.poll() is None:
            running.terminate()
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            for pid in reversed(running.processes()):
                with suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            process.wait()


def _wait_until_ready(running: Running, path: str) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and running.process.poll() is None:
        with suppress(OSError):
            if running.get(path)[0] == 200:
                return
        time.sleep(0.2)
    raise SystemExit(f"a service did not start: {' '.join(map(str, running.process.args))}")
