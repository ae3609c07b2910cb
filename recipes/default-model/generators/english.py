"""English: numbers, ordinals, years and the clock in words, and digits as they are written."""

from decimal import Decimal

UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
MINUTES = {5: "five", 10: "ten", 15: "quarter", 20: "twenty", 25: "twenty-five", 30: "half"}


def cardinal(number: int, gender: str = "") -> str:
    """Say a number below a thousand million: *three hundred and five*."""
    if number < 100:
        return _below_hundred(number)
    for size, name in ((1_000_000, "million"), (1000, "thousand"), (100, "hundred")):
        count, rest = divmod(number, size)
        if count:
            link = " and " if rest < 100 else " "
            return f"{cardinal(count)} {name}" + (link + cardinal(rest) if rest else "")
    raise AssertionError(number)


def _below_hundred(number: int) -> str:
    tens, units = divmod(number, 10)
    if number < 20:
        return UNITS[number]
    return TENS[tens] + (f"-{UNITS[units]}" if units else "")


def ordinal(number: int, forms: tuple[str, ...] = ()) -> str:
    """Say *twenty-first*; forms are for languages whose ordinals agree."""
    said = cardinal(number).removeprefix("one ") if number != 1 else "one"
    start = max(said.rfind(" "), said.rfind("-")) + 1
    last = said[start:]
    if last in ORDINALS:
        return said[:start] + ORDINALS[last]
    return said[:-1] + "ieth" if last.endswith("y") else said + "th"


def short_ordinal(number: int, forms: tuple[str, ...] = ()) -> str:
    """Write *21st*."""
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def day(number: int) -> str:
    """Write the day of a month."""
    return str(number)


def year(number: int) -> str:
    """Say *nineteen ninety-eight*, *nineteen oh five*, *two thousand and five*."""
    century, rest = divmod(number, 100)
    if number < 1100 or (century % 10 == 0 and rest < 10):
        return cardinal(number)
    if not rest:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def clock(hour: int, minute: int) -> str:
    """Say a time of a twelve-hour clock, to five minutes: *half past three*."""
    if not minute:
        return f"{cardinal(hour)} o'clock"
    if minute <= 30:
        return f"{MINUTES[minute]} past {cardinal(hour)}"
    return f"{MINUTES[60 - minute]} to {cardinal(hour % 12 + 1)}"


def part_of_day(hour: int) -> str:
    """Write a full hour of the day: *5 p.m.*."""
    return f"{(hour - 1) % 12 + 1} {'p.m.' if hour >= 12 else 'a.m.'}"


def digits(number: int | Decimal, grouped: bool = True) -> str:
    """Write *12,500* and *3.5*."""
    return f"{number:,}" if grouped else str(number)


def money(amount: str, sign: str) -> str:
    """Put the sign of the currency where it belongs."""
    return sign + amount


def singular(number: int | Decimal) -> bool:
    """Tell whether a counted noun stands in the singular."""
    return number == 1


def linked(word: str, following: str) -> str:
    """Join a word to what follows it; nothing changes in English."""
    return f"{word} {following}"
