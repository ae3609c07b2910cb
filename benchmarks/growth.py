"""How cost grows: time and memory against length, batch, beam, vocabulary, layers and corpus, with the expected curve.

Usage: python -m benchmarks.growth [--out docs/pictures/growth.svg] [--only length ...]      (pip install matplotlib)

Every point is measured in a process of its own, on one thread, in fp32: the median of some rounds, and the memory
that its highest mark lies above that of the model at rest. The expected form (from Table 1 of the paper and
from what the code does) is fitted to the points without negative parts; beside it stands the largest part by which a
point is off, and what share of the largest point the steepest term has.
"""

import argparse
import io
import multiprocessing
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from itertools import count, repeat
from pathlib import Path
from typing import Any

import numpy as np

ROUNDS, MOST_SECONDS = 5, 8.0
SHAPE: dict[str, Any] = {
    "d_model": 256,
    "d_ff": 1024,
    "num_heads": 8,
    "num_encoder_layers": 3,
    "num_decoder_layers": 3,
}
VOCABULARY = 8000


@dataclass(frozen=True)
class Study:
    """One quantity that grows."""

    name: str
    what: str
    measured: Callable[[int], "Point"]
    values: tuple[int, ...]
    powers: tuple[int, ...]
    """Of the quantity, in the expected time; memory is expected to have the same."""


@dataclass(frozen=True)
class Point:
    """What one value costs."""

    seconds: float
    bytes: int


def _model(**changed: Any) -> Any:
    import torch

    from clearhead.config import ModelConfig
    from clearhead.model.transformer import Transformer

    torch.set_num_threads(1)
    torch.manual_seed(1)
    return Transformer(replace(ModelConfig(vocab_size=VOCABULARY), norm="pre", **SHAPE | changed))


def _timed(work: Callable[[], object]) -> Point:
    """Return the median time of a few rounds, the first left out, and the memory that they took."""
    before = _peak()
    work()
    seconds: list[float] = []
    started = time.perf_counter()
    while len(seconds) < ROUNDS and time.perf_counter() - started < MOST_SECONDS:
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return Point(statistics.median(seconds), _peak() - before)


def _peak() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _step(rows: int, length: int, **changed: int) -> Point:
    """Train: one step of `rows` pairs of `length` tokens."""
    from clearhead.config import TrainingConfig
    from clearhead.data.batching import Batch
    from clearhead.data.loader import START
    from clearhead.text.vocabulary import BOS, EOS, UNK
    from clearhead.training.loop import train
    from clearhead.training.state import TrainState

    model = _model(**changed)
    draws = np.random.default_rng(0)
    src = draws.integers(UNK + 1, model.config.vocab_size, (rows, length))
    tgt = draws.integers(UNK + 1, model.config.vocab_size, (rows, length + 1))
    src[:, -1], tgt[:, 0], tgt[:, -1] = EOS, BOS, EOS
    batch = Batch(src=src, tgt=tgt, indices=np.arange(rows))
    config = TrainingConfig(precision="fp32")
    steps = train(TrainState.fresh(model, config), repeat((START, batch)), config)
    return _timed(lambda: next(steps))


def _translation(rows: int, length: int, beam_size: int) -> Point:
    """Translate `rows` sources of `length` tokens into as many, with the cache, in our own code."""
    from clearhead.config import DecodingConfig
    from clearhead.engines.protocol import SearchOptions
    from clearhead.engines.pytorch import PyTorchEngine
    from clearhead.text.vocabulary import EOS, UNK

    engine = PyTorchEngine(_model().eval())
    draws = np.random.default_rng(0)
    srcs = [[*draws.integers(UNK + 1, VOCABULARY, length - 1).tolist(), EOS] for _ in range(rows)]
    decoding = DecodingConfig(beam_size=beam_size, max_length_factor=0.0, max_length_offset=length)
    options = SearchOptions(decoding=decoding, min_length=length, batch_tokens=10**9)
    return _timed(lambda: list(engine.translate(srcs, options)))


def training_by_length(length: int) -> Point:
    """One pair, all of it in parallel."""
    return _step(1, length)


