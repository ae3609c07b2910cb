"""Draw what stands in the slots of a frame, by the name of its domain."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from random import Random

from . import codes, lexicon
from .values import Clock, Money, Number, Same, Value, Word

SIGNS = ("€", "€", "€", "$", "$", "£", "¥")
TIMES = (2, 3, 3, 4, 5, 6)
"""How often a word comes that is said again and again."""


def count(draws: Random, words: bool) -> int:
    """Draw how many: mostly below a hundred, one among them; in words, none that ends in one above a hundred."""
    kind = draws.random()
    if kind < 0.1:
        return 1
    if kind < 0.5:
        return draws.randint(2, 20)
    if kind < 0.82:
        return draws.randint(21, 99)
    if kind < 0.92 or not words:
        number = draws.randint(100, 999) if kind < 0.92 else draws.randint(1000, 99_999)
    else:
        number = draws.randint(1, 99) * draws.choice((100, 1000))
    return number + (words and number % 100 == 1)


def small(draws: Random, words: bool) -> int:
    """Draw a number of one or two digits, most often below ten."""
    return draws.choice((1, 1, draws.randint(2, 9), draws.randint(2, 9), draws.randint(10, 30)))


def whole(draws: Random, words: bool) -> int:
    """Draw any whole number, the long ones as likely as the short ones."""
    return draws.randrange(10 ** draws.choice((1, 2, 3, 4, 5, 6, 7)))


def decimal(draws: Random) -> Decimal:
    """Draw a decimal number with one place, seldom two."""
    places = draws.choice((1, 1, 1, 2))
    return Decimal(draws.randrange(10, 40 * 10**places, 10) + draws.randint(1, 9)).scaleb(-places)


def price(draws: Random) -> Decimal:
    """Draw a price with two places."""
    high = draws.choice((10, 100, 100, 1000, 5000))
    cents = draws.choice((50, 99, 95, draws.randrange(100)))
    return Decimal(draws.randrange(high) * 100 + max(cents, 1)).scaleb(-2)


def amount(draws: Random) -> Decimal | int:
    """Draw an amount, with or without places."""
    if draws.random() < 0.6:
        return price(draws)
    return draws.choice((draws.randint(2, 99), draws.randint(1, 20) * 50, draws.randint(1, 200) * 100))


def year(draws: Random) -> int:
    """Draw a year, mostly of our time."""
    return draws.randint(1945, 2030) if draws.random() < 0.7 else draws.randint(1100, 1944)


def name(draws: Random, gender: str = "") -> str:
    """Draw a first name."""
    return draws.choice(lexicon.names()[gender or draws.choice("mf")])


def full_name(draws: Random, gender: str = "") -> str:
    """Draw a first name, or initials, and a surname."""
    first = name(draws, gender)
    kind = draws.random()
    if kind < 0.1:
        first = f"{first[0]}."
    elif kind < 0.2:
        first = f"{first} {draws.choice('ABCDEFGHJKLMPRSTW')}."
    return f"{first} {draws.choice(lexicon.names()['s'])}"


def again(word: Word, times: int) -> Word:
    """Return a word said a number of times: *no, no, no*."""
    return Word(
        {code: tuple(", ".join([form] * times) for form in forms) for code, forms in word.entry.items()}
    )


def _numbers(domain: str, draws: Random, words: bool) -> int | Decimal | None:
    if bounds := re.fullmatch(r"(\d+)-(\d+)", domain):
        return draws.randint(int(bounds[1]), int(bounds[2]))
    ways: dict[str, Callable[[], int | Decimal]] = {
        "count": lambda: count(draws, words),
        "count0": lambda: 0 if draws.random() < 0.1 else count(draws, words),
        "small": lambda: small(draws, words),
        "whole": lambda: whole(draws, words),
        "decimal": lambda: decimal(draws),
        "price": lambda: price(draws),
        "year": lambda: year(draws),
        "hundreds": lambda: draws.randint(1, 99) * draws.choice((100, 1000)),
        "tens": lambda: draws.randint(1, 20) * draws.choice((5, 10)),
        "century": lambda: draws.choice((5, 8, 10, *range(11, 22), 17, 18, 19, 20, 21)),
    }
    return ways[domain]() if domain in ways else None


def _texts(domain: str, draws: Random, style: str, place: int) -> Same | None:
    kind, _, rest = domain.partition(":")
    if kind == "name":
        return Same(name(draws, rest))
    if kind == "full":
        return Same(full_name(draws, rest))
    if kind == "surname":
        return Same(draws.choice(lexicon.names()["s"]))
    if kind == "ph":
        return Same(codes.placeholder(draws, style, rest, place))
    if kind == "tags":
        return Same(*codes.tags(draws))
    if kind == "one":
        return Same(draws.choice(rest.split(",")))
    if kind == "numeric":
        day, month, year = draws.randint(1, 28), draws.randint(1, 12), draws.randint(1990, 2030)
        layout = draws.choice(("{0:02}/{1:02}/{2}", "{2}-{1:02}-{0:02}", "{0:02}.{1:02}.{2}"))
        return Same(layout.format(day, month, year))
    way = getattr(codes, kind.replace("-", "_"), None)
    return Same(way(draws)) if way else None


def draw(domain: str, draws: Random, words: bool, style: str, others: Mapping[str, Value]) -> Value:
    """Draw a value of a domain; a sum such as `a+b` or `n+1` takes its terms from the others."""
    if not domain.startswith("one:"):
        domain = draws.choice(domain.split("/"))
    if terms := re.fullmatch(r"(\w)([+*])(\w)", domain):
        left, right = (
            others[term].value if term in others else int(term)  # type: ignore[attr-defined]
            for term in (terms[1], terms[3])
        )
        return Number(left + right if terms[2] == "+" else left * right, words)
    if (number := _numbers(domain, draws, words)) is not None:
        return Number(number, words, grouped=number >= 10_000 or draws.random() < 0.6)
    if domain == "money":
        sign = draws.choice(SIGNS)
        return Money(draws.randint(1, 300) * 50 if sign == "¥" else amount(draws), sign)
    if domain == "clock":
        return Clock(draws.randint(1, 11), draws.randrange(0, 60, 5), words=True)
    if domain == "half":
        return Clock(draws.randint(1, 12), 30, words=True)
    if domain == "time":
        return Clock(draws.randint(1, 23), draws.choice((0, 15, 30, 45, draws.randrange(60))), words=False)
    if domain in ("pm", "am"):
        return Clock(draws.randint(13, 23) if domain == "pm" else draws.randint(5, 11), 0, words=False)
    if domain.startswith("noun:"):
        return draws.choice(lexicon.nouns()[domain.removeprefix("noun:")])
    if domain == "month" and any(isinstance(v, Number) and 28 < v.value < 32 for v in others.values()):
        return lexicon.words()["month"][draws.choice((0, 2, 4, 6, 7, 9, 11))]
    if domain.startswith("again:"):
        return again(draws.choice(lexicon.words()[domain.removeprefix("again:")]), draws.choice(TIMES))
    if domain in lexicon.words():
        return draws.choice(lexicon.words()[domain])
    text = _texts(domain, draws, style, len(others))
    assert text is not None, f"no domain {domain}"
    return text
