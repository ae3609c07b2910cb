"""The machine of a run: read as earlier releases wrote it; only a GPU is set otherwise; none is invented."""

from dataclasses import asdict

import pytest
import torch

from clearhead.config import TrainingConfig
from clearhead.errors import ConfigError
from clearhead.run.machine import Machine, device_of, on_gpu, prepare_device
from clearhead.training.distributed import Group


def test_a_checkpoint_of_an_earlier_release_names_no_gpu():
    here = Machine.of("cpu", Group())
    before = {name: value for name, value in asdict(here).items() if name != "accelerator"}
    assert Machine.from_dict(before) == here
    assert here.accelerator == ""


def test_a_processor_is_left_as_it_is():
    before = torch.get_float32_matmul_precision()
    prepare_device(TrainingConfig(deterministic=True), "cpu")
    assert torch.get_float32_matmul_precision() == before
    assert not torch.are_deterministic_algorithms_enabled()


def test_a_gpu_multiplies_in_tf32_and_is_deterministic_where_asked(monkeypatch):
    told = {}
    monkeypatch.setattr(torch, "set_float32_matmul_precision", lambda value: told.update(products=value))
    monkeypatch.setattr(torch, "use_deterministic_algorithms", lambda value: told.update(deterministic=value))
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    prepare_device(TrainingConfig(), "cuda:1")
    assert told == {"products": "high"}
    prepare_device(TrainingConfig(deterministic=True), "cuda")
    assert told == {"products": "high", "deterministic": True}


@pytest.mark.parametrize(("name", "gpu"), [("cuda", True), ("cuda:1", True), ("cpu", False)])
def test_what_is_a_gpu(name, gpu):
    assert on_gpu(name) == gpu


def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(
        ConfigError, match=r"training.device 'cuda:77' cannot be used on this machine .*; use auto"
    ):
        device_of("cuda:77")
