"""Invented names, numbers, addresses and codes, in the place of those that a pair has on both sides.

A model that has seen `Tom` a thousand times has learned Tom, not copying. Such words,
replaced on both sides by invented ones, teach it to copy what it has never seen.
"""

import re
from collections.abc import Callable
from random import Random

_NAME = re.compile(r"(?<![\w'’-])[A-ZÀ-Þ][a-zß-ÿ]{2,}(?![\w'’-])")
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,:]\d+)*(?![\w]|[.,:]\d)")
_ONSETS = [*"bcdfghjklmnprstvwz", "br", "ch", "dr", "fl", "gr", "kl", "qu", "sch", "st", "th", "tr"]
_VOWELS = [*"aeiouaeiouyéäöüáêóí", "ai", "au", "ea", "ei", "ie", "io", "oo", "ou"]
_ENDS = ["", "", "", *"nrsltkmx", "ng", "nd", "rt", "ss", "tz", "lle", "nne"]
_ENDINGS = ["txt", "pdf", "jpg", "png", "csv", "json", "py", "html", "docx", "zip", "mp3"]
_PLACEHOLDERS = ["{x}", "{{ x }}", "{{x}}", "{1}", "${x}", "%s", "%1$s", "%(x)s", "%{x}", "[[x]]", "{}", "$X"]
_ALPHABETS = [
    "αβγδεζηθικλμνξοπρστυφχψω",
    "абвгдежзиклмнопрстуфхцчшщыэюя",
    "aeiouyłśćźżńęąwzkrtpd",
    "aeiouščžřěůýťďňvlkmr",
    "aeıiouşğçöükmlrtn",
    "aeoåøæðþkjrnst",
    "アイウエオカキクケコサシスセソタチツテト",
    "山川田中大小日本木林森水火土石",
    "אבגדהוזחטיכלמנסעפצקרשת",
    "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
]
_DOMAINS = ["com", "org", "net", "de", "fr", "es", "eu", "io", "co.uk", "info"]
_EMOJI = "😀😂😉😊😍😎😢😡👍👎🙏🎉🎂🚗🏠🐶🐱🌞🌧❤✨🔥☕🍕⚽🎵📷✈"


def exchange(src: str, tgt: str, draws: Random) -> tuple[str, str]:
    """Replace one name or number that occurs once on each side; if there is none, sometimes end both with one emoji."""
    for pattern, inventors in ((_NUMBER, _NUMBERS), (_NAME, _NAMES)):
        shared = sorted(set(_once(pattern, src)) & set(_once(pattern, tgt)))
        if shared:
            old = draws.choice(shared)
            new = draws.choice(inventors)(draws)
            return src.replace(old, new), tgt.replace(old, new)
    if draws.random() < 0.1:
        emoji = chr(draws.randrange(0x1F300, 0x1F650)) if draws.random() < 0.5 else draws.choice(_EMOJI)
        return f"{src} {emoji}", f"{tgt} {emoji}"
    return src, tgt


def _once(pattern: re.Pattern[str], text: str) -> list[str]:
    """Return what a pattern finds and what occurs nowhere else in the text."""
    return [word for word in pattern.findall(text) if text.count(word) == 1]


def name(draws: Random) -> str:
    """Return a name of one to three invented syllables."""
    syllables = (draws.choice(_ONSETS) + draws.choice(_VOWELS) for _ in range(draws.randint(1, 3)))
    letters: str = "".join(syllables) + draws.choice(_ENDS)
    return letters.capitalize()


def full_name(draws: Random) -> str:
    """Return two names, or two joined by a hyphen."""
    return name(draws) + draws.choice("  -") + name(draws)


def number(draws: Random) -> str:
    """Return one to six digits: most often plain, else a decimal, a time or thousands."""
    digits = str(draws.randrange(10 ** draws.randint(1, 6)))
    kind = draws.random()
    if kind < 0.7:
        return digits
    if kind < 0.8:
        return f"{draws.randrange(24)}:{draws.randrange(60):02d}"
    return digits + draws.choice(".,") + str(draws.randrange(1000))


def code(draws: Random) -> str:
    """Return something such as `BX-2041` or `A4`."""
    letters = "".join(chr(65 + draws.randrange(26)) for _ in range(draws.randint(1, 3)))
    return letters + draws.choice(["", "-", " "]) + str(draws.randrange(10_000))


def email(draws: Random) -> str:
    """Return an e-mail address."""
    return f"{_word(draws)}{draws.choice('._-')}{_word(draws)}@{_domain(draws)}"


def url(draws: Random) -> str:
    """Return an address in the web, with or without scheme and path."""
    path = "".join(f"/{_word(draws)}" for _ in range(draws.randrange(3)))
    query = f"?{_word(draws)}={number(draws)}" if draws.random() < 0.2 else ""
    return draws.choice(["https://", "http://", "www.", "https://www."]) + _domain(draws) + path + query


def placeholder(draws: Random) -> str:
    """Return what a program fills in, in one of the usual forms."""
    word = _word(draws)
    return draws.choice(_PLACEHOLDERS).replace("x", word).replace("1", str(draws.randint(1, 4)))


def handle(draws: Random) -> str:
    """Return `@name` or `#topic`."""
    return draws.choice("@#") + _word(draws)


def path(draws: Random) -> str:
    """Return the name of a file, with or without folders."""
    folders = "".join(f"{_word(draws)}/" for _ in range(draws.randrange(3)))
    start = draws.choice(["/", "~/", "./", ""]) if folders else ""
    return f"{start}{folders}{_word(draws)}.{draws.choice(_ENDINGS)}"


def tagged(draws: Random) -> str:
    """Return a name between tags, or between backticks."""
    tag = draws.choice(["b", "i", "em", "strong", "code", "span", "a"])
    inside = name(draws)
    return f"`{inside}`" if draws.random() < 0.2 else f"<{tag}>{inside}</{tag}>"


def foreign(draws: Random) -> str:
    """Return a word in letters that the languages at hand hardly use."""
    letters = draws.choice(_ALPHABETS)
    return "".join(draws.choices(letters, k=draws.randint(2, 8))).capitalize()


def _word(draws: Random) -> str:
    letters = name(draws).lower()
    plain = "".join(letter for letter in letters if letter.isascii())
    return plain + draws.choice(["", "", str(draws.randrange(100))])


def _domain(draws: Random) -> str:
    return f"{_word(draws)}.{draws.choice(_DOMAINS)}"


_NUMBERS: tuple[Callable[[Random], str], ...] = (number,)
_NAMES: tuple[Callable[[Random], str], ...] = (
    *(name, name, name, full_name, full_name, code, email, url),
    *(placeholder, placeholder, handle, path, tagged, foreign),
)
