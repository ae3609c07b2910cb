"""Strings of YAML: values are translated; keys, comments, anchors and all else stay byte for byte.

PyYAML says where each scalar stands; only those are replaced. A scalar keeps its style where its translation can be
written in it, and is in double quotes where not; lines that YAML folds are written as one. What was written is read
again: a document that would say anything else than its translations is refused.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from clearhead.errors import DocumentError
from clearhead.segments.decoded import Decoded, decoded
from clearhead.segments.fields import Field, Fields, spliced
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Left, Marked
from clearhead.strings import translatable as strings
from clearhead.strings.keys import Keys, place_of

_DEEPEST = 100
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_STRING = "tag:yaml.org,2002:str"


@dataclass(frozen=True, kw_only=True)
class _Scalar:
    """A scalar, and where its characters stand; keys have no path."""

    start: int
    end: int
    value: str
    style: str
    """One of ' " | > or, for a plain one, nothing."""
    path: tuple[str | int, ...] | None
    is_string: bool
    in_flow: bool
    """Whether it stands within brackets or braces, where it ends at a comma."""
    line: int


class YamlStrings(Fields):
    """A YAML file with some of its scalars to translate."""

    def __init__(self, file: Decoded, reading: Reading) -> None:
        self._scalars = list(_scalars(file.text))
        self._numbers: list[int] = []
        keys = Keys(reading.keys)
        fields, left = [], []
        for number, scalar in enumerate(self._scalars):
            if scalar.path is None or not scalar.is_string or scalar.path not in keys:
                continue
            place = place_of(scalar.path, scalar.line)
            why = strings.unsafe(scalar.value)
            if why:
                left.append(Left(place=place, why=why))
            elif strings.is_text(scalar.value):
                self._numbers.append(number)
                write = partial(_written, scalar, file.text[scalar.start : scalar.end])
                fields.append(
                    Field(start=scalar.start, end=scalar.end, text=scalar.value, place=place, write=write)
                )
        super().__init__(file, fields, [*left, *keys.unused])

    def written(self, translations: Sequence[Marked | None], to: str | None) -> bytes:
        """Return the file with its strings translated. Raises DocumentError where YAML cannot say them."""
        wanted = [scalar.value for scalar in self._scalars]
        changed: dict[int, Field] = {}
        for number, field, segment, translation in zip(
            self._numbers, self.fields, self.segments, translations, strict=True
        ):
            if translation is not None and translation.text != segment.text:
                changed[number] = field
                wanted[number] = field.whole(translation.text)
        quoted = set[int]()
        for _ in range(2):
            text = spliced(
                self.file.text,
                (
                    (
                        field.start,
                        field.end,
                        _quoted(self.file.text[field.start : field.end], wanted[number])
                        if number in quoted
                        else field.write(wanted[number]),
                    )
                    for number, field in changed.items()
                ),
            )
            wrong = _wrong(text, self._scalars, wanted)
            if wrong == []:
                return self.file.encoded(text)
            quoted |= set(changed if wrong is None else wrong)
        raise DocumentError("its translation could not be written as YAML; choose fewer strings with --keys")


def read(data: bytes, reading: Reading) -> YamlStrings:
    """Return a YAML file as a document. Raises DocumentError for what is not valid YAML, with the line."""
    return YamlStrings(decoded(data), reading)


def _wrong(text: str, before: Sequence[_Scalar], wanted: Sequence[str]) -> list[int] | None:
    """Return the scalars of a new text that do not say what they should; None where it is not readable at all."""
    try:
        after = list(_scalars(text))
    except DocumentError:
        return None
    if len(after) != len(before):
        return None
    return [
        number
        for number, (old, new, value) in enumerate(zip(before, after, wanted, strict=True))
        if (new.value, new.is_string, new.path) != (value, old.is_string, old.path)
    ]


def _written(scalar: _Scalar, original: str, text: str) -> str:
    """Return a text in the style of a scalar if it can be, else in double quotes."""
    if scalar.style == "'" and "\n" not in text:
        return "'" + text.replace("'", "''") + "'"
    if scalar.style in ("|", ">"):
        return _block(scalar.style, original, text)
    if not scalar.style and _is_plain(text, in_flow=scalar.in_flow):
        return text
    return _quoted(original, text)


