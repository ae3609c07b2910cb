"""German: numbers, ordinals, years and the clock in words, and digits as they are written."""

from decimal import Decimal

UNITS = (
    *("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf"),
    *("zwölf", "dreizehn", "vierzehn", "fünfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn"),
)
TENS = ("", "", "zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig")
ONE = {
    **{"m": "ein", "f": "eine", "n": "ein"},
    **{"m.acc": "einen", "f.acc": "eine", "n.acc": "ein"},
    **{"m.dat": "einem", "f.dat": "einer", "n.dat": "einem"},
}
"""The article, which is also the number before a noun, by gender and case."""
ORDINALS = {1: "erst", 3: "dritt", 7: "siebt", 8: "acht"}
MINUTES = {
    **{5: "fünf nach {}", 10: "zehn nach {}", 15: "Viertel nach {}", 20: "zwanzig nach {}"},
    **{25: "fünf vor halb {}", 30: "halb {}", 35: "fünf nach halb {}", 40: "zwanzig vor {}"},
    **{45: "Viertel vor {}", 50: "zehn vor {}", 55: "fünf vor {}"},
}


def cardinal(number: int, gender: str = "") -> str:
    """Say a number below a thousand million; one agrees with gender and case, such as `f` and `m.acc`."""
    if number == 1 and gender:
        return ONE[gender]
    millions, rest = divmod(number, 1_000_000)
    if millions:
        count = "eine Million" if millions == 1 else f"{_before(millions)} Millionen"
        return f"{count} {_below_million(rest)}" if rest else count
    return _below_million(number)


def _below_million(number: int) -> str:
    thousands, rest = divmod(number, 1000)
    if not thousands:
        return _below_thousand(rest)
    count = "" if thousands == 1 else _before(thousands)
    return f"{count}tausend" + (_below_thousand(rest, inner=True) if rest else "")


def _before(number: int) -> str:
    """Say the number that multiplies, in which a last one has no s."""
    said = _below_thousand(number)
    return said.removesuffix("s") if number % 100 == 1 else said


def _below_thousand(number: int, *, inner: bool = False) -> str:
    hundreds, rest = divmod(number, 100)
    tens, units = divmod(rest, 10)
    count = UNITS[hundreds] if hundreds != 1 else "ein" if inner else ""
    if rest < 20:
        low = UNITS[rest] if rest or not hundreds else ""
    else:
        low = (f"{'ein' if units == 1 else UNITS[units]}und" if units else "") + TENS[tens]
    return (f"{count}hundert" if hundreds else "") + low


def ordinal(number: int, forms: tuple[str, ...] = ()) -> str:
    """Say an ordinal with the ending among the forms, `e`, `en`, `er`, `es`, or with `stem` none."""
    ending = "" if "stem" in forms else next((form for form in forms if form in ("en", "er", "es")), "e")
    high, low = divmod(number, 100)
    before = cardinal(high * 100) if high else ""
    if low == 0:
        stem = before + "st"
    elif low in ORDINALS:
        stem = before + ORDINALS[low]
    else:
        stem = before + cardinal(low) + ("t" if low < 20 else "st")
    return stem + ending


def short_ordinal(number: int, forms: tuple[str, ...] = ()) -> str:
    """Write *3.*."""
    return f"{number}."


def day(number: int) -> str:
    """Write the day of a month, which is an ordinal."""
    return f"{number}."


def year(number: int) -> str:
    """Say *neunzehnhundertachtundneunzig*, *zweitausendfünf*."""
    century, rest = divmod(number, 100)
    if not 11 <= century <= 19:
        return cardinal(number)
    return f"{cardinal(century)}hundert" + (cardinal(rest) if rest else "")


def clock(hour: int, minute: int) -> str:
    """Say a time of a twelve-hour clock, to five minutes: *halb vier*."""
    if not minute:
        return f"{cardinal(hour, 'n')} Uhr"
    shown = hour if minute <= 20 else hour % 12 + 1
    return MINUTES[minute].format(cardinal(shown))


def part_of_day(hour: int) -> str:
    """Write a full hour of the day: *17 Uhr*."""
    return f"{hour} Uhr"


def digits(number: int | Decimal, grouped: bool = True) -> str:
    """Write *12.500* and *3,5*."""
    return f"{number:,}".translate({ord(","): "." if grouped else "", ord("."): ","})


def money(amount: str, sign: str) -> str:
    """Put the sign of the currency where it belongs."""
    return f"{amount} {sign}"


def singular(number: int | Decimal) -> bool:
    """Tell whether a counted noun stands in the singular."""
    return number == 1


def linked(word: str, following: str) -> str:
    """Join a word to what follows it; nothing changes in German."""
    return f"{word} {following}"
