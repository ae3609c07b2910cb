"""Translations that people made, used before the model: equal texts are answered, similar ones offered."""

from clearhead.memory.memory import LEAST, Memory
from clearhead.memory.remembered import Counts, Remembered, counted, remembered
from clearhead.memory.similar import Match

__all__ = ["LEAST", "Counts", "Match", "Memory", "Remembered", "counted", "remembered"]
