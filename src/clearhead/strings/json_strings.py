"""Strings of JSON: values are translated, keys and all else stay byte for byte.

Strings are replaced where they stand; nothing is written anew. A file whose characters are all ASCII and that
has escapes such as \\u00e9 gets its translations in escapes too.
"""

import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from clearhead.errors import DocumentError
from clearhead.segments.decoded import decoded
from clearhead.segments.fields import Field, Fields
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Left
from clearhead.strings import translatable as strings
from clearhead.strings.keys import Keys, place_of

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}\[\]:,\n]', re.DOTALL)


def read(data: bytes, reading: Reading) -> Fields:
    """Return a JSON file as a document. Raises DocumentError for what is not valid JSON, with the line."""
    file = decoded(data)
    _check(file.text)
    keys = Keys(reading.keys)
    escaped = file.text.isascii() and "\\u" in file.text
    fields, left = [], []
    for start, end, path, line in _values(file.text):
        if path not in keys:
            continue
        raw = file.text[start:end]
        value = json.loads(raw)
        why = strings.unsafe(value)
        if why:
            left.append(Left(place=place_of(path, line), why=why))
        elif strings.is_text(value):
            write = partial(_quoted, escaped=escaped, slashes="\\/" in raw)
            fields.append(Field(start=start, end=end, text=value, place=place_of(path, line), write=write))
    return Fields(file, fields, [*left, *keys.unused])


def _check(text: str) -> None:
    try:
        json.loads(text)
    except RecursionError:
        raise DocumentError(
            "it is nested too deeply; give a JSON file of some hundred levels at most"
        ) from None
    except json.JSONDecodeError as error:
        raise DocumentError(
            f"line {error.lineno}: it is not valid JSON: {error.msg}; fix this line"
        ) from None
    except ValueError as error:  # a number of thousands of digits
        raise DocumentError(f"it is not JSON that can be read: {error}; fix the file") from None


def _values(text: str) -> Iterator[tuple[int, int, list[str | int], int]]:
    """Yield the strings of valid JSON that are values: where they begin and end, their keys, and the line.

    A list yielded is changed afterwards.
    """
    path: list[Any] = []
    in_object: list[bool] = []
    is_key, line = False, 1
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token == "\n":
            line += 1
        elif token in "{[":
            in_object.append(token == "{")
            path.append("" if token == "{" else 0)
            is_key = token == "{"
        elif token in "}]":
            in_object.pop()
            path.pop()
            is_key = False
        elif token == ",":
            is_key = in_object[-1]
            path[-1] = path[-1] if is_key else path[-1] + 1
        elif token == ":":
            is_key = False
        elif is_key:
            path[-1] = json.loads(token)
        else:
            yield match.start(), match.end(), path, line


def _quoted(text: str, *, escaped: bool, slashes: bool) -> str:
    quoted = json.dumps(text, ensure_ascii=escaped)
    return quoted.replace("/", "\\/") if slashes else quoted
