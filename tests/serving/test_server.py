"""The processes: a real server on a free port, its end, and those who keep it busy with little."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import httpx
import pytest

from clearhead.errors import ConfigError
from clearhead.serving.server import _held_port, _Service
from clearhead.serving.settings import ServingSettings

RUN = """
import sys
from clearhead.serving.server import serve
from clearhead.serving.settings import ServingSettings
if __name__ == "__main__":
    serve(ServingSettings(port=int(sys.argv[1]), workers=2, suggestions_file=sys.argv[2], log="json"),
          factory="tests.serving.small_app:create", notice_seconds=float(sys.argv[3]))
"""


NOTICE = 1.5


def free_port() -> int:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return int(place.getsockname()[1])


@pytest.fixture
def server(tmp_path):
    """Start two processes on one port; yields the first process, its address and the file that it writes at the end."""
    script, port, ended = tmp_path / "run.py", free_port(), tmp_path / "ended"
    script.write_text(RUN)
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{root / 'src'}:{root}"}
    process = subprocess.Popen(
        [sys.executable, str(script), str(port), str(ended), str(NOTICE)],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/health", process)
        yield process, f"http://127.0.0.1:{port}", ended
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=30)


def wait_for(address: str, process: "subprocess.Popen[str]") -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            httpx.get(address, timeout=5, trust_env=False)
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(
        process.communicate(timeout=30)[1] if process.poll() is not None else "it did not start"
    )


def test_at_sigterm_what_was_accepted_is_answered(server):
    process, address, ended = server
    limits = httpx.Limits(max_connections=30)
    with ThreadPoolExecutor(24) as pool, httpx.Client(trust_env=False, timeout=30, limits=limits) as client:
        assert client.get(f"{address}/health/ready").status_code == 200
        answers = [pool.submit(client.get, f"{address}/slow/4") for _ in range(24)]
        time.sleep(1.5)
        process.send_signal(signal.SIGTERM)
        ready, end = 200, time.monotonic() + NOTICE
        while ready == 200 and time.monotonic() < end:
            ready = client.get(f"{address}/health/ready").status_code
        assert ready == 503
        assert client.get(f"{address}/health/live").status_code == 200
        assert [answer.result().json() for answer in answers] == [{"slept": 4}] * 24
    log = process.communicate(timeout=30)[1]
    assert process.returncode == 0, log
    assert ended.read_text() == "closed\n" * 2
    assert '"route": "/slow/{seconds}"' in log
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{address}/health", timeout=2, trust_env=False)


SLOW = {
    "nothing at all": b"",
    "headers by the byte": b"GET /health HTTP/1.1\r\nhost: a\r\nx-a: ",
    "a body by the byte": b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 500\r\n\r\n",
    "a typed body by the byte": b"POST /typed HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
    b"content-length: 500\r\n\r\n{",
}


def until_closed(address: str, start: bytes) -> tuple[float, bytes]:
    """Send a start and then a byte now and then; return the seconds until the server closed, and its answer."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as line:
        began, answer = time.monotonic(), b""
        line.sendall(start)
        line.settimeout(0.3)
        while time.monotonic() - began < 8:
            try:
                part = line.recv(4096)
                if not part:
                    break
                answer += part
            except TimeoutError:
                try:
                    line.sendall(b"a" if start else b"")
                except OSError:
                    break
            except OSError:
                break
        return time.monotonic() - began, answer


HEADERS = ("nothing at all", "headers by the byte")
BODIES = tuple(name for name in SLOW if name not in HEADERS)


@pytest.mark.parametrize("names", [HEADERS, BODIES], ids=["headers", "bodies"])
def test_who_sends_slowly_is_cut_off_while_health_answers(server, names):
    _, address, _ = server
    results: dict[str, tuple[float, bytes]] = {}

    def attack(name: str) -> None:
        results[name] = until_closed(address, SLOW[name])

    threads = [threading.Thread(target=attack, args=(name,)) for name in names for _ in range(10)]
    for thread in threads:
        thread.start()
    slowest = 0.0
    with httpx.Client(trust_env=False, timeout=5) as client:
        while any(thread.is_alive() for thread in threads):
            began = time.monotonic()
            assert client.get(f"{address}/health").status_code == 200
            slowest = max(slowest, time.monotonic() - began)
            time.sleep(0.2)
    assert slowest < 2
    for name in BODIES:
        assert name not in results or b" 408 " in results[name][1]
    assert {name: seconds for name, (seconds, _) in results.items() if seconds > 5.5} == {}


class Worker:
    """A worker that needs a while to end."""

    idx = 0

    def __init__(self, seconds: float) -> None:
        self.ends, self.killed = time.monotonic() + seconds, False

    def terminate(self) -> None:
        pass

    def join(self, timeout: float | None = None) -> None:
        pass  # comes back too early, as it does while a process is just going

    def is_alive(self) -> bool:
        return time.monotonic() < self.ends and not self.killed

    def kill(self) -> None:
        self.killed = True


def test_only_a_worker_that_hangs_is_killed():
    service = object.__new__(_Service)
    slow, hanging = Worker(0.2), Worker(60)
    for worker, seconds in ((slow, 30), (hanging, 0.3)):
        service.wrks, service.workers_kill_timeout = [worker], seconds
        began = time.monotonic()
        service._stop_workers()
        assert time.monotonic() - began < 3
        assert service.wrks == []
    assert (slow.killed, hanging.killed) == (False, True)


def test_a_port_is_ours_alone():
    with _held_port("127.0.0.1", 0) as port, socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(ConfigError, match=f"port {port}.*--port"), _held_port("127.0.0.1", port):
            pass


def test_settings_reach_the_workers(tmp_path, monkeypatch):
    from clearhead.serving import server as module

    settings = ServingSettings(trusted_proxies=("10.0.0.0/8",), log="none")
    with module._shared_folder(settings, "tests.serving.test_server:kept") as folder:
        assert folder.stat().st_mode & 0o077 == 0
        assert module.application() == asdict(settings)
    assert not folder.exists()
    assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ


def kept(settings: ServingSettings) -> dict[str, object]:
    return asdict(settings)
