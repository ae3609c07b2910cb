"""`clearhead serve` without PyTorch: every interface answers, but for looking inside, which says what is missing."""

import json
import urllib.error
import urllib.request
from urllib.parse import urlencode

import pytest

pytest.importorskip("fastapi")
DOOR = {"q": "The door is open.", "source": "en", "target": "fr"}
OPEN = "La porte est ouverte."
PAIR = {**DOOR, "q": [DOOR["q"]], "translations": [OPEN]}


def asked(url, body=None, status=200):
    """Return what a service answers: JSON where it is that, else text; a form is sent as bytes."""
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    kind = "application/x-www-form-urlencoded" if isinstance(body, bytes) else "application/json"
    request = urllib.request.Request(url, data, {"Content-Type": kind})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            code, text = answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        code, text = refused.code, refused.read().decode()
    assert code == status, text
    return json.loads(text) if text[:1] in "[{" else text


def test_texts_forms_and_html(address):
    assert asked(f"{address}/translate", DOOR) == {"translatedText": OPEN}
    assert asked(f"{address}/translate", urlencode(DOOR).encode()) == {"translatedText": OPEN}
    page = {"q": "<p>The <b>door</b> is open.</p>", "source": "auto", "target": "fr", "format": "html"}
    answer = asked(f"{address}/translate", page)
    assert answer["translatedText"] == "<p>La <b>porte</b> est ouverte.</p>"
    assert answer["detectedLanguage"]["language"] == "en"
    assert asked(f"{address}/detect", {"q": "The dog is here."})[0]["language"] == "en"
    assert asked(f"{address}/suggest", {**DOOR, "s": "La porte."}) == {"success": True}


def test_what_is_ours(address):
    body = {**DOOR, "align": True, "words": True, "terms": [{"source": "door", "target": "portail"}]}
    (held,) = asked(f"{address}/api/v1/translate", body)["translations"]
    assert held["terms"][0]["used"]
    assert [1, 1] in held["alignment"]
    assert len(held["words"]) == 4
    assert f'"text": "{OPEN}"' in asked(f"{address}/api/v1/stream", DOOR)
    assert asked(f"{address}/api/v1/score", PAIR)["scores"][0]["num_tokens"] == 6
    assert [1, 1] in asked(f"{address}/api/v1/align", PAIR)["alignments"][0]["links"]


def test_looking_inside_says_which_extra(address):
    failure = asked(f"{address}/api/v1/look", DOOR, 501)
    assert failure["code"] == "needs_train_extra"
    assert failure["error"].endswith("install with: pip install 'clearhead[train]'")


def test_other_programs_interfaces_and_the_page(address):
    body = {"text": ["The <b>door</b> is open."], "target_lang": "FR", "tag_handling": "html"}
    assert asked(f"{address}/v2/translate", body)["translations"][0]["text"] == "La <b>porte</b> est ouverte."
    chat = {"model": "default:fr", "messages": [{"role": "user", "content": DOOR["q"]}]}
    assert asked(f"{address}/v1/chat/completions", chat)["choices"][0]["message"]["content"] == OPEN
    for place in ("", "docs", "metrics", "assets/service/main.js"):
        assert asked(f"{address}/{place}")
    assert "/api/v1/look" in asked(f"{address}/openapi.json")["paths"]
