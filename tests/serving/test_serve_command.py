"""`clearhead serve` in the first hour: what is wrong is said in one line, before a model is loaded; ends in order."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from clearhead import cli
from clearhead.cli.serve import check_files
from clearhead.errors import ConfigError, DataError
from clearhead.serving.server import _held_port
from clearhead.serving.settings import ServingSettings
from tests.serving.test_server import free_port, wait_for

ROOT = Path(__file__).parents[2]
SMALL = """
import sys
from clearhead.cli.serve import Serve
from clearhead.cli.parsing import parsed
from clearhead.serving import models, server
if __name__ == "__main__":
    models.Models = lambda *_: None
    real = server.serve
    server.serve = lambda settings, ready: real(
        settings, factory="tests.serving.small_app:create", notice_seconds=0.5, ready=ready
    )
    parsed(Serve, sys.argv[1:], "clearhead serve").run()
"""


@pytest.fixture
def started(tmp_path):
    """Start `clearhead serve` with an application that needs no model; what was started is ended."""
    script, processes = tmp_path / "run.py", []
    script.write_text(SMALL)

    def start(*args: str) -> "subprocess.Popen[str]":
        environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
        command = [sys.executable, str(script), *args]
        process = subprocess.Popen(
            command, env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=30)


def address_of(process: "subprocess.Popen[str]") -> str:
    """Wait until the service says where it is; returns that."""
    for line in process.stderr:
        if line.startswith("translating at "):
            return line.removeprefix("translating at ").partition(",")[0]
    raise AssertionError("it ended before it said where it is")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--models nothere", "there is no model nothere; give"),
        ("--models .", "is not a model directory|there is no model|no model"),
        ("--keys-file none.sqlite", "there is no file of keys at none.sqlite; `clearhead keys add"),
        ("--require-key", "keys_file must be a file, with --require-key, got ''"),
        ("--require-key --keys-file text", "text cannot be used as a file of keys: file is not a database"),
        (
            "--suggestions-file none/kept.sqlite",
            "cannot keep suggestions in none/kept.sqlite: .*; give another",
        ),
        ("--files-folder text/folder", "cannot keep translated documents in text/folder: .*; give another"),
        ("--port 80000", "--port must be a whole number from 0 to 65,535, got 80000"),
        ("--cors-origins example.org", r"--cors-origins must be \* or the origin of a page, such as https"),
        ("--trusted-proxies 10.0.0.0/33", "--trusted-proxies must be an address or network"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(words, said, tmp_path, monkeypatch, capsys):
    (tmp_path / "text").write_text("no database, nor a folder, at all\n" * 9)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ending:
        cli.main(["serve", *words.split()])
    assert ending.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("clearhead: ")
    assert re.search(said, line), line


@pytest.mark.parametrize(
    ("host", "said"),
    [("no.such.host.invalid", ""), ("203.0.113.7", "Cannot assign"), ("127.0.0.1", "Address already in use")],
)
def test_a_place_that_cannot_be_had_is_said_by_name(host, said):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        line = f"cannot listen on {host} port {port}: .*{said}.*; choose another with --port or --host"
        with pytest.raises(ConfigError, match=line), _held_port(host, port):
            pass


def test_files_that_a_service_keeps_are_made_for_their_owner_alone(tmp_path):
    folder, kept = tmp_path / "a" / "files", tmp_path / "kept.sqlite"
    check_files(ServingSettings(files_folder=str(folder), suggestions_file=str(kept)))
    assert folder.stat().st_mode & 0o077 == 0
    assert list(folder.iterdir()) == []
    assert kept.is_file()
    with pytest.raises(ConfigError, match="--files-folder"):
        check_files(ServingSettings(files_folder=str(kept)))
    with pytest.raises(DataError, match="--suggestions-file"):
        check_files(ServingSettings(suggestions_file=str(folder)))


def test_on_any_port_of_ipv6_a_second_signal_cuts_nobody_short(started):
    process = started("--host", "::1", "--port", "0", "--workers", "2")
    address = address_of(process)
    assert address.startswith("http://[::1]:")
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(httpx.get, f"{address}slow/2", timeout=20, trust_env=False)
        time.sleep(0.7)
        for number in (signal.SIGINT, signal.SIGTERM):
            process.send_signal(number)
            time.sleep(0.1)
        assert slow.result().json() == {"slept": 2}
    log = process.communicate(timeout=30)[1]
    assert process.returncode == 0, log
    assert not {"Traceback", "panic", "Killing"} & set(log.split())


def test_workers_end_when_the_first_process_was_killed(started):
    port = free_port()
    process = started("--port", str(port), "--workers", "2")
    wait_for(f"http://127.0.0.1:{port}/health", process)
    process.kill()
    process.wait(timeout=10)
    end = time.monotonic() + 15
    while time.monotonic() < end:
        try:
            httpx.get(f"http://127.0.0.1:{port}/health", timeout=2, trust_env=False)
        except httpx.TransportError:
            break
        time.sleep(0.2)
    else:
        raise AssertionError("the workers still answer")
