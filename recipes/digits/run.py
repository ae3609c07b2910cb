"""Read handwritten digits, alone and two or three side by side, as number words in English and German.

Usage: python recipes/digits/run.py [--out runs/digits]

The images are a data file (Alpaydin and Kaynak 1998) inside the PyPI package `scikit-learn`; the package
is fetched with pip, and nothing but this file is taken from it.
"""

import argparse
import gzip
import random
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from clearhead import cli
from clearhead.translator import Translator

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "default-model"))
from generators import english, german  # noqa: E402

PACKAGE, IMAGES = "scikit-learn==1.9.1", "sklearn/datasets/data/digits.csv.gz"
WORDS = {"en": english.cardinal, "de": german.cardinal}
VALID, TEST = 150, 400
"""Images held out, of 1,797: no picture of the test was ever part of a number learned from."""
LEARNED = 30_000
"""Numbers made of the other images, each said in one of the two languages."""


def fetch(folder: Path) -> Path:
    """Download the package and return its file of images."""
    file = folder / "digits.csv.gz"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        options = ["--quiet", "--no-deps", "--only-binary=:all:", "-d", str(folder), PACKAGE]
        subprocess.run([sys.executable, "-m", "pip", "download", *options], check=True)
        (wheel,) = folder.glob("scikit_learn-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            file.write_bytes(archive.read(IMAGES))
        wheel.unlink()
    return file


def images(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the images, [1797, 8, 8] from 0 to 1, and which digit each shows."""
    with gzip.open(file, "rt") as rows:
        table = np.loadtxt(rows, delimiter=",")
    return table[:, :-1].reshape(-1, 8, 8) / 16, table[:, -1].astype(int)


def frames(pictures: list[np.ndarray], language: str) -> np.ndarray:
    """Return pictures side by side as frames: the columns from left to right, each with the language that is wanted."""
    columns = np.concatenate(pictures, axis=1).T
    wanted = np.tile([language == each for each in WORDS], (len(columns), 1))
    return np.hstack([columns, wanted]).astype(np.float32)


def moved(picture: np.ndarray, draws: random.Random) -> np.ndarray:
    """Return a picture moved by up to a pixel, a little darker or lighter."""
    shift = draws.choice((-1, 0, 0, 1)), draws.choice((-1, 0, 0, 1))
    padded = np.pad(picture, 1)
    part = padded[1 + shift[0] : 9 + shift[0], 1 + shift[1] : 9 + shift[1]]
    return np.clip(part * draws.uniform(0.8, 1.2), 0, 1)


def numbers(
    pictures: np.ndarray, shown: np.ndarray, count: int, draws: random.Random, *, vary: bool
) -> Iterator[tuple[np.ndarray, str]]:
    """Yield the frames and words of numbers of one to three digits, of pictures drawn at random."""
    for _ in range(count):
        size, language = draws.choice((1, 1, 2, 3)), draws.choice([*WORDS])
        chosen = [draws.randrange(len(pictures)) for _ in range(size)]
        while size > 1 and shown[chosen[0]] == 0:  # nobody writes a number so
            chosen[0] = draws.randrange(len(pictures))
        yield numbered(pictures, shown, chosen, language, draws if vary else None)


def numbered(
    pictures: np.ndarray, shown: np.ndarray, chosen: list[int], language: str, draws: random.Random | None
) -> tuple[np.ndarray, str]:
    """Return the frames of some pictures side by side, and the words of their number."""
    parts = [moved(pictures[one], draws) if draws else pictures[one] for one in chosen]
    number = int("".join(str(shown[one]) for one in chosen))
    return frames(parts, language), WORDS[language](number)


def write(folder: Path, name: str, pairs: list[tuple[np.ndarray, str]]) -> None:
    """Write a part: the frames as an archive of arrays, the words a line each."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / f"{name}.npz", *(source for source, _ in pairs))
    (folder / f"{name}.words").write_text("".join(f"{words}\n" for _, words in pairs), encoding="utf-8")


def write_parts(folder: Path, seed: int) -> dict[str, list[tuple[np.ndarray, str]]]:
    """Write what is learned and validated on; return the tests, of images that neither has."""
    pictures, shown = images(fetch(folder))
    order = np.random.default_rng(seed).permutation(len(pictures))
    draws = random.Random(seed)
    test, valid, train = order[:TEST], order[TEST : TEST + VALID], order[TEST + VALID :]
    learned = list(numbers(pictures[train], shown[train], LEARNED, draws, vary=True))
    write(folder, "train", learned)
    write(folder, "valid", list(numbers(pictures[valid], shown[valid], 300, draws, vary=False)))
    alone = [[place] for place in range(TEST)]
    tests = {}
    for language in WORDS:
        for size, name in ((1, "one digit"), (2, "two digits"), (3, "three digits")):
            rows = alone if size == 1 else [_row(shown[test], size, draws) for _ in range(TEST)]
            tests[f"{language}, {name}"] = [
                numbered(pictures[test], shown[test], row, language, None) for row in rows
            ]
    write(folder, "test", [pair for part in tests.values() for pair in part])
    return tests


def _row(shown: np.ndarray, size: int, draws: random.Random) -> list[int]:
    first = draws.choice([place for place in range(len(shown)) if shown[place]])
    return [first, *(draws.randrange(len(shown)) for _ in range(size - 1))]


def main() -> None:
    """Make the numbers, train, read those of the held-out images, report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/digits"))
    parser.add_argument("--steps", type=int, help="training steps instead of those of run.toml")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    data = arguments.out.with_name(arguments.out.name + "-data")
    tests = write_parts(data, arguments.seed)
    command = ["train", "--config", str(HERE / "run.toml"), "--out", str(arguments.out)]
    command += ["--training.seed", str(arguments.seed)]
    for flag, name in (("", "train"), ("valid-", "valid")):
        command += [
            f"--{flag}source",
            str(data / f"{name}.npz"),
            f"--{flag}target",
            str(data / f"{name}.words"),
        ]
    if arguments.steps:
        command += ["--training.max-steps", str(arguments.steps)]
    if (arguments.out / "run.toml").exists():
        command.append("--resume")
    cli.main(command)

    translator = Translator.load(arguments.out)
    for name, pairs in tests.items():
        found = [each.text for each in translator.translate([source for source, _ in pairs])]
        right = sum(text == words for text, (_, words) in zip(found, pairs, strict=True))
        print(
            f"{name}: {right} of {len(pairs)} held-out images read exactly, {100 * right / len(pairs):.1f} %"
        )


if __name__ == "__main__":
    main()
