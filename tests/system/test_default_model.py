"""The model that comes with the package: right from the start, on what people say every day."""

import re

import pytest

import clearhead
from clearhead import cli, model_directory
from tests.test_recipes import script

SLACK = 3
"""Sentences that arithmetic in int8 may turn on another machine."""


@pytest.fixture(scope="module")
def card():
    return (model_directory.DEFAULT / model_directory.CARD).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def translator():
    return clearhead.load()


@pytest.fixture(scope="module")
def measure():
    return script("default-model", "measure.py")


@pytest.mark.parametrize(
    ("to", "text", "accepted"),
    [
        ("en", "Je suis étudiant.", ["I am a student.", "I'm a student."]),
        ("en", "Je suis etudiant", ["I am a student", "I'm a student"]),
        ("es", "The ball is blue.", ["La pelota es azul.", "La bola es azul.", "El balón es azul."]),
        ("fr", "The ball is blue.", ["La balle est bleue.", "Le ballon est bleu."]),
        ("de", "The ball is blue.", ["Der Ball ist blau."]),
        ("fr", "The black cat drank the milk.", ["Le chat noir a bu le lait."]),
    ],
)
def test_the_first_things_anybody_tries(say, to, text, accepted):
    assert say("translate", "--to", to, text)[0].strip() in accepted


def test_another_target_is_refused_in_a_line(capsys):
    with pytest.raises(SystemExit):
        cli.main(["translate", "--to", "xx", "The ball is blue."])
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert all(language in err for language in ("de", "en", "es", "fr"))


def test_everyday_sentences_come_out_as_the_card_says(translator, measure, card):
    of, right = map(int, re.search(r"Of (\d+) everyday sentences .*?, (\d+) are", card).groups())
    wrong = measure.everyday_failures(translator)
    assert of - len(wrong) >= right - SLACK, wrong


def test_names_numbers_and_addresses_come_through_as_the_card_says(translator, measure, card):
    of, right = map(int, re.search(r"Of (\d+) made sentences .*?, (\d+) keep", card).groups())
    _, lost = measure.copies(translator)
    assert of - len(lost) >= right - SLACK, lost


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_blank_in_blank_out(translator, text):
    assert translator.translate(text).text.strip() == ""


def test_it_is_small_and_says_whose_sentences_it_learned_from(card):
    assert sum(file.stat().st_size for file in model_directory.DEFAULT.iterdir()) <= 25_000_000
    for said in ("CC-BY 2.0 FR", "tatoeba.org", "manythings.org/anki", "not for news, law"):
        assert said in card
