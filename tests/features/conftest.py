"""A small world of signals: every letter is a bump of its own shape, of a length of its own each time."""

from pathlib import Path

import numpy as np
import pytest

from clearhead.config import (
    DataConfig,
    DecodingConfig,
    ModelConfig,
    RunConfig,
    TokenizerConfig,
    TrainingConfig,
)
from clearhead.run.events import Saved
from clearhead.run.train import run
from clearhead.translator import Translator
from clearhead.translator.unsaved import translated

FEATURES = 6
SHAPES = np.random.default_rng(7).normal(size=(4, FEATURES))
LETTERS = "abcd"


def signal(text, draws):
    """Return the frames of a text, two to five a letter, with a little noise."""
    rows = [SHAPES[LETTERS.index(letter)] for letter in text for _ in range(draws.integers(2, 6))]
    return (np.stack(rows) + 0.1 * draws.normal(size=(len(rows), FEATURES))).astype(np.float32)


def word(draws):
    """Return one to four letters, of which no two neighbours are the same: nobody could hear how many they are."""
    letters = [draws.integers(4)]
    for _ in range(draws.integers(4)):
        letters.append((letters[-1] + draws.integers(1, 4)) % 4)
    return "".join(LETTERS[letter] for letter in letters)


def write_pairs(folder: Path, name: str, count: int, seed: int):
    """Write an archive of signals and their texts; return both."""
    draws = np.random.default_rng(seed)
    texts = [word(draws) for _ in range(count)]
    frames = [signal(text, draws) for text in texts]
    np.savez(folder / f"{name}.npz", *frames)
    (folder / f"{name}.txt").write_text("".join(" ".join(text) + "\n" for text in texts))
    return frames, [" ".join(text) for text in texts]


def config(folder: Path, **training) -> RunConfig:
    """Return a run that learns the signals of a folder in seconds."""
    return RunConfig(
        data=DataConfig(
            source_kind="features",
            source=str(folder / "train.npz"),
            target=str(folder / "train.txt"),
            valid_source=str(folder / "valid.npz"),
            valid_target=str(folder / "valid.txt"),
            bleu_tokenize="none",
        ),
        tokenizer=TokenizerConfig(kind="word", vocab_size=300),
        model=ModelConfig(
            vocab_size=300,
            d_model=32,
            d_ff=64,
            num_heads=2,
            num_encoder_layers=1,
            num_decoder_layers=1,
            dropout=0.0,
            norm="pre",
            source_convolutions=1,
            source_seconds=0.01,
        ),
        training=TrainingConfig(
            **{
                "max_steps": 400,
                "batch_tokens": 600,
                "learning_rate": 0.5,
                "warmup_steps": 60,
                "label_smoothing": 0.0,
                "valid_every": 200,
                "save_every": 200,
                "average_last": 1,
                "precision": "fp32",
                "threads": 1,
                **training,
            }
        ),
        decoding=DecodingConfig(beam_size=2),
    )


@pytest.fixture(scope="session")
def signals(tmp_path_factory):
    """A folder of signals to learn from, to validate on, and to test."""
    folder = tmp_path_factory.mktemp("signals")
    write_pairs(folder, "train", 600, 1)
    write_pairs(folder, "valid", 20, 2)
    write_pairs(folder, "test", 24, 3)
    return folder


@pytest.fixture(scope="session")
def trained(signals):
    """The directory of a run that learned them."""
    out = signals / "run"
    for _ in run(config(signals), out, translate=translated):
        pass
    return out


@pytest.fixture(scope="session")
def resumed(signals):
    """The same run, ended after its first checkpoint and resumed."""
    out = signals / "resumed"
    events = run(config(signals), out, translate=translated)
    next(event for event in events if isinstance(event, Saved))
    events.close()
    for _ in run(config(signals), out, translate=translated, resume=True):
        pass
    return out


@pytest.fixture(scope="session")
def translator(trained):
    return Translator.load(trained)


@pytest.fixture(scope="session")
def spoken(signals):
    """Frames and texts that were not learned from."""
    with np.load(signals / "test.npz") as archive:
        frames = [archive[name] for name in archive.files]
    return frames, (signals / "test.txt").read_text().splitlines()
