"""A run on disk: `run.toml` as resolved, `tokenizer.model`, `log.jsonl`, `checkpoints/`, `best/`, `model/`."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearhead import checkpoint
from clearhead.config import RunConfig, read_toml
from clearhead.errors import CheckpointError, ConfigError

_FREE_TO_CHANGE = {
    "data": {"source", "target", "valid_source", "valid_target"},  # the text itself is compared instead
    "training": {"max_steps", "max_epochs", "patience", "log_every", "threads"},
}
"""What a resumed run may have otherwise without becoming another run."""


@dataclass(frozen=True)
class RunDirectory:
    """Where each part of a run stands."""

    path: Path

    @property
    def config_file(self) -> Path:
        """The configuration, every setting resolved."""
        return self.path / "run.toml"

    @property
    def tokenizer_file(self) -> Path:
        """The tokenizer that this run trained."""
        return self.path / "tokenizer.model"

    @property
    def log_file(self) -> Path:
        """One JSON object a line: what happened at which step."""
        return self.path / "log.jsonl"

    @property
    def checkpoints(self) -> Path:
        """The last checkpoints, `step-00001000` and so on."""
        return self.path / "checkpoints"

    @property
    def best(self) -> Path:
        """The model that was best on the validation set so far."""
        return self.path / "best"

    @property
    def model(self) -> Path:
        """The finished model."""
        return self.path / "model"

    def exists(self) -> bool:
        """Say whether a run was started here."""
        return self.config_file.exists()

    def is_untouched(self) -> bool:
        """Say whether this is a directory in which nothing was completed yet."""
        return self.path.is_dir() and all(left.name.startswith(".partial-") for left in self.path.iterdir())

    def create(self, config: RunConfig) -> None:
        """Start a run; raise ConfigError where something stands in the way."""
        if self.exists():
            raise ConfigError(
                f"{self.path} already holds a run; go on with it by --resume, or give another --out"
            )
        if self.path.exists() and not self.is_untouched():
            raise ConfigError(f"{self.path} exists and is not a run; give --out a new or empty directory")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            write_file(self.config_file, config.to_toml().encode())
        except OSError as error:
            raise ConfigError(f"cannot write to {self.path}: {error.strerror}; give another --out") from None

    def reopen(self, config: RunConfig) -> None:
        """Go on with a run; raise ConfigError naming what differs from the run as it was started."""
        if not self.exists():
            raise ConfigError(f"{self.path} holds no run to resume; start one without --resume")
        differences = compare(read_toml(self.config_file), config.to_dict())
        if differences:
            raise ConfigError(
                f"{self.path} was started with another configuration: {'; '.join(differences)}; resume it "
                "with the same, or give another --out"
            )
        for folder in (self.path, self.checkpoints):
            checkpoint.recover(folder)

    def log(self, event: Mapping[str, Any]) -> None:
        """Append an event to the log."""
        with self.log_file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(event, ensure_ascii=False) + "\n")

    def log_lines(self) -> int:
        """Return how many events the log holds."""
        return self.log_file.read_bytes().count(b"\n") if self.log_file.exists() else 0

    def trim_log(self, lines: int) -> None:
        """Keep the first events only: what a checkpoint has not seen will happen again."""
        if self.log_lines() > lines or lines == 0:
            events = self.log_file.read_bytes().split(b"\n")[:lines] if self.log_file.exists() else []
            write_file(self.log_file, b"".join(event + b"\n" for event in events))


def compare(started: Mapping[str, Any], asked: Mapping[str, Any]) -> list[str]:
    """Name the settings that differ between two runs and matter to it."""
    differences = []
    for key, value in asked.items():
        before = started.get(key)
        if isinstance(value, Mapping):
            before = before if isinstance(before, Mapping) else {}
            free = set(_FREE_TO_CHANGE.get(key, ()))
            if key == "training" and value.get("schedule") == "cosine":
                free -= {"max_steps"}  # its curve depends on where it ends
            differences += [
                f"{key}.{name} was {before.get(name)!r}, is {setting!r}"
                for name, setting in value.items()
                if name not in free and before.get(name) != setting
            ]
        elif before != value:
            differences.append(f"{key} was {before!r}, is {value!r}")
    return differences


def write_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    partial = path.with_name(f".partial-{path.name}")
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        raise CheckpointError(
            f"could not write {path}: {error.strerror}; free some space and resume"
        ) from error
