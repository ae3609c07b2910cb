"""The service's page in a real browser, part by part."""

import json
import re

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("granian")

from tests.page.service.hostile import HOSTILE
from tests.page.service.service import CAT, MOST, refused, translated


def echo(view, answer) -> None:
    """Answer translations in the page's place: `answer(request)` gives the fields."""

    def fulfil(route):
        route.fulfill(
            json={
                "translations": [
                    {"words": [], "notes": [], "alternatives": [], **answer(route.request.post_data_json)}
                ]
            }
        )

    view.route("**/api/v1/translate", fulfil)


def test_a_reader_types_sees_points_and_chooses(opened, model):
    view = opened()
    view.fill("#text", CAT)
    best = translated(view)
    assert best == model.translate(CAT, source="en", to="fr").text
    assert view.inner_text("#count") == f"{len(CAT)} / {MOST}"
    view.hover("#answer .linked:text-is('chat')")
    assert view.locator("#mirror .lit").all_inner_texts() == ["cat"]
    box = view.locator("#mirror span:text-is('black')").bounding_box()
    view.mouse.move(box["x"] + 5, box["y"] + 5)
    assert view.locator("#answer .lit").all_inner_texts() == ["noir"]
    other = view.locator("#alternatives button [lang]").first
    words = other.inner_text()
    assert words != best
    other.click()
    assert view.inner_text("#answer") == words
    assert best in view.locator("#alternatives button [lang]").all_inner_texts()
    view.wait_for_selector("#answer .linked")
    view.hover("#answer .linked:text-is('chat')")  # the words of this one are linked, too
    assert view.locator("#mirror .lit").all_inner_texts() == ["cat"]
    view.click("#look")
    view.wait_for_selector("#inside [role=tab]")
    assert view.asked[-1][1]["translation"] == words
    shown = view.locator("#inside #reading .words").last.locator(".word").all_inner_texts()
    assert "".join(shown) == words.replace(" ", "")


def test_a_share_link_holds_the_text_and_no_server_sees_it(opened):
    view = opened()
    view.fill("#text", "I don't know; 100 % & <b> #1")
    first = translated(view)
    view.click("#share")
    assert "#source=en&target=fr&text=" in view.url
    asked = []
    view.on("request", lambda request: asked.append(request.url))
    view.reload()
    assert translated(view) == first
    assert view.input_value("#text") == "I don't know; 100 % & <b> #1"
    assert not any("know" in address for address in asked)


def test_a_stale_answer_never_shows(opened):
    view = opened()
    held = []
    view.route("**/api/v1/translate", lambda route: held.append(route))
    for text in ("first", "second"):
        view.fill("#text", text)
        with view.expect_request("**/api/v1/translate"):
            pass
    view.wait_for_timeout(100)
    assert [route.request.post_data_json["q"] for route in held] == ["first", "second"]
    for route in reversed(held):
        try:
            route.fulfill(json={"translations": [{"text": route.request.post_data_json["q"].upper()}]})
        except Exception:  # the browser has ended the first one already, as it should
            assert route.request.post_data_json["q"] == "first"
    assert translated(view) == "SECOND"
    view.wait_for_timeout(100)
    assert view.inner_text("#answer") == "SECOND"


