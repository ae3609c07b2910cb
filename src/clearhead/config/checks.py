"""What is out of range is refused where it enters, with what is allowed."""

import difflib
from collections.abc import Iterable
from typing import Literal, get_args, get_origin, get_type_hints

from clearhead.errors import ConfigError


def check(condition: bool, name: str, value: object, allowed: str) -> None:
    """Raise ConfigError for a value that is not allowed."""
    if not condition:
        raise ConfigError(f"{name} is {value!r}; allowed is {allowed}")


def check_choices(config: object, section: str) -> None:
    """Hold every `Literal` field to its choices, since a TOML file is not seen by a type checker."""
    for name, hint in get_type_hints(type(config)).items():
        choices = get_args(hint)
        if get_origin(hint) is Literal:
            value = getattr(config, name)
            check(value in choices, f"{section}.{name}", value, "one of " + ", ".join(choices))


def nearest(word: str, known: Iterable[str]) -> str:
    """Ask whether the nearest of the known words was meant; empty where none is near."""
    matches = difflib.get_close_matches(str(word), list(known), n=1, cutoff=0.5)
    return f" (did you mean {matches[0]!r}?)" if matches else ""
