"""The checkpoints of a run: what a step leaves on the disk, and how a run goes on from it.

step-00001000/  model.safetensors  config.json  tokenizer.model  README.md   a model directory like any other
                optimizer.safetensors  state.json  manifest.json
                parameters.safetensors   where a moving average is kept, which then is in model.safetensors
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clearhead import checkpoint
from clearhead.config import TrainingConfig
from clearhead.engines.directory import WEIGHTS
from clearhead.errors import CheckpointError, ConfigError
from clearhead.pipeline.run_directory import RunDirectory
from clearhead.training.distributed import Group
from clearhead.training.state import TrainState

OPTIMIZER, PARAMETERS, STATE = "optimizer.safetensors", "parameters.safetensors", "state.json"
_EMA = "ema.safetensors"
"""Where earlier releases had the moving average; their `model.safetensors` has the parameters."""


def save(
    state: TrainState,
    directory: RunDirectory,
    identity: dict[str, Any],
    model: Mapping[str, bytes | checkpoint.Arrays],
) -> None:
    """Write the state of a run after its last step, whole or not at all, with the files of the model that it is."""
    checkpoint.write_directory(
        checkpoint.step_directory(directory.checkpoints, state.step),
        {
            **model,
            **({PARAMETERS: state.model_arrays()} if state.ema else {}),
            OPTIMIZER: state.optimizer_arrays(),
            STATE: checkpoint.json_bytes({"counters": state.counters(), **identity}),
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
    saved = checkpoint.steps(directory.checkpoints)
    due = [path for path in saved if checkpoint.step_of(path) % training.save_every == 0]
    kept = {saved[-1], *due[-max(2, training.average_last) :]}
    for path in saved:
        if path not in kept:
            checkpoint.remove(path)


def restore(
    state: TrainState, directory: RunDirectory, identity: dict[str, Any], group: Group
) -> tuple[str, ...]:
    """Take over the newest checkpoint that is whole; return what the user should know."""
    path, faults = checkpoint.latest(directory.checkpoints)
    group.wait()  # all have found the same one before anything is removed
    warnings = [f"{fault}; going on from the checkpoint before it" for fault in faults]
    if path is None:
        if faults:
            raise CheckpointError(f"no checkpoint of {directory.path} is whole: {faults[0]}")
        return ("no checkpoint was saved yet: the run starts from its beginning",)
    for other in checkpoint.steps(directory.checkpoints) if group.leads else ():
        if checkpoint.step_of(other) > checkpoint.step_of(path):
            checkpoint.remove(other)  # damaged: it would be taken for whole when its step comes again
    saved = checkpoint.read_json(path / STATE)
    if saved["data"] != identity["data"]:
        raise ConfigError(
            f"the training text is not the text that {directory.path} was started with; put that text back, or "
            f"{directory.going_on_with_other_text}"
        )
    for key, value in identity["machine"].items():
        before = saved["machine"].get(key, value)
        if before != value:
            warnings.append(f"{key} was {before!r}, is {value!r}: the numbers may differ in the last digits")
    state.restore(
        checkpoint.read_arrays(parameters(path)),
        checkpoint.read_arrays(path / OPTIMIZER),
        checkpoint.read_arrays(moving_average(path)) if state.ema else {},
        saved["counters"],
    )
    return tuple(warnings)
