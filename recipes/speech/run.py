"""Learn to write down what a synthetic voice says: log-mel frames to words, measured on sentences never learned from.

Usage: python recipes/speech/run.py [--out runs/speech]

The speaker is espeak-ng (`apt-get install espeak-ng`, GPL; it is run, not linked). Half of the test is spoken by voices
that were learned from, half by voices that were not.
"""

import argparse
import io
import random
import shutil
import subprocess
import sys
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from sentences import sentence

from clearhead import cli
from clearhead.translator import Translator

HERE = Path(__file__).parent
VOICES = (
    "en-gb",
    "en-gb+f2",
    "en-gb+m3",
    "en-us",
    "en-us+f4",
    "en-us+m1",
    "en-gb-x-rp+f5",
    "en-gb-scotland+m7",
)
OTHER_VOICES = ("en-us+f3", "en-gb-x-rp+m4")
LEARNED, VALID, TEST = 3_000, 100, 200
MELS, WINDOW, HOP = 40, 512, 256
"""Bands, and samples of the window and from frame to frame."""
RATE = 22_050
"""Samples in a second, as espeak-ng has them."""


@dataclass(frozen=True)
class Spoken:
    """A sentence, and its sound as frames."""

    text: str
    frames: np.ndarray


def speak(text: str, voice: str, speed: int, pitch: int) -> torch.Tensor:
    """Return the samples of a sentence, from -1 to 1."""
    command = ["espeak-ng", "--stdout", "-v", voice, "-s", str(speed), "-p", str(pitch), text]
    sound = subprocess.run(command, check=True, capture_output=True).stdout
    # The header of a stream has no length, so the samples are what follows it.
    with wave.open(io.BytesIO(sound)) as opened:
        assert opened.getframerate() == RATE, "espeak-ng speaks at 22,050 Hz"
    samples = np.frombuffer(sound[44 : 44 + (len(sound) - 44) // 2 * 2], dtype="<i2")
    return torch.from_numpy(samples.astype(np.float32) / 32_768)


def mel_filters() -> torch.Tensor:
    """Return triangular filters, evenly apart on the mel scale, [frequencies, mels]."""
    most = 2595 * np.log10(1 + RATE / 2 / 700)
    edges = torch.from_numpy(700 * (10 ** (np.linspace(0, most, MELS + 2) / 2595) - 1))
    frequencies = torch.linspace(0, RATE / 2, WINDOW // 2 + 1, dtype=torch.float64)[:, None]
    rising = (frequencies - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - frequencies) / (edges[2:] - edges[1:-1])
    return torch.minimum(rising, falling).clamp(min=0).float()


FILTERS = mel_filters()


def log_mel(samples: torch.Tensor) -> np.ndarray:
    """Return log-mel frames [length, mels], each band with mean 0 and variance 1."""
    window = torch.hann_window(WINDOW)
    spectrum = torch.stft(samples, WINDOW, HOP, window=window, return_complex=True).abs() ** 2
    mel = (spectrum.T @ FILTERS).clamp(min=1e-6).log()
    return ((mel - mel.mean(dim=0)) / (mel.std(dim=0) + 1e-3)).numpy().astype(np.float32)


def spoken(texts: Sequence[str], voices: Sequence[str], draws: random.Random) -> list[Spoken]:
    """Have each text spoken by a voice drawn at random, at a speed and pitch drawn at random."""
    return [
        Spoken(
            text,
            log_mel(speak(text, draws.choice(voices), draws.randrange(130, 200), draws.randrange(35, 65))),
        )
        for text in texts
    ]


def write(folder: Path, name: str, parts: list[Spoken]) -> None:
    """Write the frames as an archive of arrays, the texts a line each."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / f"{name}.npz", *(each.frames for each in parts))
    (folder / f"{name}.txt").write_text("".join(f"{each.text}\n" for each in parts), encoding="utf-8")


def make_parts(folder: Path, seed: int) -> None:
    """Write all parts; no sentence of a test or of the validation set is ever learned from."""
    draws = random.Random(seed)
    different: dict[str, None] = {}
    while len(different) < LEARNED + VALID + 2 * TEST:
        different[sentence(draws)] = None
    texts = [*different]
    draws.shuffle(texts)
    for name, count, voices in (
        ("test", TEST, VOICES),
        ("other-voices", TEST, OTHER_VOICES),
        ("valid", VALID, VOICES),
        ("train", LEARNED, VOICES),
    ):
        write(folder, name, spoken([texts.pop() for _ in range(count)], voices, draws))


def edits(found: Sequence[str], wanted: Sequence[str]) -> int:
    """Return the least number of insertions, deletions and replacements that make one sequence the other."""
    row = list(range(len(wanted) + 1))
    for place, one in enumerate(found, start=1):
        corner, row[0] = row[0], place
        for column, other in enumerate(wanted, start=1):
            corner, row[column] = (
                row[column],
                min(corner + (one != other), row[column] + 1, row[column - 1] + 1),
            )
    return row[-1]


def measure(translator: Translator, folder: Path, name: str) -> str:
    """Return the word and character error rates of a part, in a line."""
    wanted = (folder / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    with np.load(folder / f"{name}.npz", allow_pickle=False) as archive:
        found = [each.text for each in translator.translate([archive[key] for key in archive.files])]
    pairs = list(zip(found, wanted, strict=True))
    words = sum(edits(one.split(), other.split()) for one, other in pairs) / sum(
        len(o.split()) for o in wanted
    )
    letters = sum(edits(one, other) for one, other in pairs) / sum(map(len, wanted))
    right = sum(one == other for one, other in pairs)
    return (
        f"{name}: WER {100 * words:.2f} %, CER {100 * letters:.2f} %, {right} of {len(pairs)} sentences exact"
    )


def main() -> None:
    """Speak, train, write down the held-out sentences, report, and draw the map of one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/speech"))
    parser.add_argument("--steps", type=int, help="training steps instead of those of run.toml")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if not shutil.which("espeak-ng"):
        sys.exit(
            "espeak-ng speaks the sentences; install it: apt-get install espeak-ng, or brew install espeak-ng"
        )
    torch.set_num_threads(1)
    data = arguments.out.with_name(arguments.out.name + "-data")
    if not (data / "train.txt").exists():
        make_parts(data, arguments.seed)
    command = ["train", "--config", str(HERE / "run.toml"), "--out", str(arguments.out)]
    command += ["--training.seed", str(arguments.seed)]
    for flag, name in (("", "train"), ("valid-", "valid")):
        command += [
            f"--{flag}source",
            str(data / f"{name}.npz"),
            f"--{flag}target",
            str(data / f"{name}.txt"),
        ]
    if arguments.steps:
        command += ["--training.max-steps", str(arguments.steps)]
    if (arguments.out / "run.toml").exists():
        command.append("--resume")
    cli.main(command)

    translator = Translator.load(arguments.out)
    for name in ("test", "other-voices"):
        print(measure(translator, data, name))
    picture = arguments.out / "spoken.svg"
    cli.main(["look", f"{data / 'test.npz'}:arr_0", "--model", str(arguments.out), "--out", str(picture)])


if __name__ == "__main__":
    main()
