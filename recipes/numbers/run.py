"""Learn to say whole numbers below a million in French, and count how many unseen ones come out exactly.

Usage: python recipes/numbers/run.py [--out runs/numbers]
"""

import argparse
import random
import sys
from pathlib import Path

from clearhead import cli
from clearhead.translator import Translator

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "default-model"))
from generators.french import cardinal as in_words  # noqa: E402

LIMIT = 1_000_000
TRAIN, VALID, TEST = 30_000, 500, 2_000


def write_parts(folder: Path) -> list[int]:
    """Write different numbers for each part; return those of the test. Short ones are as likely as long ones."""
    draws = random.Random(1)
    numbers: dict[int, None] = {}
    while len(numbers) < TRAIN + VALID + TEST:
        numbers[draws.randrange(10 ** draws.randint(1, 6))] = None
    drawn = list(numbers)
    draws.shuffle(drawn)  # the short ones, soon all drawn, would be in the first part
    folder.mkdir(parents=True, exist_ok=True)
    for name, start, end in (("train", 0, TRAIN), ("valid", TRAIN, TRAIN + VALID)):
        part = drawn[start:end]
        (folder / f"{name}.digits").write_text("".join(f"{n}\n" for n in part))
        (folder / f"{name}.fr").write_text("".join(f"{in_words(n)}\n" for n in part), encoding="utf-8")
    return drawn[TRAIN + VALID :]


def main() -> None:
    """Generate, train, say the unseen numbers, report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/numbers"))
    parser.add_argument("--steps", type=int, help="training steps instead of those of run.toml")
    arguments = parser.parse_args()
    data = arguments.out.with_name(arguments.out.name + "-data")
    test = write_parts(data)
    command = ["train", "--config", str(HERE / "run.toml"), "--out", str(arguments.out)]
    for flag, name in (("", "train"), ("valid-", "valid")):
        command += [
            f"--{flag}source",
            str(data / f"{name}.digits"),
            f"--{flag}target",
            str(data / f"{name}.fr"),
        ]
    if arguments.steps:
        command += ["--training.max-steps", str(arguments.steps)]
    if (arguments.out / "run.toml").exists():
        command.append("--resume")
    cli.main(command)

    translator = Translator.load(arguments.out)
    found = translator.translate([str(number) for number in test], split="never")
    wrong = [(n, t.text) for n, t in zip(test, found, strict=True) if t.text != in_words(n)]
    for number, said in wrong[:10]:
        print(f"{number}: {said}, should be {in_words(number)}")
    print(f"{len(test) - len(wrong):,} of {len(test):,} unseen numbers exactly right")


if __name__ == "__main__":
    main()