def _is_plain(text: str, *, in_flow: bool) -> bool:
    """Say whether a text needs no quotes."""
    try:
        scalars = list(_scalars(f"[{text}]" if in_flow else f"- {text}"))
    except DocumentError:
        return False
    return len(scalars) == 1 and scalars[0].value == text and scalars[0].is_string and not scalars[0].style


def _quoted(original: str, text: str) -> str:
    """Return a text in double quotes, and the line end that a block ended with."""
    block = original[:1] in "|>"
    rest = original[len(original.rstrip("\r\n")) :] if block else ""
    return (
        _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(text, ensure_ascii=False)) + rest
    )


def _block(style: str, original: str, text: str) -> str:
    """Return a text as a block with the head and the indent of another."""
    head, *lines = original.splitlines(keepends=True)
    newline = "\r\n" if head.endswith("\r\n") else "\n"
    first = next((line for line in lines if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip(" "))]
    kept = original[
        len(original.rstrip("\r\n ")) :
    ]  # how it ends is said by the head, and the file goes on behind it
    joint = "\n\n" if style == ">" else "\n"
    rows = joint.join(text.rstrip("\n").split("\n")).split("\n")
    return head + newline.join(indent + row if row else "" for row in rows) + kept


def _scalars(text: str) -> Iterator[_Scalar]:
    """Yield the scalars of a text in their order. Raises DocumentError, with the line."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    walk = _Walk()
    resolver = yaml.resolver.Resolver()
    try:
        for event in yaml.parse(text, Loader=loader):
            path = walk.path(event)
            if isinstance(event, yaml.ScalarEvent):
                yield _scalar(text, event, path, walk.in_flow, resolver)
            walk.step(event)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        what = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
        raise DocumentError(
            f"{where}it is not valid YAML: {' '.join(str(what).split())}; fix the file"
        ) from None


def _scalar(
    text: str, event: Any, path: tuple[str | int, ...] | None, in_flow: bool, resolver: Any
) -> _Scalar:
    import yaml

    start, end = event.start_mark.index, event.end_mark.index
    properties = _PROPERTIES.match(text, start, end)
    start = properties.end() if properties and (event.anchor or event.tag) else start
    style = event.style or ""
    tag = event.tag or resolver.resolve(yaml.ScalarNode, event.value, event.implicit)
    whole = text[start : start + 1] == style if style else text[start:end] != ""
    is_string = tag in (_STRING, "!") and whole
    scalar = _Scalar(
        start=start,
        end=end,
        value=event.value,
        style=style,
        path=path,
        is_string=is_string,
        in_flow=in_flow,
        line=event.start_mark.line + 1,
    )
    return scalar if whole else replace(scalar, path=None)


class _Walk:
    """Where in the tree of a YAML file the next event stands."""

    def __init__(self) -> None:
        self._path: list[Any] = []
        self._kinds: list[str] = []
        self._flows: list[bool] = []
        self._key_next: list[bool] = []

    def path(self, event: Any) -> tuple[str | int, ...] | None:
        """Return the path of a value; None for a key, and for what stands within a key."""
        return None if any(self._key_next) else tuple(self._path)

    @property
    def in_flow(self) -> bool:
        """Say whether it stands within brackets or braces."""
        return bool(self._flows) and self._flows[-1]

    def step(self, event: Any) -> None:
        """Go on behind an event. Raises DocumentError for a tree that is too deep."""
        import yaml

        if isinstance(event, yaml.CollectionStartEvent):
            mapping = isinstance(event, yaml.MappingStartEvent)
            if len(self._path) >= _DEEPEST:
                raise DocumentError(
                    f"line {event.start_mark.line + 1}: it is nested more than {_DEEPEST} deep; give a flatter file"
                )
            self._path.append("" if mapping else 0)
            self._flows.append(bool(event.flow_style))
            self._kinds.append("mapping" if mapping else "sequence")
            self._key_next.append(mapping)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._path.pop()
            self._kinds.pop()
            self._flows.pop()
            self._key_next.pop()
            self._after("")
        elif isinstance(event, yaml.NodeEvent):
            self._after(getattr(event, "value", ""))

    def _after(self, value: str) -> None:
        """Note that a node of the innermost collection is complete."""
        if not self._kinds:
            return
        if self._kinds[-1] == "sequence":
            self._path[-1] += 1
            return
        if self._key_next[-1]:
            self._path[-1] = value
        self._key_next[-1] = not self._key_next[-1]
