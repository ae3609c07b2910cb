"""Strings of programs: which are text for people, and what of them a translation must keep.

A file of strings also holds identifiers, addresses, colours and numbers. What is plainly none of a person's words is
left as it is; where that is not plain, as with a single word, it is text.
"""

import re
from collections import Counter

PLACEHOLDER = re.compile(
    r"\{\{[^{}]*\}\}|[$#%]?\{[^{}]*\}|%\(\w+\)[-#0+]*+\d*+(?:\.\d++)?[a-zA-Z]|"
    r"%(?:\d+\$)?[-#0+]*+\d*+(?:\.\d++)?(?:hh|ll|[hlzjtq])?[diouxXeEfFgGaAcspn@]|%%|\$t\([^()]*\)|"
    r"</?[A-Za-z][^<>]*>|&\w+;|:[a-z_]+:"
)
_LABEL_WORDS = 4
"""Most words of a label in which a mark within a word is that of an access key, as in "E_xit"."""
_TOKEN = re.compile(r"\S+")
_AROUND = "\"'«»“”„‚‘’()[]¿¡.,;:!?…。，、！？：*_-–—•·#>|&"
_WORD = re.compile(r"[^\W\d_]++(?:['’\-‐‑/·.][^\W\d_]++)*+")
_CAMEL = re.compile(r"[a-z][A-Z]")
_DOTTED = re.compile(r"[^\W\d_]{2,}[./][^\W\d_]{2,}")
_KEBAB = re.compile(r"[a-z\d]+(?:-[a-z\d]+)+")
_ICU = re.compile(r"\{\s*\w+\s*,\s*(?:plural|select|selectordinal|choice)\s*,")
_CHOSEN = re.compile(r"\s\|\|\|\|\s|(?:^|\|)\s*(?:\{\d+\}|[\[\]]\s*(?:\d+|\*|-?Inf)\s*,)")
_MNEMONIC = re.compile(r"_(?=[^\W\d_])|&(?!\w+;)(?=[^\W\d_])")
_ORDERED = re.compile(r"%(?!%)(?!\d+\$)(?!\()[^%]*[a-zA-Z@]")


def is_text(value: str) -> bool:
    """Say whether a string holds words of people, not only an identifier, an address, a number or placeholders."""
    tokens = _TOKEN.findall(PLACEHOLDER.sub(" ", value))
    return any(_is_word(token, alone=len(tokens) == 1) for token in tokens)


def _is_word(token: str, *, alone: bool) -> bool:
    bare = token.strip(_AROUND)
    if not _WORD.fullmatch(bare) or "://" in token or token.startswith(("#", "@", "--")):
        return False
    if not alone:
        return len(bare) > 1 or not bare.isascii()
    identifier = _CAMEL.search(bare) or _DOTTED.search(bare) or _KEBAB.fullmatch(bare)
    return not identifier and "_" not in token[1:] and (len(bare) > 1 or not bare.isascii())


def unsafe(value: str) -> str | None:
    """Return why a string cannot be translated safely; None if it can."""
    if _ICU.search(value):
        return "it chooses among texts by a number or a word (ICU message), which must be written by hand"
    if _CHOSEN.search(value):
        return "it holds several texts for several numbers, which must be written by hand"
    if any("\ud800" <= character <= "\udfff" for character in value):
        return "it contains half a surrogate pair, which is not valid text"
    return None


def without_mnemonic(text: str) -> tuple[str, str]:
    """Return a label without the mark of its access key, and that mark with its letter: `_O` for "_Open".

    The mark is nothing where there is none, or where it is not sure to be one, as in `a_name` or `R&D`.
    """
    marks = list(_MNEMONIC.finditer(text))
    if len(marks) != 1 or text.count(marks[0][0]) != 1:
        return text, ""
    place = marks[0].start()
    within_word = place > 0 and (text[place - 1].isalnum() or text[place - 1] in "{%$")
    label = text[:1].isupper() and text[place + 1].islower() and len(text.split()) <= _LABEL_WORDS
    if within_word and not label:
        return text, ""
    return text[:place] + text[place + 1 :], text[place : place + 2]


def with_mnemonic(text: str, mark: str) -> str:
    """Return a label with the mark of an access key before its letter, or before the first where it has none."""
    if not mark or mark[0] in text:
        return text
    letter = re.escape(mark[1])
    for pattern in (rf"\b{letter}", letter, r"\b[^\W\d_]"):
        match = re.search(pattern, text, re.IGNORECASE)
        if match:
            return f"{text[: match.start()]}{mark[0]}{text[match.start() :]}"
    return text


def keeps_placeholders(source: str, translation: str) -> bool:
    """Say whether a translation has the placeholders of its source, those without a name or number in their order."""
    before, after = PLACEHOLDER.findall(source), PLACEHOLDER.findall(translation)
    return Counter(before) == Counter(after) and _ordered(before) == _ordered(after)


def _ordered(placeholders: list[str]) -> list[str]:
    return [placeholder for placeholder in placeholders if _ORDERED.fullmatch(placeholder)]
