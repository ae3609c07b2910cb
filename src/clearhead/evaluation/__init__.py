"""Strings against references: BLEU and chrF with their signatures, significance, calibration, and what lies beneath."""

from clearhead.evaluation.bootstrap import Significance, significance
from clearhead.evaluation.breakdown import FrequencyBucket, LengthBucket, by_frequency, by_length
from clearhead.evaluation.calibration import area_under_curve, expected_calibration_error, logistic_fit
from clearhead.evaluation.protocol import protocol_warnings
from clearhead.evaluation.right import SENTENCE, WORD, closest, right_words
from clearhead.evaluation.scores import Score, bleu, chrf, sentence_chrf, words
from clearhead.evaluation.tokenisation import AUTO, TOKENIZERS, resolved

__all__ = [
    "AUTO",
    "SENTENCE",
    "TOKENIZERS",
    "WORD",
    "FrequencyBucket",
    "LengthBucket",
    "Score",
    "Significance",
    "area_under_curve",
    "bleu",
    "by_frequency",
    "by_length",
    "chrf",
    "closest",
    "expected_calibration_error",
    "logistic_fit",
    "protocol_warnings",
    "resolved",
    "right_words",
    "sentence_chrf",
    "significance",
    "words",
]