def test_what_is_typed_or_returned_is_only_ever_text(opened):
    view = opened()
    echo(view, lambda asked: {
        "text": f"= {asked['q']}", "words": [{"text": asked["q"], "confidence": 0.1}], "notes": [asked["q"]],
        "alternatives": [{"text": f"~ {asked['q']}"}], "detected": {"language": asked["q"], "confidence": 1},
        "source_words": [asked["q"]], "target_words": [asked["q"]], "alignment": [[0, 0]],
    })  # fmt: skip
    known = view.locator("body *").evaluate_all("all => new Set(all.map(each => each.tagName)).size")
    for first in range(0, len(HOSTILE), 5):
        text = "\n".join(HOSTILE[first : first + 5])
        view.fill("#text", text)
        view.wait_for_selector("#look:enabled")
        assert view.text_content("#answer") == f"= {text}"
        assert view.locator("#notes li").text_content() == text
        assert view.locator("#alternatives button").text_content() == f"~ {text}"
        assert view.locator("#answer *:not(span), #notes *:not(li), #mirror *:not(span)").count() == 0
    view.click("#open-terms")
    view.click("#terms .add")
    view.fill("#terms input >> nth=0", HOSTILE[1])
    assert view.is_enabled("#look")  # half a term changes no translation
    view.click("#open-history")
    view.wait_for_selector("#history .entry")  # after a while in which the translation stayed
    view.reload()
    view.click("#open-history")
    assert HOSTILE[-1] in view.locator("#history .entry").first.inner_text()
    assert view.locator("#history script, #history img, #history iframe").count() == 0
    assert known > 10


def test_the_policy_is_strict_and_nothing_inline_is_there(opened, address):
    view = opened()
    policy = view.request.get(address).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    html = view.request.get(address).text()
    assert not re.search(r"\son\w+=|\sstyle=|<style|<script(?![^>]*\ssrc=)", html)
    view.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.hacked = 1';"
        " document.body.append(s); }"
    )
    assert view.evaluate("() => window.hacked") is None
    assert any("Content Security Policy" in fault for fault in view.faults)
    view.faults.clear()


def test_files_of_the_page_only_are_served_and_known_ones_are_not_sent_again(opened, address):
    view = opened()
    for path in (
        "assets/../__init__.py",
        "assets/%2e%2e/__init__.py",
        "assets/service/",
        "assets/page.py",
        "assets//etc/passwd",
    ):
        answer = view.request.get(address + path)
        assert answer.status == 404, path
        assert "import" not in answer.text(), path
    first = view.request.get(address + "assets/service/main.js")
    assert first.headers["content-type"].startswith("text/javascript")
    again = view.request.get(
        address + "assets/service/main.js", headers={"If-None-Match": first.headers["etag"]}
    )
    assert again.status == 304
    assert not again.body()


def test_a_busy_service_is_asked_again_when_it_said(opened):
    view = opened()
    times = []

    def refuse(route):
        times.append(1)
        if len(times) == 1:
            route.fulfill(status=503, headers={"Retry-After": "1"}, json={"error": "busy", "code": "busy"})
        else:
            route.fulfill(json={"translations": [{"text": "enfin"}]})

    view.route("**/api/v1/translate", refuse)
    view.fill("#text", "at last")
    view.wait_for_selector("#trouble :text('1 s')")
    assert translated(view) == "enfin"
    assert view.inner_text("#trouble") == ""
    refused(view, 503)


def test_offline_is_said_and_made_good(opened):
    view = opened()
    view.context.set_offline(True)
    view.wait_for_selector("#offline:visible")
    view.fill("#text", CAT)
    view.wait_for_timeout(500)
    assert not view.is_enabled("#copy")
    view.context.set_offline(False)
    assert translated(view).startswith("Le chat")
    assert not view.is_visible("#offline")


def test_too_much_is_counted_and_not_sent(opened):
    view = opened()
    view.fill("#text", "é" * (MOST + 3))
    assert view.inner_text("#count") == "3 characters too many"
    view.wait_for_timeout(500)
    assert view.asked == []


def test_a_long_text_grows_on_the_screen(opened, model):
    view = opened()
    text = " ".join([CAT, "I have seen him.", "The dog is in the garden."] * 7)
    assert 400 < len(text) <= MOST
    with view.expect_request("**/api/v1/stream"):
        view.fill("#text", text)
    assert translated(view) == model.translate(text, source="en", to="fr").text


def test_the_glossary_is_obeyed_and_kept(opened):
    view = opened()
    view.fill("#text", CAT)
    translated(view)
    view.click("#open-terms")
    view.click("#terms .add")
    view.keyboard.type("milk")
    view.keyboard.press("Tab")
    view.keyboard.type("breuvage")
    view.wait_for_selector("#answer:has-text('breuvage')")
    assert view.asked[-1][1]["terms"] == [{"source": "milk", "target": "breuvage"}]
    view.reload()
    view.fill("#text", CAT)
    assert "breuvage" in translated(view)


