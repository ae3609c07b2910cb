"""The measures of the default model, on made-up translators and made-up scores, and the card they are told on."""

import dataclasses
import json
import re
from types import SimpleNamespace

import pytest

from clearhead import model_directory
from clearhead.evaluation.confidence import Confidence, Curve
from tests.recipes import default_model
from tests.test_recipes import script

LANGUAGES = ("en", "fr", "es", "de")


@pytest.fixture(scope="module")
def held_out():
    return script("default-model", "held_out.py")


@pytest.fixture(scope="module")
def ship():
    return script("default-model", "ship.py")


class Echo:
    """A translator that gives back what it gets, and tells the words it was told to of each pair."""

    def __init__(self, told=lambda source, target: set()):
        self.told = told

    def translate(self, texts, *, to):
        return [SimpleNamespace(text=text, notes=()) for text in texts]

    def align(self, sources, targets, *, to):
        for source, target in zip(sources, targets, strict=True):
            words, told = tuple(source.split()), self.told(source, target)
            left_out = tuple(n for n, word in enumerate(words) if word.strip(".,?!").lower() in told)
            yield SimpleNamespace(source=words, left_out=left_out)


def test_lists_are_counted_by_part(held_out):
    rows = held_out.read_rows(held_out.HERE / "held-out" / "kept.tsv")
    found = held_out.kept(Echo()).to_dict("kinds")
    assert found["of"] == len(rows) == sum(kind["of"] for kind in found["kinds"].values())
    assert found["kinds"].keys() == {row["kind"] for row in rows}
    assert 0 < found["right"] == sum(kind["right"] for kind in found["kinds"].values()) < len(rows)
    first = held_out.first_words(Echo())
    assert set(first.to_dict("directions")["directions"]) == {"-".join(pair) for pair in held_out.DIRECTIONS}
    assert first.of - first.right == len(first.failures)
    assert "directions" not in first.to_dict()


def test_a_part_is_held_once_or_as_the_expression_says(held_out):
    assert held_out.holds("{x}", "A {x}.")
    assert not held_out.holds("{x}", "A {x} {x}.")
    assert held_out.holds(r"~5[.,]9", "It is 5,9")
    assert not held_out.holds(r"~5[.,]9", "It is 59")


def test_left_out_words_count_false_alarms_on_whole_translations(held_out):
    rows = held_out.read_rows(held_out.HERE / "held-out" / "cut-content.tsv")
    missing = {row["source"]: row["missing"].lower() for row in rows}
    cut = {row["cut"] for row in rows}

    def only_cut(source, target):
        return {missing[source]} if target in cut else set()

    knows = held_out.left_out(Echo(only_cut))
    assert (knows["recall"], knows["precision"], knows["of"]) == (1.0, 1.0, len(rows))
    everywhere = held_out.left_out(Echo(lambda source, target: {missing[source]}))
    assert (everywhere["recall"], everywhere["precision"]) == (1.0, 0.5)
    assert everywhere["words of full"] == len(rows)
    everything = held_out.left_out(
        Echo(
            lambda source, target: (
                {word.strip(".,?!").lower() for word in source.split()} if target in cut else set()
            )
        )
    )
    assert everything["recall"] == 1.0
    assert everything["precision"] < 0.4
    silent = held_out.left_out(Echo())
    assert (silent["recall"], silent["precision"]) == (0.0, 0.0)


@pytest.fixture
def info():
    info = model_directory.read_info(model_directory.DEFAULT)
    return dataclasses.replace(info, confidence=None)


SCORES = {
    "everyday": {"right": 123, "of": 132, "wrong": []},
    "copies": {"right": 140, "of": 144, "kinds": {"full_name": "22 of 24", "url": "24 of 24"}, "lost": []},
    "oddities": {
        "same": {language: {"unchanged": 90, "of": 100, "chrf": 99.0} for language in LANGUAGES},
        "emoji": {"kept": 29, "of": 30},
        "scripts": {"left": 10, "of": 10},
        "long": {"grown": 3, "of": 42, "which": []},
    },
    "directions": {
        f"{one}-{other}": {
            "bleu": {"value": 40.125, "signature": "the BLEU signature"},
            "chrf": {"value": 60.5, "signature": "the chrF signature"},
        }
        for one in LANGUAGES
        for other in LANGUAGES
        if one != other
    },
}


