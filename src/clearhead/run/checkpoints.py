"""The checkpoints of a run: what is saved after a step, and how a run is resumed from it.

step-00001000/  model.safetensors  config.json  tokenizer.model  README.md   a model directory like any other
                optimizer.safetensors  state.json  manifest.json
                parameters.safetensors   where a moving average is kept, which then is in model.safetensors
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from clearhead.config import RunConfig, TrainingConfig
from clearhead.errors import CheckpointError, ConfigError
from clearhead.model_directory import WEIGHTS
from clearhead.run.directory import RunDirectory
from clearhead.run.machine import Machine
from clearhead.run.milestones import kept_steps
from clearhead.run.progress import RunProgress, Underway
from clearhead.storage import folders
from clearhead.storage.files import json_bytes, read_object
from clearhead.storage.steps import latest_step, saved_steps, step_folder, step_of
from clearhead.storage.tensors import Arrays, read_arrays
from clearhead.training.distributed import Group
from clearhead.training.state import Counters, Snapshot, TrainState

OPTIMIZER, PARAMETERS, STATE = "optimizer.safetensors", "parameters.safetensors", "state.json"
_EMA = "ema.safetensors"
"""The moving average in checkpoints of earlier releases, whose `model.safetensors` holds the parameters."""


@dataclass(frozen=True)
class Identity:
    """What must be unchanged for a run to resume exactly."""

    data: str
    """A digest of the training text."""
    machine: Machine
    batches: int
    """Of a step, of all its processes together."""


@dataclass(frozen=True)
class SavedRun:
    """What `state.json` of a checkpoint says."""

    counters: Counters
    progress: RunProgress
    identity: Identity

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return what `to_dict` wrote."""
        counters = values["counters"]
        return cls(
            Counters.from_dict(counters),
            RunProgress.from_dict(counters["notes"]),
            Identity(values["data"], Machine.from_dict(values["machine"]), int(values["batches"])),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "counters": {**self.counters.to_dict(), "notes": self.progress.to_dict()},
            **asdict(self.identity),
        }


def save(
    run: Underway,
    snapshot: Snapshot,
    directory: RunDirectory,
    identity: Identity,
    model: Mapping[str, bytes | Arrays],
) -> None:
    """Write the state of a run after its last step, whole or not at all, with the files of the model that it is."""
    folders.write_directory(
        step_folder(directory.checkpoints, run.state.step),
        {
            **model,
            **({PARAMETERS: snapshot.parameters} if snapshot.average else {}),
            OPTIMIZER: snapshot.optimizer,
            STATE: json_bytes(SavedRun(run.state.counters, run.progress, identity).to_dict()),
        },
    )


def parameters(path: Path) -> Path:
    """Return the file of the parameters that training is resumed with."""
    return path / PARAMETERS if (path / PARAMETERS).exists() else path / WEIGHTS


def moving_average(path: Path) -> Path:
    """Return the file of the moving average in a checkpoint that has one."""
    return path / _EMA if (path / _EMA).exists() else path / WEIGHTS


def prune(directory: RunDirectory, training: TrainingConfig) -> None:
    """Remove the checkpoints that are no longer needed."""
    saved = saved_steps(directory.checkpoints)
    kept = kept_steps(training, [step_of(path) for path in saved])
    for path in saved:
        if step_of(path) not in kept:
            folders.remove(path)


@dataclass(frozen=True)
class Found:
    """A checkpoint to resume from."""

    saved: SavedRun | None = None
    """None where nothing was saved yet."""
    arrays: Mapping[str, Arrays] = field(default_factory=dict)
    """Of `parameters`, `optimizer` and, where it is kept, the moving `average`."""
    warnings: tuple[str, ...] = ()


def find(directory: RunDirectory, identity: Identity, config: RunConfig) -> Found:
    """Read the newest checkpoint that is whole, and remove what is newer; `warnings` are for the user.

    Raises ConfigError where the run was started with other text, or its steps would not be what they were;
    CheckpointError where no checkpoint is whole.
    """
    path, faults = latest_step(directory.checkpoints)
    if path is None:
        if faults:
            raise CheckpointError(f"no checkpoint of {directory.path} is whole: {faults[0]}")
        return Found(warnings=("no checkpoint was saved yet: the run starts from the beginning",))
    for other in saved_steps(directory.checkpoints):
        if step_of(other) > step_of(path):
            folders.remove(other)  # damaged: it would be taken for whole when its step comes again
    started = RunConfig.load(directory.config_file).training.accumulate
    values = read_object(path / STATE)
    differences = _differences(values["machine"], identity.machine)
    saved = SavedRun.from_dict(_completed(values, identity, started))
    if saved.identity.data != identity.data:
        raise ConfigError(
            f"the training text is not the text that {directory.path} was started with; put that text back, or "
            f"{directory.going_on_with_other_text}"
        )
    _check_step(directory, saved.identity.batches, identity.machine.processes, started, config)
    files = {"parameters": parameters(path), "optimizer": path / OPTIMIZER}
    if config.training.ema_decay:
        files["average"] = moving_average(path)
    arrays = {part: read_arrays(file) for part, file in files.items()}
    warnings = [f"{fault}; resuming from the checkpoint before it" for fault in faults]
    return Found(saved, arrays, (*warnings, *differences))


def _completed(values: Mapping[str, Any], identity: Identity, accumulate: int) -> dict[str, Any]:
    """Return what a checkpoint says, with what an earlier release did not write: it had one process."""
    machine = {**asdict(identity.machine), "processes": 1, **values["machine"]}
    return {"batches": accumulate * machine["processes"], **values, "machine": machine}


def _differences(before: Mapping[str, Any], machine: Machine) -> tuple[str, ...]:
    """Say what differs between the machine of a checkpoint and this one."""
    return tuple(
        f"{name} was {before[name]!r}, is {value!r}: the numbers may differ in the last digits"
        for name, value in asdict(machine).items()
        if before.get(name, value) != value
    )


def _check_step(
    directory: RunDirectory, batches: int, processes: int, started: int, config: RunConfig
) -> None:
    """Raise ConfigError where the steps of these processes would not be those of the run."""
    if processes > batches:
        raise ConfigError(
            f"a step of {directory.path} is {batches} batches, which {processes} processes cannot share; resume it "
            f"with --workers {batches} or fewer"
        )
    accumulate = config.training.accumulate
    if accumulate not in (started, batches / processes):
        right = f"--training.accumulate {started}" + (
            "" if batches % processes else f" or {batches // processes}"
        )
        raise ConfigError(
            f"a step of {directory.path} is {batches} batches, and training.accumulate {accumulate} in {processes} "
            f"processes would make it {accumulate * processes}; resume it with {right}"
        )


def take_over(state: TrainState, latest: Found, group: Group) -> SavedRun | None:
    """Share the state that the first process read with every process; return what was saved with it."""
    arrays = {
        f"{part}/{name}": array
        for part, part_arrays in latest.arrays.items()
        for name, array in part_arrays.items()
    }
    arrays = group.arrays_of_first(arrays)
    values = json.loads(group.of_first(json.dumps(latest.saved.to_dict() if latest.saved else None)))
    if values is None:
        return None
    saved = SavedRun.from_dict(values)
    parameters, optimizer, average = (
        {
            name.removeprefix(f"{part}/"): array
            for name, array in arrays.items()
            if name.startswith(f"{part}/")
        }
        for part in ("parameters", "optimizer", "average")
    )
    state.restore(parameters, optimizer, average, saved.counters)
    return saved
