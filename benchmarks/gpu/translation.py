"""Translating on a GPU with the default model: our own code in fp32 and bf16 beside CTranslate2 on the same device.

Usage: python -m benchmarks.gpu.translation [--device cuda] [--rounds 3]

The text is what the built-in grammar makes. CTranslate2's wheels want cuBLAS of CUDA 12; where it is not there, or the
package is not, its rows are left out and the reason stands in their place.
"""

import argparse
import random
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from benchmarks.interleaved import interleaved, ratio
from clearhead import model_directory
from clearhead.engines.protocol import SearchOptions
from clearhead.engines.pytorch import PyTorchEngine
from clearhead.grammar.grammar import generate
from clearhead.text.vocabulary import EOS

TO = "fr"
_BATCH_TOKENS = {"cuda": 16_384, "cpu": 512}


def sources(count: int, path: Any) -> list[list[int]]:
    """Return sentences of the grammar as ids."""
    tokenizer = model_directory.read_tokenizer(path)
    lines = [example.text("en") for example in generate(0, count)]
    random.Random(0).shuffle(lines)
    return [[*tokenizer.encode(line, to=TO), EOS] for line in lines]


def ways_of(path: Any, device: str) -> dict[str, Any]:
    """Return the engines that run here; what stopped another is printed."""
    kinds = ("fp32", "bf16") if device.startswith("cuda") else ("fp32",)
    engines: dict[str, Any] = {}
    for kind in kinds:
        engine = PyTorchEngine.load(path, device)
        engine.precision = kind  # type: ignore[assignment]
        engines[f"our own code, {kind}"] = engine
    try:
        from clearhead.engines.choice import ctranslate2_engine

        engine = ctranslate2_engine(path, device)
        next(iter(engine.translate([[EOS]], SearchOptions())))
        engines[f"CTranslate2, {engine.precision}"] = engine
    except Exception as error:
        print(f"= CTranslate2 does not run on {device}: {str(error).splitlines()[0]}")
    return engines


def translating(engine: Any, srcs: list[list[int]], options: SearchOptions) -> Callable[[], int]:
    """Return what translates everything once."""
    return lambda: sum(1 for _ in engine.translate(srcs, options))


def main() -> None:
    """Translate in turns, print a table for greedy and for beam 4."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sentences", type=int)
    arguments = parser.parse_args()
    kind = "cuda" if arguments.device.startswith("cuda") else "cpu"
    path = model_directory.find(None)
    srcs = sources(arguments.sentences or (2000 if kind == "cuda" else 12), path)
    engines = ways_of(path, arguments.device)
    decoding = model_directory.read_info(path).decoding
    print(
        "| | beam | sentences/s | our own code in bf16 (fp32 on the CPU), times as fast |\n|---|---|---|---|"
    )
    for beam in (1, 4):
        options = SearchOptions(
            decoding=replace(decoding, beam_size=beam), batch_tokens=_BATCH_TOKENS[kind] * beam
        )
        started = time.perf_counter()
        seconds = interleaved(
            {name: translating(engine, srcs, options) for name, engine in engines.items()},
            arguments.rounds if kind == "cuda" else 1,
        )
        ours = [name for name in engines if name.startswith("our own")][-1]
        for name, taken in seconds.items():
            middle, low, high = ratio(seconds[ours], taken)
            beside = "" if name == ours else f"{middle:.2f} [{low:.2f}, {high:.2f}]"
            print(f"| {name} | {beam} | {len(srcs) / min(taken):,.0f} | {beside} |", flush=True)
        print(f"beam {beam} took {time.perf_counter() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
