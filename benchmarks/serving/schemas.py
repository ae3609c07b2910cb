"""What /openapi.json says against what the service does, by schemathesis.

A request may fit its schema and be answered 400 all the same, as documented: a schema does not know the languages of
the models, or that there are as many translations as texts. So that one check is left out.
"""

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
                *("--exclude-checks", "positive_data_acceptance"),
                *("--no-color", "--phases", "examples,coverage,fuzzing"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    print(done.stdout)
    return ["schemathesis found failures"] if done.returncode else []
