"""The share of a GPU's peak: of known GPUs, by words of their names; left out where no data sheet is known."""

import pytest

from clearhead.config import RunConfig
from clearhead.model.operations import flops_per_token
from clearhead.run.machine import Machine
from clearhead.run.utilisation import peak, utilisation

CONFIG = RunConfig.from_dict({"preset": "base", "training": {"precision": "bf16"}})


def machine(name, processes=1):
    return Machine(
        processes=processes, torch="2.11", threads=1, device="cuda", processor="x86_64", accelerator=name
    )


@pytest.mark.parametrize(
    ("name", "tera"),
    [
        ("NVIDIA H100 80GB HBM3", 989),
        ("NVIDIA H100 PCIe", 756),
        ("NVIDIA H100 NVL", 835),
        ("NVIDIA H200", 989),
        ("NVIDIA H200 NVL", 835),
        ("NVIDIA A100-SXM4-80GB", 312),
        ("NVIDIA A1000", 0),
        ("", 0),
    ],
)
def test_names_of_gpus(name, tera):
    assert peak(machine(name), "bf16") == tera * 1e12
    assert peak(machine(name), "fp32") == tera * 0.5e12


def test_the_operations_of_a_speed_over_the_peak_of_all_gpus():
    speed = 1e6
    expected = flops_per_token(CONFIG.model, 25) * speed / (2 * 989e12)
    assert utilisation(CONFIG, machine("NVIDIA H200", 2), 25.3, speed) == {"mfu": round(expected, 4)}
    assert 0 < expected < 1
    assert utilisation(CONFIG, machine("Some GPU"), 25.3, speed) == {}
