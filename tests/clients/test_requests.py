"""The requests that clients of others send, as seen on the wire: each is answered with what its client reads."""

import json
from pathlib import Path

import pytest

from tests.serving.service import Models, Shouting, client_of

REQUESTS = json.loads((Path(__file__).parent / "requests.json").read_text())


@pytest.fixture(scope="module")
def client():
    with client_of(Shouting(models=Models())) as client:
        yield client


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda sent: f"{sent['client']}: {sent['call']}")
def test_a_client_of_others_finds_what_it_reads(client, request_):
    body = {"data": request_["form"]} if "form" in request_ else {"json": request_.get("json")}
    answer = client.request(request_["method"], request_["path"], params=request_.get("query"), **body)
    assert answer.status_code == 200, answer.text
    values = answer.json()
    assert values
    for one in values if isinstance(values, list) else [values]:
        assert set(request_.get("each_has") or request_["has"]) <= set(one)
    if "translatedText" in values:
        assert values["translatedText"] == "THE BALL IS BLUE."
    if "translations" in values:
        assert [translation["text"] for translation in values["translations"]] == ["THE BALL IS BLUE."]
