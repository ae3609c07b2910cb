"""The service as people start it, in a process of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

_SECONDS = 500
"""In which it must be ready: it converts the model first, on a machine that is busy with other tests."""


@contextmanager
def service(port: int, *options: str) -> Iterator[str]:
    """Serve until the block ends, which must be orderly; gives the address."""
    command = [sys.executable, "-m", "clearhead", "serve", "--port", str(port), "--log", "none", *options]
    process = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"})
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(process, address)
        yield address
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()


def _wait(process: subprocess.Popen[bytes], address: str) -> None:
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, "the service did not start"
        try:
            if httpx.get(f"{address}/health/ready", timeout=5, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError(f"the service was not ready within {_SECONDS} s")
