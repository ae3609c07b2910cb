"""The plural forms of gettext: which form of a message a number takes, by an expression of C in one variable `n`.

The expression is parsed into functions; nothing of it is ever run as code.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

Form = Callable[[int], int]

_HEADER = re.compile(r"nplurals\s*=\s*(\d{1,3})\s*;\s*plural\s*=\s*([^;]+);?\s*")
_TOKEN = re.compile(r"\s*(\d{1,9}|n|\|\||&&|[=!<>]=|[-+*/%<>!?:()])")
_LEVELS: tuple[dict[str, Callable[[Form, Form, int], int]], ...] = (
    {"||": lambda a, b, n: bool(a(n) or b(n))},
    {"&&": lambda a, b, n: bool(a(n) and b(n))},
    {"==": lambda a, b, n: a(n) == b(n), "!=": lambda a, b, n: a(n) != b(n)},
    {
        "<": lambda a, b, n: a(n) < b(n),
        ">": lambda a, b, n: a(n) > b(n),
        "<=": lambda a, b, n: a(n) <= b(n),
        ">=": lambda a, b, n: a(n) >= b(n),
    },
    {"+": lambda a, b, n: a(n) + b(n), "-": lambda a, b, n: a(n) - b(n)},
    {"*": lambda a, b, n: a(n) * b(n), "/": lambda a, b, n: a(n) // b(n), "%": lambda a, b, n: a(n) % b(n)},
)
"""The operators of C by how tightly they bind, the loosest first."""
_LONGEST, _DEEPEST = 1000, 50
"""Characters of an expression, and brackets and questions within each other."""
_NUMBERS = range(1001)
"""Numbers that are looked at to know how a form is used."""


@dataclass(frozen=True)
class Plurals:
    """The rule of a catalogue."""

    count: int
    """How many forms there are."""
    form: Form
    """Form of a number."""

    @cached_property
    def one(self) -> int:
        """The form of the number 1."""
        return self.form(1)

    @cached_property
    def many(self) -> tuple[int, ...]:
        """The forms that a plural takes, in their order.

        Those of several numbers other than 1; forms of a single number, as for 0 or 2, often spell it or say that
        there is none. The form of 1 is among them only if it is the only one.
        """
        uses = Counter(self.form(number) for number in _NUMBERS if number != 1)
        others = sorted(form for form in uses if form != self.one)
        return tuple(form for form in others if uses[form] > 1) or tuple(others) or (self.one,)


def parse(header: str) -> Plurals:
    """Read the text after `Plural-Forms:`; raise ValueError, saying why, if that is not a rule."""
    match = _HEADER.fullmatch(header.strip())
    if not match:
        raise ValueError("it is not written nplurals=N; plural=EXPRESSION;")
    count, form = int(match[1]), _expression(match[2])
    try:
        forms = {form(number) for number in _NUMBERS}
    except ZeroDivisionError:
        raise ValueError("it divides by zero") from None
    except RecursionError:
        raise ValueError("it has too many parts") from None
    if not forms <= set(range(count)):
        raise ValueError(f"it gives a form that is not among its {count}")
    return Plurals(count, lambda number: int(form(number)))


def _expression(text: str) -> Form:
    if len(text) > _LONGEST:
        raise ValueError(f"it is longer than {_LONGEST:,} characters")
    tokens, place = [], 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if not match:
            raise ValueError(f"{text[place:].strip()[:10]!r} is not of an expression")
        tokens.append(match[1])
        place = match.end()
    return _Parser(tokens).whole()


class _Parser:
    """A recursive descent over tokens, which are in the order of their reading."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = [*tokens, ""]
        self._next = self._depth = 0

    def whole(self) -> Form:
        form = self._choice()
        if self._tokens[self._next]:
            raise ValueError(f"{self._tokens[self._next]!r} is out of place")
        return form

    def _take(self, *wanted: str) -> str:
        """Return the next token where it is one of those wanted, else nothing."""
        token = self._tokens[self._next]
        if not token or token not in wanted:
            return ""
        self._next += 1
        return token

    def _demand(self, wanted: str) -> None:
        if not self._take(wanted):
            raise ValueError(f"a {wanted!r} is missing")

    def _choice(self) -> Form:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError(f"it is nested more than {_DEEPEST} deep")
        form = self._binary(0)
        if self._take("?"):
            yes = self._choice()
            self._demand(":")
            form = _chosen(form, yes, self._choice())
        self._depth -= 1
        return form

    def _binary(self, level: int) -> Form:
        if level == len(_LEVELS):
            return self._unary()
        form = self._binary(level + 1)
        while operator := self._take(*_LEVELS[level]):
            form = _joined(_LEVELS[level][operator], form, self._binary(level + 1))
        return form

    def _unary(self) -> Form:
        negations = 0
        while self._take("!"):
            negations += 1
        form = self._atom()
        return form if not negations else lambda n: (form(n) == 0) == bool(negations % 2)

    def _atom(self) -> Form:
        token = self._tokens[self._next]
        if token.isdigit():
            self._next += 1
            return lambda n: int(token)
        if self._take("n"):
            return lambda n: n
        self._demand("(")
        form = self._choice()
        self._demand(")")
        return form


def _chosen(condition: Form, yes: Form, no: Form) -> Form:
    return lambda n: yes(n) if condition(n) else no(n)


def _joined(operator: Callable[[Form, Form, int], int], left: Form, right: Form) -> Form:
    return lambda n: operator(left, right, n)
