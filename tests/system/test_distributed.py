"""Several processes learn as one: the same steps, the same bytes after an interruption, no hanging."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from clearhead.cli.train import Train
from clearhead.errors import ConfigError
from clearhead.run import workers
from clearhead.storage.steps import saved_steps
from clearhead.storage.tensors import read_arrays
from tests.ports import unclaimed_port
from tests.system.conftest import TOML, write_corpus

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]


TWO = ["--workers", "2"]
SHARES = [*TWO, "--training.sharding", "fsdp"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("distributed")
    (folder / "run.toml").write_text(
        TOML.replace("max_steps = 220", "max_steps = 24").replace("110", "8").replace("accumulate = 2", "")
        + "optimizer = 'muon'\nema_decay = 0.9\nr_drop = 0.5\nguided_alignment = 0.1\n"
    )
    for name, seed, pairs in (("train", 0, 300), ("valid", 1, 20)):
        source, _ = write_corpus(folder, name, seed, pairs)
        links = (" ".join(f"{n}-{n}" for n in range(len(line.split()))) for line in source.open())
        (folder / f"{name}.links").write_text("".join(f"{line}\n" for line in links))
    return folder


def start(folder, out, *more, launcher=(sys.executable, "-m"), environment=None, place=None):
    files = [
        word
        for flag, file in (("source", "train.digits"), ("target", "train.words"))
        for prefix, name in (("", file), ("valid-", file.replace("train", "valid")))
        for word in (f"--{prefix}{flag}", str(folder / name))
    ]
    files += ["--alignments", str(folder / "train.links")]
    command = [
        *launcher,
        "clearhead",
        "train",
        "--config",
        str(folder / "run.toml"),
        *files,
        "--out",
        str(out),
    ]
    return subprocess.Popen(
        [*command, *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | (environment or {}),
        cwd=place,
    )


def finished(process):
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    return out, err


def weights(run):
    return read_arrays(run / "model" / "model.safetensors")


@pytest.fixture(scope="module")
def together(folder):
    out, err = finished(start(folder, folder / "two", *TWO))
    return folder / "two", out, err


def test_two_processes_take_the_steps_of_one_that_accumulates_two_batches(folder, together):
    finished(start(folder, folder / "one", "--training.accumulate", "2"))
    one, two = weights(folder / "one"), weights(together[0])
    for name, array in one.items():
        np.testing.assert_allclose(two[name], array, atol=2e-3)
    losses = [
        [
            json.loads(line)["loss"]
            for line in (run / "log.jsonl").read_text().splitlines()
            if '"valid"' in line
        ]
        for run in (folder / "one", together[0])
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_one_of_them_speaks(together):
    run, out, err = together
    assert out == f"{run / 'model'}\n"
    assert err.count("kept the") == 1
    steps = [
        json.loads(line)["step"] for line in (run / "log.jsonl").read_text().splitlines() if '"valid"' in line
    ]
    assert len(steps) == len(set(steps))


@pytest.mark.skipif(sys.platform != "linux", reason="finds the processes in /proc")
@pytest.mark.parametrize("how", ["terminated", "one killed"])
def test_stopped_and_resumed_is_uninterrupted(folder, together, tmp_path, how):
    process = start(folder, tmp_path / "run", "--training.save-every", "8", *TWO)
    deadline = time.monotonic() + 120
    while not saved_steps(tmp_path / "run" / "checkpoints") and time.monotonic() < deadline:
        time.sleep(0.02)
    if how == "terminated":
        process.send_signal(signal.SIGTERM)
    else:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[-1]), signal.SIGKILL)
    _, err = process.communicate(timeout=120)
    assert "Traceback" not in err
    assert "resource_tracker" not in err
    if how == "terminated":
        assert process.returncode == 143
        assert err.count("which is saved") == 1
    else:
        assert process.returncode == 1
        said = [line for line in err.splitlines() if line.startswith("clearhead: ")]
        assert said == [
            "clearhead: worker 1 was killed (SIGKILL), probably because memory ran out; continue with the same "
            "command and --resume"
        ]
    assert not (tmp_path / "run" / "model").exists()
    finished(start(folder, tmp_path / "run", "--resume", "--training.save-every", "8", *TWO))
    for name, array in weights(together[0]).items():
        assert np.array_equal(weights(tmp_path / "run")[name], array), name


def test_torchrun_does_the_same(folder, together, tmp_path):
    finished(start(folder, tmp_path / "run", launcher=TORCHRUN))
    for name, array in weights(together[0]).items():
        assert np.array_equal(weights(tmp_path / "run")[name], array), name


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ([*TWO, "--source", "nowhere"], "nowhere"),
        (["--workers", "some"], "--workers must be a number from 1, or auto; got 'some'"),
        (["--max-restarts", "-1"], "--max-restarts must be at least 0, got -1"),
    ],
)
def test_an_error_is_one_line(folder, tmp_path, flags, says):
    process = start(folder, tmp_path / "run", *flags)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert out == ""
    assert len(err.splitlines()) == 1
    assert err.startswith("clearhead: ")
    assert says in err


def test_workers_beside_processes_that_were_launched_are_refused(folder, tmp_path):
    process = start(folder, tmp_path / "run", *TWO, environment={"WORLD_SIZE": "4"})
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert err == (
        "clearhead: --workers is 2, and WORLD_SIZE says that this is one of 4 processes already; leave --workers out "
        "where torchrun or a cluster starts them, or unset WORLD_SIZE\n"
    )


def test_a_world_of_one_is_no_group(monkeypatch, tmp_path):
    """As some clusters set it for a single pod: it starts the workers that are asked for."""
    monkeypatch.setenv("WORLD_SIZE", "1")
    asked = []
    monkeypatch.setattr(workers, "run", lambda task, count, restarts: asked.append(count) or 0)
    Train(out=tmp_path / "run", workers="2").run()
    assert asked == [2]


def test_the_reader_of_debug_output_sees_where_it_came_from(folder, tmp_path):
    process = start(folder, tmp_path / "run", *TWO, "--source", "nowhere", "--debug")
    assert "in worker 0:" in process.communicate(timeout=120)[1]


def test_how_many_workers(monkeypatch):
    assert workers.number_of("3") == 3
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(workers, "available_cores", lambda: 64)
    assert workers.number_of("auto") == workers.MOST
    monkeypatch.setattr(workers, "available_cores", lambda: 2)
    assert workers.number_of("auto") == 2
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 8)
    assert workers.number_of("auto") == 8
    for wrong in ("0", "-1", "1.5", "", "two"):
        with pytest.raises(ConfigError):
            workers.number_of(wrong)


def nodes(folder, disks, *flags):
    """Start two processes as of two machines, each with flags and a disk of its own; None: it does not come."""
    environment = {
        "WORLD_SIZE": "2",
        "LOCAL_RANK": "0",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(unclaimed_port()),
    }
    for disk in disks:
        disk.mkdir(exist_ok=True)
    return [
        start(folder, "run", *own, environment={**environment, "RANK": str(rank)}, place=disks[rank])
        for rank, own in enumerate(flags)
        if own is not None
    ]


@pytest.fixture
def disks(tmp_path):
    return [tmp_path / "disk 0", tmp_path / "disk 1"]


def test_processes_that_differ_are_refused_by_name_on_each(folder, disks):
    """Each may have its texts elsewhere and other threads; the rest is compared before any text is read."""
    processes = nodes(
        folder,
        disks,
        ["--training.threads", "2"],
        ["--training.seed", "2", "--training.learning-rate", "0.5", "--resume", "--out", "other"],
    )
    for process in processes:
        out, err = process.communicate(timeout=200)
        assert process.returncode == 1
        lines = [line for line in err.splitlines() if not line.startswith("waiting for worker")]
        # What a process was given as a flag is named as that.
        settings = [
            line.replace("--training.", "training.").replace("learning-rate", "learning_rate")
            for line in lines
        ]
        assert settings == [
            "clearhead: processes that train together must be alike, but rank 1 has --out other, rank 0 has run; "
            "rank 1 has --resume True, rank 0 has False; "
            "rank 1 has training.seed 2, rank 0 has 1; rank 1 has training.learning_rate 0.5, rank 0 has 0.01; start "
            "all with the same settings, text and versions"
        ]
        assert not out


def test_a_process_that_waits_for_others_obeys_a_signal(folder, disks):
    """Whether it is the first one or waits for that."""
    alone = [nodes(folder, disks, [], None), nodes(folder, disks, None, [])]
    for number, (process,) in zip((signal.SIGTERM, signal.SIGINT), alone, strict=True):
        said = process.stderr.readline()
        assert said.startswith("waiting for worker "), said
        process.send_signal(number)
        started = time.monotonic()
        assert process.wait(60) == 128 + number
        assert time.monotonic() - started < 30
        assert process.stderr.read() == "clearhead: interrupted; go on with the same command and --resume\n"


@pytest.mark.slow
def test_only_the_first_of_several_machines_writes_and_all_go_on_from_its_state(folder, disks, tmp_path):
    inverse = ["--training.schedule", "inverse_sqrt"]
    flags = [*inverse, "--training.max-steps", "8"]
    for process in nodes(folder, disks, flags, flags):
        finished(process)
    assert not (disks[1] / "run" / "checkpoints").exists()

    for process in nodes(
        folder, disks[::-1], *[[*inverse, "--resume"]] * 2
    ):  # the machines have changed places
        _, err = process.communicate(timeout=200)
        assert process.returncode == 1
        refusal = "in rank 1's run the run is at step 8, in rank 0's there is none; give an --out on a disk"
        assert refusal in err, err

    for process in nodes(folder, disks, *[[*inverse, "--resume"]] * 2):
        finished(process)
    finished(start(folder, tmp_path / "whole", *inverse, *TWO, "--resume"))  # which starts it here
    for name, array in weights(tmp_path / "whole").items():
        assert np.array_equal(weights(disks[0] / "run")[name], array), name


@pytest.mark.slow
def test_another_number_of_processes_takes_the_same_steps(folder, tmp_path):
    """Two processes, then one that is told nothing, then one that is told to accumulate, then two with shares."""
    inverse = ["--training.schedule", "inverse_sqrt", "--training.save-every", "4", "--resume"]
    for steps, more in (("4", TWO), ("8", []), ("12", ["--training.accumulate", "2"]), ("24", SHARES)):
        finished(start(folder, tmp_path / "run", "--training.max-steps", steps, *inverse, *more))
    finished(start(folder, tmp_path / "whole", *inverse, *TWO))
    for name, array in weights(tmp_path / "whole").items():
        np.testing.assert_allclose(weights(tmp_path / "run")[name], array, atol=2e-3)
    process = start(folder, tmp_path / "run", *inverse, "--workers", "3")
    assert "with --workers 2 or fewer" in process.communicate(timeout=200)[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--out", "/proc/nowhere"], "cannot write to /proc/nowhere"),
        (["--valid-target", "nowhere"], "nowhere"),
        (["--init", "nowhere"], "nowhere"),
        (["--training.device", "cuda:7"], "cuda:7"),
        (["--training.guided-alignment", "0"], "word alignments are given"),
    ],
)
def test_errors_of_several_are_one_line(folder, tmp_path, flags, says):
    process = start(folder, tmp_path / "run", *TWO, *flags)
    out, err = process.communicate(timeout=200)
    assert (process.returncode, out) == (1, "")
    assert len(err.splitlines()) == 1, err
    assert says in err
