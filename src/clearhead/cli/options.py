"""The options of a command, read from its dataclass: one table for help, usage errors, messages and completion."""

import ast
import dataclasses
import inspect
import textwrap
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from tyro.conf import OmitArgPrefixes, Positional

_METAVARS = {int: "N", float: "X", str: "TEXT", Path: "PATH"}
_FILES = {"alignments", "config", "frequencies", "gold", "html", "input", "output", "reference"}
_SIDES = {"source", "target", "valid_source", "valid_target"}
_FOLDERS = {"folder", "init", "model", "store"}
_LANGUAGES = {"default_target", "from_", "source_lang", "target_lang", "to"}
Headings = Mapping[str, tuple[str, ...]]
"""Titles in the help of a command, with the settings under each."""
UNUSED = {"--model.vocab-size"}
"""Flags that the parser knows and a command refuses, since the value comes from elsewhere."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """One option of a command."""

    flag: str
    """As it is typed (`--training.max-steps`); of a positional argument its name in help (`TEXT`)."""
    setting: str
    """Its name in the library and in a TOML file: `training.max_steps`."""
    kind: type
    """Of one value: int, float, str, Path or bool."""
    choices: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    """What may stand in the place of a number, such as auto."""
    values: int | None = 1
    """How many values follow; None for any number."""
    default: object = None
    help: str = ""
    """Description that the command gives it instead of the text under its field."""
    owner: type = object
    """The dataclass of its field."""
    metavar: str = ""
    positional: bool = False
    required: bool = False

    @property
    def name(self) -> str:
        """The last part of its setting: `max_steps`."""
        return self.setting.rpartition(".")[2]

    @property
    def description(self) -> str:
        """What it does; read from the source, which only help needs."""
        return self.help or descriptions(self.owner).get(self.name, "")

    @property
    def negation(self) -> str:
        """The flag that switches it off: `--no-align`, `--model.no-output-bias`."""
        table, dot, word = self.flag.removeprefix("--").rpartition(".")
        return f"--{table}{dot}no-{word}"

    @property
    def hidden(self) -> bool:
        """Whether it is left out of help and completion."""
        return self.flag in UNUSED


@cache
def options_of(command: type) -> tuple[Option, ...]:
    """Return the options of a command in the order of its fields; tables of settings follow theirs."""
    return tuple(_options(command, table="", prefix="", defaults=None))


def _options(kind: type, table: str, prefix: str, defaults: object) -> Iterator[Option]:
    """Yield the options of a dataclass; `defaults` is an instance that holds the default values, or None."""
    hints = get_type_hints(kind, include_extras=True)
    for field in dataclasses.fields(kind):
        bare, extras = _parts(hints[field.name])
        setting = f"{table}{field.name}"
        if dataclasses.is_dataclass(bare) and isinstance(bare, type):
            inner = "" if OmitArgPrefixes in extras or (table and not prefix) else f"{prefix}{field.name}."
            yield from _options(bare, f"{setting}.", inner, _default(field, defaults))
        elif not _holds_tables(bare):
            option = _option(field, bare, extras, setting, prefix)
            required = option.required and defaults is None
            yield dataclasses.replace(
                option, owner=kind, default=_default(field, defaults), required=required
            )


def _default(field: "dataclasses.Field[Any]", defaults: object) -> object:
    """Return the value of a field where nobody sets it; None where somebody must."""
    if defaults is not None:
        return getattr(defaults, field.name)
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return None if field.default is dataclasses.MISSING else field.default


def _option(
    field: "dataclasses.Field[Any]", hint: Any, extras: tuple[Any, ...], setting: str, prefix: str
) -> Option:
    """Return one option; `extras` are the annotations that tyro reads too."""
    named = {
        key: value
        for extra in extras
        for key in ("name", "metavar", "help")
        if isinstance(value := getattr(extra, key, None), str)
    }
    kind, choices, values = _value(hint)
    positional = Positional in extras
    words = _words_beside(hint)
    metavar = named.get("metavar") or "|".join((_metavar(field.name, kind, choices), *words))
    word = named.get("name", field.name).replace("_", "-")
    missing = field.default is field.default_factory is dataclasses.MISSING
    return Option(
        flag=metavar.removesuffix(" ...") if positional else f"--{prefix}{word}",
        setting=setting,
        kind=kind,
        choices=choices,
        words=words,
        values=values,
        help=named.get("help", ""),
        metavar=metavar,
        positional=positional,
        required=missing,
    )


def _parts(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return a type without what annotates it and without None, and the annotations."""
    extras: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *annotations = get_args(hint)
        extras = tuple(annotations)
    if get_origin(hint) in (Union, types.UnionType):
        some = [inner for inner in get_args(hint) if inner is not type(None)]
        if len(some) == 1:
            inner, more = _parts(some[0])
            return inner, (*extras, *more)
    return hint, extras


def _value(hint: Any) -> tuple[type, tuple[str, ...], int | None]:
    """Return the type of one value, its choices, and how many values follow the flag."""
    origin, inside = get_origin(hint), get_args(hint)
    if origin is Literal:
        return str, tuple(map(str, inside)), 1
    if origin is tuple:
        count = None if inside[-1] is ... else len(inside)
        return (inside[0] if isinstance(inside[0], type) else str), (), count
    if origin is dict or (isinstance(hint, type) and issubclass(hint, tuple)):
        return str, (), None
    if hint is bool:
        return bool, (), 0
    if _words_beside(hint):
        return next(inner for inner in inside if inner in _METAVARS), (), 1
    return (hint if hint in _METAVARS else str), (), 1


def _words_beside(hint: Any) -> tuple[str, ...]:
    """Return the words that may stand in the place of a value of another type."""
    if get_origin(hint) not in (Union, types.UnionType):
        return ()
    return tuple(
        str(word) for inner in get_args(hint) if get_origin(inner) is Literal for word in get_args(inner)
    )


def _holds_tables(hint: Any) -> bool:
    """Say whether a setting is a list of tables, which only a TOML file can hold."""
    return any(dataclasses.is_dataclass(inner) for inner in get_args(hint))


def _metavar(name: str, kind: type, choices: tuple[str, ...]) -> str:
    if choices or kind is bool:
        return "|".join(choices)
    for names, metavar in ((_FILES | _SIDES, "FILE"), (_FOLDERS, "DIR"), (_LANGUAGES, "LANG")):
        if name in names and kind in (str, Path):
            return metavar
    return _METAVARS.get(kind, "TEXT")


@cache
def descriptions(kind: type) -> Mapping[str, str]:
    """Return the text under each field of a dataclass and of those it extends, on one line each."""
    texts: dict[str, str] = {}
    for ancestor in reversed(kind.__mro__[:-1]):
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(ancestor))).body
        assert isinstance(definition, ast.ClassDef)
        for statement, after in zip(definition.body, definition.body[1:], strict=False):
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                match after:
                    case ast.Expr(value=ast.Constant(value=str(text))):
                        texts[statement.target.id] = " ".join(text.split())
    return texts
