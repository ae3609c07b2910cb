"""Help as it is printed: what a command does, examples, the essential options first, the rest under headings."""

import inspect
import json
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import clearhead
from clearhead.cli.options import Headings, Option, options_of

_COLUMN, _SHORT_COLUMN = 24, 31
"""Where descriptions begin, which are shorter where only essentials are shown; a longer name has its own line."""
_WIDEST = 100
_TABLES = {
    "data": "Text",
    "data.filters": "Filters of training pairs",
    "data.augmentation": "Augmentation: shares of pairs to vary",
    "tokenizer": "Tokenizer",
    "model": "Shape of the model",
    "training": "Training",
    "decoding": "Search, for validation and as the model's defaults",
}
"""Headings of the tables of a TOML file."""
_FITTED = "fits the corpus"
"""Default of a setting that is chosen when the corpus is seen."""
_EXAMPLE = re.compile(r"^Examples?: *", re.MULTILINE)


def help_of(
    command: type, name: str, *, everything: bool = False, width: int = 80, bold: bool = False
) -> str:
    """Return the help of a command; of one with essentials only these, unless everything is wanted."""
    about, examples, more = _documentation(command)
    fitted: frozenset[str] = getattr(command, "fitted", frozenset())
    options = [
        replace(option, default=_FITTED) if option.setting in fitted else option
        for option in options_of(command)
        if not option.hidden
    ]
    options = _with_languages(options)
    essentials = {} if everything else getattr(command, "essentials", {})
    parts = [_usage(name, options, width), textwrap.fill(about, width)]
    if everything or not essentials:
        parts += [textwrap.fill(paragraph, width) for paragraph in more]
    parts += [_titled("Examples" if len(examples) > 1 else "Example", examples, bold)] if examples else []
    for title, members in _sections(options, essentials, essentials or getattr(command, "headings", {})):
        rows = [row for option in members for row in _rows(option, width, short=bool(essentials))]
        parts.append(_titled(title, rows, bold))
    if essentials:
        hidden = len(options) - sum(map(len, essentials.values()))
        parts.append(textwrap.fill(f"`clearhead {name} --help-all` shows {hidden} more settings.", width))
    return "\n\n".join(part for part in parts if part)


def summary(command: type) -> str:
    """Return the first sentence of a command's documentation."""
    return _documentation(command)[0]


def print_help(text: str) -> None:
    """Print help on standard output in UTF-8, whatever the locale: it names languages and quotes other scripts."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")
    print(text)


def terminal_width() -> int:
    """Return how wide help may be: as wide as the terminal, but no line too long to read."""
    return max(40, min(shutil.get_terminal_size().columns, _WIDEST))


def draws_bold() -> bool:
    """Say whether headings may be set in bold: on a terminal that can, unless NO_COLOR asks for plain text."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb"
    return sys.stdout.isatty() and not plain


def languages(*, required: bool) -> str:
    """Return a sentence on the target languages of the default model; empty if it is not installed."""
    file = Path(clearhead.__file__).parent / "pretrained" / "config.json"
    if not file.exists():
        return ""
    facts = json.loads(file.read_text(encoding="utf-8"))
    usual = "" if required else f"; {facts['default_target']} if left out"
    return f" The default model: {', '.join(facts['target_langs'])}{usual}."


def _documentation(command: type) -> tuple[str, list[str], list[str]]:
    """Return the first paragraph of a docstring, its examples a line each, and the other paragraphs."""
    first, *others = (inspect.getdoc(command) or "").split("\n\n")
    examples, more = [], []
    for paragraph in others:
        if _EXAMPLE.match(paragraph):
            lines = textwrap.dedent(_EXAMPLE.sub("", paragraph).lstrip("\n"))
            examples += textwrap.indent(lines, "  ").splitlines()
        else:
            more.append(paragraph)
    return " ".join(first.split()), examples, more


def _with_languages(options: list[Option]) -> list[Option]:
    """Return the options of a command that loads a model with the languages of the default one under `--to`."""
    if not any(option.flag == "--model" for option in options):
        return options
    return [
        replace(option, help=option.description + languages(required="required" in option.description))
        if option.flag == "--to"
        else option
        for option in options
    ]


def _usage(name: str, options: Sequence[Option], width: int) -> str:
    first = [option for option in options if option.positional]
    words = [option.metavar if option.required else f"[{option.metavar}]" for option in first]
    words += [_name(option) for option in options if option.required and not option.positional]
    line = " ".join(("usage: clearhead", name, *words, "[OPTIONS]"))
    return textwrap.fill(line, width, subsequent_indent=" " * 7, break_on_hyphens=False)


def _sections(
    options: Sequence[Option], essentials: Headings, headings: Headings
) -> Iterator[tuple[str, list[Option]]]:
    """Yield titles with the options under each: a command's own headings, then one for each table of settings."""
    titles = {setting: title for title, settings in headings.items() for setting in settings}
    sections: dict[str, list[Option]] = {} if essentials else {"Options": []}
    sections |= {title: [] for title in headings}
    for option in options:
        table = option.setting.rpartition(".")[0]
        if option.setting in titles or not essentials:
            title = titles.get(option.setting) or _TABLES.get(table, "Options")
            sections.setdefault(title, []).append(option)
    for title, members in sections.items():
        place = headings.get(title, ())
        if members:
            yield title, sorted(members, key=lambda option: place.index(option.setting) if place else 0)


def _titled(title: str, rows: Sequence[str], bold: bool) -> str:
    heading = f"\x1b[1m{title}:\x1b[0m" if bold else f"{title}:"
    return "\n".join((heading, *rows))


def _rows(option: Option, width: int, *, short: bool) -> Iterator[str]:
    """Yield the lines of an option: its name, then what it does, on the same line where there is room."""
    name = f"  {_name(option)}"
    column = _SHORT_COLUMN if short else _COLUMN
    text = textwrap.wrap(_described(option, short=short), width - column, break_on_hyphens=False)
    if len(name) > column - 2:
        yield name
        name = ""
    for line in text:
        yield f"{name:<{column}}{line}"
        name = ""


def _name(option: Option) -> str:
    if option.positional:
        return option.metavar
    if option.kind is bool:
        return option.negation.replace("no-", "[no-]", 1) if option.default else option.flag
    return " ".join(
        [option.flag, *[option.metavar] * (option.values or 1), *["..."] * (option.values is None)]
    )


def _described(option: Option, *, short: bool) -> str:
    """Return what an option does, the first sentence alone where it is to be short, and its default."""
    text = option.description
    if short:
        text = re.split(r"(?<=[.:;]) ", text, maxsplit=1)[0].rstrip(".;:")
    if option.required:
        return f"{text} (required)"
    if option.default == _FITTED:
        return f"{text} ({_FITTED})"
    default = option.default if isinstance(option.default, tuple) else (option.default,)
    if default in ((), (None,), ("",), ({},), (False,)):
        return text
    return f"{text} (default: {' '.join(map(_value, default))})"


def _value(default: object) -> str:
    if isinstance(default, bool):
        return "on"
    return f"{default:g}" if isinstance(default, float) else f"{default}"
