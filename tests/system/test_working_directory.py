"""What lies in the working directory is text, never a program: no process of ours imports from there."""

import os
import subprocess
import sys
from importlib.metadata import packages_distributions

import pytest

from clearhead.data.processes import started_safely
from tests.system.conftest import TOML, write_corpus

IMPORTABLE = {
    *sys.stdlib_module_names,
    *(name.split("/")[0] for name in packages_distributions()),
    *("clearhead", "sitecustomize"),
}
"""Whatever can be imported at all; among them is all that a run imports."""
MAIN = "from clearhead.cli import main\nif __name__ == '__main__':\n    main()\n"


def lay_traps(folder, names):
    """Put modules of these names into a folder, which say in the file `executed` that they were run."""
    for name in names:
        executed = folder / "executed"
        (folder / f"{name}.py").write_text(
            f"with open({str(executed)!r}, 'a') as f: f.write(__name__ + ' ')\n"
        )


def ran(folder):
    executed = folder / "executed"
    return executed.read_text() if executed.exists() else ""


@pytest.fixture(scope="module")
def trapped(tmp_path_factory):
    """Return who runs a command, as the installed `clearhead` does, in a folder full of traps."""
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("downloads")
    lay_traps(folder, IMPORTABLE)
    (home / "clearhead.script").write_text(MAIN)
    config = TOML.replace("max_steps = 220", "max_steps = 2").replace("110", "2")
    (folder / "run.toml").write_text(config)
    for name, seed, pairs in (("train", 0, 60), ("valid", 1, 4)):
        write_corpus(folder, name, seed, pairs)

    def run(*args):
        command = [sys.executable, str(home / "clearhead.script"), *args]
        environment = os.environ | {"CLEARHEAD_CACHE": str(home)}  # nothing is converted or measured yet
        done = subprocess.run(
            command, cwd=folder, env=environment, input="1 2\n", capture_output=True, text=True, timeout=250
        )
        assert ran(folder) == ""
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


FILES = [
    *("--config", "run.toml", "--source", "train.digits", "--target", "train.words"),
    *("--valid-source", "valid.digits", "--valid-target", "valid.words", "--subword-sampling", "0.1"),
    *("--store", "store"),
]


@pytest.mark.slow
def test_what_lies_where_a_command_is_started_is_not_run(trapped):
    """Also not by workers, loader processes, multiprocessing's tracker, and the measurement of CTranslate2."""
    trapped("prepare", *FILES)
    trapped("train", *FILES, "--out", "run", "--workers", "2", "--loader-workers", "1")
    trapped("translate", "--model", "run/model", "--engine", "ctranslate2")


STARTS = """
from pathlib import Path
from clearhead.engines import tuning
from clearhead.run import workers

if __name__ == "__main__":
    tuning._measured_apart(Path("nowhere"), "", 1)
    assert workers.run(print, 1) == 0
"""


def test_child_processes_import_nothing_from_there(tmp_path):
    home, folder = tmp_path / "home", tmp_path / "downloads"
    home.mkdir(), folder.mkdir()
    (home / "starts.script").write_text(STARTS)
    lay_traps(folder, IMPORTABLE)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    command = [sys.executable, str(home / "starts.script")]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert ran(folder) == ""
    assert done.returncode == 0, done.stderr


def test_of_python_m_only_what_python_itself_loads_first(tmp_path):
    """`python -m` puts the working directory in front before a module of ours can do anything about it."""
    loaded = "import runpy, sys; print(' '.join(sys.modules))"
    pythons_own = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    names = {name.split(".")[0] for name in pythons_own.stdout.split()}
    lay_traps(tmp_path, IMPORTABLE - names - {"clearhead"})
    command = [sys.executable, "-m", "clearhead", "train", "--out", "run", "--source", "nowhere"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert ran(tmp_path) == ""
    assert done.stderr.startswith("clearhead: no validation data given")


def test_python_m_runs_where_the_package_lies(tmp_path):
    (tmp_path / "clearhead").symlink_to(os.path.dirname(sys.modules["clearhead"].__file__))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-m", "clearhead", "--version"]
    assert subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True).returncode == 0


def test_the_environment_is_as_it_was(monkeypatch):
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    before = dict(os.environ)
    with started_safely():
        assert os.environ["PYTHONSAFEPATH"] == "1"
        assert os.environ["PYTHONWARNINGS"].startswith("error,")
    assert dict(os.environ) == before
