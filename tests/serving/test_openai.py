"""The interface of OpenAI's chat completions."""

import json

import pytest

from clearhead.serving import openai
from tests.serving import doubles

ASKED = {"model": "default:fr", "messages": [{"role": "user", "content": "a black cat"}]}


@pytest.fixture
def served():
    return doubles.client_of(openai.router)


def test_the_last_message_of_the_user_is_translated_into_the_models_suffix(served):
    client, service = served
    earlier = [{"role": "system", "content": "s"}, {"role": "user", "content": "before"}]
    answer = client.post("/v1/chat/completions", json={**ASKED, "messages": earlier + ASKED["messages"]})
    assert answer.json()["choices"][0]["message"] == {"role": "assistant", "content": "A BLACK CAT"}
    assert (service.calls[0]["model"], service.calls[0]["to"]) == ("default", "fr")


def test_the_field_target_goes_before_the_suffix(served):
    client, service = served
    client.post("/v1/chat/completions", json={**ASKED, "target": "PT"})
    assert service.calls[0]["to"] == "pt"


def test_a_streamed_answer_is_the_whole_one(served):
    client, _ = served
    answer = client.post("/v1/chat/completions", json={**ASKED, "stream": True})
    events = [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line]
    assert events.pop() == "[DONE]"
    choices = [json.loads(event)["choices"][0] for event in events]
    assert "".join(choice["delta"].get("content", "") for choice in choices) == "A BLACK CAT"
    assert choices[-1]["finish_reason"] == "stop"


def test_a_stream_has_a_part_for_each_piece_and_fails_by_an_event(served):
    client, _ = served

    def events(text):
        asked = {**ASKED, "messages": [{"role": "user", "content": text}], "stream": True}
        answer = client.post("/v1/chat/completions", json=asked)
        return [json.loads(line[6:]) for line in answer.text.split("\n\n") if line.startswith("data: {")]

    parts = [event["choices"][0]["delta"].get("content") for event in events("a black cat")]
    assert parts == ["", "A", " BLACK", " CAT", None]
    *before, last = events("a black !! cat")
    assert [event["choices"][0]["delta"]["content"] for event in before] == ["", "A", " BLACK"]
    assert last["error"]["message"] == "it took too long"
    refused = client.post("/v1/chat/completions", json={**ASKED, "model": "default:xx", "stream": True})
    assert refused.status_code == 400


def test_models_are_listed_with_their_targets(served):
    client, _ = served
    listed = client.get("/v1/models").json()["data"]
    assert [model["id"] for model in listed] == ["default:en", "default:fr", "default:pt"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"model": ""}, "model must be a name"),
        ({"messages": "a"}, "messages must be a list"),
        ({"messages": [{"role": "system", "content": "a"}]}, "one of the role user"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "content must be text"),
        ({"messages": [{"role": "user", "content": "a" * 101}]}, "at most 100 characters, got 101"),
        ({"tools": [{}]}, "a translator has no tools"),
        ({"n": 2}, "n must be 1"),
        ({"model": "default:xx"}, "xx is not supported"),
    ],
)
def test_what_is_wrong_is_said_in_the_shape_of_that_api(served, values, message):
    client, _ = served
    answer = client.post("/v1/chat/completions", json={**ASKED, **values})
    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "body", [b'{"model": "a", "model": "b"}', b"[" * 100_000, b'{"n": NaN}', b'"a"', b""]
)
def test_a_body_that_is_ambiguous_or_no_object_is_refused(served, body):
    client, _ = served
    answer = client.post("/v1/chat/completions", content=body)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])
    assert answer.json()["error"]["type"] == "invalid_request_error"
