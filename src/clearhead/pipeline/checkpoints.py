"""The checkpoints of a run: what a step leaves on the disk, and how a run goes on from it.

step-00001000/  model.safetensors  optimizer.safetensors  ema.safetensors  state.json  manifest.json
"""

import json
from dataclasses import dataclass, field, replace
from typing import Any

from clearhead import checkpoint
from clearhead.checkpoint import Arrays
from clearhead.config import RunConfig, TrainingConfig
from clearhead.engines.directory import WEIGHTS
from clearhead.errors import CheckpointError, ConfigError
from clearhead.pipeline.run_directory import RunDirectory
from clearhead.training.distributed import Group
from clearhead.training.state import TrainState

OPTIMIZER, EMA, STATE = "optimizer.safetensors", "ema.safetensors", "state.json"


def save(state: TrainState, directory: RunDirectory, identity: dict[str, Any]) -> None:
    """Write the state of a run after its last step, whole or not at all."""
    checkpoint.write_directory(
        checkpoint.step_directory(directory.checkpoints, state.step),
        {
            WEIGHTS: state.model_arrays(),
            OPTIMIZER: state.optimizer_arrays(),
            **({EMA: state.ema_arrays()} if state.ema else {}),
            STATE: checkpoint.json_bytes({"counters": state.counters(), **identity}),
        },
    )


def prune(directory: RunDirectory, training: TrainingConfig) -> None:
    """Keep the last checkpoints that were due; of the others, where a run was stopped, only the newest."""
    saved = checkpoint.steps(directory.checkpoints)
    due = [path for path in saved if checkpoint.step_of(path) % training.save_every == 0]
    kept = {saved[-1], *due[-max(2, training.average_last) :]}
    for path in saved:
        if path not in kept:
            checkpoint.remove(path)


@dataclass(frozen=True)
class Found:
    """A checkpoint to go on from."""

    arrays: dict[str, Arrays] = field(default_factory=dict)
    """By file; none where nothing was saved yet."""
    saved: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def batches(self) -> int:
        """Batches of a step of the run, of all its processes together; 0 where nothing was saved."""
        return int(self.saved.get("batches", 0))


def find(directory: RunDirectory, identity: dict[str, Any], config: RunConfig) -> Found:
    """Read the newest checkpoint that is whole, and remove what is newer; `warnings` are for the user.

    Raises ConfigError where the run was started with other text, or its steps would not be what they were.
    """
    path, faults = checkpoint.latest(directory.checkpoints)
    warnings = [f"{fault}; going on from the checkpoint before it" for fault in faults]
    if path is None:
        if faults:
            raise CheckpointError(f"no checkpoint of {directory.path} is whole: {faults[0]}")
        return Found(warnings=("no checkpoint was saved yet: the run starts from its beginning",))
    for other in checkpoint.steps(directory.checkpoints):
        if checkpoint.step_of(other) > checkpoint.step_of(path):
            checkpoint.remove(other)  # damaged: it would be taken for whole when its step comes again
    saved = checkpoint.read_json(path / STATE)
    if saved["data"] != identity["data"]:
        raise ConfigError(
            f"the training text is not the text that {directory.path} was started with; resume it with the same "
            "files, or give another --out"
        )
    started = RunConfig.load(directory.config_file).training.accumulate
    saved.setdefault("batches", started * saved["machine"].get("processes", 1))
    _check_step(directory, saved["batches"], identity["machine"]["processes"], started, config)
    for key, value in identity["machine"].items():
        before = saved["machine"].get(key, value)
        if before != value:
            warnings.append(f"{key} was {before!r}, is {value!r}: the numbers may differ in the last digits")
    files = (WEIGHTS, OPTIMIZER, *([EMA] if config.training.ema_decay else []))
    arrays = {file: checkpoint.read_arrays(path / file) for file in files}
    return Found(arrays, saved, tuple(warnings))


def _check_step(
    directory: RunDirectory, batches: int, processes: int, started: int, config: RunConfig
) -> None:
    """Raise ConfigError where these processes cannot take, or are told not to take, the steps of the run."""
    if processes > batches:
        raise ConfigError(
            f"a step of {directory.path} is {batches} batches, which {processes} processes cannot share; resume it "
            f"with --workers {batches} or fewer"
        )
    asked = config.training.accumulate
    if asked not in (started, batches / processes):
        right = f"--training.accumulate {started}" + (
            "" if batches % processes else f" or {batches // processes}"
        )
        raise ConfigError(
            f"a step of {directory.path} is {batches} batches, and training.accumulate {asked} in {processes} "
            f"processes would make it {asked * processes}; resume it with {right}"
        )


def take_over(state: TrainState, found: Found, group: Group) -> Found:
    """Put the state that the first process found into every process; return what it found."""
    flat = {f"{file}/{name}": array for file, part in found.arrays.items() for name, array in part.items()}
    flat = group.arrays_of_first(flat)
    saved = json.loads(group.of_first(json.dumps(found.saved)))
    arrays: dict[str, Arrays] = {WEIGHTS: {}, OPTIMIZER: {}, EMA: {}}
    for name, array in flat.items():
        file, _, rest = name.partition("/")
        arrays[file][rest] = array
    if saved:
        state.restore(arrays[WEIGHTS], arrays[OPTIMIZER], arrays[EMA], saved["counters"])
    return replace(found, saved=saved)
