"""The device of these tests: a GPU; `CLEARHEAD_TEST_DEVICE=cpu` rehearses them without one."""

import os

import pytest
import torch

DEVICE = os.environ.get("CLEARHEAD_TEST_DEVICE", "cuda")


@pytest.fixture
def device():
    """The device; a test is skipped where it is not there."""
    if DEVICE.startswith("cuda") and not torch.cuda.is_available():
        pytest.skip("there is no GPU; CLEARHEAD_TEST_DEVICE=cpu rehearses this test without one")
    return DEVICE


@pytest.fixture
def deterministic(device, monkeypatch):
    """Only algorithms that give the same bits every time."""
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)
