"""Catalogues of gettext (PO): messages of programs and their translations."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from clearhead.corpora import encoding, plurals
from clearhead.corpora.formats import Tell, silent
from clearhead.corpora.lines import LONGEST, OVERLONG
from clearhead.corpora.packed import PACKING_FAULTS, opened, unreadable
from clearhead.corpora.pair import Pair
from clearhead.corpora.plurals import Plurals
from clearhead.errors import DataError

NO_RULE = "plural whose forms no Plural-Forms header tells"


def read_po(
    path: Path | str,
    source_lang: str = "",
    target_lang: str = "",
    columns: Sequence[int | str] = (),
    tell: Tell = silent,
) -> Iterator[Pair]:
    """Yield the translated entries of a gettext catalogue: msgid and msgstr, and of plurals those that belong together.

    The singular goes with the form that the header `Plural-Forms` gives the number 1, the plural with those of other
    numbers. Fuzzy and obsolete entries are left out: their translations are not what the source says. The line of a
    pair is that of its entry.
    """
    entries = catalogue(_read(path), path)
    rule = _rule(path, entries, tell)
    for entry in entries:
        if not entry.fuzzy:
            place = str(path), entry.linenum
            for src, tgt, fault in _sides(entry, rule):
                fault = fault or (OVERLONG if is_cut(src) or is_cut(tgt) else "")
                yield Pair(with_breaks(src), with_breaks(tgt), *place, fault=fault)


def catalogue(text: str, path: Path | str) -> Any:
    """Return the entries of a catalogue as polib has them, each with its line, obsolete ones and comments left out.

    Their strings are what `with_breaks` takes; one that `is_cut` was longer than a line may be. Raises DataError for
    what is not a catalogue.
    """
    import polib

    plain = _plain(text, path)
    first = len(plain) - len(plain.lstrip("\n")) + 1
    try:
        entries: Any = polib.pofile(plain)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is not a gettext PO file: {error}; check it with: msgfmt -c") from None
    for entry in entries:
        entry.linenum = entry.linenum or first  # polib numbers a first entry without a header 0
    return entries


def is_cut(text: str) -> bool:
    """Say whether a string of `catalogue` was too long to be read."""
    return _UNSEEN in text


def _read(path: Path | str) -> str:
    with opened(path) as file:
        try:
            return file.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            raise DataError(
                encoding.told(path, error.object[: encoding.MAGIC], error.object[:4096])
                or f"{path}, line {line}: byte {error.start} (0x{error.object[error.start]:02x}) is not valid UTF-8; "
                f"convert the file, from the code that its header names: {encoding.run('msgconv -t UTF-8', path)}"
            ) from None
        except PACKING_FAULTS as error:
            raise DataError(unreadable(path, error)) from None


def _rule(path: Path | str, entries: Any, tell: Tell) -> Plurals | None:
    """Return the rule of a catalogue for its plurals; None where it has several forms and no rule."""
    most = max((len(entry.msgstr_plural) for entry in entries), default=0)
    if not most:
        return None
    header = entries.metadata.get("Plural-Forms", "")
    try:
        rule = plurals.parse(header)
        if rule.count < most:
            raise ValueError(f"it declares {rule.count} forms, but there are {most}")
        return rule
    except ValueError as error:
        why = (
            f"its Plural-Forms header cannot be used ({error})" if header else "it has no Plural-Forms header"
        )
    if most <= 2:
        tell(f"{path}: {why}; its {most} forms are taken for those of 1 and of other numbers")
        return plurals.parse(f"nplurals={most}; plural={'n != 1' if most == 2 else '0'};")
    tell(f"{path}: {why}; entries with plurals are left out; fix the header (msgfmt -c checks it)")
    return None


def _sides(entry: Any, rule: Plurals | None) -> Iterator[tuple[str, str, str]]:
    """Yield the pairs of an entry, and what is wrong with each."""
    forms = {int(number): text for number, text in entry.msgstr_plural.items()}
    if not forms:
        yield entry.msgid, entry.msgstr, ""
    elif rule is None:
        yield entry.msgid, " ".join(forms.values()), NO_RULE
    else:
        yield entry.msgid, forms.get(rule.one, ""), ""
        for form in rule.many:
            yield entry.msgid_plural, forms.get(form, ""), ""


_LINE = re.compile(r'((msgctxt|msgid|msgid_plural|msgstr(\[\d+\])?)\s*)?"([^"\\]|\\.)*"')
# polib ends a line at each of these; only "\n" does.
_BREAKS = "\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"
_BREAK_MARK = "\ue585"
_UNSEEN, _KEYWORD = "\ue586", 20
"""What stands for a string that was too long; characters before its quote."""
_ESCAPES = re.compile(r"(?:\\(?:[0-7]{1,3}|x[0-9a-fA-F]{1,2}))+|\\.")
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2}))")
_LETTERS = {"\\a": "\a", "\\b": "\b", "\\f": "\f", "\\v": "\v"}
_FOR_POLIB = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"})


def _plain(text: str, path: Path | str) -> str:
    """Return a catalogue that polib reads without a loss: no comments but flags, its own line ends and escapes only.

    Raises DataError for a line that is neither a comment nor a string in quotes, which polib would take.
    """
    lines = []
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip(" \t\r")
        if line.startswith("#"):
            # A comment at the end takes polib's last entry away; obsolete entries are comments too.
            lines.append("#, fuzzy" if line.startswith("#,") and "fuzzy" in line else "")
            continue
        if len(line) > LONGEST:
            line = f'{line[:_KEYWORD].partition(chr(34))[0]}"{_UNSEEN}"'
        if (line and not _LINE.fullmatch(line)) or "\0" in line:
            raise DataError(
                f"{path} is not a gettext PO file: line {number} is neither a comment nor a whole string in quotes; "
                "check it with: msgfmt -c"
            )
        try:
            line = _ESCAPES.sub(_unescaped, line) if "\\" in line else line
        except UnicodeDecodeError:
            raise DataError(
                f"{path}, line {number}: its escapes stand for bytes that are not valid UTF-8; write the characters "
                "themselves"
            ) from None
        for place, line_break in enumerate(_BREAKS):
            line = line.replace(line_break, f"{_BREAK_MARK}{place}")
        lines.append(line)
    return "\n".join([*lines, ""])  # with a line end in it, polib cannot take it for the name of a file


def _unescaped(match: re.Match[str]) -> str:
    """Return what escapes stand for, written as polib knows it: bytes in octal or hexadecimal, and \\a \\b \\f \\v."""
    escapes = match[0]
    if escapes in _LETTERS:
        return _LETTERS[escapes]
    if not _ESCAPE.match(escapes):
        return escapes
    values = [int(octal, 8) if octal else int(digits, 16) for octal, digits in _ESCAPE.findall(escapes)]
    return bytes(value & 255 for value in values).decode("utf-8").translate(_FOR_POLIB)


def with_breaks(text: str) -> str:
    """Return a string of `catalogue` with the line breaks that polib does not take."""
    for place, line_break in enumerate(_BREAKS):
        text = text.replace(f"{_BREAK_MARK}{place}", line_break)
    return text
