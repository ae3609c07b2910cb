"""Translating a file: Clearhead against CTranslate2 called by hand in its best setting, and transformers, on one model.

Usage: python -m benchmarks.translate --source FILE [--model MODEL] [--to en] [--rounds 7]

Both read the same lines, cut them into pieces, translate with the same options and write text. By hand, every
batch size of SIZES is tried first and the fastest taken. That both give the same tokens is checked before, in the same
batches: what CTranslate2 says in int8 may hang on what stands beside a sentence, since padding changes its rounding;
how many sentences that is for, by hand, is said too. Where
transformers is installed and has a form for the model, its `generate` translates the first lines of the file in fp32,
sorted by length, 64 at a time, against our own code in the same arithmetic and CTranslate2 as it is chosen.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import ctranslate2
import torch

from benchmarks.interleaved import interleaved, ratio, versions
from clearhead import model_directory
from clearhead.corpora.lines import read_lines
from clearhead.engines.choice import ChosenEngine, ctranslate2_engine, own_code
from clearhead.engines.ctranslate2 import CTranslate2Engine, Setting, batches
from clearhead.engines.protocol import SearchOptions
from clearhead.errors import EngineError
from clearhead.text.vocabulary import BOS, EOS, PAD
from clearhead.translator import WINDOW, Translator

SIZES = [(count, "examples") for count in (16, 32, 64, 128)] + [
    (count, "tokens") for count in (512, 1024, 2048, 4096)
]


NAMES = {
    "clearhead": "Clearhead",
    "our own code": "Clearhead, --engine pytorch",
    "by hand": "CTranslate2 by hand, at its best",
    "transformers": "transformers generate",
}
OURS = ("clearhead", "our own code")


class ByHand:
    """CTranslate2 as its documentation has it."""

    def __init__(self, engine: CTranslate2Engine, setting: Setting, beam_size: int, alpha: float) -> None:
        self.engine, self.beam_size, self.alpha = engine, beam_size, alpha
        self.tokenizer = model_directory.read_tokenizer(engine.path)
        self.pieces = self.tokenizer.vocabulary
        self.ids = {piece: number for number, piece in enumerate(self.pieces)}
        self.banned = [[self.pieces[number]] for number in sorted(self.tokenizer.forbidden_ids)]
        self.translator = ctranslate2.Translator(
            str(engine.converted),
            compute_type=setting.compute_type,
            inter_threads=setting.replicas,
            intra_threads=setting.threads,
        )

    def tokens(self, lines: list[str], to: str | None, size: int, unit: str) -> list[list[str]]:
        """Return the pieces of every translation."""
        sources = [[self.pieces[i] for i in (*self.tokenizer.encode(line, to=to), EOS)] for line in lines]
        results = self.translator.translate_batch(
            sources,
            max_batch_size=size,
            batch_type=unit,
            beam_size=self.beam_size,
            length_penalty=self.alpha,
            max_input_length=0,
            max_decoding_length=512,
            min_decoding_length=0,  # as we have it; its own 1 lets another hypothesis into a beam
            suppress_sequences=self.banned,
        )
        return [result.hypotheses[0] for result in results]

    def ids_in(self, batches: list[list[int]], lines: list[str], to: str | None) -> list[list[int]]:
        """Return the ids of every translation, made in the batches that are given."""
        found: list[list[int]] = [[] for _ in lines]
        for batch in batches:
            results = self.tokens([lines[place] for place in batch], to, 0, "examples")
            for place, pieces in zip(batch, results, strict=True):
                found[place] = [self.ids[piece] for piece in pieces]
        return found

    def texts(self, lines: list[str], to: str | None, size: int, unit: str) -> list[str]:
        """Return every translation as text."""
        return [
            self.tokenizer.decode([self.ids[p] for p in pieces])
            for pieces in self.tokens(lines, to, size, unit)
        ]


class ByTransformers:
    """`generate` of transformers on the exported model: batches of like length, as its users would write it."""

    def __init__(self, path: Path, beam_size: int, alpha: float) -> None:
        from clearhead.exchange import huggingface

        with tempfile.TemporaryDirectory() as name:
            huggingface.write(path, Path(name))
            exported = huggingface.Transformers(Path(name))
        self.model, self.their_ids = exported.model, exported.their_ids
        self.our_ids = {number: i for i, number in enumerate(self.their_ids)}
        self.tokenizer, self.decoding = (
            model_directory.read_tokenizer(path),
            model_directory.read_info(path).decoding,
        )
        self.beam_size, self.alpha = beam_size, alpha

    def texts(self, lines: list[str], to: str | None, size: int = 64) -> list[str]:
        """Return every translation as text."""
        sources = [[*self.tokenizer.encode(line, to=to), EOS] for line in lines]
        order = sorted(range(len(lines)), key=lambda number: -len(sources[number]))
        found = [""] * len(lines)
        for start in range(0, len(order), size):
            batch = order[start : start + size]
            width = max(len(sources[number]) for number in batch)
            ours = torch.tensor([sources[n] + [PAD] * (width - len(sources[n])) for n in batch])
            with torch.inference_mode():
                results = self.model.generate(
                    torch.tensor(self.their_ids)[ours],
                    attention_mask=ours != PAD,
                    num_beams=self.beam_size,
                    length_penalty=self.alpha,
                    do_sample=False,
                    max_length=self.decoding.max_length(width) + 2,
                )
            for number, result in zip(batch, results.tolist(), strict=True):
                ids = [self.our_ids[i] for i in result[1:]]  # behind the start
                found[number] = self.tokenizer.decode([i for i in ids if i not in (PAD, BOS, EOS)])
        return found


def main() -> None:
    """Check that both agree, find the best setting by hand, measure in turns, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path)
    parser.add_argument("--source", required=True)
    parser.add_argument("--to")
    parser.add_argument("--beam", type=int, default=1)
    parser.add_argument("--alpha", type=float, default=0.6)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path, help="where to keep every figure")
    parser.add_argument("--few", type=int, default=500, help="lines for transformers")
    arguments = parser.parse_args()
    path = model_directory.find(arguments.model)
    engine, own = ctranslate2_engine(path), own_code(path)
    chosen = ChosenEngine(path, own, engine)
    ours = Translator(chosen, model_directory.read_tokenizer(path), model_directory.read_info(path))
    to = ours.target(arguments.to) if ours.tokenizer.languages else None
    lines = [line for line in read_lines(arguments.source) if line.strip()]
    by_hand = ByHand(engine, engine.setting, arguments.beam, arguments.alpha)
    options = {"to": arguments.to, "beam_size": arguments.beam, "alpha": arguments.alpha, "split": "never"}

    def clearhead() -> list[tuple[str, ...]]:
        return [translation.tokens for translation in ours.stream(lines, **options)]

    print(f"{len(lines):,} lines, beam {arguments.beam}, {engine.setting}")
    print(versions("clearhead", "ctranslate2", "sentencepiece"))
    expected = by_hand.ids_in(in_windows(lines, ours, to, arguments.beam), lines, to)
    labels = [tuple(ours.tokenizer.pieces(ids)) for ids in expected]
    different = sum(a != b for a, b in zip(clearhead(), labels, strict=True))
    print(f"translations that differ from CTranslate2 by hand in the same batches: {different}")
    for size in (1, 64):
        other = [[by_hand.ids[p] for p in pieces] for pieces in by_hand.tokens(lines, to, size, "examples")]
        different = sum(a != b for a, b in zip(expected, other, strict=True))
        print(f"by hand, batches of {size} instead of these: {different} differ")

    def seconds(size: int, unit: str) -> float:
        started = time.perf_counter()
        by_hand.texts(lines, to, size, unit)
        return time.perf_counter() - started

    size, unit = min(SIZES, key=lambda each: seconds(*each))
    print(f"by hand fastest with batches of {size} {unit}")
    rounds = interleaved(
        {"clearhead": clearhead, "by hand": lambda: by_hand.texts(lines, to, size, unit)}, arguments.rounds
    )
    few = lines[: arguments.few]
    beside = against_transformers(path, ours, few, to, options, arguments.rounds)
    names = {
        way: f"{name}, {engine.setting.compute_type if way in rounds else 'fp32'}"
        for way, name in NAMES.items()
    }
    print("\n".join([*HEAD, *table(rounds, len(lines), names), *table(beside, len(few), names)]))
    if arguments.json:
        beside.pop("clearhead", None)  # it has its bar already
        figures = [
            {"way": names[way], "rounds": [count / each for each in seconds]}
            for seconds_of, count in ((rounds, len(lines)), (beside, len(few)))
            for way, seconds in seconds_of.items()
        ]
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


