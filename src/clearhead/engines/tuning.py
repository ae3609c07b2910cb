"""Which way of running a model in CTranslate2 is fastest on this machine: measured once, then remembered.

What is fastest differs from machine to machine, so that no table can know. Sharing a sentence between two of two
cores is never it: in int8 that is several times slower than one sentence per core. What is measured while
others use the machine may be far off: it is kept only for a while, then measured again.
"""

import hashlib
import json
import logging
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import ctranslate2
import numpy as np

from clearhead.config import ModelConfig
from clearhead.data.processes import available_cores
from clearhead.engines.ctranslate2 import ISA, Setting, chosen_by_user
from clearhead.errors import EngineError
from clearhead.storage.files import PARTIAL, json_bytes, publish_file, write_flushed
from clearhead.storage.untrusted import read_json

_SECONDS = 0.08
"""For each way of running; with six or eight of them, half a second in all."""
_SENTENCES, _TOKENS = 8, 12
_AT_MOST = 60.0
"""Seconds for the measurement of one instruction set, on however busy a machine."""
_REMEMBERED = "settings.json"
_VERSION, _OLD = 3, (2,)
_SHARED = 4
"""Threads on a core beyond which a setting was not measured here."""
_QUIET = 0.8
"""Share of the time for which the threads of a measurement had a core; less, and others had it."""
_WAIT, _LONGEST_WAIT = 600.0, 86_400.0
"""Seconds after which what was measured in a busy moment is measured again; doubled each time, up to the longest."""
_log = logging.getLogger("clearhead.engines")
_MEASURE = "import sys; sys.path.append(sys.argv[1]); from clearhead.engines import tuning; tuning.main()"
"""What a process of its own runs; the package is where it is here, installed or not."""


class Measured(NamedTuple):
    """A way of running, how fast it was, and how much of the machine it had."""

    setting: Setting
    speed: float
    """Tokens a second."""
    share: float
    """Of the time, for which its threads had a core; about 1 where nobody else used it."""


class Remembered(NamedTuple):
    """The fastest setting, and how long it holds."""

    setting: Setting
    again_at: float | None = None
    """When it is measured again (seconds since 1970): it was measured in a busy moment; None: it holds."""
    wait: float = 0.0
    """Seconds that were waited for that."""

    def holds(self, now: float) -> bool:
        """Say whether it need not be measured again; a moment beyond the longest wait is of another clock."""
        return self.again_at is None or now < self.again_at <= now + _LONGEST_WAIT


def setting(
    converted: Path, shape: ModelConfig, memory: Path, clock: Callable[[], float] = time.time
) -> Setting:
    """Return the fastest setting for a converted model, measured now where the folder `memory` has none that holds.

    It holds for every model of the same shape; what was measured in a busy moment holds for some time only. Where it
    cannot be written it is measured again next time.
    """
    cores = available_cores()
    layers = f"{shape.num_encoder_layers}+{shape.num_decoder_layers}"
    key = (
        f"{layers} layers of {shape.d_model}, {shape.d_ff}, {shape.vocab_size}; CTranslate2 {ctranslate2.__version__}; "
        f"{cores} cores of {_processor()}"
    )
    file = memory / _REMEMBERED
    users_isa = chosen_by_user()
    known = {} if users_isa else _read(file)
    before = known.get(key)
    if before and before.holds(clock()):
        return before.setting
    measured = [
        _measured_apart(converted, isa, cores) for isa in ([users_isa] if users_isa else _instruction_sets())
    ]
    ways = [way for measurements in measured if measurements for way in measurements]
    if not ways:
        if before:
            return before.setting
        if None in measured:
            _log.info("the machine is too busy to measure the engine; it runs in its usual way")
            return Setting("int8", cores, 1, users_isa or "")
        raise EngineError("CTranslate2 does not run on this machine; use engine='pytorch'")
    best = max(ways, key=lambda way: way.speed).setting
    if not users_isa:
        _remember(file, key, _remembered(best, ways, before, clock()))
    return best


