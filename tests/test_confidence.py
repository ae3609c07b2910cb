"""Confidence: fitted with known weights, measured on known probabilities, checked like what a user writes."""

import math

import numpy as np
import pytest

from clearhead.errors import ConfigError, DataError
from clearhead.evaluation import (
    area_under_curve,
    closest,
    expected_calibration_error,
    logistic_fit,
    right_words,
)
from clearhead.evaluation.confidence import Confidence, Curve, features_of_words, sentence_features
from clearhead.measuring.calibrate import Judged, Known, calibrate, fitted, note_below

CONFIDENCE = {
    "pairs": 400,
    "note_below": 0.3,
    "sentence": {
        "definition": "equal",
        "bias": 0.5,
        "weights": [1.0, 0.2, 0.1, -0.3],
        "ece": 0.02,
        "auc": 0.9,
        "measured_on": 200,
    },
    "word": {
        "definition": "there",
        "bias": 0.1,
        "weights": [0.6, 0.5],
        "ece": 0.01,
        "auc": 0.8,
        "measured_on": 900,
    },
}


def draws(count=20_000, weights=(0.5, 1.5, -2.0)):
    generator = np.random.default_rng(1)
    x = generator.normal(size=(count, len(weights) - 1))
    p = 1 / (1 + np.exp(-(weights[0] + x @ weights[1:])))
    return x, p, generator.random(count) < p


def test_the_fit_finds_the_weights_that_made_the_data():
    x, _, right = draws()
    assert logistic_fit(x, right) == pytest.approx([0.5, 1.5, -2.0], abs=0.1)


def test_a_feature_that_parts_right_from_wrong_without_fault_gets_a_finite_weight():
    weights = logistic_fit([[-1.0], [-2.0], [1.0], [300.0]], [False, False, True, True])
    assert all(map(math.isfinite, weights))
    assert weights[1] > 1


def test_the_constant_is_the_share_that_is_right():
    (bias, none) = logistic_fit([[0.0]] * 100, [True] * 80 + [False] * 20)
    assert 1 / (1 + math.exp(-bias)) == pytest.approx(0.8, abs=1e-3)
    assert none == 0.0


def test_calibration_error_of_true_probabilities_is_near_0_and_of_others_is_not():
    _, p, right = draws()
    assert expected_calibration_error(p, right) < 0.015
    assert expected_calibration_error(np.sqrt(p), right) > 0.08
    assert expected_calibration_error([0.7] * 10, [True] * 7 + [False] * 3) == pytest.approx(0)
    assert expected_calibration_error([1.0, 1.0], [False, False]) == 1


def test_area_under_the_curve():
    assert area_under_curve([0.1, 0.2, 0.8, 0.9], [False, False, True, True]) == 1
    assert area_under_curve([0.9, 0.1], [False, True]) == 0
    assert area_under_curve([0.5] * 4, [True, False, True, False]) == 0.5
    assert area_under_curve([0.3, 0.3, 0.6], [True, False, True]) == 0.75
    _, p, right = draws(300)
    pairs = [(a > b) + (a == b) / 2 for a in p[right] for b in p[~right]]
    assert area_under_curve(p, right) == pytest.approx(np.mean(pairs))


def test_what_cannot_be_measured():
    with pytest.raises(DataError, match="give more pairs"):
        area_under_curve([0.1, 0.2], [True, True])
    with pytest.raises(DataError, match="at least one"):
        expected_calibration_error([], [])


def test_what_is_right():
    assert closest("Le chat est noir", ["Un chien", "le chat est noir !"]) == ("le chat est noir !", True)
    assert not closest("Morgen werde ich morgen.", ["morgen"])[1]
    assert closest("They are speaking of it now.", ["They are talking of it now."])[1]
    assert not closest("She went home.", ["They are talking of it now."])[1]
    assert closest("...", ["one"]) == ("one", False)
    assert right_words(["The", "the", "l'eau", "cat"], ["the", "L’eau", "dog"]) == [True, False, True, False]


def test_words_take_the_probability_of_all_their_tokens():
    log_probs = [math.log(0.5), math.log(0.5), math.log(0.9), -0.2]
    joined, single, none = features_of_words(log_probs, [0, 0, 1], 3)
    assert none is None
    assert joined[0] == pytest.approx(math.log(0.26 / 0.76))
    assert single[0] == pytest.approx(math.log(0.91 / 0.11))
    confidence = Confidence.from_dict(CONFIDENCE)
    assert confidence.of_words(log_probs, [0, 0, 1], 3)[2] == 0
    assert confidence.of_words([-math.inf, -0.1], [0], 1)[0] < 0.05


