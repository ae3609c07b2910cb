"""The interface of LibreTranslate: every way to ask, the shape of every answer, and what is refused in which words."""

import json
from functools import cache

import pytest

from clearhead.errors import EngineError, TranslationError
from clearhead.serving.failures import ServiceFailure
from clearhead.translator import Translator
from tests.serving.service import Direct, Listed, Models, Shouting, client_of

ASKED = {"q": "hello", "source": "en", "target": "fr"}


@pytest.fixture
def service():
    return Shouting()


@pytest.fixture
def client(service):
    with client_of(service, max_chars=200, max_list=3) as client:
        yield client


@pytest.mark.parametrize(
    "how",
    [
        {"json": ASKED},
        {"data": ASKED},
        {"params": ASKED},
        {"data": ASKED, "files": {"other": b""}},
        {"json": {"q": "hello"}, "params": {"source": "en", "target": "fr"}},
    ],
    ids=["json", "form", "query", "multipart", "both"],
)
def test_however_it_is_asked_the_answer_is_the_same(client, service, how):
    answer = client.post("/translate", **how)
    assert answer.status_code == 200
    assert answer.json() == {"translatedText": "HELLO"}
    assert (service.calls[0]["source"], service.calls[0]["to"]) == ("en", "fr")


def test_a_list_is_answered_with_lists_in_its_order(client):
    asked = {
        "q": ["Guten Morgen, wie geht es?", "", "Good morning, how are you?"],
        "source": "auto",
        "target": "fr",
    }
    found = client.post("/translate", json={**asked, "alternatives": 2}).json()
    assert found["translatedText"] == [text.upper() for text in asked["q"]]
    assert [len(others) for others in found["alternatives"]] == [2, 2, 2]
    assert [one["language"] for one in found["detectedLanguage"]][::2] == ["de", "en"]
    assert all(0 <= one["confidence"] <= 100 for one in found["detectedLanguage"])


def test_a_text_has_its_alternatives_and_detected_language(client):
    found = client.post(
        "/translate", data={"q": "Guten Morgen, alle", "source": "auto", "target": "en", "alternatives": "1"}
    ).json()
    assert found["translatedText"] == "GUTEN MORGEN, ALLE"
    assert found["alternatives"] == ["GUTEN MORGEN, ALLE 1"]
    assert found["detectedLanguage"]["language"] == "de"


def test_texts_of_one_language_are_asked_for_together(client, service):
    client.post("/translate", json={**ASKED, "q": ["a", "b", "c"]})
    assert [call["text"] for call in service.calls] == [["a", "b", "c"]]


def test_a_text_in_the_target_language_stays_as_it_is(client, service):
    for source in ("en", "auto"):
        asked = {"q": "This is surely an English sentence.", "source": source, "target": "en"}
        assert client.post("/translate", json=asked).json()["translatedText"] == asked["q"]
    assert service.calls == []


def test_html_is_translated_between_its_tags(client, service):
    page = '<p title="one">see <b>this</b> &amp; that</p><script>let a = "b"</script>'
    found = client.post("/translate", json={**ASKED, "q": page, "format": "html"}).json()["translatedText"]
    assert found == '<p title="ONE">SEE <b>THIS</b> &amp; THAT</p><script>let a = "b"</script>'
    assert {call.get("align") for call in service.calls} == {True, False}


def test_what_a_translation_has_of_markup_is_escaped_in_html(client, service):
    service.one = lambda text, **_: Shouting.one(service, "<img src=x onerror=alert(1)>", to="fr")
    found = client.post("/translate", json={**ASKED, "q": "<p>a</p>", "format": "html"}).json()[
        "translatedText"
    ]
    assert "<IMG" not in found
    assert "&lt;IMG" in found


