"""Strings against references: BLEU and chrF with their signatures, significance, and what lies beneath."""

from clearhead.evaluation.bootstrap import Significance, significance
from clearhead.evaluation.breakdown import FrequencyBucket, LengthBucket, by_frequency, by_length
from clearhead.evaluation.protocol import protocol_warnings
from clearhead.evaluation.scores import TOKENIZERS, Score, bleu, chrf, sentence_chrf, words

__all__ = [
    "TOKENIZERS",
    "FrequencyBucket",
    "LengthBucket",
    "Score",
    "Significance",
    "bleu",
    "by_frequency",
    "by_length",
    "chrf",
    "protocol_warnings",
    "sentence_chrf",
    "significance",
    "words",
]
