"""Unicode normalisation: the one form of a text that the rest of the program sees.

What is changed, and nothing else:

- canonical composition (NFC, Unicode Standard Annex 15): `e` + U+0301 becomes `é`;
- every white space (no-break, narrow, thin, ideographic, tab, line breaks) becomes a plain
  space, runs of spaces become one, and the ends are stripped;
- control characters, the marks of byte order and of writing direction, soft hyphens and other
  invisible format characters are dropped;
- the joiners U+200C and U+200D are kept after a character outside of ASCII, where they carry
  meaning (emoji, Persian, Indic scripts), and dropped elsewhere.

Case, quotes, dashes, ligatures, digits and full-width forms stay as they are.
"""

import re
import unicodedata

from clearhead.errors import TextError

_SURROGATE = re.compile("[\ud800-\udfff]")

# All that str.isspace() accepts.
_SPACE = re.compile("[\t-\r\x1c- \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")

_INVISIBLE = re.compile(
    "["
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # controls that are not white space
    "\xad"  # soft hyphen
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # writing direction
    "\u200b\u2060\ufeff"  # zero-width space, word joiner, byte order mark
    "\u2061-\u2064\u206a-\u206f"  # invisible operators, deprecated format characters
    "\ufff9-\ufffb\U000e0001"  # interlinear annotations, the deprecated language tag
    "]+"
)

# A joiner is meaningless at the start, after ASCII (hence after a space) and after another joiner.
_IDLE_JOINER = re.compile("(?<![^\x00-\x7f\u200c\u200d])[\u200c\u200d]")


def normalize(text: str) -> str:
    """Return the text in its normal form, on one line.

    `normalize(normalize(text)) == normalize(text)`; the result may be empty. Raises TextError for
    a lone surrogate, which is not a character and has no UTF-8 form.
    """
    if text.isprintable():  # nearly every line: no white space but spaces, nothing invisible
        return " ".join(unicodedata.normalize("NFC", text).split())
    if surrogate := _SURROGATE.search(text):
        raise TextError(
            f"the text holds a lone surrogate U+{ord(surrogate[0]):04X} at character {surrogate.start()}, "
            "which is not valid Unicode; read the text as UTF-8, or replace it with U+FFFD"
        )
    text = _INVISIBLE.sub("", _SPACE.sub(" ", text))
    text = unicodedata.normalize("NFC", text)
    # After NFC, because it turns a few characters into ASCII; and NFC again, because a joiner may
    # have stood between a letter and its accent.
    text = unicodedata.normalize("NFC", _IDLE_JOINER.sub("", text))
    return _SPACE.sub(" ", text).strip(" ")
