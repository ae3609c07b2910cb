"""The reference pages, made from the program: settings, commands and the public Python names, as Markdown.

Knows nothing of Sphinx, so that the tests can hold the pages to the program without building the site.
"""

import ast
import contextlib
import dataclasses
import inspect
import io
import os
import re
import typing
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise

import clearhead
from clearhead import cli
from clearhead.config import CorpusConfig, RunConfig


@dataclasses.dataclass(frozen=True)
class Setting:
    """One key of a `run.toml`."""

    name: str
    type: str
    default: str
    meaning: str


def tables() -> dict[str, type]:
    """Return the dataclass of each table of a `run.toml` by the name of the table, in the order of the file."""
    found = dict(_tables(RunConfig, ""))
    found["[data.corpora]"] = CorpusConfig
    return found


def settings(kind: type) -> list[Setting]:
    """Return the keys of one table, without the tables inside it."""
    hints, meanings = typing.get_type_hints(kind), attribute_docstrings(kind)
    return [
        Setting(field.name, type_text(hints[field.name]), default_text(field), meanings.get(field.name, ""))
        for field in dataclasses.fields(kind)
        if not _holds_table(hints[field.name])
    ]


def settings_page() -> str:
    """Return the reference of all settings."""
    return "\n".join(_table_section(name, kind) for name, kind in tables().items())


def commands_page() -> str:
    """Return the help screen of every command."""
    return "\n".join(f"## {name}\n\n```text\n{help_screen(name)}\n```\n" for name in cli.COMMANDS)


def api_page() -> str:
    """Return signature and documentation of every public name, and of its public members."""
    return "\n".join(_api_section(name) for name in sorted(clearhead.__all__, key=_order))


