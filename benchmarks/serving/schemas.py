"""What /openapi.json says against what the service does, by schemathesis."""

import argparse
import subprocess
from collections.abc import Sequence

from benchmarks.serving.processes import service


def openapi(arguments: argparse.Namespace, texts: Sequence[str]) -> list[str]:
    """Have schemathesis ask for everything that /openapi.json describes, rightly and wrongly."""
    with service(arguments.model) as running:
        done = subprocess.run(
            [
                *(arguments.schemathesis, "run", f"http://127.0.0.1:{running.port}/openapi.json"),
                *("--max-examples", str(arguments.max_examples), "--seed", "11", "--request-timeout", "60"),
                *("--no-color", "--phases", "examples,coverage,fuzzing"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    print(done.stdout)
    return ["schemathesis found failures"] if done.returncode else []
