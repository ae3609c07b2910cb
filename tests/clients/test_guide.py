"""The examples of the guide, each run as it stands but for the port."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.clients.running import service
from tests.ports import unclaimed_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

GUIDE = (Path(__file__).parents[2] / "docs/guides/clients.md").read_text()
EXAMPLES = re.findall(r"^### (.+?)\n.*?^```(python|js)\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def address():
    with service(unclaimed_port()) as address:
        yield address


def test_every_client_has_an_example():
    assert len(EXAMPLES) == GUIDE.count("\n### ") == 8


@pytest.mark.parametrize(("name", "language", "code"), EXAMPLES, ids=[name for name, _, _ in EXAMPLES])
def test_an_example_translates(name, language, code, address, environments, plain_environment, tmp_path):
    older = name == "translate, of PyPI"
    kind = "npm" if language == "js" else "requirements-older" if older else "requirements"
    program, script = environments(f"{kind}/example.{'mjs' if kind == 'npm' else 'py'}")
    file = (
        Path(script) if kind == "npm" else tmp_path / "example.py"
    )  # node looks for packages beside a script
    file.write_text(code.replace("http://127.0.0.1:5000", address))
    command = [program, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=plain_environment)
    assert done.returncode == 0, done.stderr[-2000:]
    assert re.search(r"\bbleue?\b", done.stdout)
