"""Two machines with a network between them: namespaces of Linux, joined by a cable that can be cut."""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass

import numpy as np
import pytest

from clearhead.storage import folders
from clearhead.storage.steps import saved_steps
from tests.system.test_distributed import TWO, finished, start, weights
from tests.system.test_distributed import folder as folder  # a fixture

ADDRESSES = ("10.213.7.1", "10.213.7.2")
PORT = "29411"


@dataclass(frozen=True)
class Network:
    """Two machines and the cable between them."""

    machines: tuple[str, str]
    ends: tuple[str, str]

    def cut(self) -> None:
        ip("netns", "exec", self.machines[0], "ip", "link", "set", self.ends[0], "down")

    def start(self, folder, rank, disk, *flags):
        """Start the share of one machine under torchrun, which meets the other at the first one's address."""
        disk.mkdir(exist_ok=True)
        launcher = ["ip", "netns", "exec", self.machines[rank], sys.executable, "-m", "torch.distributed.run"]
        launcher += ["--nnodes", "2", "--nproc-per-node", "1", "--node-rank", str(rank)]
        launcher += ["--master-addr", ADDRESSES[0], "--master-port", PORT, "-m"]
        environment = {"GLOO_SOCKET_IFNAME": self.ends[rank]}
        return start(folder, "run", *flags, launcher=launcher, environment=environment, place=disk)


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture
def network():
    if sys.platform != "linux" or os.geteuid() or not shutil.which("ip"):
        pytest.skip("network namespaces need Linux, root and iproute2")
    machines, ends = (
        tuple(f"{name}{os.getpid()}" for name in names) for names in (("ma", "mb"), ("va", "vb"))
    )
    try:
        for machine in machines:
            ip("netns", "add", machine)
        ip("link", "add", ends[0], "type", "veth", "peer", "name", ends[1])
        for machine, end, address in zip(machines, ends, ADDRESSES, strict=True):
            ip("link", "set", end, "netns", machine)
            ip("-n", machine, "addr", "add", f"{address}/24", "dev", end)
            ip("-n", machine, "link", "set", end, "up")
            ip("-n", machine, "link", "set", "lo", "up")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"this machine allows no network namespaces: {error.stderr.decode().strip()}")
    yield Network(machines, ends)
    for machine in machines:
        subprocess.run(["ip", "netns", "del", machine], check=False)


def test_two_machines_take_the_steps_of_two_workers(folder, network, tmp_path):
    for process in [network.start(folder, rank, tmp_path / f"disk {rank}") for rank in (0, 1)]:
        finished(process)
    finished(start(folder, tmp_path / "together", *TWO))
    for name, array in weights(tmp_path / "together").items():
        assert np.array_equal(weights(tmp_path / "disk 0" / "run")[name], array), name
    assert not (tmp_path / "disk 1" / "run" / "checkpoints").exists()


@pytest.mark.slow
def test_a_cable_that_is_cut_is_told_and_nobody_waits_for_ever(folder, network, tmp_path):
    flags = ["--training.max-steps", "100000", "--training.save-every", "8"]
    both = [network.start(folder, rank, tmp_path / f"disk {rank}", *flags) for rank in (0, 1)]
    checkpoints = tmp_path / "disk 0" / "run" / "checkpoints"
    deadline = time.monotonic() + 120
    while not saved_steps(checkpoints):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    network.cut()
    cut = time.monotonic()
    said = [process.communicate(timeout=90)[1] for process in both]
    assert time.monotonic() - cut < 60
    assert all(process.returncode for process in both)
    assert "clearhead: worker 1 of 2 has not been heard of for 2" in said[0]
    board = f"clearhead: the board of the processes that train together, at {ADDRESSES[0]}:{PORT}, does not answer"
    assert board in said[1], said[1]
    assert folders.verify(saved_steps(checkpoints)[-1]) is None
