"""Wrong usage, reported in one line before anything is read: an unknown option, a missing or an impossible value."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import takewhile

from clearhead.cli.options import Option, options_of
from clearhead.cli.wording import LIBRARY_NAMES
from clearhead.config.checks import nearest
from clearhead.storage.untrusted import shown

_NUMBERS = {int: "a whole number", float: "a number"}


def problem(command: type, args: Sequence[str], others: Iterable[tuple[str, type]]) -> str | None:
    """Return what is wrong with the arguments of a command; None where nothing is.

    `others` are the names and classes of all commands: another one may have the option that this one lacks.
    """
    options = options_of(command)
    flags = flags_of(options)
    typed, free = _divided(args, flags)
    for word, values in typed:
        option = flags.get(canonical(word))
        if option is None:
            return f"unknown option {word[:80]}{_hint(word, options, others)}"
        if fault := _fault(option, word, values):
            return fault
    seen = {flags[canonical(word)].flag for word, _ in typed}
    positional = [option for option in options if option.positional]
    return _unexpected(positional, free) or _missing(options, seen, len(free))


def _divided(
    args: Sequence[str], flags: Mapping[str, Option]
) -> tuple[list[tuple[str, list[str]]], list[str]]:
    """Return the flags with the values of each, and the words that belong to no flag."""
    words = list(args)
    typed: list[tuple[str, list[str]]] = []
    free: list[str] = []
    while words:
        first = words.pop(0)
        if first == "--":
            return typed, free + words
        word, equals, attached = first.partition("=")
        if not is_flag(word):
            free.append(first)
            continue
        option = flags.get(canonical(word))
        count = option.values if option else 0
        values = [attached] if equals else list(takewhile(_is_value, words))[:count]
        del words[: 0 if equals else len(values)]
        typed.append((word, values))
    return typed, free


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


def _is_value(word: str) -> bool:
    return word != "--" and not is_flag(word)


def _missing(options: Sequence[Option], seen: Set[str], free: int) -> str | None:
    """Return which required options and arguments are missing, after `free` arguments without a flag."""
    flags = [option.flag for option in options if option.required and not option.positional]
    positional = [option for option in options if option.positional]
    missing = [flag for flag in flags if flag not in seen]
    missing += [option.flag for option in positional[free:] if option.required]
    return f"missing {', '.join(missing)}" if missing else None


def _unexpected(positional: Sequence[Option], free: Sequence[str]) -> str | None:
    """Return what is wrong with the words that follow no flag."""
    if any(option.values is None for option in positional):
        return None
    if len(free) > len(positional):
        surplus = shown(free[len(positional)])
        return f"unexpected argument {surplus}; put quotes around a text or a name of several words"
    faults = (_fault(option, option.name, [word]) for option, word in zip(positional, free, strict=False))
    return next(filter(None, faults), None)


def _fault(option: Option, word: str, values: Sequence[str]) -> str | None:
    if option.values and len(values) < option.values:
        return (
            f"{word} needs {'a value' if option.values == 1 else f'{option.values} values'}: {_form(option)}"
        )
    if option.kind is bool and values and values[0] not in ("True", "False"):
        return f"{word} takes no value, got {shown(values[0])}"
    for value in values:
        if option.choices and value not in option.choices:
            meant = nearest(value, option.choices)
            return f"{word} must be one of {', '.join(option.choices)}, got {shown(value)}{meant}"
        if option.kind in _NUMBERS and value not in option.words and not _reads_as(option.kind, value):
            numbers = ", or ".join((_NUMBERS[option.kind], *option.words))
            return f"{word} must be {numbers}, got {shown(value)}"
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
    if not word.startswith("--"):
        return "; options begin with two hyphens, and -- goes before text that begins with one"
    wanted = canonical(word).removeprefix("--").rpartition(".")[2].replace("-", "_")
    offered = [option for option in options if not option.hidden]
    if meant := sorted(option.flag for option in offered if wanted in _names(option)):
        return f" (did you mean {' or '.join(meant)}?)"
    elsewhere = [name for name, command in others if canonical(word) in flags_of(options_of(command))]
    near = nearest(canonical(word), flags_of(offered), cutoff=0.7 if elsewhere else 0.5).replace("'", "")
    return near or (f" (it is an option of {', '.join(elsewhere)})" if elsewhere else "")


def _names(option: Option) -> Iterator[str]:
    yield option.name.rstrip("_")
    yield LIBRARY_NAMES.get(option.name, option.name)
