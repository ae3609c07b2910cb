"""Capitals and Title Case are seen, become a sentence, and are put back."""

import pytest

from clearhead import model_directory
from clearhead.surface.letter_case import as_sentence, case_of, put_back
from clearhead.text.symbols import SYMBOLS

KNOWN = {"Anna", "Berlin", "Haus", "Garten", "Hund", "NATO", "USA", "Paris", "Tom", "Mary", "John", "I"}


def likelihood(word):
    """Know some names and German nouns; every other word is likelier in small letters."""
    return (
        0.0
        if word in KNOWN or (word.islower() and {word.capitalize(), word.upper()}.isdisjoint(KNOWN))
        else -9.0
    )


@pytest.fixture(scope="module")
def packaged():
    return model_directory.read_tokenizer(model_directory.DEFAULT).likelihood


TITLE = "The Book Of The Dead"


@pytest.mark.parametrize(
    ("text", "case"),
    [
        ("DO NOT ENTER", "upper"),
        ("STOP", "upper"),
        ("STOP!!!", "upper"),
        ("DAS HAUS IST ALT", "upper"),
        ("C'EST FINI", "upper"),
        ("ÉCOLE FERMÉE", "upper"),
        (f"HELLO {SYMBOLS['thing'][0]}", "upper"),
        ("USA", "plain"),
        ("OK", "plain"),
        ("A", "plain"),
        ("", "plain"),
        ("1998", "plain"),
        ("The USA and the EU", "plain"),
        ("Do NOT enter", "plain"),
        ("I am", "plain"),
        (TITLE, "title"),
        ("How To Cook Rice", "title"),
        ("Open Settings Now", "title"),
        ("The book of the dead", "plain"),
        ("The Book of the Dead", "plain"),
        ("Save File", "plain"),
        ("Tom Mary John", "plain"),
        ("Anna, Tom, Mary", "plain"),
        ("Berlin Paris Anna Tom", "plain"),
        ("Haus Garten Hund", "plain"),
        ("iPhone Settings Are Here", "plain"),
        ("Save", "label"),
        ("Über", "label"),
        ("Save.", "plain"),
        ("Paris", "plain"),
        ("Haus", "plain"),
        ("save", "plain"),
    ],
)
def test_cases(text, case):
    assert case_of(text, likelihood) == case


@pytest.mark.parametrize(
    ("text", "case", "sentence"),
    [
        ("DO NOT ENTER", "upper", "Do not enter"),
        ("ANNA IST IN BERLIN", "upper", "Anna ist in Berlin"),
        ("NATO AND USA", "upper", "NATO and USA"),
        ("¡HOLA!", "upper", "¡Hola!"),
        (TITLE, "title", "The book of the dead"),
        ("How Anna Left Paris", "title", "How Anna left Paris"),
        ("As it is", "plain", "As it is"),
        (f"{SYMBOLS['opening'][0]} CLICK {SYMBOLS['thing'][3]}", "upper", None),
    ],
)
def test_sentences(text, case, sentence):
    expected = sentence or f"{SYMBOLS['opening'][0]} Click {SYMBOLS['thing'][3]}"
    assert as_sentence(text, case, likelihood) == expected


def test_put_back():
    assert put_back("Nicht betreten, Straße", "upper") == "NICHT BETRETEN, STRASSE"
    assert put_back("l'été est là-bas", "title") == "L'été Est Là-Bas"
    assert put_back("As it is", "plain") == "As it is"
    symbols = "".join(row[0] for row in SYMBOLS.values())
    assert put_back(symbols, "upper") == put_back(symbols, "title") == symbols


@pytest.mark.parametrize(
    ("text", "case"),
    [
        ("PLEASE CLOSE THE DOOR", "upper"),
        ("FERMEZ LA PORTE", "upper"),
        ("BITTE NICHT STÖREN", "upper"),
        ("How To Learn A New Language", "title"),
        ("Please close the door.", "plain"),
        ("Guten Morgen", "plain"),
        ("Die Katze sitzt auf dem Tisch.", "plain"),
        ("Tom, Mary, John", "plain"),
        ("Paris, Berlin, London", "plain"),
        ("USA", "plain"),
    ],
)
def test_cases_by_the_packaged_vocabulary(text, case, packaged):
    assert case_of(text, packaged) == case


def test_sentences_by_the_packaged_vocabulary(packaged):
    assert as_sentence("PLEASE CLOSE THE DOOR", "upper", packaged) == "Please close the door"
    assert as_sentence("TOM IS IN BOSTON", "upper", packaged) == "Tom is in Boston"


@pytest.mark.parametrize(
    ("text", "small", "translation", "back"), [("Save", "save", "enregistrer", "Enregistrer")]
)
def test_a_label_is_translated_as_the_word_and_keeps_its_capital(text, small, translation, back):
    case = case_of(text, likelihood)
    assert as_sentence(text, case, likelihood) == small
    assert put_back(translation, case) == back
