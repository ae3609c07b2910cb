"""The description of the interface is that of what is there."""

import pytest

from tests.serving.service import Shouting, client_of

OPERATIONS = {"get", "post", "delete", "put", "patch"}


@pytest.fixture(scope="module")
def client():
    with client_of(Shouting()) as client:
        yield client


@pytest.fixture(scope="module")
def described(client):
    return client.get("/openapi.json").json()


def test_every_operation_says_how_it_fails(described):
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            statuses = set(operation["responses"])
            if path.startswith("/health"):
                continue
            assert {"400", "403", "408", "413", "429", "500", "503", "504"} <= statuses, (method, path)


@pytest.mark.parametrize(
    ("path", "required"),
    [
        ("/translate", {"q", "source", "target"}),
        ("/v2/translate", {"text", "target_lang"}),
        ("/v2/glossaries", {"name", "source_lang", "target_lang", "entries"}),
        ("/v1/chat/completions", {"model", "messages"}),
    ],
)
def test_the_bodies_that_routes_read_themselves_are_described(described, path, required):
    content = described["paths"][path]["post"]["requestBody"]["content"]
    assert set(content["application/json"]["schema"]["required"]) == required


@pytest.mark.parametrize(
    "path", ["/v2/glossaries", "/v2/glossaries/x", "/languages", "/translate", "/health"]
)
def test_an_address_names_the_methods_that_are_described(client, described, path):
    answer = client.request("TRACE", path)
    assert answer.status_code == 405
    pattern = path.replace("/x", "/{glossary_id}")
    named = {method.lower() for method in answer.headers["allow"].split(", ")}
    assert named == OPERATIONS & set(described["paths"][pattern])
    assert answer.json()["code"] == "method_not_allowed"


def test_failures_of_other_interfaces_have_their_shapes(client, described):
    for path, shape in (("/v2/translate", "message"), ("/v1/chat/completions", "error")):
        answer = client.post(path, json={})
        assert answer.status_code == 400
        either = described["paths"][path]["post"]["responses"]["400"]["content"]["application/json"]["schema"]
        assert shape in either["anyOf"][0]["required"]
        assert shape in answer.json()