WRONG = {
    "no q": ({"source": "en", "target": "fr"}, "q is missing"),
    "null q": ({**ASKED, "q": None}, "q is missing"),
    "empty q": ({**ASKED, "q": ""}, "q is missing"),
    "empty list": ({**ASKED, "q": []}, "q is missing"),
    "number": ({**ASKED, "q": 5}, "q must be text or a list of texts, got a number"),
    "object": ({**ASKED, "q": {"a": 1}}, "got an object"),
    "list of null": ({**ASKED, "q": ["a", None]}, "got null"),
    "list of lists": ({**ASKED, "q": [["a"]]}, "got a list"),
    "true": ({**ASKED, "q": True}, "got true or false"),
    "long list": ({**ASKED, "q": ["a"] * 4}, "q has 4 texts, above the limit of 3"),
    "long text": ({**ASKED, "q": "a" * 201}, "the text has 201 characters, above the limit of 200"),
    "long in all": (
        {**ASKED, "q": ["a" * 150, "b" * 150]},
        "the text has 300 characters, above the limit of 200",
    ),
    "no source": ({"q": "a", "target": "fr"}, "source is missing"),
    "no target": ({"q": "a", "source": "en"}, "target is missing"),
    "target of another type": ({**ASKED, "target": ["fr"]}, "target must be text, got a list"),
    "unknown source": ({**ASKED, "source": "xx"}, "source 'xx' is not supported; supported: de, en, es, fr"),
    "unknown target": ({**ASKED, "target": "tlh"}, "target 'tlh' is not supported"),
    "auto target": ({**ASKED, "target": "auto"}, "target 'auto' is not supported"),
    "format": ({**ASKED, "format": "pdf"}, "format must be text or html"),
    "format list": ({**ASKED, "format": ["text"]}, "format must be text or html"),
    "alternatives": ({**ASKED, "alternatives": 10**9}, "alternatives is 1,000,000,000, above the limit of 5"),
    "negative": ({**ASKED, "alternatives": -1}, "alternatives must be a whole number from 0 to 5, got -1"),
    "half": ({**ASKED, "alternatives": 1.5}, "must be a whole number"),
    "words": ({**ASKED, "alternatives": "many"}, "must be a whole number"),
    "alternatives true": ({**ASKED, "alternatives": True}, "must be a whole number"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_request_is_told_what_is_wrong(client, service, case):
    asked, said = WRONG[case]
    answer = client.post("/translate", json=asked)
    found = answer.json()
    assert answer.status_code == 400
    assert said in found["error"]
    assert set(found) == {"error", "code", "request_id"}
    assert "\n" not in found["error"]
    assert service.calls == []


BODIES = {
    "nothing": (b"", 400, "q is missing"),
    "not JSON": (b"{q: 1}", 400, "not valid JSON"),
    "a list": (b"[]", 400, "must be a JSON object, got a list"),
    "null": (b"null", 400, "got null"),
    "NaN": (b'{"q": "a", "alternatives": NaN}', 400, "body cannot be read"),
    "huge number": (b'{"q": "a", "alternatives": 1' + b"0" * 5000 + b"}", 400, "body cannot be read"),
    "half a surrogate": (b'{"q": "\\ud800"}', 400, "body cannot be read"),
    "key twice": (b'{"q": "a", "q": "b"}', 400, "body cannot be read"),
    "deep": (b"[" * 100_000, 400, "body cannot be read"),
    "not UTF-8": (b'{"q": "\xff"}', 400, "not UTF-8"),
    "list of a million": (b'{"q": [' + b"1," * 10**6 + b"1]}", 413, "at most 1,000,000 bytes, got 2,000,010"),
}


@pytest.mark.parametrize("case", BODIES)
def test_a_body_that_cannot_be_read_is_refused(client, case):
    body, status, said = BODIES[case]
    answer = client.post("/translate", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert said in answer.json()["error"]


def test_a_body_without_a_length_is_bounded_too(client):
    answer = client.post(
        "/translate", content=iter([b"x" * 600_000] * 9), headers={"content-type": "application/json"}
    )
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("text/xml", b"<q/>", 415),
        ("application/x-www-form-urlencoded", b"q=%ff&source=en&target=fr", 400),
        ("application/x-www-form-urlencoded", b"&".join([b"q=a"] * 1001), 400),
        ("multipart/form-data", b"--x\r\nbroken", 400),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken", 400),
    ],
)
def test_other_bodies_are_refused_in_json(client, kind, body, status):
    answer = client.post("/translate", content=body, headers={"content-type": kind})
    assert (answer.status_code, set(answer.json())) == (status, {"error", "code", "request_id"})


def test_what_is_not_there_is_told_in_json(client):
    for answer, status in ((client.get("/nothing"), 404), (client.get("/translate"), 405)):
        assert answer.status_code == status
        assert answer.json()["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        (ServiceFailure(503, "busy", "the queue is full", retry_after=2.5), 503, "the queue is full"),
        (TranslationError("this model cannot"), 400, "this model cannot"),
        (EngineError("/home/a/model is broken"), 500, "something went wrong in the service"),
        (RuntimeError("the text was hello"), 500, "something went wrong in the service"),
    ],
)
def test_what_fails_inside_is_told_without_text_or_path(service, fault, status, said):
    service.fault = fault
    with client_of(service, raising=False) as client:
        answer = client.post("/translate", json=ASKED)
    assert answer.status_code == status
    assert said in answer.json()["error"]
    assert not {"hello", "/home", "Traceback"} & set(answer.text.split('"'))
    assert answer.headers.get("retry-after") == ("3" if status == 503 else None)


