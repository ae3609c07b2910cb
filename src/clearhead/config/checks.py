"""Refuse a value out of range where it enters, and say what it must be."""

import difflib
import numbers
from collections.abc import Iterable
from typing import Literal, get_args, get_origin, get_type_hints

from clearhead.errors import ConfigError
from clearhead.storage.untrusted import shown

_LONGEST_WORD = 60
"""Characters of a word that are compared with the known ones; the comparison takes their square."""


def check(condition: bool, name: str, value: object, requirement: str) -> None:
    """Raise ConfigError unless the condition holds; `requirement` completes the sentence "it must be ..."."""
    if not condition:
        raise ConfigError(f"{name} must be {requirement}, got {shown(value)}")


def check_integer(name: str, value: object, least: int, most: int) -> None:
    """Raise ConfigError for anything but a whole number from `least` to `most`."""
    number = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    check(
        number and least <= value <= most,  # type: ignore[operator]
        name,
        value,
        f"a whole number from {least:,} to {most:,}",
    )


def check_number(name: str, value: object, least: float, most: float) -> None:
    """Raise ConfigError for anything but a number from `least` to `most`."""
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    check(
        number and least <= value <= most,  # type: ignore[operator]  # no NaN is
        name,
        value,
        f"a number from {least:g} to {most:g}",
    )


def check_flags(config: object, section: str) -> None:
    """Raise ConfigError for a field of true or false that holds anything else."""
    for name, hint in get_type_hints(type(config)).items():
        if hint is bool:
            value = getattr(config, name)
            check(isinstance(value, bool), f"{section}.{name}", value, "true or false")


def check_choices(config: object, section: str) -> None:
    """Raise ConfigError for a `Literal` field outside its choices: no type checker sees a TOML file."""
    for name, hint in get_type_hints(type(config)).items():
        choices = get_args(hint)
        if get_origin(hint) is Literal:
            value = getattr(config, name)
            check(value in choices, f"{section}.{name}", value, "one of " + ", ".join(choices))


def nearest(word: str, known: Iterable[str], cutoff: float = 0.5) -> str:
    """Return " (did you mean ...?)" with the nearest of the known words; empty where none is near."""
    matches = difflib.get_close_matches(str(word)[:_LONGEST_WORD], list(known), n=1, cutoff=cutoff)
    return f" (did you mean {matches[0]!r}?)" if matches else ""
