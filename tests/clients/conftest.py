"""A running service that wants a key, and environments that have the clients of others."""

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from clearhead.serving.keys import Keys
from tests.clients.running import service
from tests.ports import unclaimed_port

HERE = Path(__file__).parent
KEPT = HERE.parents[1] / ".clients"
"""Where the environments stay, to be made once; `make clean` deletes them."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """Where the service is, and a key for it."""

    address: str
    key: str


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The default model as `clearhead serve` serves it, to those who have a key."""
    file = tmp_path_factory.mktemp("keys") / "keys.sqlite"
    key = Keys(file).add("clients")
    options = ["--keys-file", str(file), "--require-key"]
    with service(unclaimed_port(), *options) as address:
        yield Served(address=address, key=key)


def _made(folder: Path, wanted: str, make: Callable[[], None]) -> Path:
    """Return a folder that `make` has made from what is wanted, now or earlier."""
    KEPT.mkdir(exist_ok=True)
    with FileLock(KEPT / f"{folder.name}.lock"):  # two workers may want it at once
        stamp = folder / ".made-from"
        if not stamp.is_file() or stamp.read_text() != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make()
            stamp.write_text(wanted)
    return folder


def _run(*command: str | Path, cwd: Path) -> None:
    """Run what installs packages; without them there is nothing to test."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=500)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        pytest.skip(f"THE CLIENTS ARE NOT TESTED: {Path(command[0]).name} could not install them: {said}")


def _python(name: str) -> Path:
    file = HERE / f"{name}.txt"
    folder = KEPT / name

    def make() -> None:
        venv.create(folder, with_pip=True)
        python = folder / "bin" / "python"
        _run(
            python,
            *["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"],
            file,
            cwd=folder,
        )

    return _made(folder, f"{sys.version}\n{file.read_text()}", make) / "bin" / "python"


@pytest.fixture(scope="session")
def environments() -> Callable[[str], list[str]]:
    """Return what runs a script of a client: the interpreter that has it, and the script."""

    def command(script: str) -> list[str]:
        kind, name = script.split("/")
        if kind != "npm":
            return [str(_python(kind)), str(HERE / "python" / name)]
        return [_program("node"), str(_npm() / name)]

    return command


def _npm() -> Path:
    npm = _program("npm")
    folder = KEPT / "npm"
    description = HERE / "package.json"

    def make() -> None:
        shutil.copy(description, folder)
        _run(npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", cwd=folder)

    _made(folder, description.read_text(), make)
    for script in (HERE / "npm").iterdir():  # node looks for packages beside a script
        shutil.copy(script, folder)
    return folder


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"THE CLIENTS OF NPM ARE NOT TESTED: there is no {name}; install Node.js 18 or newer")
    return found


@pytest.fixture(scope="session")
def plain_environment() -> dict[str, str]:
    """The variables for a client: neither our modules nor a proxy that would stand before this machine."""
    hidden = {"PYTHONPATH", "VIRTUAL_ENV", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"}
    return {name: value for name, value in os.environ.items() if name not in hidden}
