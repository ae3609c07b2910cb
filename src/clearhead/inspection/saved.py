"""What was seen of a translation as a file: a page, JSON, which people can read, or NPZ, which is smaller."""

import io
import json
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile

import numpy as np

from clearhead.errors import ClearheadError, ConfigError
from clearhead.storage.files import write_file

Seen = TypeVar("Seen")

_FOREIGN = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    EOFError,
    RecursionError,
    BadZipFile,
    zlib.error,
)
"""What reading a file that Clearhead did not write may raise."""


def save(
    file: Path | str,
    *,
    html: Callable[[], str],
    values: Callable[[], Mapping[str, Any]],
    arrays: Callable[[], Mapping[str, Any]],
) -> None:
    """Write the page (`.html`), the plain values (`.json`) or the arrays (`.npz`), by the name of the file.

    Only what is written is made. Raises ConfigError for another name.
    """
    file = Path(file)
    if file.suffix == ".html":
        data = html().encode()
    elif file.suffix == ".json":
        data = (json.dumps(values(), ensure_ascii=False) + "\n").encode()
    elif file.suffix == ".npz":
        packed = io.BytesIO()
        np.savez_compressed(packed, allow_pickle=False, **arrays())
        data = packed.getvalue()
    else:
        raise ConfigError(f"the name {file} must end in .html, .json or .npz")
    write_file(file, data)


def load(
    file: Path | str,
    what: str,
    *,
    values: Callable[[Mapping[str, Any]], Seen],
    arrays: Callable[[Mapping[str, Any]], Seen],
) -> Seen:
    """Read what `save` wrote as `.json` or `.npz`; `what` names the content. Raises ConfigError for anything else."""
    file = Path(file)
    try:
        if file.suffix == ".npz":
            with np.load(file, allow_pickle=False) as opened:
                return arrays(opened)
        return values(json.loads(file.read_text(encoding="utf-8")))
    except _FOREIGN as error:
        if isinstance(error, ClearheadError):
            raise
        why = f"it has no {error}" if isinstance(error, KeyError) else error
        raise ConfigError(f"{file} does not hold {what}: {why}") from None
