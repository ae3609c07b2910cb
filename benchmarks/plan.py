"""What `clearhead plan` foretells beside what a run then takes, in processor time: it does not see who else computes.

    python benchmarks/plan.py                 tiny on the built-in grammar, with R-Drop, with a large vocabulary

For each the tokens and the processor seconds of a step, foretold and taken, on one thread.
"""

import argparse
import json
import random
import tempfile
import time
from itertools import islice
from pathlib import Path

import torch

from clearhead.config import RunConfig
from clearhead.data.store import Store
from clearhead.grammar import grammar
from clearhead.planning.measured import measured
from clearhead.planning.sample import Sample, real_batches, with_vocabulary
from clearhead.run import train
from clearhead.training.loop import StepReport

CONFIGS = {
    "tiny": {},
    "R-Drop, Muon, moving average": {"r_drop": 5.0, "optimizer": "muon", "ema_decay": 0.99},
    "large vocabulary": {"vocabulary": 8000},
}


def config_of(folder: Path, settings: dict) -> RunConfig:
    """Return the settings of a run on the files in a folder."""
    training = {name: value for name, value in settings.items() if name != "vocabulary"}
    return RunConfig.from_dict(
        {
            "preset": "tiny",
            "data": {
                "source": str(folder / "train.en"),
                "target": str(folder / "train.fr"),
                "valid_source": str(folder / "valid.en"),
                "valid_target": str(folder / "valid.fr"),
                "source_lang": "en",
                "target_lang": "fr",
            },
            "tokenizer": {"vocab_size": settings.get("vocabulary", 600)},
            "training": {
                "batch_tokens": 1024,
                "precision": "fp32",
                "threads": 1,
                "schedule": "cosine",
                "learning_rate": 1e-3,
                "warmup_steps": 5,
                "valid_every": 10_000,
                "max_steps": 10_000,
                **training,
            },
        }
    )


def foretold(config: RunConfig, steps: int) -> dict[str, float]:
    """Return what the plan says of a step."""
    sample = Sample.of(config)
    with real_batches(config, sample, None) as batches:
        shaped = with_vocabulary(config, batches.vocab_size)
        step = measured(shaped, batches, "cpu", threads=1, seconds=0.0, fewest=steps)
        return {
            "tokens": step.tokens,
            "processor": step.processor,
            "vocabulary": batches.vocab_size,
        }


def taken(config: RunConfig, out: Path, steps: int) -> dict[str, float]:
    """Train for so many steps; return what each of them took, but the first two."""
    processor, tokens, started = [], [], 0.0
    events = train.run(config, out, translate=lambda *_: [])
    for event in events:
        if isinstance(event, StepReport):
            now = time.process_time()
            processor.append(now - started)
            tokens.append(event.tokens)
            started = time.process_time()
            if len(processor) == steps:
                break
    events.close()
    return {
        "tokens": sum(tokens) / len(tokens),
        "processor": sum(processor[2:]) / len(processor[2:]),
        "vocabulary": Store(out / "data").tokenizer.vocab_size,
    }


def invented(count: int, seed: int) -> list[str]:
    """Return sentences of words that nobody knows, as many different ones as fill a large vocabulary."""
    draws = random.Random(seed)
    lexicon = ["".join(draws.choices("abdegiklmnoprstuvz", k=draws.randint(4, 7))) for _ in range(9000)]
    return [" ".join(draws.choices(lexicon, k=draws.randint(5, 15))) for _ in range(count)]


def write_texts(folder: Path, part: str, count: int, *, large: bool) -> None:
    """Write pairs of the grammar, or of invented words."""
    examples = list(islice(grammar.generate(1, part=part), count))
    for number, language in enumerate(("en", "fr")):
        lines = invented(count, number) if large else [example.text(language) for example in examples]
        (folder / f"{part}.{language}").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def main() -> None:
    """Print a line for each configuration."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pairs", type=int, default=3000)
    options.add_argument("--steps", type=int, default=25)
    options.add_argument("--only", type=int, help="one of the configurations, from 0")
    args = options.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, (title, settings) in enumerate(CONFIGS.items()):
            if args.only not in (None, number):
                continue
            for part, count in (("train", args.pairs), ("valid", 20)):
                write_texts(folder, part, count, large="vocabulary" in settings)
            config = config_of(folder, settings)
            said = foretold(config, args.steps)
            took = taken(config, folder / f"run-{number}", args.steps)
            ratio = {name: round(said[name] / took[name], 3) for name in took}
            print(json.dumps({"config": title, "foretold": said, "taken": took, "ratio": ratio}), flush=True)


if __name__ == "__main__":
    main()
