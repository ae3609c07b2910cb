"""The language of a text, guessed from its letters (py3langid, an extra)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from clearhead.errors import ConfigError
from clearhead.extras import missing
from clearhead.text.language_codes import primary

_LEAST, _TIMES = 0.5, 5.0
"""A foreign language must be this probable, and this many times as probable as all expected languages together ..."""
_HOPELESS = 1e-4
"""... or the expected ones as improbable as this, as they are in another script."""
_SHORT, _FEWEST = 20, 4
"""With fewer letters than the first a language is named only where it is clear, below the second never."""
_CLEAR, _CLEAREST = 0.5, 0.75
"""How probable a language must be to be clear: among all, and among those expected."""


@dataclass(frozen=True)
class Detection:
    """The most likely language of a text."""

    language: str | None
    """The best of the expected languages, unless it is surely none of them; None: too short to say."""
    probability: float
    """Of that language: among those expected where it is one of them, else among all."""
    foreign: bool
    """Whether it is surely none of the languages that were expected."""


def detect(text: str, expected: Collection[str] = ()) -> Detection:
    """Return the language of a text, and whether it is surely another than those expected.

    Short texts say little: they are called foreign only where the expected languages are far less probable,
    and none is named where several are as probable. Of a code such as `pt-BR` its first part counts. Raises
    ConfigError where py3langid is not installed, or where it does not know an expected language, so that nothing
    could be said of it.
    """
    ranked = probabilities(text)
    expected = {primary(code) for code in expected}
    if not expected <= ranked.keys():
        raise ConfigError(
            f"the language of a text cannot be checked: {', '.join(sorted(expected - ranked.keys()))} is not among "
            "those that py3langid knows; leave --detect out"
        )
    language, probability = max(ranked.items(), key=lambda pair: pair[1])
    known = sum(ranked[code] for code in expected)
    foreign = (probability >= _LEAST and probability > _TIMES * known) or known < _HOPELESS
    foreign, clear = bool(expected) and foreign, _CLEAR
    if expected and not foreign:  # then it is one of them, however probable their neighbours are
        language = max(sorted(expected), key=lambda code: ranked[code])
        probability, clear = ranked[language] / known, _CLEAREST
    letters = sum(character.isalpha() for character in text)
    unclear = letters < _SHORT and probability < clear
    few = letters < _FEWEST and not foreign
    return Detection(None if unclear or few else language, float(probability), foreign)


def probabilities(text: str) -> Mapping[str, float]:
    """Return how probable each known language is for a text. Raises ConfigError where py3langid is not installed."""
    return {code: float(probability) for code, probability in _identifier().rank(text)}


@cache
def _identifier() -> Any:
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError:
        raise ConfigError(missing("--detect", "py3langid")) from None
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