def test_looking_inside_shows_this_translation_and_what_if(opened):
    view = opened()
    view.fill("#text", CAT)
    best = translated(view)
    view.click("#look")
    view.wait_for_selector("#inside [role=tab]")
    words = "words => words.map(word => word.textContent).join('')"
    assert view.locator("#inside #reading .words").last.locator(".word").evaluate_all(words) == re.sub(
        r"\s", "", best
    )
    bar = view.locator("#inside #reading .word").first.evaluate(
        "word => getComputedStyle(word).backgroundImage"
    )
    assert "gradient" in bar  # the page's own colours leave those of the views alone
    view.click("#inside summary")
    view.check("#inside .chip >> nth=2")
    view.click("#inside .what-if-form .strong")
    view.wait_for_selector("#tab-what-if")
    assert view.asked[-1][1]["mask_source"] == [3]
    assert view.is_checked("#inside .chip >> nth=2")
    assert "measures" not in view.asked[-1][1]
    assert "mask" in json.dumps(view.inner_text("#what-if")).lower() or "Changed" in view.inner_text(
        "#what-if"
    )
    view.fill("#text", "Another text.")
    assert not view.is_visible("#looking")


def test_a_file_comes_back_translated(opened, model, tmp_path):
    view = opened()
    view.set_input_files(
        "#file", files=[{"name": "cat.txt", "mimeType": "text/plain", "buffer": CAT.encode()}]
    )
    with view.expect_download() as saving:
        view.click("#files a")
    assert saving.value.suggested_filename == "cat.fr.txt"
    saving.value.save_as(tmp_path / "cat.txt")
    assert (tmp_path / "cat.txt").read_text() == model.translate(CAT, to="fr").text
    view.set_input_files(
        "#file", files=[{"name": "big.txt", "mimeType": "text/plain", "buffer": b"x" * 3000}]
    )
    assert "big.txt" in view.inner_text("#files [role=alert]")


@pytest.mark.parametrize(
    ("locale", "title"),
    [("fr-FR", "Glossaire"), ("es-MX", "Glosario"), ("de-AT", "Glossar"), ("ja-JP", "Glossary")],
)
def test_the_page_speaks_the_readers_language(opened, locale, title):
    view = opened(locale=locale)
    assert view.inner_text("#open-terms").strip() == title
    view.select_option("#interface", "es")
    assert view.inner_text("#open-terms").strip() == "Glosario"
    assert view.get_attribute("html", "lang") == "es"


def test_every_language_has_every_string(opened):
    view = opened()
    found = view.evaluate(
        "async () => { const { STRINGS } = await import('/assets/service/strings.js');"
        " const gaps = text => [...text.matchAll(/\\{\\w+\\}/g)].map(String).sort().join();"
        " return Object.values(STRINGS)"
        ".map(all => Object.entries(all).map(([key, text]) => key + gaps(text)).sort()); }"
    )
    assert len(found) == 4
    assert all(keys == found[0] for keys in found)


@pytest.mark.parametrize("width", [1200, 390], ids=["window", "phone"])
def test_nothing_is_found_by_axe_and_nothing_overflows(opened, width):
    from axe_playwright_python.sync_playwright import Axe

    view = opened(bypass_csp=True, reduced_motion="reduce", viewport={"width": width, "height": 844})
    view.fill("#text", CAT)
    translated(view)
    for button in ("#open-terms", "#terms .add", "#open-history", "#look"):
        view.click(button)
    view.wait_for_selector("#inside [role=tab]")
    view.click("#inside summary")
    for scheme in ("light", "dark"):
        view.emulate_media(color_scheme=scheme)
        found = Axe().run(view).response["violations"]
        assert not found, json.dumps([(one["id"], one["nodes"][0]["html"]) for one in found], indent=1)
    assert view.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
