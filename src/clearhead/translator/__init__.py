"""Text to text."""

from clearhead.config.choices import Split
from clearhead.translator.translation import PairScore, TranslateOptions, Translation, Word
from clearhead.translator.translator import WINDOW, Translator

__all__ = ["WINDOW", "PairScore", "Split", "TranslateOptions", "Translation", "Translator", "Word"]
