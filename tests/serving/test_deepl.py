"""The interface of DeepL's API."""

import pytest

from clearhead.serving import deepl, deepl_glossaries
from clearhead.serving.keys import Keys
from clearhead.serving.usage import Usage
from tests.serving import doubles


@pytest.fixture
def served():
    return doubles.client_of(deepl.router, deepl_glossaries.router)


def texts_of(answer):
    assert answer.status_code == 200, answer.text
    return [item["text"] for item in answer.json()["translations"]]


def test_a_form_a_query_and_json_are_answered_alike(served):
    client, service = served
    values = {"text": ["a cat", "a dog"], "source_lang": "EN", "target_lang": "FR"}
    answers = [
        client.post("/v2/translate", json=values),
        client.post("/v2/translate", data=values),
        client.post("/v2/translate", params=values),
    ]
    assert [texts_of(answer) for answer in answers] == [["A CAT", "A DOG"]] * 3
    assert {answer.json()["translations"][0]["detected_source_language"] for answer in answers} == {"EN"}
    assert {call["to"] for call in service.calls} == {"fr"}


@pytest.mark.parametrize(("code", "model"), [("EN-US", "en"), ("en-gb", "en"), ("PT-BR", "pt"), ("FR", "fr")])
def test_codes_with_a_region_are_the_models_languages(served, code, model):
    client, service = served
    source = "FR" if model == "en" else "EN"
    client.post("/v2/translate", json={"text": "a", "source_lang": source, "target_lang": code})
    assert service.calls[0]["to"] == model


@pytest.mark.parametrize("markup", ["html", "xml"])
def test_tags_stand_around_the_words_they_stood_around(served, markup):
    client, _ = served
    values = {"text": "a <b>black</b> cat &amp; dog", "source_lang": "EN", "target_lang": "FR"}
    assert texts_of(client.post("/v2/translate", json={**values, "tag_handling": markup})) == [
        "A <b>BLACK</b> CAT &amp; DOG"
    ]


def test_each_text_of_a_list_has_its_own_language(served):
    client, service = served
    texts = ["Bonjour, comment allez-vous ?", "Good morning, how are you?"]
    answer = client.post("/v2/translate", json={"text": texts, "target_lang": "PT-BR"})
    languages = [item["detected_source_language"] for item in answer.json()["translations"]]
    assert languages == ["FR", "EN"]
    assert sorted(call["source"] for call in service.calls) == ["en", "fr"]


@pytest.mark.parametrize("names", [["keep", "X"], "keep,x"])
def test_elements_to_ignore_are_not_translated(served, names):
    client, _ = served
    values = {"text": "see <keep>a <b>name</b></keep> <x>here</x>", "source_lang": "EN", "target_lang": "FR"}
    answer = client.post("/v2/translate", json={**values, "tag_handling": "xml", "ignore_tags": names})
    assert texts_of(answer) == ["SEE <keep>a <b>name</b></keep> <x>here</x>"]


@pytest.mark.parametrize("body", [b'{"text": "a", "text": "b"}', b"[" * 100_000, b'{"text": NaN}', b'"a"'])
def test_a_body_that_is_ambiguous_or_no_object_is_refused(served, body):
    client, _ = served
    answer = client.post("/v2/translate", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, list(answer.json())) == (400, ["message"])


def test_characters_are_counted_for_each_client_when_they_are_translated(tmp_path):
    keys = Keys(tmp_path / "keys.sqlite")
    mine, other = ({"Authorization": f"DeepL-Auth-Key {keys.add(name)}"} for name in ("mine", "other"))
    client, _ = doubles.client_of(deepl.router, keys=keys)
    values = {"text": ["a cat", "dogs"], "source_lang": "EN", "target_lang": "FR"}
    answer = client.post("/v2/translate", json={**values, "show_billed_characters": True}, headers=mine)
    assert [item["billed_characters"] for item in answer.json()["translations"]] == [5, 4]
    assert client.post("/v2/translate", json={**values, "target_lang": "XX"}, headers=mine).status_code == 400
    counts = [client.get("/v2/usage", headers=who).json()["character_count"] for who in (mine, other)]
    assert counts == [9, 0]


