"""What must come through a translation unchanged: placeholders, tags, addresses, codes, numbers and the like.

One function finds the stretches of a text; `masking` puts symbols in their places and takes them out again.
Numbers of one digit are left to the model, which has to say "one message" but "two messages"; ordinals
(3rd, 3e, 3., 3.ª) and decades (1990s) too, since each language writes them in its own way.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from clearhead.text.symbols import KIND_OF

_NUMBER = (
    r"(?:\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?:[.,]\d+)?|\d{1,3}(?:[.,'’]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?)"
)
_CURRENCY = r"[$€£¥₹₽₩₺₪₴฿¢]"
_UNIT = rf"(?:{_CURRENCY}|%|‰|°\s?[CF]\b|°)"
_NUMERIC_CURRENCY = r"(?:EUR|USD|GBP|CHF|JPY|CAD|AUD|SEK|PLN)"
_DOMAIN = (
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+"
    r"(?:com|org|net|edu|gov|info|io|dev|app|eu|de|fr|es|uk|us|ch|at|be|ca|mx|ar|it|nl|pt|pl|test|example|local)\b"
)
_FILES = (
    "pdf|docx?|xlsx?|pptx?|odt|txt|md|csv|tsv|json|xml|ya?ml|toml|ini|cfg|log|html?|css|jsx?|tsx?|py|rb|java|cpp|"
    "hpp?|rs|go|sh|sql|db|png|jpe?g|gif|svg|webp|mp3|mp4|wav|avi|mov|zip|gz|tar|exe|dll|apk|iso|po|tmx|conf|lock"
)

# In the order in which they are tried at a place. The name of a group is the kind of what it finds.
_PATTERNS: tuple[tuple[str, str], ...] = (
    ("thing", r"`[^`\n]+`"),
    # placeholders
    ("thing", r"\{\{[^{}\n]*\}\}|\[\[[^\[\]\n]*\]\]|\$\{[^{}\n]*\}|#\{[^{}\n]*\}|\{%[^%\n]*%\}"),
    ("thing", r"\{[A-Za-z0-9_.:,!#-]*\}|<%[^%\n]*%>|%\{[^{}\n]*\}|%[A-Za-z_]{2,}%"),
    ("thing", r"%\([A-Za-z0-9_.-]+\)[-#0+ ]?\d*(?:\.\d+)?[a-zA-Z]|%\d+\$[-#0+]?\d*(?:\.\d+)?[a-zA-Z@]"),
    ("thing", r"(?<![\w%])%[-#0+]?\d*(?:\.\d+)?(?:l{0,2}[sdiufgexXcp]|@)(?![A-Za-z])|\$[A-Za-z_]\w*"),
    # markup
    ("closing", r"</[A-Za-z][\w:.-]*\s*>"),
    ("thing", r"<(?:br|hr|img|input|wbr|meta|link)\b[^<>\n]*>|<[A-Za-z][^<>\n]*/>|<!--.*?-->"),
    ("opening", r"<[A-Za-z][\w:.-]*(?:\s[^<>\n]*)?>"),
    ("thing", r"&(?:[A-Za-z]{2,10}|#\d{1,7}|#[xX][0-9A-Fa-f]{1,6});"),
    # addresses
    ("thing", r"(?:[a-z][a-z0-9+.-]*://|www\.)[^\s<>\"«»“”]*[^\s<>\"«»“”.,;:!?)\]}'’…]"),
    ("thing", r"(?:mailto:)?[\w.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"),
    ("thing", rf"(?<![\w@.-]){_DOMAIN}(?:[:/][^\s<>\"«»“”]*[^\s<>\"«»“”.,;:!?)\]}}'’…]|/)?"),
    ("word", r"(?<![\w@.])@\w[\w.-]*\w|(?<![\w@.])@\w"),
    ("word", r"(?<![\w&#])#\w+"),
    ("mark", r"(?<![\w:]):(?=[^\s:]*[a-z])[a-z0-9_+-]+:(?![\w:])"),
    # paths and names of files
    ("thing", r"(?<![\w/\\])[A-Za-z]:\\[^\s<>\"|?*]*[^\s<>\"|?*.,;:!)]"),
    ("thing", r"(?<![\w/.~])(?:~|\.{1,2})?/(?:[\w.@+-]+/)*[\w.@+-]*[\w@+/-]"),
    ("thing", rf"(?<![\w/.@-])[\w-]+(?:\.[\w-]+)*\.(?:{_FILES})(?![\w-])"),
    ("thing", rf"(?<![\w/])(?:[\w.-]+/)+[\w-]+\.(?:{_FILES})(?![\w-])"),
    ("thing", r"(?<![\w-])--[A-Za-z][\w-]*(?:=[^\s]+)?"),
    # figures
    ("date", r"(?<![\d.,/-])\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:[.,]\d+)?Z?)?(?![\d/-])"),
    ("date", r"(?<![\d.,/-])(?:\d{1,2}/\d{1,2}/\d{2,4}|\d{1,2}\.\s?\d{1,2}\.\s?(?:\d{4}|\d{2})|\d{1,2}-\d{1,2}-\d{4})(?![\d/-])"),
    ("thing", r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5}|/\d{1,2})?(?![\w]|\.\d)"),
    ("time", r"(?<![\d:.,])\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,3})?)?(?![\d:])|(?<![\w.,])\d{1,2}h\d{2}(?!\w)"),
    ("thing", r"(?<![\w:])(?:[0-9A-Fa-f]{1,4}:){3,7}[0-9A-Fa-f]{1,4}(?![\w:])|(?<![\w:])(?:[0-9A-Fa-f]{0,4}:){2,7}:?[0-9A-Fa-f]{1,4}(?=[\s.,;)]|$)"),
    ("thing", r"(?<![\w.])v\d+(?:\.\d+)*(?:-[\w.]+)?(?!\w)|(?<![\w.])\d+(?:\.\d+){2,}(?:-[A-Za-z][\w.]*)?(?![\w]|\.\d)"),
    ("thing", r"(?<![\w+])\+\d{1,3}(?:[ .\u00a0\u202f/-]?\(?\d{1,5}\)?){2,6}(?!\w)"),  # phones
    ("thing", r"(?<![\w.,])\(\d{2,5}\)[ -]?\d{2,5}(?:[ .-]\d{2,5})*(?!\w)"),
    ("thing", r"(?<![\w.,])0\d(?:[ .\u00a0\u202f-]\d{2}){4}(?!\w)|(?<![\w.,])0\d{2,4}[ /-]\d{3,8}(?:[ -]?\d{2,5})?(?!\w)"),
    ("thing", r"(?<![\w.,])\d{3}[-. ]\d{3}[-. ]\d{4}(?!\w)|(?<![\w.,])\d{2,4}(?:[- ]\d{2}){2,5}(?!\w)"),
    ("thing", r"(?<![\w.,])\d{4}(?:[- ]\d{4}){2,4}(?!\w)|(?<![\w.,])97[89](?:[- ]\d{1,7}){4}(?!\w)"),  # cards, ISBN
    ("amount", r"(?<![\w.,])\d{1,2}['’′]\s?\d{1,2}(?:[.,]\d)?[\"”″]"),
    ("amount", rf"(?<![\w.,])[+−-]?(?:{_CURRENCY}|(?:US|A|C)\$)\s?{_NUMBER}(?:[kKmM]|bn)?(?![\w]|[.,]\d)"),
    ("amount", rf"(?<![\w.,])[+−-]?{_NUMBER}[ \u00a0\u202f]?{_UNIT}(?![\w€$£])"),
    ("amount", rf"(?<![\w.,])(?:{_NUMERIC_CURRENCY}[ \u00a0\u202f]?{_NUMBER}|{_NUMBER}[ \u00a0\u202f]?{_NUMERIC_CURRENCY})(?![\w]|[.,]\d)"),
    ("amount", r"(?<![\w.,])\d+[.,]\d+[A-Za-zµ]{1,3}(?:/[a-z])?(?!\w)"),
    ("amount", r"[½⅓⅔¼¾⅛⅜⅝⅞]|(?<![\w.,])\d+[½⅓⅔¼¾⅛⅜⅝⅞]"),
    # codes: letters and digits together, but no ordinal, decade, measure or clock time
    ("thing", r"(?<![\w-])(?=[\w/.-]*\d)[A-Za-z]+[\w]*(?:[-_/.][A-Za-z0-9]+)*(?<=[A-Za-z0-9])(?![\w])"),
    ("thing", r"(?<![\w.,-])(?=[\w-]*[A-Z])(?=[A-Z0-9-]*\d)[A-Z0-9]+(?:-[A-Z0-9]+)+(?![\w-])"),
    ("thing", r"(?<![\w.,-])\d+[A-Z][A-Z0-9]*(?![\w-])"),
    ("thing", r"(?<!\w)[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+(?!\w)|(?<!\w)[a-z]{2,}(?:[A-Z][a-z0-9]+)+(?!\w)"),
    ("thing", r"(?<![\w.])[A-Za-z_]\w*\(\)"),
    ("word", r"(?<!\w)(\w)\1{3,}(?!\w)"),
    ("thing", r"([^\w\s.,!?…-])\2{2,}|-{4,}|\.{5,}|_{2,}"),
    ("number", rf"(?<![\w.,/])\d+(?:[/–-]|\s[–-]\s)\d+(?![\w/]|[.,]\d|-\d)"),
    ("year", r"(?<![\w.,/-])(?:1[1-9]|20)\d{2}(?![\w/]|[.,]\d|[ ]\d{3}(?!\d)|\.[ºª]|-\w)"),
    ("number", rf"(?<![\w.,])[+−-]?(?={_NUMBER}(?![\w]|[.,]\d))(?:{_NUMBER})(?<=\d\d|[.,]\d)(?![\w]|[.,]\d|\.[ºª]|[ºª°])"),
)  # fmt: skip


def _joined() -> tuple[re.Pattern[str], Mapping[str, str]]:
    """Return all patterns as one, and the kind that each of its groups finds."""
    kinds: dict[str, str] = {}
    parts = []
    for number, (kind, pattern) in enumerate(_PATTERNS):
        kinds[f"p{number}"] = kind
        parts.append(f"(?P<p{number}>{_renumbered(pattern, number)})")
    return re.compile("|".join(parts)), kinds


def _renumbered(pattern: str, number: int) -> str:
    """Return a pattern whose one group that is repeated has a name of its own."""
    if r"\1" not in pattern and r"\2" not in pattern:
        return pattern
    name = f"r{number}"
    for digit, group in ((r"\1", r"(\w)"), (r"\2", r"([^\w\s.,!?…-])")):
        if digit in pattern:
            pattern = pattern.replace(group, f"(?P<{name}>{group[1:]}", 1).replace(digit, f"(?P={name})")
    return pattern


_ANY, _KINDS = _joined()
_HINT = re.compile(r"[\d@#<>{}\[\]$%&`/\\_:~|=^*+½⅓⅔¼¾()-]|www\.|\.\w|\w[A-Z]|(.)\1\1")
"""A text without any of these has nothing to find but characters that were not learned."""
_WORD_WITH = re.compile(r"[\w'’-]+|\S")
_WORDS = re.compile(r"\w+(?:['’-]\w+)*")


@dataclass(frozen=True, slots=True)
class Carried:
    """A stretch of a text that must come through."""

    start: int
    end: int
    kind: str
    text: str


def find(text: str, learned: Collection[str] | None = None) -> list[Carried]:
    """Return what must come through, from left to right, none overlapping another.

    `learned` are the characters that the model has seen often enough; a word or sign with any other is carried
    too. None: nothing is known of that. The text is expected in its normal form.
    """
    found: list[Carried] = []
    if _HINT.search(text):
        for match in _ANY.finditer(text):
            found.append(Carried(match.start(), match.end(), _kind(match), match[0]))
    if learned is None:
        return found
    strange = [place for place, character in enumerate(text) if character not in learned and character != " "]
    return _with_strange(text, found, strange) if strange else found


def _kind(match: "re.Match[str]") -> str:
    """Return the kind of a match; the last group may be one within a pattern."""
    last = match.lastgroup or ""
    return _KINDS.get(last) or next(kind for name, kind in _KINDS.items() if match[name] is not None)


def _with_strange(text: str, found: list[Carried], strange: list[int]) -> list[Carried]:
    """Return what was found, and the words and runs of signs that hold one of the strange places."""
    taken = [(each.start, each.end) for each in found]
    places = iter(strange)
    done = 0
    for place in places:
        if place < done or any(start <= place < end for start, end in taken):
            continue
        start, end = place, place + 1
        of_word = _of_word(text[place])
        while start > done and not _blocked(start - 1, taken) and _goes_on(text[start - 1], of_word):
            start -= 1
        while end < len(text) and not _blocked(end, taken) and _goes_on(text[end], of_word):
            end += 1
        done = end
        kind = "word" if any(map(str.isalpha, text[start:end])) else "mark"
        found.append(Carried(start, end, kind, text[start:end]))
    return sorted(found, key=lambda each: each.start)


def _blocked(place: int, taken: list[tuple[int, int]]) -> bool:
    return any(start <= place < end for start, end in taken)


def _of_word(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character).startswith("M")


def _goes_on(character: str, of_word: bool) -> bool:
    """Say whether a run of letters, or of signs, goes on with a character."""
    if of_word:
        return _of_word(character) or character in "'’-\u200c\u200d"
    return not character.isalnum() and not character.isspace() and ord(character) > 0x2000


def digits(text: str) -> str:
    """Return the digits of a text: what a number is, however it is written."""
    return "".join(character for character in text if character.isdigit())


def key(carried: Carried) -> str:
    """Return what two writings of one thing have in common: for figures their digits and signs."""
    if carried.kind in ("number", "year", "amount"):
        signs = "".join(sorted(c for c in carried.text if not c.isdigit() and c not in " .,'’\u00a0\u202f"))
        return digits(carried.text) + signs.replace("−", "-")
    return carried.text


def is_symbol(character: str) -> bool:
    """Say whether a character is one of the symbols themselves, which a text may hold too."""
    return character in KIND_OF
