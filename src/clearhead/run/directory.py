"""A run on disk: `run.toml` as resolved, `data/`, `log.jsonl`, `checkpoints/`, `best/`, `model/`."""

import json
import os
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from clearhead.config import RunConfig
from clearhead.config.tables import flat
from clearhead.config.training import Precision
from clearhead.errors import CheckpointError, ConfigError
from clearhead.model_directory import find
from clearhead.storage import folders
from clearhead.storage.files import PARTIAL, write_file
from clearhead.storage.untrusted import read_json, shown

FREE_TO_CHANGE = {
    # Where the text is does not matter: the store compares the text itself.
    *(f"data.{name}" for name in ("source", "target", "alignments", "valid_source", "valid_target", "store")),
    *(
        f"data.{name}.{side}"
        for name in ("corpora", "validation")
        for side in ("source", "target", "alignments")
    ),
    "data.loader_workers",
    "data.processes",
    "data.max_memory",
    *(
        f"training.{name}"
        for name in (
            *(
                "max_steps",
                "max_epochs",
                "patience",
                "log_every",
                "threads",
                "device",
                "sharding",
                "deterministic",
            ),
        )
    ),
    *(f"training.{name}" for name in ("compile", "activation_checkpointing")),  # the same sums
    "training.accumulate",  # a checkpoint knows how many batches all processes take together
}
"""Settings that may change when a run is resumed."""
_LOCK, _OWNER = "trainer.lock", "trainer.json"