def test_the_table_of_characters_forgets_who_was_silent_for_longest():
    usage = Usage(max_clients=2)
    for client in ("a", "b", "a", "c"):
        usage.add(client, 3)
    assert [usage.of(client) for client in "abc"] == [6, 0, 3]
    assert len(usage) == 2


def test_a_glossary_is_made_used_listed_and_deleted_by_its_owner_only(tmp_path):
    keys = Keys(tmp_path / "keys.sqlite")
    mine, other = ({"Authorization": f"DeepL-Auth-Key {keys.add(name)}"} for name in ("mine", "other"))
    client, service = doubles.client_of(deepl.router, deepl_glossaries.router, keys=keys)
    pair = {"source_lang": "EN", "target_lang": "FR"}
    entries = {"name": "n", **pair, "entries_format": "tsv", "entries": "cat\tchat\ndog\tchien"}
    glossary = client.post("/v2/glossaries", json=entries, headers=mine).json()
    place = f"/v2/glossaries/{glossary['glossary_id']}"
    assert glossary["entry_count"] == 2
    assert client.get(place + "/entries", headers=mine).text == "cat\tchat\ndog\tchien"
    use = {"text": ["cat"], **pair, "glossary_id": glossary["glossary_id"]}
    assert client.post("/v2/translate", json=use, headers=other).status_code == 404
    client.post("/v2/translate", json=use, headers=mine)
    assert [term.source for term in service.calls[-1]["terms"].entries] == ["cat", "dog"]
    assert client.get("/v2/glossaries", headers=other).json() == {"glossaries": []}
    assert client.delete(place, headers=other).status_code == 404
    assert client.delete(place, headers=mine).status_code == 204
    assert client.get(place, headers=mine).status_code == 404


@pytest.mark.parametrize(
    ("values", "status", "message"),
    [
        ({"text": "a"}, 400, "target_lang is missing"),
        ({"target_lang": "FR"}, 400, "text must be"),
        ({"text": [1], "target_lang": "FR"}, 400, "text must be"),
        ({"text": ["a"] * 4, "target_lang": "FR"}, 400, "at most 3 strings, got 4"),
        ({"text": "a" * 101, "target_lang": "FR"}, 413, "at most 100 characters, got 101"),
        ({"text": "a", "target_lang": "XX", "source_lang": "EN"}, 400, "target 'XX' is not supported"),
        ({"text": "a", "target_lang": "FR", "tag_handling": "tex"}, 400, "html or xml"),
        ({"text": "a", "target_lang": "FR", "split_sentences": "7"}, 400, "split_sentences must be"),
        ({"text": "a", "target_lang": "FR", "formality": "less"}, 400, "formality: no model here"),
        ({"text": "a", "target_lang": "FR", "glossary_id": "none"}, 404, "glossary_id is unknown"),
    ],
)
def test_what_is_wrong_is_said_in_the_shape_of_that_api(served, values, status, message):
    client, _ = served
    answer = client.post("/v2/translate", json=values)
    assert answer.status_code == status
    assert list(answer.json()) == ["message"]
    assert message in answer.json()["message"]


def test_targets_are_listed_with_their_regions_and_sources_without(served):
    client, _ = served
    targets = client.get("/v2/languages", params={"type": "target"}).json()
    assert [item["language"] for item in targets] == ["EN-GB", "EN-US", "FR", "PT-BR", "PT-PT"]
    assert [item["language"] for item in client.get("/v2/languages").json()] == ["EN", "FR", "PT"]


def test_a_type_of_languages_that_is_none_is_refused(served):
    client, _ = served
    assert client.post("/v2/languages", json={"type": {}}).status_code == 400
    assert client.post("/v2/languages", json={"type": ""}).status_code == 200
