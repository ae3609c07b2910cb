"""What must be the same in processes that train together, or each would learn something else."""

import hashlib
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import clearhead
from clearhead.config import RunConfig
from clearhead.config.tables import flat
from clearhead.data.store import Store
from clearhead.errors import ConfigError
from clearhead.run.directory import FREE_TO_CHANGE, RunDirectory
from clearhead.storage import folders
from clearhead.storage.steps import saved_steps, step_of
from clearhead.training.distributed import Group

_DECIDES = ("torch", "numpy", "sentencepiece")
"""Packages whose versions decide what is drawn and computed."""
_OF_ALL = {f"training.{name}" for name in ("accumulate", "max_steps", "max_epochs", "patience", "sharding")}
_OF_EACH = FREE_TO_CHANGE - _OF_ALL | {"init"}
"""Settings that may differ between processes: where things are, and how they work. The contents are compared."""


def facts_of_start(config: RunConfig, out: Path, *, resume: bool) -> dict[str, Any]:
    """Return what is known before any text is read, by the names that users know."""
    shared = {
        name: value for name, value in flat(config.to_dict()) if re.sub(r"\[\d+\]", "", name) not in _OF_EACH
    }
    versions = {f"{name} version": version(name) for name in _DECIDES}
    return {
        "--out": str(out),
        "--resume": resume,
        **shared,
        **versions,
        "Clearhead version": clearhead.__version__,
        "Clearhead code": _code(),
    }


def check_steps(group: Group, directory: RunDirectory) -> None:
    """Raise ConfigError on every process where one has another checkpoint in its --out than the first one.

    The first one reads and writes for all: it must be the one that has the run. A process whose disk is not that of
    the first one, and holds nothing, is well.
    """
    newest = [str(step_of(path)) for path in saved_steps(directory.checkpoints)[-1:]]
    first, *others = group.gather(newest[0] if newest else "")
    differences = [
        f"in rank {rank}'s {directory.path} the run is at step {other}, in rank 0's "
        + (f"at step {first}" if first else "there is none")
        for rank, other in enumerate(others, start=1)
        if other not in ("", first)
    ]
    if differences:
        raise ConfigError(
            f"{'; '.join(differences)}; give an --out on a disk that all processes share, or start on the machine that "
            "has the run as rank 0"
        )


def facts_of_text(store: Store, origin: Path | None) -> dict[str, Any]:
    """Return digests of the training text, of its tokenizer, and of the model that the run starts from."""
    model = {"initial model": _digest((origin / folders.MANIFEST).read_bytes())} if origin else {}
    return {
        "training text": store.fingerprint[:12],
        "tokenizer": _digest(store.tokenizer.to_bytes()),
        **model,
    }


def _code() -> str:
    """Return a digest of the source code."""
    folder = Path(clearhead.__file__).parent
    files = sorted(folder.rglob("*.py"), key=lambda file: file.relative_to(folder).as_posix())
    return _digest(b"\0".join(file.read_bytes() for file in files))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]
