"""French: numbers, ordinals, years and the clock in words, and digits as they are written."""

import re
from decimal import Decimal

UNITS = (
    *("zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze"),
    *("treize", "quatorze", "quinze", "seize", "dix-sept", "dix-huit", "dix-neuf"),
)
TENS = {20: "vingt", 30: "trente", 40: "quarante", 50: "cinquante", 60: "soixante", 80: "quatre-vingt"}
VOWELS = "aeiouœàâåáéèêíîóôúûøöü"
MUTE = "ôtel|ôpit|omme|eure|abitant|orloge|uile|élène|enri"
"""What follows the h of the words before which a vowel is elided."""
MINUTES = {5: "cinq", 10: "dix", 15: "et quart", 20: "vingt", 25: "vingt-cinq", 30: "et demie"}


def cardinal(number: int, gender: str = "") -> str:
    """Say a number below a thousand million, in the spelling before 1990: hyphens below a hundred, *vingt et un*."""
    millions, rest = divmod(number, 1_000_000)
    if millions:
        count = f"{_below_thousand(millions)} million" + ("s" if millions > 1 else "")
        return f"{count} {cardinal(rest, gender)}" if rest else count
    said = _below_million(number)
    return said + "e" if gender == "f" and re.search(r"\bun$", said) else said


def _below_million(number: int) -> str:
    thousands, rest = divmod(number, 1000)
    if thousands:
        count = "" if thousands == 1 else f"{_below_thousand(thousands, before_mille=True)} "
        return f"{count}mille" + (f" {_below_thousand(rest)}" if rest else "")
    return _below_thousand(rest)


def _below_thousand(number: int, *, before_mille: bool = False) -> str:
    hundreds, rest = divmod(number, 100)
    if not hundreds:
        return _below_hundred(rest, before_mille=before_mille)
    count = "" if hundreds == 1 else f"{UNITS[hundreds]} "
    if rest:
        return f"{count}cent {_below_hundred(rest, before_mille=before_mille)}"
    # cent takes its s where it is multiplied and nothing follows, not even mille.
    return f"{count}cent" + ("s" if hundreds > 1 and not before_mille else "")


def _below_hundred(number: int, *, before_mille: bool = False) -> str:
    if number < 20:
        return UNITS[number]
    if number == 80:
        return "quatre-vingt" if before_mille else "quatre-vingts"
    ten = max(start for start in TENS if start <= number)
    rest = number - ten
    if not rest:
        return TENS[ten]
    link = " et " if rest in (1, 11) and ten != 80 else "-"
    return f"{TENS[ten]}{link}{UNITS[rest]}"


def ordinal(number: int, forms: tuple[str, ...] = ()) -> str:
    """Say *troisième*, and *première* where the forms have `f`."""
    if number == 1:
        return "première" if "f" in forms else "premier"
    stem = cardinal(number)
    for ending, becomes in (("cinq", "cinqu"), ("neuf", "neuv"), ("vingts", "vingt"), ("cents", "cent")):
        if stem.endswith(ending):
            stem = stem.removesuffix(ending) + becomes
    return stem.removesuffix("e") + "ième"


def short_ordinal(number: int, forms: tuple[str, ...] = ()) -> str:
    """Write *1er*, *1re*, *2e*."""
    return f"{number}{'e' if number > 1 else 're' if 'f' in forms else 'er'}"


def day(number: int) -> str:
    """Write the day of a month, the first as *1er*."""
    return "1er" if number == 1 else str(number)


def year(number: int) -> str:
    """Say a year as the number it is."""
    return cardinal(number)


def clock(hour: int, minute: int) -> str:
    """Say a time of a twelve-hour clock, to five minutes: *trois heures et demie*."""
    shown = hour if minute <= 30 else hour % 12 + 1
    said = f"{cardinal(shown, 'f')} heure" + ("s" if shown > 1 else "") if shown != 12 else "midi"
    if minute > 30:
        return f"{said} moins {'le quart' if minute == 45 else MINUTES[60 - minute]}"
    after = "et demi" if minute == 30 and shown == 12 else MINUTES.get(minute, "")
    return f"{said} {after}".strip()


def part_of_day(hour: int) -> str:
    """Write a full hour of the day: *17 heures*."""
    return f"{hour} heures" if hour > 1 else f"{hour} heure"


def digits(number: int | Decimal, grouped: bool = True) -> str:
    """Write *12 500* and *3,5*."""
    return f"{number:,}".replace(",", " " if grouped else "").replace(".", ",")


def money(amount: str, sign: str) -> str:
    """Put the sign of the currency where it belongs."""
    return f"{amount} {sign}"


def singular(number: int | Decimal) -> bool:
    """Tell whether a counted noun stands in the singular, as it does below two."""
    return number < 2


def linked(word: str, following: str) -> str:
    """Join a word to what follows it, without its vowel where it is elided: *d'un*, but *de onze*."""
    vowel = re.match(rf"(?!onze|oui)(?:[{VOWELS}]|h(?:{MUTE}))", following, re.IGNORECASE)
    return f"{word[:-1]}'{following}" if vowel else f"{word} {following}"
