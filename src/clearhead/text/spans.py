"""The places of the characters that ids spell in the normalised text that they decode to."""

import re

from clearhead.text.escape import unescaped
from clearhead.text.normalize import normalize
from clearhead.text.words import Span


def places_of(spelled: str, text: str) -> list[Span]:
    """Return the place of each character that ids spell in the text that they decode to.

    A space has an empty span before the next word. A word that is changed by decoding is one place.
    """
    homes: list[Span] = []
    done = 0
    for match in re.finditer(" |[^ ]+", spelled):
        raw = match[0]
        shown = normalize(unescaped(raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace")))
        if not shown:
            homes += [Span(done, done)] * len(raw)
            continue
        start = text.find(shown, done)
        if start < 0 or text[done:start].strip(" "):  # words that only together have their normal form
            return [Span(0, len(text))] * len(spelled)
        if shown == raw:
            homes += [Span(start + place, start + place + 1) for place in range(len(raw))]
        else:
            homes += [Span(start, start + len(shown))] * len(raw)
        done = start + len(shown)
    # Whatever is between two words begins where the second does.
    following = len(text)
    for number in reversed(range(len(homes))):
        if homes[number].end == homes[number].start:
            homes[number] = Span(following, following)
        else:
            following = homes[number].start
    return homes
