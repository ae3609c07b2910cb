"""What stands in a slot of a frame: a value that can say itself in each language."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

ROMAN = ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))


class Language(Protocol):
    """A module of this package with the numbers and joints of one language."""

    def cardinal(self, number: int, gender: str = "") -> str: ...
    def ordinal(self, number: int, forms: tuple[str, ...] = ()) -> str: ...
    def short_ordinal(self, number: int, forms: tuple[str, ...] = ()) -> str: ...
    def day(self, number: int) -> str: ...
    def year(self, number: int) -> str: ...
    def clock(self, hour: int, minute: int) -> str: ...
    def part_of_day(self, hour: int) -> str: ...
    def digits(self, number: int | Decimal, grouped: bool = True) -> str: ...
    def money(self, amount: str, sign: str) -> str: ...
    def singular(self, number: int | Decimal) -> bool: ...
    def linked(self, word: str, following: str) -> str: ...


class Value(Protocol):
    """Anything a slot can hold; `code` is the language's, for what a table tells."""

    def say(
        self, language: Language, code: str, forms: tuple[str, ...], others: Mapping[str, "Value"]
    ) -> str: ...
    def choice(self, language: Language, code: str) -> int: ...


def roman(number: int) -> str:
    """Write a number below forty in Roman numerals."""
    written = ""
    for value, sign in ROMAN:
        count, number = divmod(number, value)
        written += sign * count
    return written


@dataclass(frozen=True, slots=True)
class Noun:
    """A countable noun: by language its gender, singular, plural and, in German, what a weak noun is in other cases."""

    entry: Mapping[str, tuple[str, tuple[str, ...]]]

    def counted(self, code: str, one: bool, case: str = "") -> str:
        """Return the form after a number."""
        forms = self.entry[code][1]
        if one:
            return forms[2] if case and len(forms) > 2 else forms[0]
        return forms[1] + ("n" if case == "dat" and forms[1].endswith(("e", "er", "el")) else "")

    def say(self, language: Language, code: str, forms: tuple[str, ...], others: Mapping[str, Value]) -> str:
        """Return the plural, or with the form `sg` the singular."""
        return self.counted(code, "sg" in forms, "dat" if "dat" in forms else "")

    def choice(self, language: Language, code: str) -> int:
        """Choose among alternatives for masculine, feminine and neuter."""
        return "mfn".index(self.entry[code][0])


@dataclass(frozen=True, slots=True)
class Number:
    """A number, said in words or in digits."""

    value: int | Decimal
    words: bool
    grouped: bool = True

    def say(self, language: Language, code: str, forms: tuple[str, ...], others: Mapping[str, Value]) -> str:
        """Say the number as the forms ask: an ordinal, a day, a year, Roman, or counting the noun they name."""
        in_words = isinstance(self.value, int) and "digits" not in forms and (self.words or "words" in forms)
        whole = int(self.value)
        if "roman" in forms:
            return roman(whole)
        if "day" in forms:
            return language.day(whole)
        if "year" in forms:
            return language.year(whole) if in_words else str(whole)
        if "th" in forms:
            return (language.ordinal if in_words else language.short_ordinal)(whole, forms)
        case = next((form for form in forms if form in ("acc", "dat")), "")
        noun = next((others[form] for form in forms if isinstance(others.get(form), Noun)), None)
        gender = next((form for form in forms if form in ("m", "f", "n")), "")
        if isinstance(noun, Noun):
            gender = noun.entry[code][0]
        said = (
            language.cardinal(whole, f"{gender}.{case}" if case and gender else gender)
            if in_words
            else language.digits(self.value, self.grouped and "plain" not in forms)
        )
        if not isinstance(noun, Noun):
            return said
        return f"{said} {noun.counted(code, language.singular(self.value), case)}"

    def choice(self, language: Language, code: str) -> int:
        """Choose between singular and plural."""
        return int(not language.singular(self.value))


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day, said in words to five minutes, or in digits."""

    hour: int
    minute: int
    words: bool

    def say(self, language: Language, code: str, forms: tuple[str, ...], others: Mapping[str, Value]) -> str:
        """Say it; with the form `hour`, as 5 p.m. is said."""
        if "hour" in forms:
            return language.part_of_day(self.hour)
        if self.words:
            return language.clock((self.hour - 1) % 12 + 1, self.minute)
        return f"{self.hour}:{self.minute:02}"

    def choice(self, language: Language, code: str) -> int:
        """Choose between singular and plural of the hour that is named, which in words can be the next."""
        named = (self.hour - 1) % 12 + 1 + int(self.minute > 30) if self.words else self.hour
        return int(named != 1)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in the smaller or larger unit with the sign of its currency."""

    amount: Decimal | int
    sign: str

    def say(self, language: Language, code: str, forms: tuple[str, ...], others: Mapping[str, Value]) -> str:
        """Write the amount with its sign."""
        return language.money(language.digits(self.amount), self.sign)

    def choice(self, language: Language, code: str) -> int:
        """Choose between singular and plural."""
        return int(not language.singular(self.amount))


@dataclass(frozen=True, slots=True)
class Word:
    """An expression of a table: by language the forms it has, of which a frame takes one by its place."""

    entry: Mapping[str, tuple[str, ...]]

    def say(self, language: Language, code: str, forms: tuple[str, ...], others: Mapping[str, Value]) -> str:
        """Return the form whose place, from 1, is among the forms, or the first."""
        place = next((int(form) for form in forms if form.isdigit()), 1)
        ways = self.entry[code]
        return ways[place - 1] if place <= len(ways) else ways[0]

    def choice(self, language: Language, code: str) -> int:
        """Choose the first: nothing varies."""
        return 0


@dataclass(frozen=True, slots=True)
class Same:
    """Text that is the same in every language, in two parts if something stands between them."""

    text: str
    end: str = ""

    def say(self, language: Language, code: str, forms: tuple[str, ...], others: Mapping[str, Value]) -> str:
        """Return the text, or its end."""
        return self.end if "end" in forms else self.text

    def choice(self, language: Language, code: str) -> int:
        """Choose the first: nothing varies."""
        return 0
