"""Figures written the way of another language, where that is sure; the value never changes.

`12,50 €` becomes `€12.50` in English, `1,250.75` becomes `1 250,75` in French. What could be read in two ways, as
`1,250` can, stays as it is unless the language it was written in is known.
"""

import re
from dataclasses import dataclass

from clearhead.text.language_codes import primary

CURRENCY = "$€£¥₹₽₩₺₪₴฿¢"
_AMOUNT = re.compile(
    rf"(?P<sign>[+−-]?)(?:(?P<before>[{CURRENCY}])\s?)?(?P<number>\d[\d.,'’ \u00a0\u202f]*\d|\d)"
    rf"(?:\s?(?P<after>[{CURRENCY}%‰]))?"
)
_CODED = re.compile(
    r"(?P<before>(?:[A-Z]{3}[ \u00a0\u202f]?)?)(?P<number>\d[\d.,'’ \u00a0\u202f]*\d|\d)"
    r"(?P<after>(?:[ \u00a0\u202f]?[A-Z]{3})?)"
)
TWELVE_HOURS = (
    r"(?:0?[1-9]|1[0-2])(?::[0-5]\d)?[ \u00a0\u202f]?"
    r"(?:[AaPp]\.[ \u00a0\u202f]?[Mm](?:\.(?!\s*$)|(?=\.))|[AP]M|pm)"
)
"""A time of half a day, without the point that ends the whole text too. `5 am` is not one: in German it may be the 5 of
*um 5 am Bahnhof*, at five at the station."""
_TIME = re.compile(r"(?P<hour>\d{1,2})(?::(?P<minute>\d\d))?\W?(?P<half>[ap]).*", re.IGNORECASE | re.DOTALL)
_GROUPED = re.compile(r"\d{1,3}(?:([.,'’ \u00a0\u202f])\d{3})(?:\1\d{3})*(?:([.,])\d+)?")
_PLAIN = re.compile(r"\d+(?:([.,])(\d+))?")


@dataclass(frozen=True)
class _Style:
    """How a language writes figures."""

    group: str
    point: str
    fewest: int = 4
    """Digits from which groups are parted."""
    currency_first: bool = False
    space_before_unit: bool = True


_STYLES = {
    "en": _Style(",", ".", currency_first=True, space_before_unit=False),
    "fr": _Style(" ", ","),
    "es": _Style(".", ","),
    "de": _Style(".", ","),
}


def written(text: str, target: str | None, source: str | None = None) -> str:
    """Return a number or an amount as the target language writes it; anything that is not sure as it is.

    `source` is the language that it was written in, where that is known.
    """
    coded = _CODED.fullmatch(text)
    if coded and coded["number"] != text:  # EUR 5,50: the code stays where it is
        return coded["before"] + written(coded["number"], target, source) + coded["after"]
    style = _STYLES.get(_main(target))
    match = _AMOUNT.fullmatch(text)
    if style is None or match is None or _main(source) == _main(target):
        return text
    number = _number(match["number"], style, _STYLES.get(_main(source)))
    if number is None:
        return text
    unit = match["before"] or match["after"]
    if not unit:
        return match["sign"] + number
    if match["before"] and match["after"]:
        return text
    if style.currency_first and unit not in "%‰¢":
        return f"{match['sign']}{unit}{number}"
    space = " " if style.space_before_unit else ""
    return f"{match['sign']}{number}{space}{unit}"


def of_the_day(text: str, target: str | None) -> str:
    """Return a time such as `5 p.m.` as `17:00` for a language that counts the hours to 24; any other as it is."""
    match = _TIME.fullmatch(text)
    if match is None or _main(target) not in ("fr", "es", "de"):
        return text
    hour = int(match["hour"]) % 12 + (12 if match["half"] in "pP" else 0)
    return f"{hour}:{match['minute'] or '00'}"


def _main(language: str | None) -> str:
    return primary(language or "")


def _number(text: str, style: _Style, source: _Style | None) -> str | None:
    """Return a number in a style; None where it could be another number."""
    if grouped := _GROUPED.fullmatch(text):
        group, point = grouped[1], grouped[2]
        single = not point and sum(not character.isdigit() for character in text) == 1
        if single and group in ".,":  # 1,250: thousands in English, a decimal in German
            if source is None or group not in (source.group, source.point):
                return None
            if group == source.point:
                group, point = "", group
        if point and point == group:
            return None
    elif plain := _PLAIN.fullmatch(text):
        group, point = "", plain[1] or ""
        if point and source is not None and point != source.point:
            return None  # in a text of that language it is not a decimal point
    else:
        return None
    whole, _, decimals = text.partition(point) if point else (text, "", "")
    figures = "".join(character for character in whole if character.isdigit())
    if group and len(figures) >= style.fewest:
        first = len(figures) % 3 or 3
        figures = style.group.join(
            [figures[:first], *(figures[place : place + 3] for place in range(first, len(figures), 3))]
        )
    return figures + (style.point + decimals if decimals else "")
