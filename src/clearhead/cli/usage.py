"""Wrong usage in one line, told before anything is read: an unknown option, a missing or an impossible value."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile

from clearhead.cli.options import Option, options_of
from clearhead.cli.wording import LIBRARY_NAMES
from clearhead.config.checks import nearest

_NUMBERS = {int: "a whole number", float: "a number"}


def problem(command: type, args: Sequence[str], others: Iterable[tuple[str, type]]) -> str | None:
    """Return what is wrong with the arguments of a command; None where nothing is.

    `others` are the names and classes of all commands, of which one may have an option that this one lacks.
    """
    options = options_of(command)
    flags = flags_of(options)
    words = list(takewhile(lambda word: word != "--", args))
    free, seen, place = list(args[len(words) + 1 :]), set(), 0
    while place < len(words):
        word, equals, attached = words[place].partition("=")
        place += 1
        if not is_flag(word):
            free.append(word if not equals else f"{word}={attached}")
            continue
        option = flags.get(canonical(word))
        if option is None:
            return f"unknown option {word}{_hint(word, options, others)}"
        seen.add(option.flag)
        following = list(takewhile(lambda word: not is_flag(word), words[place:]))
        values = [attached] if equals else following[: option.values]
        place += 0 if equals else len(values)
        if fault := _fault(option, word, values):
            return fault
    positional = [option for option in options if option.positional]
    if fault := _unexpected(positional, free):
        return fault
    missing = [option.flag for option in options if option.required and not option.positional]
    missing = [flag for flag in missing if flag not in seen]
    missing += [option.flag for option in positional[len(free) :] if option.required]
    return f"missing {', '.join(missing)}" if missing else None


def flags_of(options: Iterable[Option]) -> dict[str, Option]:
    """Return the options by everything that may be typed for them."""
    flags = {}
    for option in options:
        if not option.positional:
            flags[option.flag] = option
            if option.kind is bool:
                flags[option.negation] = option
    return flags


def canonical(word: str) -> str:
    """Return a flag with hyphens, which may be typed with underscores."""
    return word.replace("_", "-")


def is_flag(word: str) -> bool:
    """Say whether a word is a flag: -1, -.5 and -inf are numbers, - is standard input, "- a" is text."""
    begins = word.lstrip("-")[:1]
    return word.startswith("-") and begins.isalpha() and word.lower() not in ("-inf", "-nan", "-infinity")


def _unexpected(positional: Sequence[Option], free: Sequence[str]) -> str | None:
    """Return what is wrong with the words that follow no flag."""
    if any(option.values is None for option in positional):
        return None
    if len(free) > len(positional):
        return f"unexpected argument {free[len(positional)]!r}; put quotes around a text or a name of several words"
    faults = (_fault(option, option.name, [word]) for option, word in zip(positional, free, strict=False))
    return next(filter(None, faults), None)


def _fault(option: Option, word: str, values: Sequence[str]) -> str | None:
    if option.values and len(values) < option.values:
        return (
            f"{word} needs {'a value' if option.values == 1 else f'{option.values} values'}: {_form(option)}"
        )
    if option.kind is bool and values and values[0] not in ("True", "False"):
        return f"{word} takes no value, got {values[0]!r}"
    for value in values:
        if option.choices and value not in option.choices:
            return f"{word} must be one of {', '.join(option.choices)}, got {value!r}{nearest(value, option.choices)}"
        if option.kind in _NUMBERS and not _reads_as(option.kind, value):
            return f"{word} must be {_NUMBERS[option.kind]}, got {value!r}"
    return None


def _form(option: Option) -> str:
    return f"{option.flag} {' '.join([option.metavar] * (option.values or 1))}"


def _reads_as(kind: type, value: str) -> bool:
    try:
        kind(value)
    except ValueError:
        return False
    return True


def _hint(word: str, options: Sequence[Option], others: Iterable[tuple[str, type]]) -> str:
    """Say where an unknown option belongs: in a table of settings, under another name, in another command."""
    wanted = canonical(word).removeprefix("--").rpartition(".")[2].replace("-", "_")
    meant = sorted(option.flag for option in options if not option.hidden and wanted in _names(option))
    if meant:
        return f" (did you mean {' or '.join(meant)}?)"
    known = [flag for flag, option in flags_of(options).items() if not option.hidden]
    elsewhere = [name for name, command in others if canonical(word) in flags_of(options_of(command))]
    near = nearest(canonical(word), known, cutoff=0.7 if elsewhere else 0.5).replace("'", "")
    if near or elsewhere:
        return near or f" (it is an option of {', '.join(elsewhere)})"
    return (
        "; put -- before text that begins with a hyphen"
        if any(option.positional for option in options)
        else ""
    )


def _names(option: Option) -> Iterator[str]:
    yield option.name.rstrip("_")
    yield LIBRARY_NAMES.get(option.name, option.name)
