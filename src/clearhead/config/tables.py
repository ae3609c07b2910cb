"""From TOML tables to dataclasses and back; an unknown key is an error that names the nearest right one."""

import dataclasses
import tomllib
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from clearhead.config.checks import nearest
from clearhead.errors import ConfigError
from clearhead.storage.untrusted import LIMIT, shown

Config = TypeVar("Config")
_DOTS = 1000
"""Most of a line; tomllib takes the square of a dotted key's parts in memory."""


def read_toml(path: Path | str) -> dict[str, Any]:
    """Read a TOML file; an error says in one line what is wrong with it."""
    try:
        with Path(path).open(encoding="utf-8") as file:  # which may be a pipe
            text = file.read(LIMIT + 1)
    except FileNotFoundError:
        raise ConfigError(
            f"there is no configuration file {path}; give the path of a run.toml, or write one that fits your text: "
            "clearhead init --source F --target F"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the configuration file {path}: {error}") from None
    if len(text) > LIMIT:
        raise ConfigError(
            f"{path} is longer than {LIMIT:,} characters, so it is not a configuration; give a run.toml"
        )
    try:
        if any(line.count(".") > _DOTS for line in text.splitlines()):
            raise RecursionError
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError(f"{path} is not valid TOML: it is nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from None
    except ValueError:  # Python's, of numbers with thousands of digits
        raise ConfigError(f"{path} is not valid TOML: a number in it is too large") from None


def section(kind: type[Config], values: object, name: str) -> Config:
    """Build one table's dataclass from plain values, checking keys and types."""
    table = as_table(values, name)
    unknown_key_check(table, kind, name)
    _missing_key_check(table, kind, name)
    hints = get_type_hints(kind)
    return kind(**{key: coerce(value, hints[key], f"{name}.{key}") for key, value in table.items()})


def unknown_key_check(values: Mapping[str, Any], kind: type, name: str) -> None:
    """Refuse keys that the dataclass does not have, naming the nearest right one."""
    known = [f.name for f in dataclasses.fields(kind)]
    for key in values:
        if key not in known:
            where = f"[{name}]" if name else "the top level"
            raise ConfigError(
                f"unknown key {shown(key)} in {where}{nearest(key, known)}; it knows {', '.join(known)}"
            )


def _missing_key_check(values: Mapping[str, Any], kind: type, name: str) -> None:
    for field in dataclasses.fields(kind):
        if field.name not in values and field.default is field.default_factory is dataclasses.MISSING:
            raise ConfigError(f"[{name}] has no {field.name}")


def as_table(values: object, name: str) -> dict[str, Any]:
    """Return the value of a name as a table; raise ConfigError for anything else."""
    if not isinstance(values, Mapping):
        raise ConfigError(f"[{name}] is {shown(values)}; it must be a table of keys and values")
    return dict(values)


def plain(value: Any) -> Any:
    """Return a value as TOML has it: lists for tuples, all the way down."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def flat(values: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted names and the values of nested tables, and of lists of tables: `data.corpora[0].source`.

    An empty list has no name: to leave it out is to say the same.
    """
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from flat(value, f"{name}.")
        elif not isinstance(value, list | tuple):
            yield name, value
        elif value and all(isinstance(table, Mapping) for table in value):
            for number, table in enumerate(value):
                yield from flat(table, f"{name}[{number}].")
        elif value:
            yield name, value


def coerce(value: Any, hint: Any, name: str) -> Any:
    """Accept exactly the type asked for, save that an integer may stand for a float."""
    if get_origin(hint) is Literal:
        return value
    if get_origin(hint) in (Union, types.UnionType):  # a word, or a value of another type
        words = [word for inner in get_args(hint) if get_origin(inner) is Literal for word in get_args(inner)]
        others = [inner for inner in get_args(hint) if get_origin(inner) is not Literal]
        if words and len(others) == 1:
            if value not in words and (not isinstance(value, others[0]) or isinstance(value, bool)):
                kinds = ", or ".join((others[0].__name__, *words))
                raise ConfigError(f"{name} is {shown(value)}; it must be of type {kinds}")
            return value
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return section(hint, value, name)
    if get_origin(hint) is tuple:
        if not isinstance(value, list | tuple):
            raise ConfigError(f"{name} is {shown(value)}; it must be a list")
        return tuple(coerce(item, get_args(hint)[0], f"{name}[{n}]") for n, item in enumerate(value))
    if get_origin(hint) is dict:
        return {
            key: coerce(item, get_args(hint)[1], f"{name}.{key}")
            for key, item in as_table(value, name).items()
        }
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise ConfigError(f"{name} is {shown(value)}; that is too large") from None
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        kinds = " or ".join(kind.__name__ for kind in get_args(hint) or (hint,))
        raise ConfigError(f"{name} is {shown(value)}; it must be of type {kinds}")
    return value
