"""Which engine runs: CTranslate2 where it can do what is asked for, else our own code.

The reason for each choice is logged under `clearhead.engines`; `--verbose` shows it. Our own code needs torch. Where
that is not installed, what CTranslate2 lacks is refused in a line that says so, and single sentences that would have
gone to our own code get the best that CTranslate2 has for them.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from clearhead import model_directory
from clearhead.config.choices import EngineName
from clearhead.config.kinds import KINDS, check_exports
from clearhead.decoding.hypothesis import Hypothesis
from clearhead.engines.protocol import Engine, Ids, SearchOptions, Source, part
from clearhead.engines.wide_beam import wide_beam
from clearhead.errors import ConfigError, EngineError
from clearhead.extras import has_torch, require_torch

if TYPE_CHECKING:
    from clearhead.engines.ctranslate2 import CTranslate2Engine
    from clearhead.engines.pytorch import PyTorchEngine

_log = logging.getLogger("clearhead.engines")

OwnCode = Callable[[], "PyTorchEngine"]
"""Gives a model in our own code, always the same; torch and the weights are loaded at the first call."""


def own_code(path: Path, device: str = "cpu") -> OwnCode:
    """Return a function that loads a model directory into our own code once, when it is first needed."""

    @cache
    def load() -> "PyTorchEngine":
        require_torch("a model in our own code")
        from clearhead.engines.pytorch import PyTorchEngine

        return PyTorchEngine.load(path, device)

    return load


def load_engine(name: str, path: Path, device: str = "cpu", load_own: OwnCode | None = None) -> Engine:
    """Load a model directory into an engine; `load_own` loads its model into our own code, once for all users.

    Raises ConfigError for an unknown engine, or a device that it does not run on.
    """
    load_own = load_own or own_code(path, device)
    if name not in get_args(EngineName):
        raise ConfigError(f"unknown engine {name!r}; choose one of {', '.join(get_args(EngineName))}")
    if name == "ctranslate2" and device.partition(":")[0] not in ("cpu", "cuda"):
        raise ConfigError(
            f"the engine ctranslate2 runs on cpu and cuda, not on {device}; use engine='pytorch'"
        )
    shape = model_directory.read_info(path).model
    if name == "ctranslate2":
        check_exports(shape.kind, "CTranslate2")
    if shape.source_features:
        if name == "ctranslate2":
            raise ConfigError(
                f"CTranslate2 does not run {path}, whose sources are frames of numbers; use engine='pytorch', or auto"
            )
        require_torch("a model whose sources are frames of numbers")
        return load_own()
    if name == "pytorch" or (device != "cpu" and name != "ctranslate2"):
        require_torch("the engine pytorch")
        return load_own()
    return ChosenEngine(path, load_own, ctranslate2_engine(path, device) if name == "ctranslate2" else None)


class ChosenEngine:
    """CTranslate2, and our own code for what CTranslate2 cannot do; both are loaded when first needed.

    Where CTranslate2 was chosen by name it is `named`, and options that it lacks are an error. Single sentences that
    it cannot translate go to our own code all the same: those that need too many positions, and those for which even
    its wide beam found no translation with all symbols of the source.
    """

    def __init__(self, path: Path, load_own: OwnCode, named: "CTranslate2Engine | None" = None) -> None:
        self.path = path
        self._own = load_own
        self._named = named

    @property
    def name(self) -> str:
        """Name of the engine that runs where nothing unusual is asked for."""
        return self.usual.name

    @property
    def precision(self) -> str:
        """Precision of the weights while it translates."""
        return self.usual.precision

    @property
    def at_once(self) -> int:
        """Batches that it translates at the same time."""
        return self.usual.at_once

    @cached_property
    def usual(self) -> Engine:
        """The engine that runs where nothing unusual is asked for."""
        if self._named:
            return self._named
        kind = model_directory.read_info(self.path).model.kind
        if not KINDS[kind].exports:
            require_torch(f"a model of kind {kind}")
            _log.info("engine pytorch: ctranslate2 does not run a model of kind %s", kind)
            return self._own()
        try:
            engine = ctranslate2_engine(self.path)
        except EngineError as error:
            if not has_torch():
                raise
            _log.warning("engine pytorch: %s", error)
            return self._own()
        _log.info("engine ctranslate2: %s", engine.setting)
        return engine

    @cached_property
    def _learned_positions(self) -> int | None:
        return model_directory.read_info(self.path).model.longest

    def unsupported(self, options: SearchOptions | None, positions: int = 0) -> str:
        """Return what this engine cannot do; empty where it can do all."""
        return self._named.unsupported(options) if self._named else ""

    def translate(
        self, srcs: Sequence[Source], options: SearchOptions, prefixes: Sequence[Ids] | None = None
    ) -> Iterator[tuple[int, list[Hypothesis]]]:
        """Yield (index of the source, its hypotheses best first), in the order of finishing.

        What CTranslate2 translates is begun at once, before the first is asked for.
        """
        lacking = _ctranslate2_lacks(options)
        if lacking and not self._named:
            require_torch(lacking)
            _log.info("engine pytorch: ctranslate2 has no %s", lacking)
            return self._own().translate(srcs, options, prefixes)
        within, beyond = self._divided(srcs, options, prefixes)
        begun = self.usual.translate(*part(within, srcs, options, prefixes))
        return self._completed(within, begun, beyond, srcs, options, prefixes)

    def score(self, srcs: Sequence[Source], tgts: Sequence[Ids]) -> list[list[float]]:
        """Return the log-probability of every target token and of the EOS after the last."""
        lengths = (max(len(src), len(tgt) + 1) for src, tgt in zip(srcs, tgts, strict=True))
        lacking = self.usual.unsupported(None, max(lengths, default=0))
        if lacking:
            require_torch(f"scoring with {lacking}")
            _log.info("engine pytorch: ctranslate2 has no %s", lacking)
        return (self._own() if lacking else self.usual).score(srcs, tgts)

    def _divided(
        self, srcs: Sequence[Source], options: SearchOptions, prefixes: Sequence[Ids] | None
    ) -> tuple[list[int], list[int]]:
        """Return which sources the usual engine has positions for, and which it has not."""
        within: list[int] = []
        beyond: list[int] = []
        for index, src in enumerate(srcs):
            prefix = len(prefixes[index]) if prefixes else 0
            lacking = self.usual.unsupported(
                None, options.positions(len(src), prefix, self._learned_positions)
            )
            if lacking:
                _log.info("sentence %d is not one for ctranslate2, which has no %s", index, lacking)
            (beyond if lacking else within).append(index)
        return within, beyond

    def _completed(
        self,
        within: Sequence[int],
        begun: Iterator[tuple[int, list[Hypothesis]]],
        beyond: Sequence[int],
        srcs: Sequence[Source],
        options: SearchOptions,
        prefixes: Sequence[Ids] | None,
    ) -> Iterator[tuple[int, list[Hypothesis]]]:
        """Yield what the usual engine finds; then, from a wide beam or our own code, what it did not or could not."""
        left, lost = list(beyond), []
        for place, hypotheses in begun:
            if hypotheses:
                yield within[place], hypotheses
            else:
                lost.append(within[place])
        if lost:
            _log.info("a wide beam for %d sentences that lost a symbol in ctranslate2", len(lost))
        for place, hypotheses in wide_beam(self.usual, *part(lost, srcs, options, prefixes)):
            if hypotheses:
                yield lost[place], hypotheses
            else:
                left.append(lost[place])
        if left and has_torch():
            _log.info("engine pytorch for %d sentences", len(left))
            for place, hypotheses in self._own().translate(*part(left, srcs, options, prefixes)):
                yield left[place], hypotheses
        elif left:
            from clearhead.engines.without_own import without_own

            for place, hypotheses in without_own(self.usual, *part(left, srcs, options, prefixes)):
                yield left[place], hypotheses


def _ctranslate2_lacks(options: SearchOptions | None) -> str:
    from clearhead.engines.ctranslate2 import CTranslate2Engine

    return CTranslate2Engine.unsupported(options)


def ctranslate2_engine(path: Path, device: str = "cpu") -> "CTranslate2Engine":
    """Return CTranslate2 with a model directory, converted if need be, in the setting measured fastest here.

    On a GPU in the setting that its documentation recommends.
    """
    from clearhead.engines import conversion, tuning
    from clearhead.engines.ctranslate2 import CTranslate2Engine, on_gpu

    if device != "cpu":
        setting = on_gpu(device)
        return CTranslate2Engine(path, conversion.converted(path), setting)

    converted = conversion.converted(path)
    shape = model_directory.read_info(path).model
    return CTranslate2Engine(path, converted, tuning.setting(converted, shape, conversion.cache_folder()))