def _remembered(
    best: Setting, measurements: Sequence[Measured], before: Remembered | None, now: float
) -> Remembered:
    """Return what is to be kept of a measurement: for good only where nobody else used the machine."""
    if min(measurement.share for measurement in measurements) >= _QUIET:
        return Remembered(best)
    wait = min(_LONGEST_WAIT, 2 * before.wait if before and before.wait else _WAIT)
    _log.info("the machine was busy while the engine was tuned; that is done again in %d minutes", wait // 60)
    return Remembered(best, now + wait, wait)


def measure(converted: Path, cores: int) -> list[Measured]:
    """Measure each way of running, with the instruction set that this process has."""
    words = list(json.loads(next(converted.glob("*vocabulary.json")).read_text(encoding="utf-8")))
    draws = np.random.default_rng(0)
    sources = [[*draws.choice(words[300:] or words, _TOKENS), "</s>"] for _ in range(_SENTENCES)]
    sources = [[str(word) for word in source] for source in sources]
    shares = [(cores, 1), *([(cores // 2, 2)] if cores >= 4 else [])]
    ways = [(compute_type, *share) for share in shares for compute_type in ("int8", "float32")]
    isa = os.environ.get(ISA, "")
    measurements = []
    for compute_type, replicas, threads in ways:
        translator = ctranslate2.Translator(
            str(converted), compute_type=compute_type, inter_threads=replicas, intra_threads=threads
        )
        speed, share = _speed(translator, sources, replicas, replicas * threads)
        measurements.append(Measured(Setting(compute_type, replicas, threads, isa), speed, share))
    return measurements


def main() -> None:
    """Print what was measured as JSON; the arguments are the package's folder, the model and the cores."""
    print(json.dumps(measure(Path(sys.argv[2]), int(sys.argv[3]))))


def _speed(translator: Any, sources: list[list[str]], replicas: int, threads: int) -> tuple[float, float]:
    """Return tokens per second, and the share of the time for which all threads had a core."""

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

    started, used, tokens = time.perf_counter(), time.process_time(), run()
    if time.perf_counter() - started < _SECONDS:  # else it is hopeless; and the first run makes buffers
        started, used, tokens = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - started < _SECONDS:
        tokens += run()
    passed = time.perf_counter() - started
    return tokens / passed, (time.process_time() - used) / (passed * threads)


def _measured_apart(converted: Path, isa: str, cores: int) -> list[Measured] | None:
    """Measure in a process of its own, since the instruction set is fixed when the library is first used.

    What this machine cannot run gives no figures, what takes it too long gives None.
    """
    environment = {name: value for name, value in os.environ.items() if name != ISA}
    # -P and -c: Python would look for modules in the working directory, and run what somebody has put there.
    package = str(Path(__file__).parents[2])
    command = [sys.executable, "-P", "-c", _MEASURE, package, str(converted), str(cores)]
    try:
        done = subprocess.run(
            command,
            env=environment | ({ISA: isa} if isa else {}),
            capture_output=True,
            text=True,
            timeout=_AT_MOST,
            check=True,
        )
    except subprocess.TimeoutExpired:
        return None
    except (subprocess.SubprocessError, OSError):
        return []
    return [Measured(Setting(*values), speed, share) for values, speed, share in json.loads(done.stdout)]


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


def _read(file: Path) -> dict[str, Remembered]:
    """Return what is remembered and can run here; nothing of a damaged file, which is reported, or of an old one.

    A measurement on another day may choose another precision, and so give slightly other translations.
    """
    try:
        remembered = read_json(file)
        if isinstance(remembered, dict) and remembered.get("version") in _OLD:
            return {}
        rows = remembered["settings"]
        if remembered.keys() != {"version", "settings", "sum"} or remembered["sum"] != _sum(rows):
            raise ValueError("it does not match its sum")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError):
        _log.warning("%s was damaged: the fastest setting of the engine is measured again", file)
        return {}
    isas = _instruction_sets()
    read = {key: _from_row(row, isas) for key, row in rows.items()}
    return {key: row for key, row in read.items() if row is not None}


def _sum(rows: object) -> str:
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


def _from_row(row: object, isas: list[str]) -> Remembered | None:
    """Return what a row says; None where it is of another form, or no setting that this machine can run."""
    if not isinstance(row, dict) or row.keys() != set(Remembered._fields) or not _fits(row["setting"], isas):
        return None
    again_at, wait = row["again_at"], row["wait"]
    if not (again_at is None or _is_time(again_at)) or not _is_time(wait):
        return None
    return Remembered(Setting(*row["setting"]), again_at, wait)


def _is_time(value: object) -> bool:
    return type(value) in (int, float) and 0 <= value < 1e12  # type: ignore[operator]


def _fits(row: object, isas: list[str]) -> bool:
    """Say whether this is a setting that this machine can run; the library ends the process for some that are not."""
    if not (isinstance(row, list) and len(row) == len(Setting._fields)):
        return False
    compute_type, replicas, threads, isa, device = row
    return (
        device == "cpu"
        and compute_type in list(ctranslate2.get_supported_compute_types("cpu"))
        and isa in isas
        and all(type(number) is int and number >= 1 for number in (replicas, threads))
        and replicas * threads <= _SHARED * available_cores()
    )


def _remember(file: Path, key: str, best: Remembered) -> None:
    partial = file.with_name(f"{PARTIAL}{os.getpid()}-{file.name}")  # several processes may measure at once
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        rows = {name: entry._asdict() for name, entry in {**_read(file), key: best}.items()}
        # The version makes earlier releases, which take every value for a setting, take the file for none.
        write_flushed(partial, json_bytes({"version": _VERSION, "settings": rows, "sum": _sum(rows)}))
        publish_file(partial, file)
    except OSError:
        with suppress(OSError):
            partial.unlink()
