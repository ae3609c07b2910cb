"""One small run through the whole pipeline, from files to a model directory, shared by the system tests."""

import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from clearhead import cli
from clearhead.translator import Translator

WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
TOML = """
preset = "tiny"
[data]
source_lang = "en"
target_lang = "en"
max_tokens = 40
[tokenizer]
vocab_size = 320
[model]
d_model = 32
d_ff = 64
num_heads = 2
num_encoder_layers = 2
num_decoder_layers = 2
dropout = 0.05
norm = "pre"
[training]
max_steps = 220
batch_tokens = 700
accumulate = 2
schedule = "cosine"
learning_rate = 0.01
warmup_steps = 30
valid_every = 110
save_every = 110
average_last = 2
threads = 1
"""


@dataclass(frozen=True)
class TinyRun:
    """Where the run and its files are."""

    path: Path
    config: Path
    source: Path
    target: Path


def write_corpus(folder: Path, name: str, seed: int, pairs: int) -> tuple[Path, Path]:
    """Write numbers digit by digit, and in words."""
    draws = random.Random(seed)
    numbers = ["".join(draws.choices("0123456789", k=draws.randint(1, 6))) for _ in range(pairs)]
    source, target = folder / f"{name}.digits", folder / f"{name}.words"
    source.write_text("".join(" ".join(number) + "\n" for number in numbers))
    target.write_text("".join(" ".join(WORDS[int(digit)] for digit in number) + "\n" for number in numbers))
    return source, target


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory) -> TinyRun:
    folder = tmp_path_factory.mktemp("tiny")
    config = folder / "run.toml"
    config.write_text(TOML)
    source, target = write_corpus(folder, "train", 0, 600)
    valid_source, valid_target = write_corpus(folder, "valid", 1, 40)
    files = {"source": source, "target": target, "valid-source": valid_source, "valid-target": valid_target}
    flags = [word for name, file in files.items() for word in (f"--{name}", str(file))]
    cli.main(["train", "--config", str(config), *flags, "--out", str(folder / "run")])
    return TinyRun(folder / "run", config, valid_source, valid_target)


@pytest.fixture(scope="session")
def tiny_translator(tiny_run) -> Translator:
    return Translator.load(tiny_run.path)


@pytest.fixture
def say(capsys):
    """Run a command; return what it printed on standard output and on standard error."""

    def run(*args) -> tuple[str, str]:
        capsys.readouterr()
        cli.main([str(arg) for arg in args])
        captured = capsys.readouterr()
        return captured.out, captured.err

    return run
