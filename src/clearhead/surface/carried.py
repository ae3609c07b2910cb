"""What must come through a translation unchanged: placeholders, tags, addresses, codes, numbers and the like.

One function finds the stretches of a text; `masking` puts symbols in their places and takes them out again.
Numbers of one digit are left to the model, which has to say "one message" but "two messages"; ordinals
(3rd, 3e, 3., 3.ª) and decades (1990s) too, since each language writes them in its own way.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from clearhead.surface.numerals import CURRENCY, TWELVE_HOURS
from clearhead.text.symbols import RESERVED

_NUMBER = (
    r"(?:\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?:[.,]\d+)?|\d{1,3}(?:[.,'’]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?)"
)
_WHOLE = r"(?![\w]|[.,]\d)"
"""Behind figures: they do not go on."""
_CURRENCY = f"[{CURRENCY}]"
_UNIT = rf"(?:{_CURRENCY}|%|‰|°\s?[CF]\b|°)"
_NUMERIC_CURRENCY = r"(?:EUR|USD|GBP|CHF|JPY|CAD|AUD|SEK|PLN)"
_REST = r"[^\s<>\"«»“”]*[^\s<>\"«»“”.,;:!?)\]}'’…。，、！？）」]"
"""The rest of an address, without the marks of the sentence around it."""
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_TOP = (
    r"(?:com|org|net|edu|gov|info|io|dev|app|eu|de|fr|es|uk|us|ch|at|be|ca|mx|ar|it|nl|pt|pl|test|example|local|"
    r"COM|ORG|NET)(?!\w)(?:\.[a-z]{2}(?!\w))?"
)
_FILES = (
    "pdf|docx?|xlsx?|pptx?|odt|txt|md|csv|tsv|json|xml|ya?ml|toml|ini|cfg|log|html?|css|jsx?|tsx?|py|rb|java|cpp|"
    "hpp?|rs|go|sh|sql|db|png|jpe?g|gif|svg|webp|mp3|mp4|wav|avi|mov|zip|gz|tar|exe|dll|apk|iso|po|tmx|conf|lock"
)
_DAY, _MONTH = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])"
_BYTE = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_VERSIONED = (
    "Version|version|versión|Release|release|Python|Windows|Ubuntu|Android|Debian|Java|Node|PHP|iOS|macOS|"
    "Section|section|sección|Abschnitt|Kapitel|Chapter|chapter|chapitre|capítulo"
)
_AFTER_NAME = "|".join(f"(?<={name} )" for name in _VERSIONED.split("|"))

_SIGN, _LETTER, _DIGIT = "sign", "letter", "digit"
_BEGINS: Mapping[str, str] = {
    _SIGN: r"(?=[^\w\s])",
    _LETTER: r"(?=[^\W\d])(?<![A-Za-z0-9_])",
    _DIGIT: r"(?=\d)(?<!\d)",
}
"""Where a pattern is tried, by what it begins with: most places of a text are passed over at once."""

# In the order in which they are tried at a place: the kind, what the pattern may begin with, the pattern.
# No pattern may try a place again and again: what repeats is possessive, or has bounds.
_PATTERNS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("thing", (_SIGN,), r"`[^`\n]++`"),
    # placeholders
    (
        "thing",
        (_SIGN,),
        r"\{\{[^{}\n]*+\}\}|\[\[[^\[\]\n]*+\]\]|[$#]\{[^{}\n]*+\}|\{%[^%\n]*+%\}",
    ),
    ("thing", (_SIGN,), r"\{[A-Za-z0-9_.:,!#-]*+\}|<%[^%\n]*+%>|%\{[^{}\n]*+\}|%[A-Za-z_]{2,}+%"),
    (
        "thing",
        (_SIGN,),
        r"%\([A-Za-z0-9_.-]++\)[-#0+ ]?\d*(?:\.\d+)?[a-zA-Z]|%\d+\$[-#0+]?\d*(?:\.\d+)?[a-zA-Z@]",
    ),
    (
        "thing",
        (_SIGN,),
        r"(?<![\w%])%[-#0+]?\d*(?:\.\d+)?(?:l{0,2}[sdiufgexXcp]|@)(?![A-Za-z])|\$[A-Za-z_]\w*+",
    ),
    # markup
    ("closing", (_SIGN,), r"</[A-Za-z][\w:.-]*+\s*+>"),
    (
        "thing",
        (_SIGN,),
        r"<(?:br|hr|img|input|wbr|meta|link)\b[^<>\n]*+>|<[A-Za-z][^<>\n]*/>|<!--(?:(?!-->|<!--).)*+-->",
    ),
    ("opening", (_SIGN,), r"<[A-Za-z][\w:.-]*+(?:\s[^<>\n]*+)?>"),
    ("thing", (_SIGN,), r"&(?:[A-Za-z]{2,10}|#\d{1,7}|#[xX][0-9A-Fa-f]{1,6});"),
    # addresses
    ("thing", (_LETTER,), rf"(?:(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{{0,15}}://|www\.){_REST}"),
    (
        "thing",
        (_LETTER, _DIGIT),
        r"(?<![\w+-])(?:mailto:)?\w[\w.+-]{0,63}+@[A-Za-z0-9-]++(?:\.[A-Za-z0-9-]++)++",
    ),
    (
        "thing",
        (_LETTER, _DIGIT),
        rf"(?<![\w@.-])(?:{_LABEL}\.){{1,8}}{_TOP}(?::\d{{1,5}}(?!\d))?(?:[/?#]{_REST}|/)?",
    ),
    ("word", (_SIGN,), r"(?<![\w@.])@\w(?:[\w.-]*\w)?"),
    ("word", (_SIGN,), r"(?<![\w&#])#\w++"),
    ("mark", (_SIGN,), r"(?<![\w:]):(?=[0-9_+-]{0,40}[a-z]|[+-]1:)[a-z0-9_+-]{1,40}+:(?![\w:])"),
    # paths and names of files
    ("thing", (_LETTER,), r"(?<![\w/\\])[A-Za-z]:\\(?:[^\s<>\"|?*]*[^\s<>\"|?*.,;:!)])?"),
    ("thing", (_SIGN,), r"(?<![\w/.~])(?:~|\.{1,2})?/(?:[\w.@+-]++/)*[\w.@+-]*[\w@+/-]"),
    (
        "thing",
        (_LETTER, _DIGIT),
        rf"(?<![\w/.@-])[\w-]++(?:\.(?!(?:{_FILES})(?![\w-]|\.\w))[\w-]++)*+\.(?:{_FILES})(?![\w-])",
    ),
    (
        "thing",
        (_LETTER, _DIGIT),
        rf"(?<![\w/.-])(?:[\w.-]++/)++[\w.-]*\.(?:{_FILES})(?![\w-])",
    ),
    ("thing", (_SIGN,), r"(?<![\w-])--[A-Za-z][\w-]*+(?:=[^\s]*[^\s.,;:!?)\]}\"'”’…])?"),
    # figures
    (
        "date",
        (_DIGIT,),
        r"(?<![\d.,/-])\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:[.,]\d+)?Z?)?(?![\d/-])",
    ),
    (
        "date",
        (_DIGIT,),
        rf"(?<![\d.,/-])(?:\d{{1,2}}/\d{{1,2}}/\d{{2,4}}|{_DAY}\.\s?{_MONTH}\.\s?(?:\d{{4}}|\d{{2}})|"
        r"\d{1,2}-\d{1,2}-\d{4})(?![\d/-]|\.\d)",
    ),
    ("date", (_DIGIT,), rf"(?<![\w.,/-]){_DAY}\.\s?{_MONTH}\.(?=\s[a-zäöüß]|[,;)–-])"),
    ("thing", (_DIGIT,), rf"(?<![\w.]){_BYTE}(?:\.{_BYTE}){{3}}(?::\d{{1,5}}|/\d{{1,2}})?(?!\w|\.\d)"),
    ("time", (_DIGIT,), rf"(?<![\w:.,/–-]){TWELVE_HOURS}(?!\w)"),
    (
        "time",
        (_DIGIT,),
        r"(?<![\d:.,])\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,3})?)?(?![\d:])|(?<![\w.,])\d{1,2}h\d{2}(?!\w)|"
        r"(?<![\w.,])\d{1,2}\.\d{2}(?=\sUhr\b)",
    ),
    (
        "thing",
        (_LETTER, _DIGIT),
        r"(?<![\w:])(?:[0-9A-Fa-f]{1,4}:){3,7}[0-9A-Fa-f]{1,4}(?![\w:])",
    ),
    (
        "thing",
        (_LETTER, _DIGIT, _SIGN),
        r"(?<![\w:])(?=[0-9A-Fa-f:]{0,35}::)(?:[0-9A-Fa-f]{0,4}:){2,7}+:?(?:[0-9A-Fa-f]{1,4})(?=[\s.,;!?)\]]|$)",
    ),
    ("thing", (_LETTER,), r"(?<![\w.])v\d++(?:\.\d++)*+(?:-\w++(?:\.\w++)*+)?(?!\w)"),
    (
        "thing",
        (_DIGIT,),
        r"(?<![\w.])(?!\d{1,3}(?:\.\d{3})++(?:,\d++)?(?![\w]|[.,]\d))\d++(?:\.\d++){2,}+(?:-[A-Za-z]\w*+(?:\.\w++)*+)?"
        r"(?!\w|,\d)",
    ),
    ("thing", (_DIGIT,), rf"(?:{_AFTER_NAME})\d++\.\d++(?![\w]|[.,]\d)"),
    (
        "thing",
        (_SIGN,),
        r"(?<![\w+])\+\d{1,3}+(?:[ .\u00a0\u202f/-]?(?:\(\d{1,5}\)|\d{1,5}+)){2,6}+(?!\w)",  # phones
    ),
    (
        "thing",
        (_SIGN,),
        r"(?<![\w.,])\((?:\d{3}|0\d{1,4}|9\d)\)(?=(?:[ .-]?\d){6})[ -]?\d{2,8}+(?:[ .-]\d{2,5}+)*+(?!\w)",
    ),
    (
        "thing",
        (_DIGIT,),
        r"(?<![\w.,])0\d(?:[ .\u00a0\u202f-]\d{2}){4}(?!\w)|(?<![\w.,])0\d{2,4}[ /-]\d{3,8}(?:[ -]?\d{2,5})?(?!\w)",
    ),
    (
        "thing",
        (_DIGIT,),
        r"(?<![\w.,])\d{3}[-. ]\d{3}[-. ]\d{4}(?!\w)|(?<![\w.,])\d{2,4}(?:[- ]\d{2}){2,5}(?!\w)",
    ),
    (
        "thing",
        (_DIGIT,),
        r"(?<![\w.,])\d{4}(?:[- ]\d{4}){2,4}(?!\w)|(?<![\w.,])97[89](?:[- ]\d{1,7}){4}(?!\w)",  # cards, ISBN
    ),
    ("amount", (_DIGIT,), r"(?<![\w.,])\d{1,2}['’′]\s?\d{1,2}(?:[.,]\d)?[\"”″]"),
    (
        "amount",
        (_SIGN, _LETTER),
        rf"(?<![\w.,])[+−-]?(?:{_CURRENCY}|(?:US|A|C)\$)\s?{_NUMBER}(?:[kKmM]|bn)?{_WHOLE}",
    ),
    ("amount", (_SIGN, _DIGIT), rf"(?<![\w.,])[+−-]?{_NUMBER}[ \u00a0\u202f]?{_UNIT}(?![\w€$£])"),
    ("amount", (_LETTER,), rf"(?<!\w){_NUMERIC_CURRENCY}[ \u00a0\u202f]?{_NUMBER}{_WHOLE}"),
    ("amount", (_DIGIT,), rf"(?<![\w.,]){_NUMBER}[ \u00a0\u202f]?{_NUMERIC_CURRENCY}{_WHOLE}"),
    ("amount", (_DIGIT,), r"(?<![\w.,])\d++[.,]\d++[A-Za-zµ]{1,3}(?:/[a-z])?(?!\w)"),
    ("amount", (_LETTER,), r"[½⅓⅔¼¾⅛⅜⅝⅞]"),
    ("amount", (_DIGIT,), r"(?<![\w.,])\d++[½⅓⅔¼¾⅛⅜⅝⅞]"),
    # codes: letters and digits together, but no ordinal, decade, measure or clock time
    (
        "thing",
        (_LETTER,),
        r"(?<![\w-])(?<!\w[./])(?![A-Za-z]+-(?:19|20)?\d0(?:s|er)\b)"
        r"(?=(?:\w|[-/.](?=[A-Za-z0-9])){0,60}\d)[A-Za-z]\w*+(?:[-/.](?=[A-Za-z0-9])\w++)*+",
    ),
    (
        "thing",
        (_LETTER, _DIGIT),
        r"(?<![\w.,-])(?=[\w-]{0,60}[A-Z])(?=[A-Z0-9-]{0,60}\d)[A-Z0-9]++(?:-[A-Z0-9]++)++(?![\w-])",
    ),
    ("thing", (_DIGIT,), r"(?<![\w.,-])\d++[A-Z][A-Z0-9]*+(?![\w-])"),
    (
        "thing",
        (_LETTER,),
        r"(?<!\w)[A-Za-z][A-Za-z0-9]*+(?:_[A-Za-z0-9]++)++(?!\w)|(?<!\w)[a-z]{2,}+(?:[A-Z][a-z0-9]++)++(?!\w)",
    ),
    ("thing", (_LETTER,), r"(?<![\w.])[A-Za-z_]\w*+(?:\.\w++)*+\(\)"),
    ("word", (_LETTER,), r"(?<!\w)(?P<letter>[^\W\d_])(?P=letter){3,}+(?!\w)"),
    ("thing", (_SIGN,), r"(?P<sign>[^\w\s.,!?…-])(?P=sign){2,}+|-{4,}+|\.{5,}+"),
    ("thing", (_LETTER,), r"_{2,}+"),
    ("number", (_DIGIT,), r"(?<![\w.,/])\d++(?:[/–-]|\s[–-]\s)\d++(?![\w/]|[.,]\d|-\d)"),
    (
        "year",
        (_DIGIT,),
        r"(?<![\w.,/-])(?:1[1-9]|20)\d{2}(?![\w/]|[.,]\d|[ ]\d{3}(?!\d)|\.[ºª]|-\w|['’]s\b)",
    ),
    (
        "number",
        (_SIGN, _DIGIT),
        rf"(?<![\w.,/])[+−-]?{_NUMBER}(?<=\d\d|[.,]\d){_WHOLE}(?!\.[ºª]|[ºª°]|['’]s\b)",
    ),
)


@cache
def _joined() -> tuple[re.Pattern[str], Mapping[str, str]]:
    """Return all patterns as one, and the kind that each of its groups finds; made when a text first needs it."""
    kinds: dict[str, str] = {}
    parts = []
    for begins, where in _BEGINS.items():
        tried = []
        for number, (kind, possible, pattern) in enumerate(_PATTERNS):
            if begins in possible:
                kinds[f"{begins}{number}"] = kind
                tried.append(f"(?P<{begins}{number}>{pattern})")
        parts.append(f"{where}(?:{'|'.join(tried)})")
    return re.compile("|".join(parts)), kinds


_HINT = re.compile(
    r"[\d@#<{}\[$%&`\\_½⅓⅔¼¾⅛⅜⅝⅞]|(?<!\w)/\S|:[\w:/]|\(\)|--|www\.|\.\w|[a-z][A-Z]|(?P<same>.)(?P=same)(?P=same)"
)
"""A text without any of these has nothing to find but characters that were not learned."""
_JOINERS = "'’-\u200c\u200d"


@dataclass(frozen=True, slots=True)
class Carried:
    """A stretch of a text that must come through."""

    start: int
    end: int
    kind: str
    text: str
    written: str = ""
    """What the translation has in its place; empty: the text itself."""


def find(text: str, learned: Collection[str] | None = None) -> list[Carried]:
    """Return what must come through, from left to right, none overlapping another.

    `learned` are the characters that the model has seen often enough; a word or sign with any other is carried
    too. None: nothing is known of that, and only the symbols themselves are strange. The text is expected in its
    normal form.
    """
    return with_strange(text, _known(text), learned)


def _known(text: str) -> list[Carried]:
    """Return what is of a known form."""
    if not _HINT.search(text):
        return []
    anything, kinds = _joined()
    return [
        Carried(match.start(), match.end(), kinds[match.lastgroup or ""], match[0])
        for match in anything.finditer(text)
    ]


def with_strange(text: str, stretches: list[Carried], learned: Collection[str] | None) -> list[Carried]:
    """Return what was found in a text, and the words and signs that hold a character that was not learned."""
    if learned is None:
        if text.isascii() or RESERVED.isdisjoint(text):
            return stretches
        strange = [character in RESERVED for character in text]
    elif set(text).issubset(learned):  # as nearly always
        return stretches
    else:
        strange = [character not in learned and character != " " for character in text]
    if not any(strange):
        return stretches
    taken = bytearray(len(text))
    for stretch in stretches:
        taken[stretch.start : stretch.end] = b"\1" * (stretch.end - stretch.start)
    more: list[Carried] = []
    done = 0
    for place in range(len(text)):
        if place < done or not strange[place] or taken[place]:
            continue
        start, done = (_word if _of_word(text[place]) else _sign)(text, place, done, taken, strange)
        kind = "word" if any(map(str.isalpha, text[start:done])) else "mark"
        more.append(Carried(start, done, kind, text[start:done]))
    return sorted([*stretches, *more], key=lambda stretch: stretch.start) if more else stretches


def _word(text: str, place: int, done: int, taken: Sequence[int], strange: Sequence[bool]) -> tuple[int, int]:
    """Return where the word around a place begins and ends.

    It goes on behind a hyphen or an apostrophe only to another part that is strange: `Łódź-based` and `Łukasz's`
    have something to translate.
    """
    start, end = place, _end_of_part(text, place, taken)
    while start > done and not taken[start - 1] and _of_word(text[start - 1]):
        start -= 1
    while end + 1 < len(text) and text[end] in _JOINERS and not taken[end]:
        following = _end_of_part(text, end + 1, taken)
        if not any(strange[end + 1 : following]):
            break
        end = following
    return start, end


def _end_of_part(text: str, place: int, taken: Sequence[int]) -> int:
    """Return where the letters from a place on end."""
    while place < len(text) and not taken[place] and _of_word(text[place]):
        place += 1
    return place


def _sign(text: str, place: int, done: int, taken: Sequence[int], strange: Sequence[bool]) -> tuple[int, int]:
    """Return where the signs around a place begin and end: an emoji with all that belongs to it."""
    start, end = place, place + 1
    while start > done and not taken[start - 1] and _of_sign(text[start - 1], strange[start - 1]):
        start -= 1
    if text[place] in _KEYCAP and start == place > done and not taken[place - 1] and text[place - 1] in _KEYS:
        start -= 1
    while end < len(text) and not taken[end] and (_of_sign(text[end], strange[end]) or text[end] in _KEYCAP):
        end += 1
    return start, end


_KEYCAP, _KEYS = "\ufe0f\u20e3", "0123456789#*"


def _of_word(character: str) -> bool:
    return character.isalnum() or (
        unicodedata.category(character).startswith("M") and character not in _KEYCAP
    )


def _of_sign(character: str, strange: bool) -> bool:
    """Say whether a run of signs goes on with a character; what closes a sentence or a quotation ends it."""
    if character.isalnum() or character.isspace():
        return False
    return strange or (ord(character) > 0x2000 and not unicodedata.category(character).startswith("P"))


def digits(text: str) -> str:
    """Return the digits of a text: what a number is, however it is written."""
    return "".join(character for character in text if character.isdigit())


def key(carried: Carried) -> str:
    """Return what two writings of one thing have in common: for figures their digits and signs."""
    if carried.kind in ("number", "year", "amount"):
        signs = "".join(sorted(c for c in carried.text if not c.isdigit() and c not in " .,'’\u00a0\u202f"))
        return digits(carried.text) + signs.replace("−", "-")
    return carried.text
