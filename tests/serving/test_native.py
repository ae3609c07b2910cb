"""The service's own interface, with the default model behind it."""

import asyncio
import json

import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from clearhead.extras import has_torch
from clearhead.serving import inside, native
from clearhead.serving.app import create_app
from clearhead.serving.leaving import unless_left
from clearhead.serving.native_bodies import StreamBody
from clearhead.serving.service import Service
from clearhead.serving.settings import ServingSettings
from tests.serving.service import default_model

looks_inside = pytest.mark.skipif(not has_torch(), reason="looking inside needs PyTorch")
BALL = {"q": "The ball is blue.", "source": "en", "target": "fr"}


@pytest.fixture(scope="module")
def translator():
    return default_model()


def app_of(translator, **settings):
    chosen = ServingSettings(**settings)
    return create_app(chosen, Service(chosen, load=lambda name: translator))


@pytest.fixture(scope="module")
def client(translator):
    app = app_of(translator, max_chars=500, max_list=4, max_alternatives=3, max_beam=6, max_cells=200_000)
    with TestClient(app) as client:
        yield client


def asked(client, path, status=200, /, **body):
    headers = {"content-type": "application/json"}
    answer = client.post(f"/api/v1/{path}", content=json.dumps(body), headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_translation_comes_with_all_there_is_to_know(client, translator):
    (one,) = asked(client, "translate", **BALL, words=True, align=True, alternatives=2)["translations"]
    direct = translator.translate(
        BALL["q"], to="fr", source="en", align=True, word_confidence=True, num_hypotheses=3
    )
    assert one["text"] == direct.text
    assert one["confidence"] == pytest.approx(direct.confidence)
    assert [word["text"] for word in one["words"]] == [word.text for word in direct.words]
    assert one["alignment"] == [list(link) for link in direct.alignment.links]
    assert (one["source_words"], one["target_words"]) == (
        list(direct.alignment.source),
        list(direct.alignment.target),
    )
    assert [other["text"] for other in one["alternatives"]] == [other.text for other in direct.alternatives]
    assert (one["source"], one["target"], one["detected"]) == ("en", "fr", None)


def test_texts_of_several_languages_are_detected_one_by_one(client):
    texts = [
        "The children are playing in the garden.",
        "Die Kinder spielen heute im Garten.",
        "Il dort bien.",
    ]
    found = asked(client, "translate", q=texts, target="fr")["translations"]
    assert [one["detected"]["language"] for one in found] == ["en", "de", "fr"]
    assert found[2]["text"] == texts[2]
    assert "stays as it is" in found[2]["notes"][0]
    assert all(one["text"] != text for one, text in zip(found[:2], texts, strict=False))


def test_a_glossary_is_held_to(client):
    (one,) = asked(client, "translate", **BALL, terms=[{"source": "ball", "target": "sphère"}])[
        "translations"
    ]
    assert one["terms"] == [{"source": "ball", "target": "sphère", "used": True}]
    assert "sphère" in one["text"]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"q": "x" * 501}, 400, "over_limit"),
        ({"q": ["x"] * 5}, 400, "over_limit"),
        ({"alternatives": 4}, 400, "over_limit"),
        ({"beam_size": 7}, 400, "over_limit"),
        ({"target": "ja"}, 400, "unsupported_language"),
        ({"source": "ja"}, 400, "unsupported_language"),
        ({"model": "none"}, 400, "unknown_model"),
        ({"terms": [{"target": "sphère"}]}, 400, "bad_request"),
        ({"q": 7}, 422, "unprocessable"),
        ({"q": "\ud800"}, 400, "bad_request"),
        ({"q": "a", "terms": [{"source": "\ud800", "target": "b"}]}, 400, "bad_request"),
        ({"alternatives": "2"}, 422, "unprocessable"),
        ({"words": 1}, 422, "unprocessable"),
        ({"word": True}, 422, "unprocessable"),
        ({"terms": [{"source": "a", "target": "b", "match": "some"}]}, 422, "unprocessable"),
    ],
)
def test_a_wrong_request_is_told_in_one_shape(client, changes, status, code):
    failure = asked(client, "translate", status, **{**BALL, **changes})
    assert set(failure) == {"error", "code", "request_id"}
    assert failure["code"] == code
    assert "\n" not in failure["error"]


def events_of(answer):
    blocks = answer.text.strip().split("\n\n")
    lines = [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]
    return [(line["event"], json.loads(line["data"])) for line in lines]


def test_a_stream_comes_sentence_by_sentence(client, translator):
    text = "The ball is blue. She sleeps. I am a student."
    answer = client.post("/api/v1/stream", json={**BALL, "q": text, "align": True, "words": True})
    assert answer.headers["content-type"].startswith("text/event-stream")
    *pieces, (last, whole) = events_of(answer)
    assert {event for event, _ in pieces} == {"piece"}
    assert last == "done"
    direct = translator.translate(text, to="fr", source="en", align=True)
    assert "".join(piece["text"] for _, piece in pieces) == whole["text"] == direct.text
    assert whole["alignment"] == [list(link) for link in direct.alignment.links]


def test_a_stream_that_fails_at_once_has_its_status(client):
    assert asked(client, "stream", 400, **{**BALL, "target": "ja"})["code"] == "unsupported_language"
    assert asked(client, "stream", 400, **{**BALL, "beam_size": 7})["code"] == "over_limit"


