"""Text to text."""

from clearhead.config.choices import Split
from clearhead.translator.streaming import WINDOW
from clearhead.translator.translation import PairScore, TranslateOptions, Translation, Word
from clearhead.translator.translator import Translator

__all__ = ["WINDOW", "PairScore", "Split", "TranslateOptions", "Translation", "Translator", "Word"]