def decoding_by_length(length: int) -> Point:
    """One sentence, greedy, token by token."""
    return _translation(1, length, 1)


def training_by_batch(rows: int) -> Point:
    """Pairs of 25 tokens."""
    return _step(rows, 25)


def decoding_by_batch(rows: int) -> Point:
    """Sentences of 25 tokens, greedy."""
    return _translation(rows, 25, 1)


def decoding_by_beam(beam_size: int) -> Point:
    """Eight sentences of 25 tokens."""
    return _translation(8, 25, beam_size)


def training_by_vocabulary(size: int) -> Point:
    """64 pairs of 25 tokens."""
    return _step(64, 25, vocab_size=size)


def training_by_layers(layers: int) -> Point:
    """64 pairs of 25 tokens, as many layers in the encoder as in the decoder."""
    return _step(64, 25, num_encoder_layers=layers, num_decoder_layers=layers)


def preparing_by_corpus(pairs: int) -> Point:
    """Pairs of the built-in grammar, into a store."""
    from clearhead import cli
    from clearhead.grammar import grammar

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for language in ("en", "fr"):  # written line by line, so that it takes no memory
            with (folder / language).open("w", encoding="utf-8") as out:
                out.writelines(f"{each.text(language)}\n" for each in grammar.generate(1, pairs))
            with (folder / f"{language}.valid").open("w", encoding="utf-8") as out:
                out.writelines(f"{each.text(language)}\n" for each in grammar.generate(1, 100, part="test"))
        command = ["prepare", "--source", str(folder / "en"), "--target", str(folder / "fr")]
        command += ["--valid-source", str(folder / "en.valid"), "--valid-target", str(folder / "fr.valid")]
        command += ["--tokenizer.vocab-size", "500", "--tokenizer.sample-pairs", "5000", "--store"]
        number = count()

        def work() -> None:
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                cli.main([*command, str(folder / f"store{next(number)}")])

        return _timed(work)


LENGTHS = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
STUDIES = {
    "training-length": Study("training, length of a pair", "tokens", training_by_length, LENGTHS, (0, 1, 2)),
    "decoding-length": Study("translating, length", "tokens", decoding_by_length, LENGTHS[:-1], (0, 1, 2)),
    "training-batch": Study("training, batch", "pairs", training_by_batch, (1, 4, 16, 64, 128, 256), (0, 1)),
    "decoding-batch": Study(
        "translating, batch", "sentences", decoding_by_batch, (1, 4, 16, 64, 128, 256), (0, 1)
    ),
    "beam": Study("translating, beam", "hypotheses", decoding_by_beam, (1, 2, 4, 8, 16, 32), (0, 1)),
    "vocabulary": Study(
        "training, vocabulary",
        "pieces",
        training_by_vocabulary,
        (1000, 4000, 8000, 16000, 32000, 64000),
        (0, 1),
    ),
    "layers": Study("training, layers", "of each stack", training_by_layers, (1, 2, 3, 4, 6, 8, 12), (0, 1)),
    "corpus": Study(
        "preparing, corpus", "pairs", preparing_by_corpus, (10_000, 30_000, 100_000, 300_000), (0, 1)
    ),
}


@dataclass(frozen=True)
class Curve:
    """The expected form, fitted."""

    powers: tuple[int, ...]
    factors: tuple[float, ...]

    @classmethod
    def through(cls, values: Sequence[int], measured: Sequence[float], powers: tuple[int, ...]) -> "Curve":
        """Fit in proportion, so that small points count as much as large ones; no part is negative."""
        kept = powers
        while True:
            columns = np.array([[float(value) ** power for power in kept] for value in values])
            scale = np.array(measured)[:, None]
            found, *_ = np.linalg.lstsq(columns / scale, np.ones(len(values)), rcond=None)
            if found.min() >= 0:
                return cls(kept, tuple(found.tolist()))
            kept = tuple(power for power, factor in zip(kept, found, strict=True) if factor >= 0)

    def at(self, value: float) -> float:
        """Return what is expected."""
        return sum(f * value**power for power, f in zip(self.powers, self.factors, strict=True))

    def steepest(self, value: float) -> float:
        """Return the share of the term with the highest power."""
        return self.factors[-1] * value ** self.powers[-1] / self.at(value)

    def __str__(self) -> str:
        """Write the form, such as `a + b n + c n²`."""
        names = {0: "{}", 1: "{} n", 2: "{} n²"}
        return " + ".join(names[power].format("abc"[place]) for place, power in enumerate(self.powers))


