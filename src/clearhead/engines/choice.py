"""Which engine runs: CTranslate2 where it can do what is asked for, else our own code.

Why an engine was taken is logged under `clearhead.engines`; `--verbose` shows it.
"""

import logging
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from clearhead import model_directory
from clearhead.config.choices import EngineName
from clearhead.decoding.hypothesis import Hypothesis
from clearhead.engines.protocol import Engine, Ids, SearchOptions
from clearhead.errors import ConfigError, EngineError

if TYPE_CHECKING:
    from clearhead.engines.ctranslate2 import CTranslate2Engine
    from clearhead.engines.pytorch import PyTorchEngine

_log = logging.getLogger("clearhead.engines")


def load_engine(name: str, path: Path, device: str = "cpu") -> Engine:
    """Load a model directory into an engine; raise ConfigError for a name or a device that there is none for."""
    if name not in get_args(EngineName):
        raise ConfigError(f"unknown engine {name!r}; choose one of {', '.join(get_args(EngineName))}")
    if name == "ctranslate2" and device != "cpu":
        raise ConfigError(f"the engine ctranslate2 runs on the CPU, not on {device}; take --engine pytorch")
    if name == "pytorch" or device != "cpu":
        return _pytorch(path, device)
    if name == "ctranslate2":
        return _ctranslate2(path)
    return AutoEngine(path)


class AutoEngine:
    """CTranslate2, and PyTorch for what that cannot do; each is loaded when it is first needed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def name(self) -> str:
        """The engine that runs where nothing unusual is asked for."""
        return self._usual.name

    @property
    def precision(self) -> str:
        """Of the weights while it translates."""
        return self._usual.precision

    def translate(
        self, srcs: Sequence[Ids], options: SearchOptions, prefixes: Sequence[Ids] | None = None
    ) -> Iterator[tuple[int, list[Hypothesis]]]:
        """Yield (index of the source, its hypotheses best first), in the order of finishing."""
        return self._for(options).translate(srcs, options, prefixes)

    def score(self, srcs: Sequence[Ids], tgts: Sequence[Ids]) -> list[list[float]]:
        """Return the log-probability of every target token and of the EOS after the last."""
        return self._usual.score(srcs, tgts)

    def _for(self, options: SearchOptions) -> Engine:
        from clearhead.engines.ctranslate2 import CTranslate2Engine

        reason = CTranslate2Engine.unsupported(options)
        if reason:
            _log.info("engine pytorch: ctranslate2 has no %s", reason)
            return self.pytorch
        return self._usual

    @cached_property
    def _usual(self) -> Engine:
        try:
            engine = _ctranslate2(self.path)
        except EngineError as error:
            _log.warning("engine pytorch: %s", error)
            return self.pytorch
        _log.info("engine ctranslate2: %s", engine.setting)
        return engine

    @cached_property
    def pytorch(self) -> "PyTorchEngine":
        """The same model in our own code, for looking inside and for the story of a search."""
        return _pytorch(self.path, "cpu")


def _pytorch(path: Path, device: str) -> "PyTorchEngine":
    from clearhead.engines.pytorch import PyTorchEngine

    return PyTorchEngine.load(path, device)


def _ctranslate2(path: Path) -> "CTranslate2Engine":
    from clearhead.engines import conversion, tuning
    from clearhead.engines.ctranslate2 import CTranslate2Engine

    converted = conversion.converted(path)
    shape = model_directory.read_info(path).model
    return CTranslate2Engine(path, converted, tuning.setting(converted, shape, conversion.cache_folder()))
