"""Make a model directory and a run directory, for later releases to prove that they still read them.

Made once, by release 0.1, and kept as they are; making them again with a later release proves nothing:

    python -m tests.data_of_0_1.make FOLDER

run/            stopped after six of eight steps: a checkpoint with a moving average, best/, log.jsonl
model/          all that a model directory can have: two directions, alignment, confidence
expected.json   what the whole run logged, and how the model translates
"""

import json
import os
import random
import shutil
import sys
from dataclasses import replace
from pathlib import Path

from clearhead import model_directory
from clearhead.config import RunConfig
from clearhead.evaluation.confidence import Confidence
from clearhead.run import train
from clearhead.run.events import Saved
from clearhead.translator import Translator
from clearhead.translator.unsaved import translated

ENGLISH = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
FRENCH = ["zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"]
TEXTS = (("one two three", "fr"), ("neuf un quatre", "en"), ("seven seven.", "fr"))
ALIGNMENT = {
    "heads": [[0, 1], [1, 0]],
    "reading": "read",
    "share": 0.7,
    "least": 0.01,
    "grow": 0.05,
    "missing": 0.2,
    "common": -9.0,
}
LANGS = {"source_lang": "en", "target_lang": "fr", "both_directions": True}
FILES = {
    "corpora": [{"source": "train.en", "target": "train.fr", **LANGS}],
    "validation": [{"source": "valid.en", "target": "valid.fr", **LANGS}],
    "loader_workers": 0,
}


COMMON = {
    "preset": "tiny",
    "data": FILES,
    "decoding": {"max_length_factor": 1.0, "max_length_offset": 8},
}
SHAPE = {"num_heads": 2, "num_encoder_layers": 1, "num_decoder_layers": 2}
RUN = {
    **COMMON,
    "tokenizer": {"kind": "char", "vocab_size": 300},
    "model": {**SHAPE, "d_model": 4, "d_ff": 8, "dropout": 0.1},
    "training": {
        "max_steps": 8,
        "batch_tokens": 320,
        "accumulate": 2,
        "warmup_steps": 4,
        "log_every": 1,
        "valid_every": 3,
        "save_every": 6,
        "average_last": 1,
        "ema_decay": 0.9,
        "precision": "fp32",
        "threads": 1,
    },
}
MODEL = {
    **COMMON,
    "tokenizer": {"kind": "bpe", "vocab_size": 320},
    "model": {**SHAPE, "d_model": 16, "d_ff": 32, "dropout": 0.0, "norm": "pre"},
    "training": {
        "max_steps": 300,
        "batch_tokens": 320,
        "schedule": "cosine",
        "learning_rate": 0.02,
        "warmup_steps": 30,
        "valid_every": 150,
        "save_every": 300,
        "average_last": 1,
        "precision": "fp32",
        "threads": 1,
    },
}


def made(name: str, values: dict[str, object], stop: int = 0) -> None:
    """Train into a folder, to the end or until the checkpoint of a step is there."""
    for event in train.run(RunConfig.from_dict(values), name, translate=translated):
        if isinstance(event, Saved) and event.step == stop:
            break


def write_text() -> None:
    """Write numbers in English and in French into the current folder."""
    draws = random.Random(0)
    for name, count in (("train", 120), ("valid", 4)):
        numbers = [draws.choices(range(10), k=draws.randint(1, 4)) for _ in range(count)]
        for lang, words in (("en", ENGLISH), ("fr", FRENCH)):
            lines = "".join(" ".join(words[digit] for digit in number) + "\n" for number in numbers)
            Path(f"{name}.{lang}").write_text(lines, encoding="utf-8")


def make() -> None:
    """Make everything in the current folder."""
    write_text()
    made("whole", RUN)
    made("run", RUN, stop=6)
    made("learned", MODEL)
    shutil.copytree("learned/model", "model")
    sure = {"definition": "as measured", "auc": 0.8, "ece": 0.01, "measured_on": 1000}
    confidence = Confidence.from_dict(
        {
            "sentence": {"weights": [1.25, 0.5, 1.0, -0.5], "bias": -2.0, **sure},
            "word": {"weights": [0.75, 0.5], "bias": 0.25, **sure},
            "note_below": 0.125,
            "pairs": 2000,
        }
    )
    info = model_directory.read_info(Path("model"))
    model_directory.rewrite(Path("model"), replace(info, alignment=ALIGNMENT, confidence=confidence))
    log = [json.loads(line) for line in Path("whole/log.jsonl").read_text(encoding="utf-8").splitlines()]
    translator = Translator.load("model", engine="pytorch")
    found = [translator.translate(text, to=to, align=True) for text, to in TEXTS]
    expected = {
        "log": [event for event in log if event["event"] in ("train", "valid", "finished")],
        "translations": [
            {
                "text": text,
                "to": to,
                "translation": translation.text,
                "score": translation.score,
                "confidence": translation.confidence,
                "links": translation.alignment.links,
            }
            for (text, to), translation in zip(TEXTS, found, strict=True)
        ],
    }
    Path("expected.json").write_text(
        json.dumps(expected, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    for gone in ("whole", "learned"):
        shutil.rmtree(gone)
    for file in Path().glob("*.??"):
        file.unlink()


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    make()
