"""The checkpoints of a run: what a step leaves on the disk, and how a run goes on from it.

step-00001000/  model.safetensors  config.json  tokenizer.model  README.md   a model directory like any other
                optimizer.safetensors  state.json  manifest.json
                parameters.safetensors   where a moving average is kept, which then is in model.safetensors
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from clearhead.config import RunConfig, TrainingConfig
from clearhead.errors import CheckpointError, ConfigError
from clearhead.model_directory import WEIGHTS
from clearhead.run.directory import RunDirectory
from clearhead.storage import folders
from clearhead.storage.files import json_bytes, read_object
from clearhead.storage.steps import latest_step, saved_steps, step_folder, step_of
from clearhead.storage.tensors import Arrays, read_arrays
from clearhead.training.distributed import Group
from clearhead.training.state import TrainState

OPTIMIZER, PARAMETERS, STATE = "optimizer.safetensors", "parameters.safetensors", "state.json"
_EMA = "ema.safetensors"
"""Where earlier releases had the moving average; their `model.safetensors` has the parameters."""


def save(
    state: TrainState,
    directory: RunDirectory,
    identity: dict[str, Any],
    model: Mapping[str, bytes | Arrays],
) -> None:
    """Write the state of a run after its last step, whole or not at all, with the files of the model that it is."""
    folders.write_directory(
        step_folder(directory.checkpoints, state.step),
        {
            **model,
            **({PARAMETERS: state.model_arrays()} if state.ema else {}),
            OPTIMIZER: state.optimizer_arrays(),
            STATE: json_bytes({"counters": state.counters(), **identity}),
        },
    )


def parameters(path: Path) -> Path:
    """Return the file of the parameters that a checkpoint goes on from."""
    return path / PARAMETERS if (path / PARAMETERS).exists() else path / WEIGHTS


def moving_average(path: Path) -> Path:
    """Return the file of the moving average in a checkpoint that has one."""
    return path / _EMA if (path / _EMA).exists() else path / WEIGHTS


def prune(directory: RunDirectory, training: TrainingConfig) -> None:
    """Keep the last checkpoints that were due; of the others, where a run was stopped, only the newest."""
    saved = saved_steps(directory.checkpoints)
    due = [path for path in saved if step_of(path) % training.save_every == 0]
    kept = {saved[-1], *due[-max(2, training.average_last) :]}
    for path in saved:
        if path not in kept:
            folders.remove(path)


@dataclass(frozen=True)
class Found:
    """A checkpoint to go on from."""

    arrays: dict[str, Arrays] = field(default_factory=dict)
    """Parameters, optimizer and moving average; none where nothing was saved yet."""
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
    path, faults = latest_step(directory.checkpoints)
    warnings = [f"{fault}; going on from the checkpoint before it" for fault in faults]
    if path is None:
        if faults:
            raise CheckpointError(f"no checkpoint of {directory.path} is whole: {faults[0]}")
        return Found(warnings=("no checkpoint was saved yet: the run starts from its beginning",))
    for other in saved_steps(directory.checkpoints):
        if step_of(other) > step_of(path):
            folders.remove(other)  # damaged: it would be taken for whole when its step comes again
    saved = read_object(path / STATE)
    if saved["data"] != identity["data"]:
        raise ConfigError(
            f"the training text is not the text that {directory.path} was started with; put that text back, or "
            f"{directory.going_on_with_other_text}"
        )
    started = RunConfig.load(directory.config_file).training.accumulate
    saved.setdefault("batches", started * saved["machine"].get("processes", 1))
    _check_step(directory, saved["batches"], identity["machine"]["processes"], started, config)
    for key, value in identity["machine"].items():
        before = saved["machine"].get(key, value)
        if before != value:
            warnings.append(f"{key} was {before!r}, is {value!r}: the numbers may differ in the last digits")
    files = {"parameters": parameters(path), "optimizer": path / OPTIMIZER}
    if config.training.ema_decay:
        files["average"] = moving_average(path)
    arrays = {part: read_arrays(file) for part, file in files.items()}
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
    flat = {f"{part}/{name}": array for part, own in found.arrays.items() for name, array in own.items()}
    flat = group.arrays_of_first(flat)
    saved = json.loads(group.of_first(json.dumps(found.saved)))
    arrays: dict[str, Arrays] = {"parameters": {}, "optimizer": {}, "average": {}}
    for name, array in flat.items():
        part, _, rest = name.partition("/")
        arrays[part][rest] = array
    if saved:
        state.restore(arrays["parameters"], arrays["optimizer"], arrays["average"], saved["counters"])
    return replace(found, saved=saved)
