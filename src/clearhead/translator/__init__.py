"""Text to text."""

from clearhead.translator.translation import PairScore, Split, TranslateOptions, Translation, Word
from clearhead.translator.translator import WINDOW, Translator

__all__ = ["WINDOW", "PairScore", "Split", "TranslateOptions", "Translation", "Translator", "Word"]
