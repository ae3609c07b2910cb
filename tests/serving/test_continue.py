"""Other words at a place of a translation, and a translation that begins as the reader wants it."""

import pytest
from starlette.testclient import TestClient

from tests.serving.service import default_model
from tests.serving.test_native import app_of, asked

CAT = {"q": "The black cat drank the milk.", "source": "en", "target": "fr"}


@pytest.fixture(scope="module")
def translator():
    return default_model()


@pytest.fixture(scope="module")
def client(translator):
    with TestClient(app_of(translator, max_chars=100)) as client:
        yield client


def test_words_come_with_their_probability_and_translation(client, translator):
    found = asked(client, "continue", **CAT, before="Le chat noir ", count=3)["continuations"]
    direct = translator.continuations(CAT["q"], "Le chat noir ", to="fr", source="en", count=3)
    assert [one["word"] for one in found] == [one.word for one in direct]
    assert [one["text"] for one in found] == [one.text for one in direct]
    assert [one["probability"] for one in found] == pytest.approx([one.probability for one in direct])
    left_open = asked(client, "continue", **CAT | {"source": "auto"}, before="Le chat noir ", count=3)
    assert left_open["continuations"] == found


def test_a_translation_begins_as_it_must_and_the_cache_knows(client):
    plain, forced = (
        asked(client, "translate", **CAT, prefix=prefix)["translations"][0]["text"]
        for prefix in ("", "La chatte")
    )
    assert plain == "Le chat noir a bu le lait."
    assert forced.startswith("La chatte")
    assert asked(client, "translate", **CAT)["translations"][0]["text"] == plain


def test_wrong_requests_are_told(client):
    assert asked(client, "continue", 422, **CAT, count=0)["code"] == "unprocessable"
    assert asked(client, "continue", 422, **CAT | {"q": ""})["code"] == "unprocessable"
    assert asked(client, "continue", 400, **CAT, before="x" * 90)["code"] == "over_limit"
    assert "xx" in asked(client, "continue", 400, **CAT | {"target": "xx"})["error"]
