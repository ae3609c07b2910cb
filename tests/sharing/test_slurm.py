"""The scripts for Slurm do what the guide says, with stand-ins for Slurm's commands."""

import os
import re
import shlex
import subprocess
import time
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SLURM = DEPLOY / "slurm"
TRAIN = (SLURM / "train.sh").read_text()

COMMANDS = {
    # As the real one: its own SIGTERM kills the processes of the step.
    "srun": """
        echo "srun $1" >> log
        (trap 'echo saved >> log; exit 0' TERM; echo > up; while :; do sleep 0.05; done) &
        echo $! > step
        trap 'kill -KILL %1; echo killed >> log; exit 137' TERM
        wait %1""",
    "scancel": '[ "$*" = "--signal=TERM 42.0" ] && kill -TERM "$(cat step)"',
    "scontrol": 'if [ "$1" = show ]; then echo node0; else echo "$*" >> log; fi',
}


@pytest.fixture
def slurm(tmp_path):
    """A folder with Slurm's commands, and the environment of a job."""
    for name, text in COMMANDS.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{text}\n")
        (tmp_path / name).chmod(0o755)
    job = {
        "SLURM_JOB_ID": "42",
        "SLURM_NNODES": "4",
        "SLURM_CPUS_PER_TASK": "64",
        "SLURM_JOB_NODELIST": "node[0-3]",
    }
    return os.environ | job | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_SUBMIT_DIR": str(tmp_path)}


def test_a_run_saves_before_its_job_goes_back_into_the_queue(slurm, tmp_path):
    job = subprocess.Popen(["bash", str(SLURM / "train.sh")], cwd=tmp_path, env=slurm)
    try:
        until = time.monotonic() + 60
        while not ((tmp_path / "up").exists() and (tmp_path / "step").exists()):
            assert time.monotonic() < until
            time.sleep(0.02)
        job.terminate()
        job.wait(60)
    finally:
        job.kill()
    assert (tmp_path / "log").read_text().splitlines() == ["srun --cpus-per-task=64", "saved", "requeue 42"]


def test_a_run_has_the_time_to_save_that_its_job_leaves():
    notice = int(re.search(r"^#SBATCH --signal=B:TERM@(\d+)$", TRAIN, re.MULTILINE)[1])
    assert (
        30 < int(re.search(r"^export TORCH_ELASTIC_SHUTDOWN_TIMEOUT=(\d+)$", TRAIN, re.MULTILINE)[1]) < notice
    )
    jobs = yaml.safe_load((DEPLOY / "kubernetes" / "train.yaml").read_text())
    pod = jobs["spec"]["replicatedJobs"][0]["template"]["spec"]["template"]["spec"]
    given = {one["name"]: one["value"] for one in pod["containers"][0]["env"]}
    assert 30 < int(given["TORCH_ELASTIC_SHUTDOWN_TIMEOUT"]) < pod["terminationGracePeriodSeconds"]


def test_pytorch_knows_the_name_of_that_time(monkeypatch):
    launcher = pytest.importorskip("torch.distributed.launcher.api")
    if not hasattr(launcher.LaunchConfig, "shutdown_timeout"):
        pytest.skip("this PyTorch has no such time")
    monkeypatch.setenv("TORCH_ELASTIC_SHUTDOWN_TIMEOUT", "150")
    assert launcher.LaunchConfig(1, 1, 1).shutdown_timeout == 150


@pytest.mark.parametrize("name", ["train.sh", "translate.sh"])
def test_a_step_has_the_processors_of_its_job(name):
    text = (SLURM / name).read_text()
    assert re.search(r"^#SBATCH --cpus-per-task=\d+$", text, re.MULTILINE)
    assert re.findall(r"^srun (\S+)", text, re.MULTILINE) == ['--cpus-per-task="$SLURM_CPUS_PER_TASK"']


def test_options_of_sbatch_stand_before_the_script():
    """What follows the script is given to it, and sbatch does not read it."""
    texts = [
        file.read_text(encoding="utf-8")
        for folder in ("docs", "deploy", "src", "benchmarks")
        for file in sorted((ROOT / folder).rglob("*"))
        if file.suffix in {".md", ".sh", ".py", ".yaml"}
    ]
    sent = [
        shlex.split(line, comments=True)
        for text in texts
        for line in re.findall(r"\bsbatch (\S.*\.sh.*)", text)
    ]
    assert len(sent) >= 4
    for words in sent:
        assert words[-1].endswith(".sh"), words
