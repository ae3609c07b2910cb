"""A corpus larger than the memory it is given: 5 million pairs prepared and trained from below 1.5 GB."""

import json
import os
import subprocess
import sys
from itertools import islice

import pytest

from clearhead.grammar import grammar
from tests.system.conftest import TOML

PAIRS = int(os.environ.get("CLEARHEAD_SCALE_PAIRS", "5_000_000"))
LIMIT_KB = 1_500_000
PROBE = """
import resource, sys
from clearhead.cli import main
try:
    main(sys.argv[1:])
finally:
    print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


def peak_of(process) -> int:
    _, errors = process.communicate(timeout=3000)
    assert process.returncode == 0, errors
    return int(errors.rsplit("peak ", 1)[1])


def command(*args, **options):
    return subprocess.Popen(
        [sys.executable, "-c", PROBE, *map(str, args)], stderr=subprocess.PIPE, text=True, **options
    )


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_five_million_pairs_in_little_memory(tmp_path, capsys):
    valid = [next(iter(grammar.generate(9, 1, part="valid"))) for _ in range(1)]
    (tmp_path / "v.tsv").write_text("".join(f"{e.text('en')}\t{e.text('fr')}\n" for e in valid))
    (tmp_path / "run.toml").write_text(TOML.replace("vocab_size = 320", "vocab_size = 4000"))
    arguments = [
        "--config", tmp_path / "run.toml", "--source", "-", "--valid-source", tmp_path / "v.tsv",
        "--store", tmp_path / "store", "--max-tokens", "200",
    ]  # fmt: skip
    preparing = command("prepare", *arguments, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    for example in islice(grammar.generate(1, PAIRS, part="train"), PAIRS):
        preparing.stdin.write(f"{example.text('en')}\t{example.text('fr')}\n")
    preparing.stdin.close()
    preparing.stdin = None
    prepared = peak_of(preparing)
    assert json.loads((tmp_path / "store" / "manifest.json").read_text())["pairs"] == PAIRS

    training = command(
        "train", *arguments, "--out", tmp_path / "run", "--training.max-steps", "30",
        "--training.batch-tokens", "4096", "--subword-sampling", "0.1", "--training.valid-every", "30",
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    trained = peak_of(training)
    with capsys.disabled():
        print(
            f"\n{PAIRS:,} pairs: prepared in {prepared / 1e6:.2f} GB, trained from in {trained / 1e6:.2f} GB"
        )
    assert prepared < LIMIT_KB
    assert trained < LIMIT_KB
