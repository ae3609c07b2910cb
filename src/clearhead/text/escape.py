"""U+2581, which SentencePiece uses for the space, made to come back from where it stood in a text.

It is written as a private-use character and a digit, and so is that character itself, so that the escape can
always be undone.
"""

import re

from clearhead.text.normalize import normalize

SPACE_MARK = "\u2581"
"""How SentencePiece writes a space inside a piece."""

_ESCAPE = "\ue581"
_ESCAPED = {SPACE_MARK: _ESCAPE + "1", _ESCAPE: _ESCAPE + "0"}
_UNESCAPED = {escaped: character for character, escaped in _ESCAPED.items()}
_TO_ESCAPE = re.compile(f"[{SPACE_MARK}{_ESCAPE}]")
_TO_UNESCAPE = re.compile(f"{_ESCAPE}[01]")


def marked(text: str) -> str:
    """Return a text as the library sees it: normalised, escaped, U+2581 before every word."""
    line = escaped(normalize(text))
    return SPACE_MARK + line.replace(" ", SPACE_MARK) if line else ""


def escaped(line: str) -> str:
    """Escape U+2581, and the escape itself, in a normalised text."""
    if SPACE_MARK not in line and _ESCAPE not in line:  # nearly every line
        return line
    return _TO_ESCAPE.sub(lambda match: _ESCAPED[match[0]], line)


def unescaped(text: str) -> str:
    """Undo the escape; an escape character that no digit follows is left as it is."""
    return _TO_UNESCAPE.sub(lambda match: _UNESCAPED[match[0]], text)
