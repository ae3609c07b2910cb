"""Text in capitals or Title Case, written as a sentence for translating and put back afterwards.

A label of one word, such as `Save`, is translated as that word is written in a dictionary.
"""

import re
from collections.abc import Callable
from typing import Literal

Case = Literal["plain", "upper", "title", "label"]
Likelihood = Callable[[str], float]
"""How likely a word is to the vocabulary, the larger the likelier."""

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_SHOUT = 4
"""Letters from which one word in capitals is taken for a word that is shouted, not for an abbreviation."""
_TITLE_WORDS = 3
"""Words from which Title Case is looked for."""


def case_of(text: str, likelihood: Likelihood) -> Case:
    """Return how a text is written.

    Title Case: every word begins with a capital, and most of them would not do so in a sentence. A label: one word
    and nothing else, with a capital that it would not have in a sentence.
    """
    words = _WORD.findall(text)
    letters = "".join(words)
    if not letters or not (letters[0].isupper() or letters[-1].isupper() or letters.istitle()):
        return "plain"
    if letters.isupper() and (max(map(len, words)) >= _SHOUT or (len(words) > 1 and len(letters) > 4)):
        return "upper"
    if (
        words == [text]
        and text[1:].islower()
        and text[0].isupper()
        and likelihood(text.lower()) > likelihood(text)
    ):
        return "label"
    begins = [word for word in words if len(word) > 1 or word.isupper()]
    if len(begins) < _TITLE_WORDS or not all(
        word[0].isupper() and word[1:].islower() for word in begins if len(word) > 1
    ):
        return "plain"
    unusual = sum(likelihood(word.lower()) > likelihood(word) for word in begins[1:])
    return "title" if 2 * unusual > len(begins[1:]) else "plain"


def as_sentence(text: str, case: Case, likelihood: Likelihood) -> str:
    """Return a text in capitals or Title Case as it would be written in a sentence: each word in its likeliest case."""
    if case == "plain":
        return text
    if case == "label":
        return text.lower()

    def likeliest(match: re.Match[str]) -> str:
        word = match[0]
        forms = [word.lower(), word[:1].upper() + word[1:].lower()]
        if case == "upper" and len(word) < _SHOUT + 2:
            forms.append(word)
        return max(forms, key=likelihood)

    lowered = _WORD.sub(likeliest, text)
    first = next((place for place, character in enumerate(lowered) if character.isalpha()), 0)
    return lowered[:first] + lowered[first : first + 1].upper() + lowered[first + 1 :]


def put_back(text: str, case: Case) -> str:
    """Return a translation in the case of its source."""
    if case == "upper":
        return text.upper()
    if case == "label":
        return text[:1].upper() + text[1:]
    if case == "title":
        return _WORD.sub(lambda match: match[0][:1].upper() + match[0][1:], text)
    return text