@dataclass(frozen=True)
class RunDirectory:
    """The places of the parts of a run."""

    path: Path

    @property
    def config_file(self) -> Path:
        """The configuration, every setting resolved."""
        return self.path / "run.toml"

    @property
    def store(self) -> Path:
        """The prepared text, unless `data.store` names another place."""
        return self.path / "data"

    @property
    def log_file(self) -> Path:
        """What happened at which step, one JSON object per line."""
        return self.path / "log.jsonl"

    @property
    def checkpoints(self) -> Path:
        """The last checkpoints, `step-00001000` and so on."""
        return self.path / "checkpoints"

    @property
    def best(self) -> Path:
        """The model with the best validation figures so far."""
        return self.path / "best"

    @property
    def model(self) -> Path:
        """The finished model."""
        return self.path / "model"

    def exists(self) -> bool:
        """Say whether a run was started here."""
        return self.config_file.exists()

    def has_weights(self) -> bool:
        """Say whether the run has saved any."""
        return any(folder.exists() for folder in (self.model, self.best, self.checkpoints))

    def is_untouched(self) -> bool:
        """Say whether nothing has been completed in this directory yet."""
        return self.path.is_dir() and all(
            left.name.startswith((PARTIAL, ".lock-")) or left.name in (_LOCK, _OWNER, self.store.name)
            for left in self.path.iterdir()
        )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock out other trainers; raise ConfigError if one is running.

        The operating system holds the lock, so that of a trainer that died is free.
        """
        is_new = not self.path.exists()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.path / _LOCK)
            lock.acquire(timeout=0)
        except Timeout:
            raise ConfigError(
                f"another trainer{self._owner()} is writing to {self.path}; wait for it, stop it, or give "
                "another --out"
            ) from None
        except OSError as error:
            raise ConfigError(f"cannot write to {self.path}: {error.strerror}; give another --out") from None
        try:
            owner = {"pid": os.getpid(), "host": socket.gethostname()}
            _write(self.path / _OWNER, json.dumps(owner).encode())
            yield
        finally:
            (self.path / _OWNER).unlink(missing_ok=True)
            if os.name != "nt":  # Windows does not remove what is open
                (self.path / _LOCK).unlink(missing_ok=True)
            lock.release()
            if is_new and not any(self.path.iterdir()):
                self.path.rmdir()  # refused before it began

    def _owner(self) -> str:
        try:
            owner = read_json(self.path / _OWNER)
            return f" (process {int(owner['pid'])} on {shown(str(owner['host']))[1:-1]})"
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def check_free(self) -> None:
        """Raise ConfigError where a new run cannot be started here."""
        if self.exists():
            raise ConfigError(
                f"{self.path} already holds a run; continue it with --resume, or give another --out"
            )
        if self.path.exists() and not self.is_untouched():
            raise ConfigError(f"{self.path} exists and is not a run; give a new or empty directory as --out")

    def create(self, config: RunConfig) -> None:
        """Start a run."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            _write(self.config_file, config.to_toml().encode())
        except OSError as error:
            raise ConfigError(f"cannot write to {self.path}: {error.strerror}; give another --out") from None

    def reopen(self, config: RunConfig) -> RunConfig:
        """Resume a run; return its settings, with the precision and the batches that it chose for `auto`.

        Raises ConfigError naming the settings that differ from those it was started with.
        """
        started = RunConfig.load(self.config_file)
        if config.training.precision == "auto":
            config = with_precision(config, started.training.precision)
        if config.training.batch_tokens == "auto":
            config = with_batch_tokens(config, started.training.tokens_of_batch)
        if config.data.bleu_tokenize == "auto":  # earlier releases had no such choice
            config = replace(config, data=replace(config.data, bleu_tokenize=started.data.bleu_tokenize))
        differences = compare(started.to_dict(), config.to_dict())
        if differences:
            raise ConfigError(
                f"{self.path} was started with other settings: {'; '.join(differences)}; resume it with its own "
                f"(--config {self.config_file}, without those flags), or give another --out"
            )
        for folder in (self.path, self.checkpoints):
            folders.recover(folder)
        return config

    def keep(self, name: str, data: bytes) -> None:
        """Write a file into the run, whole or not at all."""
        _write(self.path / name, data)

    def log(self, event: Mapping[str, Any]) -> None:
        """Append an event to the log."""
        try:
            with self.log_file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(event, ensure_ascii=False) + "\n")
        except OSError as error:
            raise CheckpointError(
                f"could not write {self.log_file}: {error.strerror}; free some space and --resume"
            ) from error

    def log_lines(self) -> int:
        """Return how many events the log holds."""
        return self.log_file.read_bytes().count(b"\n") if self.log_file.exists() else 0

    @property
    def going_on_with_other_text(self) -> str:
        """The remedy where the run is to be resumed with text that is not its own."""
        try:
            model = find(self.path, quiet=True)
        except CheckpointError:
            return "give another --out to learn the new text"
        return (
            f"learn the new text in another run that starts from the model of this one: --init {model} --out NEW, "
            "without --resume"
        )

    def last_event(self) -> dict[str, Any]:
        """Return the last event of the log; {} where there is none."""
        events = self.log_file.read_bytes().splitlines() if self.log_file.exists() else []
        try:
            return dict(json.loads(events[-1])) if events else {}
        except ValueError:  # cut off when the machine stopped
            return {}

    def trim_log(self, lines: int) -> None:
        """Keep only the first events: what a checkpoint has not seen will happen again."""
        written = self.log_file.read_bytes() if self.log_file.exists() else b""
        kept = b"".join(event + b"\n" for event in written.split(b"\n")[:lines])
        if kept != written or not self.log_file.exists():
            _write(self.log_file, kept)


def with_precision(config: RunConfig, precision: Precision) -> RunConfig:
    """Return the settings with this precision."""
    return replace(config, training=replace(config.training, precision=precision))


def with_batch_tokens(config: RunConfig, batch_tokens: int) -> RunConfig:
    """Return the settings with batches of this size."""
    return replace(config, training=replace(config.training, batch_tokens=batch_tokens))


def compare(started: Mapping[str, Any], resumed: Mapping[str, Any]) -> list[str]:
    """Name the settings that differ between a run as it was started and resumed, and that may not."""
    before, after = dict(flat(started)), dict(flat(resumed))
    free = set(FREE_TO_CHANGE)
    if after.get("training.schedule") == "cosine":
        free.remove("training.max_steps")  # its curve depends on where it ends
    return [
        f"{name} was {before.get(name)!r}, is {after.get(name)!r}"
        for name in before | after
        if before.get(name) != after.get(name) and re.sub(r"\[\d+\]", "", name) not in free
    ]


def _write(path: Path, data: bytes) -> None:
    """Write a file of a run whole or not at all."""
    try:
        write_file(path, data)
    except OSError as error:
        raise CheckpointError(
            f"could not write {path}: {error.strerror}; free some space and --resume"
        ) from error
