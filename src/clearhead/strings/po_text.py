"""The lines of a PO file: where its entries stand, and how messages, flags and the header are written."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_KEYWORD = re.compile(r'\s*(msgctxt|msgid_plural|msgid|msgstr(?:\[\d+\])?)\s*"')
_STRING = re.compile(r'\s*"')
_EMPTY_MESSAGE = re.compile(r'\s*msgid\s*""\s*')
_CONTENT = re.compile(r'"((?:[^"\\]|\\.)*)"')
_WIDTH = 77
"""Columns of a line that gettext writes, quotes left out."""
_ESCAPED = str.maketrans(
    {
        "\\": "\\\\",
        '"': '\\"',
        "\n": "\\n",
        "\t": "\\t",
        "\r": "\\r",
        "\a": "\\a",
        "\b": "\\b",
        "\f": "\\f",
        "\v": "\\v",
    }
)
_CHUNK = re.compile(r"\S*\s*")


@dataclass(frozen=True)
class Block:
    """The lines of an entry, from 0: its comments, keywords and strings."""

    first: int
    end: int
    """The line behind the last."""


def blocks(text: str) -> list[Block]:
    """Return the entries of a catalogue, obsolete ones left out."""
    found: list[Block] = []
    first, last_keyword = 0, ""
    for number, raw in enumerate(text.split("\n")):
        line = raw.strip(" \t\r")
        keyword = _KEYWORD.match(line)
        if keyword:
            begins = keyword[1] == "msgctxt" or (keyword[1] == "msgid" and last_keyword != "msgctxt")
            first = number if begins and last_keyword.startswith("msgstr") else first
            last_keyword = keyword[1]
        if (keyword or _STRING.match(line)) and last_keyword.startswith("msgstr"):
            if found and found[-1].first == first:
                found.pop()
            found.append(Block(first, number + 1))
        elif (
            line.startswith("#~")
            or (not line and not last_keyword.startswith("msg"))
            or (not line and last_keyword.startswith("msgstr"))
        ):
            first, last_keyword = number + 1, ""
        elif line.startswith("#") and last_keyword.startswith("msgstr"):
            first, last_keyword = number, ""
    return found


def message(lines: Sequence[str], forms: Mapping[int | None, str], *, fuzzy: bool) -> list[str]:
    """Return the lines of an entry with other translations: one, or a form for each number. It is fuzzy or not."""
    end = "\r" if lines[0].endswith("\r") else ""
    start = next(n for n, line in enumerate(lines) if _keyword(line).startswith("msgstr"))
    head = _with_flag(lines[:start], end) if fuzzy else _without_flag(lines[:start], end)
    one_line = any(_keyword(line) == "msgid" and len(line) > _WIDTH + 10 for line in head)
    for number, text in forms.items():
        keyword = "msgstr" if number is None else f"msgstr[{number}]"
        head += [
            line + end for line in _written(keyword, text, _WIDTH if not one_line else len(text) * 2 + 2)
        ]
    return head


def _keyword(line: str) -> str:
    match = _KEYWORD.match(line)
    return match[1] if match else ""


def _without_flag(lines: Sequence[str], end: str) -> list[str]:
    """Return the lines of an entry without the mark fuzzy, and without the message that it was translated from."""
    kept = []
    for line in lines:
        flags = [flag.strip() for flag in line.strip()[2:].split(",")] if line.startswith("#,") else []
        if line.startswith("#|"):
            continue
        if "fuzzy" not in flags:
            kept.append(line)
        elif others := [flag for flag in flags if flag != "fuzzy"]:
            kept.append(f"#, {', '.join(others)}{end}")
    return kept


def _with_flag(lines: Sequence[str], end: str) -> list[str]:
    """Return the lines of an entry marked fuzzy."""
    lines = _without_flag(lines, end)
    for number, line in enumerate(lines):
        if line.startswith("#,"):
            return [*lines[:number], f"#, fuzzy, {line[2:].strip()}{end}", *lines[number + 1 :]]
    place = next(number for number, line in enumerate(lines) if _keyword(line))
    return [*lines[:place], f"#, fuzzy{end}", *lines[place:]]


def _written(keyword: str, text: str, width: int) -> list[str]:
    """Return the lines of a string as gettext writes it: on one line, or on several below an empty one."""
    parts = re.findall(r"[^\n]*\n|[^\n]+", text) or [""]
    if len(parts) == 1 and len(keyword) + len(text.translate(_ESCAPED)) + 1 <= width:
        return [f'{keyword} "{text.translate(_ESCAPED)}"']
    lines = [f'{keyword} ""']
    for part in parts:
        line = ""
        for chunk in filter(None, _CHUNK.findall(part)):
            escaped = chunk.translate(_ESCAPED)
            if line and len(line) + len(escaped) > width:
                lines.append(f'"{line}"')
                line = ""
            line += escaped
        lines.append(f'"{line}"')
    return lines


def header_with(lines: Sequence[str], fields: Mapping[str, str]) -> str:
    """Return a catalogue whose header has some fields, its charset is named, and it is not marked fuzzy."""
    end = "\r" if lines[0].endswith("\r") else ""
    place = next((n for n, line in enumerate(lines) if _KEYWORD.match(line)), len(lines))
    block = next((block for block in blocks("\n".join(lines)) if block.first <= place < block.end), None)
    start = _header_start(lines[place : block.end]) if block else None
    if block is None or start is None:
        return "\n".join([*(line + end for line in _new_header(fields)), *lines])
    head = [*_without_flag(lines[block.first : place], end), *lines[place : place + start]]
    content = "".join(
        match[1] for line in lines[place + start : block.end] for match in _CONTENT.finditer(line)
    )
    return "\n".join(
        [
            *lines[: block.first],
            *head,
            'msgstr ""' + end,
            *(f'"{line}"{end}' for line in _with_fields(content, fields)),
            *lines[block.end :],
        ]
    )


def _header_start(lines: Sequence[str]) -> int | None:
    """Return where the translation of an entry begins whose message is empty, as a header's is."""
    if not _EMPTY_MESSAGE.fullmatch(lines[0]):
        return None
    start = next(number for number, line in enumerate(lines) if _keyword(line).startswith("msgstr"))
    return None if any(line.strip() for line in lines[1:start]) else start


def _with_fields(content: str, fields: Mapping[str, str]) -> list[str]:
    """Return the lines of a header, escapes as they are, with some fields set."""
    wanted = dict(fields)
    lines = []
    for line in filter(None, re.split(r"(?<=\\n)", content)):
        name, colon, value = line.removesuffix("\\n").partition(":")
        key = next((key for key in wanted if key.lower() == name.strip().lower()), None)
        if key:
            value = f" {wanted.pop(key)}"
        elif name.lower() == "content-type":
            value = value.replace("charset=CHARSET", "charset=UTF-8")
        lines.append(f"{name}{colon}{value}\\n")
    return lines + [f"{name}: {value}\\n" for name, value in wanted.items()]


def _new_header(fields: Mapping[str, str]) -> list[str]:
    values = {
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        **fields,
    }
    return ['msgid ""', 'msgstr ""', *(f'"{name}: {value}\\n"' for name, value in values.items()), ""]