def test_more_probable_is_surer_and_extremes_are_probabilities():
    confidence = Confidence.from_dict(CONFIDENCE)
    sure = [
        confidence.of_sentence(log_prob, 9, 8)
        for log_prob in (-math.inf, -30.0, -8.0, -1.0, -0.01, 0.0, 1e-6)
    ]
    assert sure == sorted(sure)
    assert all(0 <= each <= 1 for each in sure)


def test_what_is_written_is_read():
    confidence = Confidence.from_dict(CONFIDENCE)
    assert Confidence.from_dict(confidence.to_dict()) == confidence


@pytest.mark.parametrize(
    ("where", "value", "said"),
    [
        (("note_below",), 1.5, "note_below must be a number from 0 to 1, got 1.5"),
        (("pairs",), 0, "pairs must be a whole number from 1"),
        (("pairs",), "many", "confidence.pairs is 'many'"),
        (("sentence",), 3, "must be a table"),
        (("sentence", "weights"), [1.0], "has 1 weights; it must have 4"),
        (("word", "weights"), [float("nan"), 1.0], "confidence.weights must be a number .*, got nan"),
        (("word", "auc"), -0.1, "auc must be a number from 0 to 1, got -0.1"),
        (("word", "aux"), 1, "did you mean 'auc'"),
        (("word", "bias"), None, "bias"),
    ],
)
def test_what_is_damaged_is_told_in_a_line(where, value, said):
    values = {**CONFIDENCE, "sentence": {**CONFIDENCE["sentence"]}, "word": {**CONFIDENCE["word"]}}
    table = values[where[0]] if len(where) > 1 else values
    table[where[-1]] = value
    with pytest.raises(ConfigError, match=said) as error:
        Confidence.from_dict(values)
    assert "\n" not in str(error.value)


def test_a_missing_key_is_told_with_the_command_that_writes_it():
    with pytest.raises(ConfigError, match=r"note_below.*--calibrate"):
        Confidence.from_dict({key: value for key, value in CONFIDENCE.items() if key != "note_below"})


def outcomes(count, share=0.6):
    generator = np.random.default_rng(2)
    for number in range(count):
        log_prob = -float(generator.exponential(4))
        right = bool(generator.random() < share * math.exp(log_prob / 8) + 0.2)
        words = (((log_prob, log_prob), right), ((log_prob / 2, log_prob), not right))
        yield Judged(sentence_features(log_prob, 9, 8), right, words, held=bool(number % 2))


def test_what_is_fitted_on_one_half_holds_on_the_other():
    found = fitted(list(outcomes(4000)))
    assert found.sentence.ece < 0.04
    assert found.sentence.auc > 0.55
    assert found.sentence.measured_on == 2000
    assert found.word.measured_on == 4000
    assert found.pairs == 4000


def test_where_all_are_right_nothing_can_be_learned():
    right = [Judged(each.features, True, each.words, each.held) for each in outcomes(400)]
    with pytest.raises(DataError, match=r"right and 0 wrong.*harder"):
        fitted(right)


def test_too_few_pairs_are_told_before_any_is_translated():
    pairs = [Known("a", ("b",)), Known("a", (" ",)), Known("", ("b",))] * 150
    with pytest.raises(DataError, match=r"at least 200 pairs .* got 150"):
        calibrate(None, pairs)


def test_a_note_stands_where_at_most_one_in_ten_is_right():
    sure = [number / 1000 for number in range(1000)]
    right = [number % 10 == 0 if number < 400 else number % 2 == 0 for number in range(1000)]
    assert 0.38 <= note_below(sure, right) <= 0.42
    assert note_below(sure, [True] * 1000) == 0
    assert note_below(sure, [False] * 1000) == 0.5
    assert note_below([0.1] * 9 + [0.9] * 300, [False] * 9 + [True] * 300) == 0


def test_a_curve_takes_as_many_features_as_it_has_weights():
    curve = Curve(definition="", bias=0.0, weights=(1.0,), ece=0.0, auc=0.5, measured_on=1)
    assert curve.probability([0.0]) == 0.5
