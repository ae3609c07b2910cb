"""Which way of running a model in CTranslate2 is fastest on this machine: measured once, then remembered.

What is fastest differs from machine to machine, so that no table can know. Sharing a sentence between two of two
cores is never it: in int8 that is several times slower than a sentence a core.
"""

import json
import os
import platform
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np

from clearhead.config import ModelConfig
from clearhead.engines.ctranslate2 import ISA, Setting, chosen_by_user
from clearhead.errors import EngineError

_SECONDS = 0.08
"""For each way of running; with six or eight of them, half a second in all."""
_SENTENCES, _TOKENS = 8, 12
_AT_MOST = 60.0
"""Seconds for the measurement of one instruction set, on however busy a machine."""
_REMEMBERED = "settings.json"
_COMPUTE_TYPES = ("int8", "float32")


def setting(converted: Path, shape: ModelConfig, memory: Path) -> Setting:
    """Return the fastest setting for a converted model, measured now where the folder `memory` has none.

    It holds for every model of the same shape. Where it cannot be written it is measured again next time.
    """
    cores = available_cores()
    layers = f"{shape.num_encoder_layers}+{shape.num_decoder_layers}"
    key = (
        f"{layers} layers of {shape.d_model}, {shape.d_ff}, {shape.vocab_size}; CTranslate2 {ctranslate2.__version__}; "
        f"{cores} cores of {_processor()}"
    )
    file = memory / _REMEMBERED
    asked = chosen_by_user()
    known = {} if asked else _read(file)
    if key in known:
        return known[key]
    found = [
        each
        for isa in ([asked] if asked else _instruction_sets())
        for each in _measured_apart(converted, isa, cores)
    ]
    if not found:
        raise EngineError("CTranslate2 does not run on this machine; use --engine pytorch")
    best = max(found, key=lambda pair: pair[1])[0]
    if not asked:
        _remember(file, key, best)
    return best


def available_cores() -> int:
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def measure(converted: Path, cores: int) -> list[tuple[Setting, float]]:
    """Return tokens a second of each way of running, with the instruction set that this process has."""
    words = list(json.loads(next(converted.glob("*vocabulary.json")).read_text(encoding="utf-8")))
    draws = np.random.default_rng(0)
    sources = [[*draws.choice(words[300:] or words, _TOKENS), "</s>"] for _ in range(_SENTENCES)]
    sources = [[str(word) for word in source] for source in sources]
    shares = [(cores, 1), *([(cores // 2, 2)] if cores >= 4 else [])]
    ways = [(compute_type, *share) for share in shares for compute_type in _COMPUTE_TYPES]
    isa = os.environ.get(ISA, "")
    found = []
    for compute_type, replicas, threads in ways:
        translator = ctranslate2.Translator(
            str(converted), compute_type=compute_type, inter_threads=replicas, intra_threads=threads
        )
        found.append((Setting(compute_type, replicas, threads, isa), _speed(translator, sources, replicas)))
    return found


def _speed(translator: Any, sources: list[list[str]], replicas: int) -> float:
    def run() -> int:
        results = [
            result
            for _ in range(replicas)
            for result in translator.translate_batch(
                sources,
                beam_size=1,
                max_decoding_length=_TOKENS,
                min_decoding_length=_TOKENS,
                asynchronous=True,
            )
        ]
        return sum(len(result.result().hypotheses[0]) for result in results)

    started, tokens = time.perf_counter(), run()
    if time.perf_counter() - started < _SECONDS:  # else it is hopeless; and the first run makes buffers
        started, tokens = time.perf_counter(), 0
    while time.perf_counter() - started < _SECONDS:
        tokens += run()
    return tokens / (time.perf_counter() - started)


def _measured_apart(converted: Path, isa: str, cores: int) -> list[tuple[Setting, float]]:
    """Measure in a process of its own, since the instruction set is fixed when the library is first used.

    What this machine cannot do measures nothing.
    """
    environment = {name: value for name, value in os.environ.items() if name != ISA}
    command = [sys.executable, "-m", "clearhead.engines.tuning", str(converted), str(cores)]
    try:
        done = subprocess.run(
            command,
            env=environment | ({ISA: isa} if isa else {}),
            capture_output=True,
            text=True,
            timeout=_AT_MOST,
            check=True,
        )
    except (subprocess.SubprocessError, OSError):
        return []
    return [(Setting(*each), speed) for each, speed in json.loads(done.stdout)]


def _instruction_sets() -> list[str]:
    """Return those to try: the library's own choice, and AVX512, which it leaves alone on AMD's processors."""
    return ["", "AVX512"] if "avx512" in _flags() else [""]


def _flags() -> str:
    return next((line for line in _processor_facts() if line.startswith("flags")), "")


def _processor() -> str:
    names = (line.partition(":")[2].strip() for line in _processor_facts() if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _processor_facts() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []


def _read(file: Path) -> dict[str, Setting]:
    """Return what is remembered; a file of another form holds nothing, and what nobody measured is left out."""
    try:
        rows = json.loads(file.read_text(encoding="utf-8")).items()
        return {key: Setting(*row) for key, row in rows if _is_measured(*row)}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


def _is_measured(compute_type: object, replicas: object, threads: object, isa: object) -> bool:
    counts = (replicas, threads)
    return (
        compute_type in _COMPUTE_TYPES
        and isa in _instruction_sets()
        and all(type(count) is int and 1 <= count <= available_cores() for count in counts)
    )


def _remember(file: Path, key: str, best: Setting) -> None:
    partial = file.with_name(f".{os.getpid()}-{file.name}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps({**_read(file), key: best}, indent=1), encoding="utf-8")
        os.replace(partial, file)
    except OSError:
        with suppress(OSError):
            partial.unlink()


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), int(sys.argv[2]))))
