"""A reader's way through the whole page, with the service and the default model behind it, and a hostile one's."""

import json

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("granian")

from tests.page.service.hostile import HOSTILE
from tests.page.service.service import CAT, dropped, translated, watched

SUBTITLES = "1\n00:00:01,000 --> 00:00:02,500\nThe black cat drank the milk.\n"


def test_a_reader_goes_through_all_of_it(opened, model, tmp_path):
    view = opened(languages=None, permissions=["clipboard-read", "clipboard-write"])
    view.select_option("#target", "fr")
    view.click("#text")
    view.keyboard.type(CAT)
    best = translated(view)
    assert best == model.translate(CAT, source="en", to="fr").text
    assert view.inner_text("#detected") == "English detected"
    assert view.inner_text("#sureness").startswith("Confidence ")

    view.hover("#answer .linked:text-is('noir')")
    assert view.locator("#mirror .lit").all_inner_texts() == ["black"]
    view.click("#copy")
    view.wait_for_selector("#copy:has-text('Copied')")
    assert view.evaluate("navigator.clipboard.readText()") == best

    view.locator("#alternatives button").first.click()
    assert view.inner_text("#answer") != best
    view.locator("#alternatives button").first.click()
    assert view.inner_text("#answer") == best

    view.click("#look")
    view.wait_for_selector("#inside [role=tab]")
    view.click("#inside summary")
    view.fill("#inside .what-if-row input >> nth=0", "Une")
    view.click("#inside .what-if-form .strong")
    view.wait_for_selector("#tab-what-if[aria-selected=true]")
    assert "Une" in view.inner_text("#what-if")
    view.click("#inside .plain")
    view.wait_for_selector("#tab-what-if", state="detached")

    dropped(view, {"film.srt": SUBTITLES})
    with view.expect_download() as saving:
        view.click("#files a")
    saving.value.save_as(tmp_path / "film.srt")
    assert saving.value.suggested_filename == "film.fr.srt"
    assert (tmp_path / "film.srt").read_text() == SUBTITLES.replace(CAT, best)

    view.click("#share")
    assert view.evaluate("navigator.clipboard.readText()") == view.url
    view.reload()
    assert translated(view) == best
    assert view.input_value("#text") == CAT

    view.click("#open-terms")
    view.click("#terms .add")
    view.keyboard.type("milk")
    view.keyboard.press("Tab")
    view.keyboard.type("breuvage")
    view.wait_for_selector("#answer:has-text('breuvage')")
    view.click("#terms .icon-small")
    view.wait_for_function("best => document.getElementById('answer').textContent === best", arg=best)

    view.select_option("#source", "en")
    translated(view)
    view.click("#swap")
    back = translated(view)
    assert (view.input_value("#source"), view.input_value("#target")) == ("fr", "en")
    assert view.input_value("#text") == best
    assert back == model.translate(best, source="fr", to="en").text

    view.context.set_offline(True)
    view.wait_for_selector("#offline:visible")
    view.context.set_offline(False)
    view.wait_for_selector("#offline:visible", state="detached")
    translated(view)
    view.click("#open-history")
    view.click("#history .entry >> nth=1")  # there is a second one once the last has stayed for a while
    assert translated(view) == best
    assert view.input_value("#text") == CAT


def test_the_keyboard_is_enough(opened):
    view = opened("", languages=None)
    press = view.keyboard.press

    def focused() -> str:
        return view.evaluate("document.activeElement.id || document.activeElement.className")

    press("Tab")
    assert focused() == "skip"
    press("Enter")
    press("Tab")
    if focused() != "text":  # the browser has moved to the field already
        press("Shift+Tab")
    assert focused() == "text"
    view.keyboard.type(CAT)
    best = translated(view)
    assert view.input_value("#text") == CAT
    ways = []
    for _ in range(30):
        press("Tab")
        ways.append(focused())
        if ways[-1] == "look":
            break
    assert [way for way in ways if way in ("clear", "choose-file", "answer", "copy", "share")] == [
        "clear", "choose-file", "answer", "copy", "share",
    ]  # fmt: skip
    assert sum("linked" in way for way in ways) == 1  # the words are one stop; the arrows go through them
    press("Enter")
    view.wait_for_selector("#inside [role=tab]")
    press("Shift+Tab")
    for _ in range(10):
        press("Shift+Tab")
        if "linked" in focused():
            break
    press("ArrowRight")
    assert view.locator("#answer .lit").count() == 1
    assert view.locator("#mirror .lit").count() >= 1
    assert "←" in view.inner_text("#said")
    assert best == view.inner_text("#answer")


def test_hostile_files_and_names_stay_texts(opened, address):
    view = opened(accept_downloads=True)
    names = {f"{text}.txt": text for text in HOSTILE}
    page = f"<p>{CAT}</p>" + "".join(HOSTILE)
    dropped(view, {**names, "page.html": page, "<img src=x onerror=alert(1)>.exe": "x"})
    view.wait_for_function(
        "count => document.querySelectorAll('#files a, #files [role=alert]').length === count",
        arg=len(names) + 2,
        timeout=60_000,
    )
    assert view.locator("#files script, #files img, #files iframe, #files svg").count() == 0
    said = view.inner_text("#files")
    assert all(name in said for name in names if name.isascii())
    link = view.locator("#files .file-row:has-text('page.html') a")
    with view.expect_download():  # in a window of its own it is saved, too, and never shown
        link.evaluate("link => { link.removeAttribute('download'); link.target = '_blank'; link.click(); }")
    view.faults[:] = [fault for fault in view.faults if "status of 400" not in fault]


def test_markup_that_the_service_returns_is_never_run(opened, address):
    view = opened()
    for text in HOSTILE:
        answer = view.request.post(
            f"{address}translate",
            data=json.dumps({"q": text, "source": "en", "target": "fr", "format": "html"}),
            headers={"content-type": "application/json"},
        )
        assert answer.status == 200, text
        assert answer.headers["content-type"].startswith("application/json")
    form = watched(view.context.new_page(), address)
    form.route("**/favicon.ico", lambda route: route.fulfill())  # the browser's own wish
    for first in range(
        0, len(HOSTILE), 5
    ):  # as a page of somebody else would send it, to have the answer shown
        form.goto("about:blank")
        form.set_content(
            f"<form method=post action='{address}translate'><textarea name=q></textarea>"
            "<input name=source value=en><input name=target value=fr><input name=format value=html></form>"
        )
        form.fill("textarea", "\n".join(HOSTILE[first : first + 5]))
        with form.expect_navigation():
            form.evaluate("document.querySelector('form').submit()")
        assert form.evaluate("document.contentType") == "application/json"