def help_screen(command: str) -> str:
    """Return what `clearhead COMMAND` shows with the fullest of its help flags, 84 columns wide and without colour."""
    for flag in ("--help-all", "--help"):
        out = io.StringIO()
        with _plain_terminal(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            try:
                cli.main([command, flag])
            except SystemExit as ending:
                if ending.code:
                    continue
        return out.getvalue().strip()
    raise RuntimeError(f"clearhead {command} has no help")


@cache
def attribute_docstrings(kind: type) -> dict[str, str]:
    """Return the strings below the fields of a class, those of its bases too."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__[:-1]):
        body = ast.parse(inspect.cleandoc(inspect.getsource(base))).body[0].body  # type: ignore[attr-defined]
        for field, text in pairwise(body):
            match field, text:
                case ast.AnnAssign(target=ast.Name(name)), ast.Expr(value=ast.Constant(value=str(meaning))):
                    found[name] = " ".join(meaning.split())
    return found


def type_text(hint: object) -> str:
    """Return a type as a reader of TOML knows it."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return ", ".join(f"`{choice}`" for choice in args)
    if origin is tuple:
        return f"list of {type_text(args[0])}"
    if origin is dict:
        return f"table of {type_text(args[1])}"
    if args:
        return " or ".join(type_text(arg) for arg in args)
    words = {str: "text", int: "whole number", float: "number", bool: "true or false"}
    return words.get(hint, getattr(hint, "__name__", str(hint)))  # type: ignore[call-overload, no-any-return]


def default_text(field: "dataclasses.Field[typing.Any]") -> str:
    """Return a default as TOML writes it."""
    if field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
    elif field.default is not dataclasses.MISSING:
        value = field.default
    else:
        return ""
    return _toml(value)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return str(value)


def _tables(kind: type, prefix: str) -> Iterator[tuple[str, type]]:
    yield prefix, kind
    for field, hint in typing.get_type_hints(kind).items():
        if isinstance(hint, type) and dataclasses.is_dataclass(hint):
            yield from _tables(hint, f"{prefix}.{field}" if prefix else field)


def _holds_table(hint: object) -> bool:
    inner = typing.get_args(hint)
    return dataclasses.is_dataclass(hint) or any(dataclasses.is_dataclass(each) for each in inner)


def _table_section(name: str, kind: type) -> str:
    title = f"`[{name}]`" if name else "At the top of the file"
    intro = inspect.getdoc(kind) if name else "Before the first table."
    lines = [f"## {title}", "", str(intro), ""]
    for setting in settings(kind):
        anchor = f"{name.strip('[]')}.{setting.name}".strip(".").replace(".", "-")
        shown = f"{setting.name} = {setting.default}" if setting.default else setting.name
        meaning = f": {setting.meaning}\n\n  " if setting.meaning else ": "
        lines += [f"`{shown}`{{#setting-{anchor}}}", f"{meaning}*{setting.type}*", ""]
    return "\n".join(lines)


def _api_section(name: str) -> str:
    value = getattr(clearhead, name)
    lines = [f"## `clearhead.{name}`", "", *_documented(name, value), ""]
    if isinstance(value, type):
        for member, inner in _members(value):
            lines += [f"### `{name}.{member}`", "", *_documented(member, inner), ""]
    return "\n".join(lines)


def _members(kind: type) -> Iterator[tuple[str, object]]:
    """Yield the public members that this program wrote, in the order of the source."""
    for base in kind.__mro__:
        if base.__module__.startswith("clearhead"):
            for name, value in vars(base).items():
                callable_or_property = isinstance(value, classmethod | staticmethod | property) or callable(
                    value
                )
                if not name.startswith("_") and callable_or_property and inspect.getdoc(getattr(kind, name)):
                    yield name, value


def _documented(name: str, value: object) -> list[str]:
    lines = ["```python", signature(name, value), "```", "", docstring(value)]
    if isinstance(value, type) and dataclasses.is_dataclass(value):
        lines += ["", *(f"- `{field}`: {text}" for field, text in attribute_docstrings(value).items())]
    return lines


def signature(name: str, value: object) -> str:
    """Return how a name is called, one argument a line where it does not fit in one."""
    inner = value.__func__ if isinstance(value, classmethod | staticmethod) else value
    if isinstance(inner, property):
        annotation = inspect.get_annotations(inner.fget).get("return", "") if inner.fget else ""
        return f"{name}: {_annotation(annotation)}"
    try:
        shape = inspect.signature(typing.cast(Callable[..., object], inner))
    except ValueError:  # an exception, which Python itself builds
        return name
    parameters = list(_parameters(shape))
    returned = isinstance(value, type) or shape.return_annotation is inspect.Signature.empty
    ending = "" if returned else f" -> {_annotation(shape.return_annotation)}"
    short = f"{name}({', '.join(parameters)}){ending}"
    if len(short) <= 88:
        return short
    return "\n".join([f"{name}(", *(f"    {parameter}," for parameter in parameters), f"){ending}"])


def _parameters(shape: inspect.Signature) -> Iterator[str]:
    marked = False
    for parameter in shape.parameters.values():
        if parameter.name in ("self", "cls"):
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not marked:
            marked = True
            yield "*"
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            marked = True
            yield str(parameter).partition(":")[0]
            continue
        typed = "" if parameter.annotation is parameter.empty else f": {_annotation(parameter.annotation)}"
        equals = " = " if typed else "="
        yield (
            parameter.name
            + typed
            + ("" if parameter.default is parameter.empty else equals + _default(parameter))
        )


def _default(parameter: inspect.Parameter) -> str:
    made = type(parameter.default).__name__ == "_HAS_DEFAULT_FACTORY_CLASS"
    return "..." if made else repr(parameter.default)


def docstring(value: object) -> str:
    """Return a docstring as Markdown: indented examples become code."""
    text = inspect.getdoc(value) or ""
    return re.sub(r"(?m)((?:^>>> .*\n?(?:^(?!>>>|$).*\n?)*)+)", r"```python\n\1\n```\n", text)


def _annotation(annotation: object) -> str:
    """Return an annotation without the homes of its names, and without the quotes of what is imported later."""
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    text = re.sub(r"\b(?:clearhead|typing|collections|pathlib|torch|numpy)(?:\.\w+)*\.(?=\w)", "", text)
    return re.sub(r"ForwardRef\('([\w.]+)'\)", r"\1", text)


def _order(name: str) -> int:
    """Return the place of a name on the page: what most readers look for comes first."""
    reading = ("load", "Translator", "Translation", "Transformer", "ModelConfig", "RunConfig", "Tokenizer")
    return reading.index(name) if name in reading else len(reading)


@contextlib.contextmanager
def _plain_terminal() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in ("COLUMNS", "NO_COLOR", "TERM")}
    os.environ.update(COLUMNS="84", NO_COLOR="1", TERM="dumb")
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
