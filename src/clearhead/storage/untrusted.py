"""Files that anybody may have written: read up to a bounded size, and JSON of a bounded depth, or refused.

A model directory comes by mail or from a hub, and what a program remembers lies where others can write. What is
told here fits into brackets; who reads a file says which it is, and what to do.
"""

import json
import math
import os
import reprlib
import stat
from pathlib import Path
from typing import Any

LIMIT = 4 << 20
"""Most bytes of a file that holds settings or facts."""
_DEEPEST = 32
_LARGEST = 2**63
_SHOWN = 100


def read_bytes(file: Path, limit: int = LIMIT) -> bytes:
    """Read a file. Raises OSError as opening it does, ValueError for one that is no file or is above the limit."""
    if not stat.S_ISREG(os.stat(file).st_mode):  # a pipe would be waited for, a device may never end
        raise ValueError("it is not an ordinary file")
    with file.open("rb") as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise ValueError(f"it is larger than {limit:,} bytes")
    return data


def read_json(file: Path, limit: int = LIMIT) -> Any:
    """Read what `parse_json` does from a file. Raises OSError and ValueError."""
    return parse_json(read_bytes(file, limit))


def parse_json(text: bytes | str) -> Any:
    """Return the value of JSON. Raises ValueError, in a line, for what is none or is not what it seems.

    Refused are, beyond what is no JSON: a key that stands twice, nesting without end, half a surrogate pair, and
    numbers that are none or do not fit into 64 bits.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode()
        value = json.loads(
            text, object_pairs_hook=each_key_once, parse_constant=_no_number, parse_int=_integer
        )
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start + 1} is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error.msg}, line {error.lineno}") from None
    except RecursionError:
        raise _nested() from None
    _check_values(value)
    return value


def each_key_once(items: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its items; json would keep the last of several with one name and lose the others."""
    value = dict(items)
    if len(value) < len(items):
        seen: set[str] = set()
        twice = next(name for name, _ in items if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ValueError(f"{shown(twice)} stands in it twice")
    return value


def shown(value: object) -> str:
    """Return a value as a message shows it: its beginning and its end, in one line, whatever it is."""
    return _Short().repr(value)


class _Short(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = _SHOWN

    def repr_int(self, value: int, level: int) -> str:
        """Write an integer, also one with more digits than Python likes to write."""
        return super().repr_int(value, level) if abs(value) < 10**_SHOWN else "a number of many digits"


def _check_values(value: Any) -> None:
    """Go through a value level by level, so that no depth of it can matter."""
    level = [value]
    for _ in range(_DEEPEST):
        below: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                below += each
                below += each.values()
            elif isinstance(each, list):
                below += each
            elif isinstance(each, str):
                _check_text(each)
            elif isinstance(each, float) and not math.isfinite(each):
                raise ValueError("a number in it is too large")
        if not below:
            return
        level = below
    raise _nested()


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{shown(text)} holds half a surrogate pair, which is not text") from None


def _integer(digits: str) -> int:
    if len(digits) > len(str(_LARGEST)) or abs(number := int(digits)) >= _LARGEST:
        raise ValueError("a number in it is too large")
    return number


def _no_number(name: str) -> Any:
    raise ValueError(f"it holds {name}, which is not a number")


def _nested() -> ValueError:
    return ValueError(f"it is nested more than {_DEEPEST} deep")
