"""One service without PyTorch for all of these tests."""

import signal
import subprocess
import sys
import time
import urllib.request

import pytest

from tests.light.absent import environment
from tests.ports import unclaimed_port


@pytest.fixture(scope="session")
def address(tmp_path_factory):
    """Where the service answers; at the end of the tests it is asked to stop, and does."""
    folder, port = tmp_path_factory.mktemp("light"), unclaimed_port()
    command = [sys.executable, "-m", "clearhead", "serve", "--port", str(port)]
    command += ["--suggestions-file", str(folder / "suggestions.sqlite")]
    with open(folder / "told", "w") as told:
        process = subprocess.Popen(command, env=environment(folder), stderr=told, cwd=folder)
    try:
        base = f"http://127.0.0.1:{port}"
        while not answers(f"{base}/health/ready"):
            assert process.poll() is None, (folder / "told").read_text()
            time.sleep(0.2)
        yield base
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert "Traceback" not in (folder / "told").read_text()
    finally:
        process.kill()
        process.wait()


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False