def test_a_direction_that_no_model_has_is_refused_though_both_languages_are_known():
    service = Shouting(models=Models([Listed(("de",), ("en",)), Listed(("fr",), ("es",))]))
    with client_of(service) as client:
        answer = client.post("/translate", json={**ASKED, "source": "de", "target": "es"})
        codes = client.get("/languages").json()
    assert (answer.status_code, answer.json()["code"]) == (400, "unsupported_language")
    assert [(one["code"], one["targets"]) for one in codes] == [("de", ["en"]), ("fr", ["es"])]


def test_languages_answer_get_and_post_with_names(client):
    found = client.get("/languages").json()
    assert client.post("/languages").json() == found
    assert found[1] == {"code": "en", "name": "English", "targets": ["de", "es", "fr"]}


def test_detection_is_ranked_and_open_to_other_languages(client):
    found = client.post("/detect", data={"q": "Guten Morgen, wie geht es dir?"}).json()
    assert (found[0]["language"], found[0]["confidence"] > 90) == ("de", True)
    other = client.post("/detect", json={"q": "Доброе утро, как дела сегодня?"}).json()
    assert other[0]["language"] == "ru"
    assert client.post("/detect", json={"q": "123"}).json()[0]["confidence"] == 0


def test_the_page_is_told_the_real_limits(client):
    found = client.get("/frontend/settings").json()
    assert (found["charLimit"], found["suggestions"], found["keyRequired"]) == (200, False, False)
    assert ".docx" in found["supportedFilesFormat"]


def test_the_description_lists_every_route_and_the_page_loads_nothing(client):
    described = client.get("/openapi.json").json()
    page = client.get("/docs").text
    assert {"/translate", "/detect", "/suggest", "/translate_file"} <= described["paths"].keys()
    assert all(path in page for path in described["paths"])
    assert not any(word in page for word in ("<script", "http:", "https:", "//", "src="))
    json.dumps(described, allow_nan=False)


@cache
def translator():
    return Translator.load()


def test_the_default_model_answers_as_when_asked_directly():
    own = translator().translate("Good morning.", to="fr", source="en").text
    with client_of(Direct(translator())) as client:
        found = client.post("/translate", json={**ASKED, "q": "Good morning."}).json()
        page = client.post(
            "/translate", json={**ASKED, "q": "<p>Good <i>morning</i>.</p>", "format": "html"}
        ).json()
    assert found == {"translatedText": own}
    assert page["translatedText"].startswith("<p>")
    assert page["translatedText"].count("<i>") == page["translatedText"].count("</i>") == 1
