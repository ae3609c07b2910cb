"""Compare bytes, characters, subwords and words as the units of the same model on the same text.

Usage: python recipes/units/run.py [--out runs/units] [--full]

The text is the built-in grammar, English to French, whose test part asks for combinations that were never shown. Every
model reads all of the text as often; the table says how long that took.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from clearhead import cli
from clearhead.evaluation import bleu
from clearhead.grammar.grammar import generate
from clearhead.translator import Translator

HERE = Path(__file__).parent
_BYTES = 0x4E00
"""The first of 256 letters that stand for the bytes of a text, so that a tokenizer of characters reads bytes."""


@dataclass(frozen=True)
class Unit:
    """What a token is."""

    kind: str
    vocab_size: int
    written: Callable[[str], str] = str
    read: Callable[[str], str] = str


def as_bytes(text: str) -> str:
    """Return a text with a letter for each of its UTF-8 bytes."""
    return "".join(chr(_BYTES + byte) for byte in text.encode())


def from_bytes(letters: str) -> str:
    """Return the text of letters that `as_bytes` wrote; bytes that are no text show as U+FFFD."""
    return bytes(ord(letter) - _BYTES for letter in letters if 0 <= ord(letter) - _BYTES < 256).decode(
        errors="replace"
    )


UNITS = {
    "bytes": Unit("char", 400, as_bytes, from_bytes),
    "characters": Unit("char", 400),
    "subwords": Unit("bpe", 800),
    "words": Unit("word", 4000),
}


def write_part(folder: Path, name: str, pairs: list[tuple[str, str]], unit: Unit) -> list[str]:
    """Write both sides of a part in a unit; return the flags that name the files."""
    folder.mkdir(parents=True, exist_ok=True)
    prefix = "" if name == "train" else f"{name}-"
    flags = []
    for place, side in enumerate(("source", "target")):
        file = folder / f"{name}.{side}"
        file.write_text("".join(f"{unit.written(pair[place])}\n" for pair in pairs), encoding="utf-8")
        flags += [f"--{prefix}{side}", str(file)]
    return flags


def measured(out: Path, name: str, parts: dict[str, list[tuple[str, str]]], epochs: int, seed: int) -> str:
    """Train a model with a unit, translate the test, and return its row of the table."""
    unit, folder = UNITS[name], out / f"{name}-{seed}-data"
    flags = [
        *write_part(folder, "train", parts["train"], unit),
        *write_part(folder, "valid", parts["valid"], unit),
    ]
    run = out / f"{name}-{seed}"
    settings = ["--tokenizer.kind", unit.kind, "--tokenizer.vocab-size", str(unit.vocab_size)]
    settings += ["--training.max-epochs", str(epochs), "--training.seed", str(seed)]
    started = time.monotonic()
    cli.main(["train", "--config", str(HERE / "run.toml"), "--out", str(run), *flags, *settings])
    seconds = time.monotonic() - started
    translator = Translator.load(run)
    sources, references = zip(*parts["test"], strict=True)
    found = translator.translate([unit.written(source) for source in sources], split="never")
    texts = [unit.read(each.text) for each in found]
    right = sum(text == reference for text, reference in zip(texts, references, strict=True)) / len(texts)
    tokens = sum(len(translator.tokenizer.encode_target(unit.written(reference))) for reference in references)
    characters = sum(map(len, references))
    return (
        f"| {name} | {translator.tokenizer.vocab_size} | {tokens / characters:.2f} | "
        f"{bleu(texts, list(references)).value:.1f} | {100 * right:.1f} % | {seconds:.0f} |"
    )


def main() -> None:
    """Make the text, train four models, print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/units"))
    parser.add_argument("--full", action="store_true", help="more text, read more often, with three seeds")
    arguments = parser.parse_args()
    sizes = {
        "train": 50_000 if arguments.full else 4_000,
        "valid": 200,
        "test": 1_000 if arguments.full else 200,
    }
    parts = {
        part: [(each.text("en"), each.text("fr")) for each in generate(seed=1, count=count, part=part)]
        for part, count in sizes.items()
    }
    rows = [
        measured(arguments.out, name, parts, 10 if arguments.full else 6, seed)
        for name in UNITS
        for seed in ((1, 2, 3) if arguments.full else (1,))
    ]
    print(
        "| unit | vocabulary | tokens for each character | BLEU | exactly right | seconds |\n|---|---|---|---|---|---|"
    )
    print("\n".join(rows))


if __name__ == "__main__":
    main()
