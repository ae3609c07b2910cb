"""What the page says when the service itself refuses: a key, a rate, a part that is not installed."""

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("granian")

from clearhead.serving import inside
from clearhead.serving.keys import Keys
from tests.page.service.service import CAT, refused, running, service, translated


def test_a_key_is_asked_for_kept_and_sent(opened, model, tmp_path):
    file = tmp_path / "keys.sqlite"
    key = Keys(file).add("a reader")
    with running(service(model, keys_file=str(file), require_key=True)) as address:
        view = opened(at=address)
        view.fill("#text", CAT)
        view.wait_for_selector("#trouble :text('needs an API key')")
        view.fill("#trouble input", "ключ")
        view.keyboard.press("Enter")
        view.wait_for_selector("#trouble :text('does not know')")
        view.fill("#trouble input", "wrong")
        with view.expect_response("**/api/v1/translate") as answer:
            view.keyboard.press("Enter")
        assert answer.value.json()["code"] == "unknown_key"
        view.wait_for_selector("#trouble :text('does not know')")
        view.fill("#trouble input", key)
        view.click("#trouble button")
        assert "chat" in translated(view)
        view.set_input_files(
            "#file", files=[{"name": "cat.txt", "mimeType": "text/plain", "buffer": CAT.encode()}]
        )
        view.wait_for_selector("#files a")
        view.reload()
        view.fill("#text", CAT)
        assert "chat" in translated(view)
        refused(view, 403)


def test_a_rate_is_waited_for_as_the_service_says(opened, model):
    with running(service(model, requests_per_minute=1)) as address:
        view = opened(at=address)
        view.fill("#text", CAT)
        translated(view)
        view.fill("#text", "He sleeps.")
        view.wait_for_selector("#trouble :text-matches('in [1-6]?[0-9] s')")
        refused(view, 429)


def test_a_stream_that_fails_midway_is_no_translation(opened):
    view = opened()
    events = (
        'event: piece\ndata: {"text": "Le chat"}\n\n'
        'event: error\ndata: {"error": "it took too long", "code": "deadline", "status": 504, "retry_after": null}\n\n'
    )
    view.route("**/api/v1/stream", lambda route: route.fulfill(content_type="text/event-stream", body=events))
    view.fill("#text", f"{CAT} " * 15)
    view.wait_for_selector("#trouble :text('it took too long')")
    assert view.is_visible("#trouble button")
    assert not view.is_enabled("#copy")


@pytest.mark.parametrize(
    ("locale", "words"), [("en-GB", "this service lacks"), ("de-DE", "fehlt diesem Dienst PyTorch")]
)
def test_without_torch_the_page_says_what_to_install(opened, monkeypatch, locale, words):
    monkeypatch.setattr(inside, "has_torch", lambda: False)
    view = opened(locale=locale)
    view.fill("#text", CAT)
    best = translated(view)
    view.click("#look")
    view.wait_for_selector("#inside-trouble code")
    assert view.inner_text("#inside-trouble code") == "pip install 'clearhead[train]'"
    assert words in view.inner_text("#inside-trouble")
    assert not view.locator("#inside-trouble button, #inside *").count()
    assert view.inner_text("#answer") == best
    refused(view, 501)