HEAD = (
    f"| | lines | sentences/s at best | {' | '.join(f'{NAMES[way]}, as fast' for way in OURS)} |",
    "|---|---|---|---|---|",
)


def table(rounds: dict[str, list[float]], lines: int, names: dict[str, str]) -> Iterator[str]:
    """Yield a row for each way: the sentences of its best round, and how many times as fast ours are."""
    for way, seconds in rounds.items():
        cells = [names[way], f"{lines:,}", f"{lines / min(seconds):,.0f}"]
        for ours in OURS:
            if ours not in rounds or way in OURS:
                cells.append("")
                continue
            middle, low, high = ratio(rounds[ours], seconds)
            cells.append(f"{middle:.2f} times [{low:.2f}, {high:.2f}]")
        yield f"| {' | '.join(cells)} |"


def in_windows(lines: list[str], ours: Translator, to: str | None, beam_size: int) -> list[list[int]]:
    """Return which lines Clearhead translates together."""
    options = SearchOptions(decoding=replace(ours.info.decoding, beam_size=beam_size))
    lengths = [len(ours.tokenizer.encode(line, to=to)) + 1 for line in lines]
    return [
        (batch + start).tolist()
        for start in range(0, len(lines), WINDOW)
        for batch in batches(lengths[start : start + WINDOW], options)
    ]


def against_transformers(
    path: Path,
    ours: Translator,
    lines: list[str],
    to: str | None,
    options: dict[str, Any],
    rounds: int,
) -> dict[str, list[float]]:
    """Measure transformers on a few lines, where it can run the model; return the seconds of each round."""
    try:
        theirs = ByTransformers(path, options["beam_size"], options["alpha"])
    except EngineError as error:
        print(f"transformers: {error}")
        return {}
    plain = Translator.load(path, engine="pytorch")
    pairs = zip(theirs.texts(lines, to), plain.translate(lines, **options), strict=True)
    print(
        f"translations of transformers that differ from our own code's: {sum(a != b.text for a, b in pairs)}"
    )
    seconds = interleaved(
        {
            "transformers": lambda: theirs.texts(lines, to),
            "our own code": lambda: plain.translate(lines, **options),
            "clearhead": lambda: ours.translate(lines, **options),
        },
        rounds,
    )
    print(
        f"{len(lines):,} lines, torch threads {torch.get_num_threads()}, {versions('transformers', 'torch')}"
    )
    return seconds


if __name__ == "__main__":
    main()
