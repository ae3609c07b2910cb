"""How sure a model may be: fitted on one half of some pairs whose translation is known, measured on the other."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from clearhead import model_directory
from clearhead.data.sides import UNKNOWN, Languages, read_sides
from clearhead.errors import DataError
from clearhead.evaluation import (
    SENTENCE,
    WORD,
    area_under_curve,
    closest,
    expected_calibration_error,
    logistic_fit,
    right_words,
)
from clearhead.evaluation.confidence import Confidence, Curve, features_of_words, sentence_features
from clearhead.measuring.watching import Watch, unwatched
from clearhead.text.words import is_punctuation, words
from clearhead.translator import Translator
from clearhead.translator.sureness import homes_of, token_log_probs

FEWEST_PAIRS, FEWEST_OF_A_KIND = 200, 10
"""Pairs in all, and right and wrong translations in each half, below which nothing can be fitted and measured."""
NOTED_RIGHT, NOTED_AT_MOST = 0.1, 0.5
"""A note is given below the largest confidence, up to a half, under which at most one in ten is right."""
_WINDOW = 1024
"""Pairs translated together."""


class Known(NamedTuple):
    """A source with what people translate it to, all of it equally right."""

    source: str
    references: tuple[str, ...]
    to: str | None = None


@dataclass(frozen=True)
class Judged:
    """A translation that a reference decided about: what it is judged by, and how it was judged."""

    features: tuple[float, ...]
    right: bool
    words: tuple[tuple[tuple[float, ...], bool], ...]
    """Of each word, punctuation apart."""
    held: bool
    """Whether it is measured on, not fitted on."""


def read(
    source: str, reference: str | None = None, to: str | None = None, languages: Languages = UNKNOWN
) -> list[Known]:
    """Read the pairs of two files, line for line, or of one that holds both sides."""
    pairs = read_sides(source, reference, languages, "--reference")
    return [Known(pair.src, (pair.tgt,), to) for pair in pairs]


def calibrate(translator: Translator, pairs: Iterable[Known], watch: Watch = unwatched) -> Confidence:
    """Fit how sure the model may be of sentences and words on pairs of one or several directions.

    What is right is told in `evaluation.right`. Pairs without text on a side are left out. Raises DataError for
    too few, or where too few are right or wrong.
    """
    return fitted(judged(translator, pairs, watch))


def judged(translator: Translator, pairs: Iterable[Known], watch: Watch = unwatched) -> list[Judged]:
    """Translate sources and judge the translations, direction by direction."""
    by_target: dict[str | None, list[Known]] = defaultdict(list)
    for pair in pairs:
        references = tuple(each for each in pair.references if each.strip())
        if pair.source.strip() and references:
            by_target[pair.to].append(pair._replace(references=references))
    total = sum(map(len, by_target.values()))
    if total < FEWEST_PAIRS:
        raise DataError(
            f"there are {total:,} pairs with text on both sides; to calibrate takes at least {FEWEST_PAIRS}, best some "
            "thousands: give more validation pairs"
        )
    windows = [
        (to, these[start : start + _WINDOW])
        for to, these in by_target.items()
        for start in range(0, len(these), _WINDOW)
    ]
    found: list[Judged] = []
    for to, window in watch(windows, "translating", len(windows)):
        found += _judged(translator, window, to)
    return found


def _judged(translator: Translator, pairs: Sequence[Known], to: str | None) -> list[Judged]:
    searched = sorted(translator.searched([pair.source for pair in pairs], to=to), key=lambda each: each[0])
    sources, hypotheses = [each[2].ids for each in searched], [each[3] for each in searched]
    told = token_log_probs(translator.engine, sources, hypotheses)
    found = []
    for (place, translation, sentence, hypothesis), log_probs in zip(searched, told, strict=True):
        reference, right = closest(translation.text, pairs[place].references)
        texts, homes = homes_of(translator.tokenizer, hypothesis.tokens)
        carried = str.maketrans(sentence.form.masked.carried_by)
        ours = [text.translate(carried) for text in texts]
        theirs = [reference[start:end] for start, end in words(reference)]
        judgements = zip(
            ours, features_of_words(log_probs, homes, len(ours)), right_words(ours, theirs), strict=True
        )
        found.append(
            Judged(
                sentence_features(hypothesis.log_prob, len(sentence.ids), len(hypothesis.tokens) + 1),
                right,
                tuple((each, ok) for text, each, ok in judgements if each and not is_punctuation(text)),
                _held(pairs[place].source),
            )
        )
    return found


def _held(source: str) -> bool:
    """Say whether a source is measured on: every second, whatever stands beside it."""
    return bool(hashlib.sha256(source.encode()).digest()[-1] % 2)


def fitted(found: Sequence[Judged]) -> Confidence:
    """Fit on the translations that are not held out, and measure on those that are."""
    for part in (False, True):
        outcomes = [each.right for each in found if each.held == part]
        count, right = len(outcomes), sum(outcomes)
        if min(right, count - right) < FEWEST_OF_A_KIND:
            raise DataError(
                f"of {count:,} translations that were {'measured' if part else 'fitted'} on {right:,} are right and "
                f"{count - right:,} wrong; to calibrate takes at least {FEWEST_OF_A_KIND} of each: give more pairs, "
                f"{'harder' if count - right < right else 'easier'} ones, and check that lines match"
            )
    sentence = _curve(SENTENCE, [(each.features, each.right, each.held) for each in found])
    word = _curve(WORD, [(features, right, each.held) for each in found for features, right in each.words])
    sure = [sentence.probability(each.features) for each in found]
    return Confidence(
        sentence=sentence,
        word=word,
        pairs=len(found),
        note_below=note_below(sure, [each.right for each in found]),
    )


def _curve(definition: str, outcomes: Sequence[tuple[tuple[float, ...], bool, bool]]) -> Curve:
    (x, y), (held_x, held_y) = (
        (
            [features for features, _, held in outcomes if held == part],
            [right for _, right, held in outcomes if held == part],
        )
        for part in (False, True)
    )
    bias, *weights = (round(weight, 6) for weight in logistic_fit(x, y))
    curve = Curve(
        definition=definition, bias=bias, weights=tuple(weights), ece=0.0, auc=0.0, measured_on=len(held_y)
    )
    stated = [curve.probability(features) for features in held_x]
    return replace(
        curve,
        ece=round(expected_calibration_error(stated, held_y), 4),
        auc=round(area_under_curve(stated, held_y), 4),
    )


def note_below(confidences: Sequence[float], right: Sequence[bool]) -> float:
    """Return the largest confidence, to a hundredth and up to a half, under which at most one in ten is right.

    0, so that nothing is noted, where fewer than ten would be.
    """
    for hundredths in range(round(100 * NOTED_AT_MOST), 0, -1):
        below = [ok for sure, ok in zip(confidences, right, strict=True) if sure < hundredths / 100]
        if len(below) >= FEWEST_OF_A_KIND and sum(below) <= NOTED_RIGHT * len(below):
            return hundredths / 100
    return 0.0


def keep(path: Path | None, confidence: Confidence) -> Path:
    """Write into a model directory how sure the model may be, and return where it is."""
    found = model_directory.find(path)
    model_directory.rewrite(found, replace(model_directory.read_info(found), confidence=confidence))
    return found
