"""Spanish: numbers, ordinals, years and the clock in words, and digits as they are written."""

import re
from decimal import Decimal

UNITS = (
    *("cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez", "once"),
    *("doce", "trece", "catorce", "quince", "dieciséis", "diecisiete", "dieciocho", "diecinueve", "veinte"),
    *("veintiuno", "veintidós", "veintitrés", "veinticuatro", "veinticinco", "veintiséis", "veintisiete"),
    *("veintiocho", "veintinueve"),
)
TENS = ("", "", "", "treinta", "cuarenta", "cincuenta", "sesenta", "setenta", "ochenta", "noventa")
HUNDREDS = (
    *("", "ciento", "doscientos", "trescientos", "cuatrocientos", "quinientos", "seiscientos"),
    *("setecientos", "ochocientos", "novecientos"),
)
ORDINALS = (
    *("", "primero", "segundo", "tercero", "cuarto", "quinto", "sexto", "séptimo", "octavo", "noveno"),
    *("décimo", "undécimo", "duodécimo", "decimotercero", "decimocuarto", "decimoquinto", "decimosexto"),
    *("decimoséptimo", "decimoctavo", "decimonoveno", "vigésimo", "vigesimoprimero", "vigesimosegundo"),
    *("vigesimotercero", "vigesimocuarto", "vigesimoquinto", "vigesimosexto", "vigesimoséptimo"),
    *("vigesimoctavo", "vigesimonoveno"),
)
ORDINAL_TENS = {
    3: "trigésimo",
    4: "cuadragésimo",
    5: "quincuagésimo",
    6: "sexagésimo",
    7: "septuagésimo",
    8: "octogésimo",
    9: "nonagésimo",
}
MINUTES = {5: "cinco", 10: "diez", 15: "cuarto", 20: "veinte", 25: "veinticinco", 30: "media"}


def cardinal(number: int, gender: str = "") -> str:
    """Say a number below a thousand million; before a noun, `m` says *veintiún* and `f` *doscientas*."""
    millions, rest = divmod(number, 1_000_000)
    if millions:
        count = f"{_below_million(millions, 'm')} {'millón' if millions == 1 else 'millones'}"
        return f"{count} {_below_million(rest, gender)}" if rest else count
    return _below_million(number, gender)


def _below_million(number: int, gender: str) -> str:
    thousands, rest = divmod(number, 1000)
    if not thousands:
        return _below_thousand(rest, gender)
    # The hundreds of the thousands agree with the noun; their one is short: doscientas treinta y un mil personas.
    count = "" if thousands == 1 else _short(_feminine(_below_thousand(thousands, ""), gender, hundreds=True))
    return f"{count} mil".strip() + (f" {_below_thousand(rest, gender)}" if rest else "")


def _below_thousand(number: int, gender: str) -> str:
    hundreds, rest = divmod(number, 100)
    tens, units = divmod(rest, 10)
    if number == 100:
        return "cien"
    low = UNITS[rest] if rest < 30 else TENS[tens] + (f" y {UNITS[units]}" if units else "")
    said = (f"{HUNDREDS[hundreds]} {low}" if rest else HUNDREDS[hundreds]) if hundreds else low
    return _short(said) if gender == "m" else _feminine(said, gender)


def _short(said: str) -> str:
    if said.endswith("veintiuno"):
        return said.removesuffix("uno") + "ún"
    return said.removesuffix("o") if re.search(r"\buno$", said) else said


def _feminine(said: str, gender: str, *, hundreds: bool = False) -> str:
    if gender != "f":
        return said
    said = re.sub(r"(cient|quinient)os\b", r"\1as", said)
    return said if hundreds or not said.endswith("uno") else said.removesuffix("o") + "a"


def ordinal(number: int, forms: tuple[str, ...] = ()) -> str:
    """Say an ordinal up to a hundred: `m`, `f`, and `b` before a masculine noun, *tercer*."""
    tens, units = divmod(number, 10)
    if number == 100:
        words = ["centésimo"]
    elif number < 30:
        words = [ORDINALS[number]]
    else:
        words = [ORDINAL_TENS[tens], ORDINALS[units]] if units else [ORDINAL_TENS[tens]]
    if "f" in forms:
        words = [word.removesuffix("o") + "a" for word in words]
    elif "b" in forms:
        words[-1] = re.sub(r"(primer|tercer)o$", r"\1", words[-1])
    return " ".join(words)


def short_ordinal(number: int, forms: tuple[str, ...] = ()) -> str:
    """Write *3.º*, *3.ª*, and *3.er* before a masculine noun."""
    if "f" in forms:
        return f"{number}.ª"
    before = "b" in forms and number % 10 in (1, 3) and number != 11
    return f"{number}.er" if before else f"{number}.º"


def day(number: int) -> str:
    """Write the day of a month."""
    return str(number)


def year(number: int) -> str:
    """Say a year as the number it is."""
    return cardinal(number)


def clock(hour: int, minute: int) -> str:
    """Say a time of a twelve-hour clock, to five minutes, with its article: *las tres y media*."""
    shown = hour if minute <= 30 else hour % 12 + 1
    said = "la una" if shown == 1 else f"las {cardinal(shown)}"
    if not minute:
        return said
    return f"{said} y {MINUTES[minute]}" if minute <= 30 else f"{said} menos {MINUTES[60 - minute]}"


def part_of_day(hour: int) -> str:
    """Write a full hour of the day with its article: *las 5 de la tarde*."""
    shown = (hour - 1) % 12 + 1
    part = "mañana" if hour < 12 else "tarde" if hour < 20 else "noche"
    return f"{'la' if shown == 1 else 'las'} {shown} de la {part}"


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
    """Join *y* or *o* to what follows: *e Inés*, *u ocho*."""
    if word in "yY" and re.match(r"[ií]|h[ií](?!e)", following, re.IGNORECASE):
        word = {"y": "e", "Y": "E"}[word]
    elif word == "o" and re.match(r"(?:h?[oó]|8|11(?!\d)(?!\.\d{3}\.))", following, re.IGNORECASE):
        word = "u"
    return f"{word} {following}"
