"""A file of settings with the reason for each on its line."""

import json
from collections.abc import Iterator

from clearhead.planning.suggestion import Setting, Suggestion

_COMMENTS_AT = 28


def settings_file(tables: Suggestion, title: str) -> str:
    """Return TOML with one setting per line and its reason in a comment; the table "" comes first."""
    blocks = [f"# {title}", "\n".join(_lines(tables[""]))]
    blocks += [f"[{name}]\n" + "\n".join(_lines(table)) for name, table in tables.items() if name]
    return "\n\n".join(blocks) + "\n"


def _lines(table: dict[str, Setting]) -> Iterator[str]:
    for name, setting in table.items():
        line = f"{name} = {_toml(setting.value)}"
        yield f"{line:<{_COMMENTS_AT}}# {setting.reason}" if setting.reason else line


def _toml(value: object) -> str:
    """Return a value as TOML has it, which is as JSON has it but for one character."""
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
