"""Arguments to a command: tyro reads them, and what it refuses is reported in one line."""

import io
import re
import sys
from contextlib import redirect_stderr
from typing import Any

import tyro

from clearhead.cli.output import tell
from clearhead.errors import ClearheadError

_READ = (tyro.conf.HelptextFromCommentsOff,)
"""Helps are docstrings: looking for comments too would read the sources of a command at every start."""
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_FRAME = re.compile(r"[─-╿]")


def parsed(kind: type, args: list[str], prog: str | None = None, **defaults: Any) -> Any:
    """Return a command made from arguments; exit with 2 where they are wrong usage.

    Raises the ClearheadError of a setting that refuses its value, which tyro would draw as a box.
    """
    heard = io.StringIO()
    try:
        with redirect_stderr(heard):
            return tyro.cli(kind, args=args, prog=prog, config=_READ, **defaults)
    except SystemExit as stop:
        if refused := _cause(stop):
            raise refused from None
        tell(f"{prog}: {_sentence(heard.getvalue())}; see {prog} --help")
        sys.exit(2)


def _cause(error: BaseException | None) -> ClearheadError | None:
    """Return the error of ours that an exception was raised for; None where there is none."""
    while error is not None and not isinstance(error, ClearheadError):
        error = error.__context__
    return error


def _sentence(box: str) -> str:
    """Return what a box says, up to its first rule, on one line and without its frame."""
    lines = _COLOURS.sub("", box).splitlines()[1:]
    kept: list[str] = []
    for line in lines:
        words = _FRAME.sub("", line).strip()
        if not words and kept:
            break
        kept.append(words)
    return " ".join(filter(None, kept)) or "these arguments do not fit"