def measured(study: Study) -> list[Point]:
    """Measure every value in a process of its own."""
    points = []
    for value in study.values:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            points.append(pool.apply(study.measured, (value,)))
        print(
            f"  {study.name} {value:,}: {points[-1].seconds:.4f} s, {points[-1].bytes / 1e6:.0f} MB",
            flush=True,
        )
    return points


def rows(study: Study, points: list[Point]) -> list[str]:
    """Return the rows of a table: what was measured, what was expected."""
    found = []
    for what, values in (
        ("s", [point.seconds for point in points]),
        ("MB", [point.bytes / 1e6 for point in points]),
    ):
        curve = Curve.through(study.values, [max(value, 1e-9) for value in values], study.powers)
        off = max(
            abs(value / curve.at(at) - 1) for at, value in zip(study.values, values, strict=True) if value
        )
        numbers = ", ".join(f"{value:.3g}" for value in values)
        share = f"{100 * curve.steepest(study.values[-1]):.0f} %"
        found.append(f"| {study.name} | {what} | {numbers} | {curve} | {100 * off:.0f} % | {share} |")
    return found


def picture(found: dict[str, list[Point]], out: Path) -> None:
    """Draw time and memory of every study with its expected curve."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams |= {"svg.hashsalt": "growth", "svg.fonttype": "none", "font.family": "sans-serif"}
    matplotlib.rcParams |= {"font.size": 8, "axes.spines.top": False}
    from matplotlib import pyplot
    from matplotlib.ticker import NullFormatter

    columns = 4
    figure, axes = pyplot.subplots(-(-len(found) // columns), columns, figsize=(11, 5.2), squeeze=False)
    for axis, (name, points) in zip(axes.flat, found.items(), strict=False):
        study, other = STUDIES[name], axis.twinx()
        for place, colour, values in (
            (axis, "#0b6bcb", [1000 * point.seconds for point in points]),
            (other, "#c2410c", [max(point.bytes / 1e6, 0.1) for point in points]),
        ):
            curve = Curve.through(study.values, values, study.powers)
            fine = np.geomspace(study.values[0], study.values[-1], 60)
            place.plot(fine, [curve.at(value) for value in fine], color=colour, linewidth=1)
            place.plot(study.values, values, "o", color=colour, markersize=3)
            place.set_xscale("log")
            place.set_yscale("log")
            lowest = min(values) / 2
            place.set_ylim(lowest, max(2 * max(values), 100 * lowest))  # what does not grow looks flat
            place.tick_params(axis="y", which="both", colors=colour)
            for ticks in (place.xaxis, place.yaxis):
                ticks.set_major_formatter("{x:,g}")
                ticks.set_minor_formatter(NullFormatter())
        axis.set_title(study.name, fontsize=9)
        axis.set_xlabel(study.what)
    for axis in axes[:, 0]:
        axis.set_ylabel("ms", color="#0b6bcb")
    for axis in list(axes.flat)[len(found) :]:
        axis.set_visible(False)
    figure.suptitle(
        "dots: measured; lines: the expected form; blue, left: time in ms; orange, right: memory in MB"
    )
    figure.tight_layout()
    figure.savefig(out, metadata={"Date": None})


def main() -> None:
    """Measure, print a table, draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("docs/pictures/growth.svg"))
    parser.add_argument("--only", nargs="+", choices=STUDIES, default=list(STUDIES))
    arguments = parser.parse_args()
    found = {name: measured(STUDIES[name]) for name in arguments.only}
    print("| | | measured | expected | furthest off | steepest term at the end |\n|---|---|---|---|---|---|")
    for name, points in found.items():
        print("\n".join(rows(STUDIES[name], points)))
    picture(found, arguments.out)


if __name__ == "__main__":
    main()
