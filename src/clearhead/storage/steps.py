"""The folders of a run's checkpoints, `step-00001000` and so on."""

import re
from pathlib import Path

from clearhead.errors import CheckpointError
from clearhead.storage.folders import verify

_STEP = re.compile(r"step-\d+")


def step_folder(folder: Path, step: int) -> Path:
    """Return the folder of the checkpoint of a step."""
    return folder / f"step-{step:08d}"


def saved_steps(folder: Path) -> list[Path]:
    """Return the checkpoints of a folder, oldest first, complete ones only by the rule of writing."""
    return sorted(path for path in folder.glob("step-*") if _STEP.fullmatch(path.name) and path.is_dir())


def latest_step(folder: Path) -> tuple[Path | None, list[CheckpointError]]:
    """Return the newest checkpoint that verifies, and what is wrong with the newer ones."""
    faults = []
    for path in reversed(saved_steps(folder)):
        try:
            verify(path)
        except CheckpointError as error:
            faults.append(error)
        else:
            return path, faults
    return None, faults


def step_of(path: Path) -> int:
    """Return the step of a checkpoint."""
    return int(path.name.removeprefix("step-"))
