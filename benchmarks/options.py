"""The options of the architecture at equal training time: validation loss, perplexity and greedy BLEU of each.

Usage: python -m benchmarks.options OUT --source F --target F --valid-source F --valid-target F [--minutes 5]

All are `tiny`, with Adam, a cosine to zero, dropout 0.3, no label smoothing in what is validated, one seed and one core
each; an even number of them, or the last has the machine for itself. SwiGLU has a third matrix, so its d_ff is two
thirds (Shazeer 2020).
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from benchmarks.equal_time import train_for

OPTIONS = {
    "paper": [],
    "pre-norm": ["--model.norm", "pre"],
    "RMSNorm": ["--model.normalization", "rms"],
    "GELU": ["--model.activation", "gelu"],
    "SwiGLU": ["--model.activation", "swiglu", "--model.d-ff", "170"],
    "learned": ["--model.positions", "learned", "--model.max-positions", "256"],
    "rotary": ["--model.positions", "rotary"],
}
OPTIONS["all"] = [option for name in ("pre-norm", "RMSNorm", "SwiGLU", "rotary") for option in OPTIONS[name]]
TRAINING = {
    "batch-tokens": 4096,
    "schedule": "cosine",
    "learning-rate": 0.002,
    "warmup-steps": 100,
    "precision": "bf16",
    "valid-every": 10**6,
    "save-every": 10**6,
    "log-every": 10,
    "average-last": 1,
    "threads": 1,
}


def main() -> None:
    """Train all, print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    for name in ("source", "target", "valid-source", "valid-target"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--only", nargs="+", choices=list(OPTIONS), default=list(OPTIONS))
    arguments = parser.parse_args()
    out: Path = arguments.out
    out.mkdir(parents=True)
    common = [
        "--max-tokens",
        "200",
        "--preset",
        "tiny",
        "--model.dropout",
        "0.3",
        "--store",
        str(out / "store"),
    ]
    for name in ("source", "target", "valid_source", "valid_target"):
        common += [f"--{name.replace('_', '-')}", getattr(arguments, name)]
    for name, value in TRAINING.items():
        common += [f"--training.{name}", str(value)]
    # One process prepares the text for all.
    steps = ["--training.max-steps", "1", "--out", str(out / "first")]
    subprocess.run([sys.executable, "-m", "clearhead", "train", *common, *steps], check=True)
    taken = train_for(out, common, {name: OPTIONS[name] for name in arguments.only}, arguments.minutes)
    print("| | steps | validation loss | perplexity | BLEU, greedy |\n|---|---|---|---|---|")
    for name, steps_taken in taken.items():
        events = (out / f"run-{name}" / "log.jsonl").read_text(encoding="utf-8").splitlines()
        last = [event for event in map(json.loads, events) if event["event"] == "valid"][-1]
        figures = f"{last['loss']:.3f} | {last['perplexity']:.2f} | {last['bleu']:.2f}"
        print(f"| {name} | {steps_taken:,} | {figures} |")


if __name__ == "__main__":
    main()