def counted(right, of, **parts):
    return {"right": right, "of": of, "share": right / of, **parts}


KINDS = {"tag": 50, "date": 41, "url": 49, "key": 45}
HELD_OUT = {
    "first-words": counted(500, 594, directions={"en-fr": counted(90, 99), "fr-en": counted(80, 99)}),
    "number-words": counted(200, 240, directions={}),
    "kept": counted(550, 588, kinds={name: counted(right, 50) for name, right in KINDS.items()}),
    "final-marks": counted(1190, 1200, directions={}),
    "ways of writing": {"plain": 48.0, "upper": 46.5, "title": 44.25, "slip": 40.75},
    "news": {"bleu": {"en-fr": 20.5, "fr-en": 22.5}, "mean": 21.5, "stopped": 11, "of": 5466},
    "left out": {"recall": 0.75, "precision": 0.625, "of": 120},
}


def test_the_card_tells_every_score(ship, info):
    card = ship.card(info, SCORES, json.loads(json.dumps(HELD_OUT)))
    for said in (
        "| de to es | 40.12 | 60.50 |",
        "the BLEU signature",
        "the chrF signature",
        "500 of 594 | 84 %",
        "200 of 240",
        "550 of 588",
        "1,190 of 1,200",
        "48.00, 46.50, 44.25, 40.75",
        "BLEU 21.50 on average",
        "11 of 5,466 loop",
        "en to fr 90 of 99",
        "date 41 of 50",
        "missing word is told of 75 %",
        "62 % are missing indeed",
        "360 of 400",
        "6.8 % of everyday sentences",
        "15.8 % of first words",
        "0.2 % of long sentences",
        "fare worst: date 41 of 50, key 45 of 50, url 49 of 50.",
        "not for news, law",
    ):
        assert said in card, said
    # What the test of the shipped model reads.
    assert re.search(r"Of (\d+) everyday sentences .*?, (\d+) are", card).groups() == ("132", "123")
    assert re.search(r"Of (\d+) made sentences .*?, (\d+) keep", card).groups() == ("144", "140")
    assert "How sure it is" not in card
    assert not re.search(r"[{}]|OPUS|None", card)


def test_the_card_names_every_source(ship, info):
    card = ship.card(info, SCORES, HELD_OUT)
    recipe = script("default-model", "data.py")
    for name in (*default_model.files(recipe), "tatoeba", "phrasebook", "generated"):
        (row,) = (
            line for line in card.splitlines() if re.match(rf"\| (.*, )?{re.escape(name)}(,| \|)", line)
        )
        about = recipe.sources()[name]
        assert about["attribution"] in row
        assert about["licence"] in row
        assert ("share-alike" in row) == about["share_alike"]
    fewer = ship.card(info, SCORES, HELD_OUT, share_alike=False)
    assert "wiktionary-words" in card
    assert not [name for name in recipe.SHARE_ALIKE if re.search(rf"\b{name}\b", fewer)]
    assert "No text under a share-alike licence was used." in fewer


def test_the_card_tells_each_part_of_the_training(ship, info):
    earlier = dataclasses.replace(info, training=dataclasses.replace(info.training, steps=1234, seed=9))
    card = ship.card(info, SCORES, HELD_OUT, [earlier])
    assert card.index("1,234 steps") < card.index(f"{info.training.steps:,} steps")


def test_the_card_tells_how_sure_the_model_is(ship, info):
    curve = Curve(definition="right", bias=0.0, weights=(1.0,), ece=0.031, auc=0.912, measured_on=4000)
    names = {field.name for field in dataclasses.fields(Confidence)}
    assert {"sentence", "word", "note_below"} <= names
    sure = SimpleNamespace(sentence=curve, word=dataclasses.replace(curve, auc=0.85), note_below=0.4)
    card = ship.card(dataclasses.replace(info, confidence=sure), SCORES, HELD_OUT)
    for said in ("calibration error 0.031 and AUC 0.912 (on 4,000)", "of words", "AUC 0.850", "Below 0.40"):
        assert said in card
