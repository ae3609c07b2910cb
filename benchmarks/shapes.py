"""Compare shapes at equal training time: validation BLEU, and sentences a second in the engine.

Usage: python -m benchmarks.shapes DATA OUT [--minutes 16] [--shapes 6+2 4+4]

DATA is what `recipes/default-model/data.py` made. Every shape (encoder + decoder layers) learns French to English
and English to Spanish for as long, with everything else as in that recipe: a first minute tells how fast it goes, and
so for how many steps its learning rate falls. As many learn at a time as there are cores, a core each, so give as
many shapes or a multiple.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
import tomllib
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.equal_time import train_for
from benchmarks.interleaved import interleaved
from clearhead.evaluation import bleu
from clearhead.translator import Translator

RECIPE = Path(__file__).parents[1] / "recipes" / "default-model" / "run.toml"
DIRECTIONS = (("fr", "en"), ("en", "es"))
WATCHED, MEASURED = 100, 1000
"""Validation sentences of each direction that a training looks at, and the last of them, which the table is of."""


def parallel_text(data: Path, out: Path) -> None:
    """Write both parts of each direction with its source first."""
    for source, target in DIRECTIONS:
        pair = "-".join(sorted((source, target), key=lambda code: code != "en"))
        for part in ("train", "valid"):
            lines = (data / f"{part}.tatoeba.{pair}.tsv").read_text(encoding="utf-8").splitlines()
            rows = (line.split("\t") for line in lines)
            turned = ["\t".join(row if source == "en" else row[::-1]) + "\n" for row in rows]
            (out / f"{part}.{source}-{target}.tsv").write_text("".join(turned), encoding="utf-8")
            if part == "valid":
                (out / f"watch.{source}-{target}.tsv").write_text("".join(turned[:WATCHED]), encoding="utf-8")


def configuration(out: Path) -> Path:
    """Write run.toml for these directions and one core; return its path."""
    whole = tomllib.loads(RECIPE.read_text(encoding="utf-8"))
    lines = ["[data]"]
    for table, part in (("corpora", "train"), ("validation", "watch")):
        for source, target in DIRECTIONS:
            lines += [
                f"[[data.{table}]]",
                f'source = "{out / f"{part}.{source}-{target}.tsv"}"',
                f'source_lang = "{source}"',
                f'target_lang = "{target}"',
            ]
    training = whole["training"] | {"batch_tokens": 4096, "valid_every": 10**6, "save_every": 10**6}
    tables = {
        "data.augmentation": whole["data"]["augmentation"],
        "tokenizer": whole["tokenizer"],
        "model": whole["model"],
        "training": training | {"warmup_steps": 100, "ema_decay": 0.99, "log_every": 10, "threads": 1},
    }
    for name, values in tables.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    path = out / "run.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def measured(out: Path, shapes: list[str]) -> dict[str, dict[str, Any]]:
    """Return BLEU of each direction, beam 4, and sentences a second of all of them together."""
    translators = {shape: Translator.load(out / f"run-{shape}" / "model") for shape in shapes}
    found: dict[str, dict[str, Any]] = {shape: {} for shape in shapes}
    texts = {}
    for source, target in DIRECTIONS:
        lines = (out / f"valid.{source}-{target}.tsv").read_text(encoding="utf-8").splitlines()[-MEASURED:]
        sources, references = zip(*(line.split("\t") for line in lines), strict=True)
        texts[target] = list(sources)
        for shape, translator in translators.items():
            outputs = translator.translate(list(sources), to=target, split="never", beam_size=4, alpha=1.0)
            found[shape][f"{source}-{target}"] = bleu([each.text for each in outputs], references).value
    for beam_size in (1, 4):
        ways = {shape: partial(_translate, each, texts, beam_size) for shape, each in translators.items()}
        for shape, seconds in interleaved(ways, rounds=5).items():
            found[shape][f"sentences/s, beam {beam_size}"] = 2 * MEASURED / statistics.median(seconds)
    return found


def _translate(translator: Translator, texts: dict[str, list[str]], beam_size: int) -> None:
    for to, lines in texts.items():
        translator.translate(lines, to=to, split="never", beam_size=beam_size)


def main() -> None:
    """Train and measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=16)
    parser.add_argument("--shapes", nargs="+", default=["6+2", "4+4"])
    arguments = parser.parse_args()
    out: Path = arguments.out
    out.mkdir(parents=True)
    parallel_text(arguments.data, out)
    settings = ["--config", str(configuration(out)), "--store", str(out / "store")]
    subprocess.run([sys.executable, "-m", "clearhead", "prepare", *settings], check=True)
    variants = {
        shape: ["--model.num-encoder-layers", encoder, "--model.num-decoder-layers", decoder]
        for shape in arguments.shapes
        for encoder, decoder in [shape.split("+")]
    }
    started = time.perf_counter()
    steps = train_for(out, settings, variants, arguments.minutes)
    print(f"trained in {(time.perf_counter() - started) / 60:.1f} minutes, probes counted")
    for shape, figures in measured(out, arguments.shapes).items():
        print(shape, steps[shape], {name: round(value, 2) for name, value in figures.items()})


if __name__ == "__main__":
    main()
