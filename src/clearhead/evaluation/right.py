"""What counts as right where a reference decides: a translation as a whole, and each of its words."""

from collections import Counter
from collections.abc import Sequence

from clearhead.evaluation.scores import sentence_chrf

ENOUGH, ENOUGH_SHORT, SHORT = 50.0, 80.0, 3
"""chrF that a translation needs, and that it needs where the reference has up to SHORT words.

Of people's other translations of one sentence 65 to 81 % reach 50 (Tatoeba, six directions). In a word or two it would
mean little ("Morgen werde ich morgen" for "morgen"); there 80 agrees in 94 % with lists of all accepted answers.
"""
SENTENCE = (
    f"a translation is right if its letters and digits, case aside, have a chrF (beta 1) of {ENOUGH:.0f} or more "
    f"against the reference, of {ENOUGH_SHORT:.0f} or more where that has at most {SHORT} words"
)
WORD = "a word is right if it stands in the reference, case aside, each occurrence there counted once"


def closest(translation: str, references: Sequence[str]) -> tuple[str, bool]:
    """Return the reference that a translation is most like, and whether it is right by any.

    A translation or reference without a letter or digit is like nothing, and not right.
    """
    bare = _bare(translation)
    scored = []
    for reference in references:
        wanted = _bare(reference)
        (score,) = sentence_chrf([bare], [wanted], beta=1) if bare and wanted else (0.0,)
        scored.append((score, reference, score >= (ENOUGH_SHORT if len(wanted.split()) <= SHORT else ENOUGH)))
    _, best, _ = max(scored, key=lambda candidate: candidate[0])
    return best, any(right for _, _, right in scored)


def right_words(words: Sequence[str], reference: Sequence[str]) -> list[bool]:
    """Say for each word whether the reference has it; each occurrence in the reference counts once."""
    left = Counter(map(_alike, reference))
    right = []
    for word in map(_alike, words):
        right.append(left[word] > 0)
        left[word] -= 1
    return right


def _bare(text: str) -> str:
    """Return the letters and digits of a text in small letters, a space between its words."""
    return " ".join(
        "".join(character if character.isalnum() else " " for character in text.casefold()).split()
    )


def _alike(word: str) -> str:
    return word.casefold().replace("’", "'")
