"""How sure a model may be: fitted on one half of some pairs whose translations are known, measured on the other."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from clearhead import model_directory
from clearhead.corpora.sides import UNKNOWN, Languages, read_sides
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
from clearhead.measuring.watching import Reach, Watch, unwatched
from clearhead.text.words import is_punctuation, words
from clearhead.translator import Translator
from clearhead.translator.sureness import homes_of, token_log_probs

FEWEST_PAIRS, FEWEST_OF_A_KIND = 200, 10
"""The fewest pairs in all, and the fewest right and the fewest wrong translations in each half."""
NOTED_RIGHT, NOTED_AT_MOST = 0.1, 0.5
"""Notes warn below the largest confidence, of at most a half, under which at most one translation in ten is right."""
_WINDOW = 1024
"""Pairs translated together."""


class Known(NamedTuple):
    """A source and its human translations, each of them right."""

    source: str
    references: tuple[str, ...]
    to: str | None = None


@dataclass(frozen=True)
class Judged:
    """A translation, the features that predict whether it is right, and whether it is."""

    features: tuple[float, ...]
    right: bool
    words: tuple[tuple[tuple[float, ...], bool], ...]
    """The same of each word, punctuation left out."""
    held: bool
    """Whether it is measured on, not fitted on."""


def read(
    source: str, reference: str | None = None, to: str | None = None, languages: Languages = UNKNOWN
) -> list[Known]:
    """Read the pairs of two aligned files, or of one file that holds both sides."""
    pairs = read_sides(source, reference, languages, "--reference")
    return [Known(pair.src, (pair.tgt,), to) for pair in pairs]


def calibrate(translator: Translator, pairs: Iterable[Known], watch: Watch = unwatched) -> Confidence:
    """Fit how sure the model may be of sentences and words on pairs of one or several directions.

    `evaluation.right` says which translations are right. Pairs without text on one side are left out. Raises
    DataError where there are too few pairs, or too few right or wrong translations.
    """
    return fitted(judged(translator, pairs, watch))


def judged(translator: Translator, pairs: Iterable[Known], watch: Watch = unwatched) -> list[Judged]:
    """Translate sources and judge the translations, direction by direction."""
    by_target: dict[str | None, list[Known]] = defaultdict(list)
    for pair in pairs:
        references = tuple(reference for reference in pair.references if reference.strip())
        if pair.source.strip() and references:
            by_target[pair.to].append(pair._replace(references=references))
    total = sum(map(len, by_target.values()))
    if total < FEWEST_PAIRS:
        raise DataError(
            f"calibration needs at least {FEWEST_PAIRS} pairs with text on both sides, and better some thousands; got "
            f"{total:,}: give more validation pairs"
        )
    windows = (
        (to, direction[start : start + _WINDOW])
        for to, direction in by_target.items()
        for start in range(0, len(direction), _WINDOW)
    )
    judgements: list[Judged] = []
    with watch("translating", total) as reach:
        for to, window in windows:
            judgements += _judged(translator, window, to, len(judgements), reach)
    return judgements


def _judged(
    translator: Translator, pairs: Sequence[Known], to: str | None, before: int, reach: Reach
) -> Iterator[Judged]:
    """Yield the judgement of each pair of one direction; pairs in which nothing is translated are left out.

    So many were judged `before`.
    """
    searched = []
    for translated in translator.searched([pair.source for pair in pairs], to=to):
        searched.append(translated)
        reach(before + len(searched))
    searched.sort(key=lambda translated: translated[0])  # by its place
    log_probs = token_log_probs(
        translator.engine,
        [sentence.ids for _, _, sentence, _ in searched],
        [hypothesis for *_, hypothesis in searched],
    )
    for (place, translation, sentence, hypothesis), token_scores in zip(searched, log_probs, strict=True):
        reference, right = closest(translation.text, pairs[place].references)
        texts, homes = homes_of(translator.tokenizer, hypothesis.tokens)
        carried = str.maketrans(sentence.form.masked.carried_by)
        translated_words = [text.translate(carried) for text in texts]
        reference_words = [reference[start:end] for start, end in words(reference)]
        features = features_of_words(token_scores, homes, len(translated_words))
        right_ones = right_words(translated_words, reference_words)
        yield Judged(
            sentence_features(hypothesis.log_prob, len(sentence.ids), len(hypothesis.tokens) + 1),
            right,
            tuple(
                (of_word, is_right)
                for word, of_word, is_right in zip(translated_words, features, right_ones, strict=True)
                if of_word and not is_punctuation(word)
            ),
            _held(pairs[place].source),
        )


def _held(source: str) -> bool:
    """Say whether a source is held out for measuring: about every second one, by its own letters alone."""
    return bool(hashlib.sha256(source.encode()).digest()[-1] % 2)


def fitted(judgements: Sequence[Judged]) -> Confidence:
    """Fit on the translations that are not held out, and measure on those that are."""
    for part, purpose in ((False, "to fit on"), (True, "to measure on")):
        outcomes = [judgement.right for judgement in judgements if judgement.held == part]
        count, right = len(outcomes), sum(outcomes)
        if min(right, count - right) < FEWEST_OF_A_KIND:
            raise DataError(
                f"calibration needs at least {FEWEST_OF_A_KIND} right and {FEWEST_OF_A_KIND} wrong translations "
                f"{purpose}; got {right:,} right and {count - right:,} wrong: give more pairs, "
                f"{'harder' if count - right < right else 'easier'} ones, and check that the lines match"
            )
    sentence = _curve(
        SENTENCE, [(judgement.features, judgement.right, judgement.held) for judgement in judgements]
    )
    word = _curve(
        WORD,
        [
            (features, right, judgement.held)
            for judgement in judgements
            for features, right in judgement.words
        ],
    )
    sure = [sentence.probability(judgement.features) for judgement in judgements]
    return Confidence(
        sentence=sentence,
        word=word,
        pairs=len(judgements),
        note_below=note_below(sure, [judgement.right for judgement in judgements]),
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

    Return 0, so that nothing is noted, where that would be fewer than ten translations.
    """
    for hundredths in range(round(100 * NOTED_AT_MOST), 0, -1):
        below = [ok for sure, ok in zip(confidences, right, strict=True) if sure < hundredths / 100]
        if len(below) >= FEWEST_OF_A_KIND and sum(below) <= NOTED_RIGHT * len(below):
            return hundredths / 100
    return 0.0


def keep(path: Path | None, confidence: Confidence) -> Path:
    """Write the calibration into a model directory, and return the directory."""
    model = model_directory.find(path)
    model_directory.rewrite(model, replace(model_directory.read_info(model), confidence=confidence))
    return model