def request_of(app, *messages):
    """Return a request whose connection says what is listed, then nothing."""
    said = iter(messages)

    async def receive():
        for message in said:
            return message
        await asyncio.Event().wait()

    scope = {"type": "http", "app": app, "headers": [], "client": ("a", 1), "query_string": b""}
    return Request(scope, receive)


def test_a_client_that_leaves_a_stream_stops_the_decoding(translator):
    seen = []

    class Watched:
        tokenizer, info, engine = translator.tokenizer, translator.info, translator.engine

        def stream(self, texts, **options):
            seen.extend(texts)
            return translator.stream(texts, **options)

    app = app_of(Watched())

    async def run():
        body = StreamBody(q="She sleeps. " * 60, source="en", target="fr")
        answer = await native.stream(request_of(app, {"type": "http.disconnect"}), body)
        got = [event async for event in answer.body_iterator]
        await app.state.service.closed()
        return got

    assert len(asyncio.run(run())) == 1
    assert len(seen) <= 3


def test_a_client_that_leaves_before_its_answer_is_not_worked_for(translator):
    stopped = []

    async def work():
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            stopped.append(True)
            raise

    async def run():
        with pytest.raises(Exception, match="closed the connection"):
            await unless_left(request_of(None, {"type": "http.disconnect"}), work())
        assert await unless_left(request_of(None), asyncio.sleep(0, "done")) == "done"

    asyncio.run(run())
    assert stopped == [True]


@looks_inside
def test_looking_inside_shows_the_maps_of_this_translation(client, translator):
    found = asked(client, "look", **BALL)
    assert found["text"] == translator.translate(BALL["q"], to="fr").text
    assert set(found["page"]) == {"data"}
    assert found["page"]["data"]["attention"]["cross"]["shape"][0] > 0
    numbers = asked(client, "look", **BALL, page=False)["maps"]["arrays"]
    assert {"encoder", "decoder", "cross"} <= set(numbers)
    several = asked(client, "look", **{**BALL, "q": "She sleeps. He sleeps."})["page"]
    assert {"passage", "data-0", "data-1"} == set(several)


@looks_inside
def test_what_if_the_model_were_another(client):
    plain = asked(client, "look", **BALL)["text"]
    forced = asked(client, "look", **BALL, force="Un")
    assert forced["text"].startswith("Un")
    assert forced["page"]["data"]["whatIf"]["text"] == plain
    patched = asked(client, "look", **BALL, patch=["encoder.1:2"], patch_from=BALL["q"])  # with itself
    (change,) = patched["page"]["data"]["whatIf"]["changes"]
    assert (patched["text"], change["text"]) == (plain, plain)
    for changes in (
        {"without": ["encoder.99"]},
        {"attend": ["nonsense"]},
        {"mask_source": [99]},
        {"force": "a", "translation": "b"},
        {"patch": ["encoder.0"]},
        {"patch": ["encoder.0:99"], "patch_from": "The cat."},
    ):
        assert asked(client, "look", 400, **BALL, **changes)["code"] == "bad_request"


@looks_inside
def test_the_maps_are_bounded_before_they_are_made(client):
    failure = asked(client, "look", 400, **{**BALL, "q": "the ball and " * 30})
    assert failure["code"] == "over_limit"
    assert "200,000" in failure["error"]


def test_without_torch_looking_says_what_to_install(client, monkeypatch):
    monkeypatch.setattr(inside, "has_torch", lambda: False)
    failure = asked(client, "look", 501, **BALL)
    assert failure["code"] == "needs_train_extra"
    assert "clearhead[train]" in failure["error"]


def test_pairs_are_scored_and_aligned(client, translator):
    pair = {**BALL, "q": ["The ball is blue."], "translations": ["La balle est bleue."]}
    (score,) = asked(client, "score", **pair)["scores"]
    (direct,) = translator.score(pair["q"], pair["translations"], to="fr")
    assert score["log_prob"] == pytest.approx(direct.log_prob, abs=1e-5)
    assert score["perplexity"] == pytest.approx(direct.perplexity, rel=1e-5)
    (alignment,) = asked(client, "align", **pair)["alignments"]
    (direct,) = translator.align(pair["q"], pair["translations"], to="fr")
    assert alignment["links"] == [list(link) for link in direct.links]
    spaced = asked(client, "align", **pair, words="space")["alignments"][0]
    assert spaced["target"] == ["La", "balle", "est", "bleue."]
    assert "give one for each" in asked(client, "score", 400, **{**pair, "q": []})["error"]


def test_the_limits_are_those_that_hold(client):
    told = client.get("/api/v1/limits").json()
    assert (told["max_chars"], told["max_list"], told["max_beam"]) == (500, 4, 6)
    assert "keys_file" not in told
    assert "host" not in told


def test_the_models_are_listed_without_their_folders(client):
    (model,) = client.get("/api/v1/models").json()["models"]
    assert model["name"] == "default"
    assert {"en", "fr", "de", "es"} <= set(model["sources"])
    assert set(model) == {"name", "sources", "targets", "loaded", "bytes"}


def test_every_body_is_described_with_an_example(client):
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    for name in ("TranslateBody", "StreamBody", "LookBody", "PairsBody", "AlignBody"):
        fields = schemas[name]["properties"]
        assert all("description" in field for field in fields.values())
        assert fields["q"]["examples"]
        assert schemas[name]["additionalProperties"] is False
