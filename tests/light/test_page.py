"""A reader's way through the page of a service that has no PyTorch, in a real browser."""

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("playwright")

from tests.browser import browser  # noqa: F401  (a fixture)

CAT, CHAT = "The black cat drank the milk.", "Le chat noir a bu le lait."
SUBTITLES = "1\n00:00:01,000 --> 00:00:02,500\nThe black cat drank the milk.\n"


@pytest.fixture
def view(browser, address):  # noqa: F811
    """The page, on which nothing may go wrong but what a test takes from `faults`."""
    context = browser.new_context(locale="en-GB", permissions=["clipboard-read", "clipboard-write"])
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("console", lambda message: page.faults.append(message.text))
    page.on("request", lambda sent: sent.url.startswith((address, "blob:")) or page.faults.append(sent.url))
    page.goto(address)
    page.wait_for_selector("#target option", state="attached")
    page.select_option("#target", "fr")
    yield page
    faults = page.faults
    context.close()
    assert not faults


def translated(view) -> str:
    view.wait_for_selector("#look:enabled")
    return view.inner_text("#answer")


def test_a_reader_goes_through_all_of_it(view, tmp_path):
    view.click("#text")
    view.keyboard.type(CAT)
    assert translated(view) == CHAT
    assert view.inner_text("#sureness").startswith("Confidence ")

    view.hover("#answer .linked:text-is('noir')")
    assert view.locator("#mirror .lit").all_inner_texts() == ["black"]

    view.click("#answer .linked:text-is('Le')")  # what if it began otherwise?
    view.click("#words .other:has-text('La')")
    view.wait_for_selector("#answer:has-text('La chat')")
    view.click("#answer .linked >> nth=0")
    view.fill("#words input", "Mon")
    view.keyboard.press("Enter")
    view.wait_for_selector("#answer:has-text('Mon ')")
    assert translated(view) == CHAT.replace("Le", "Mon", 1)

    view.click("#look")
    view.wait_for_selector("#inside-trouble:has-text('pip install')")
    assert "PyTorch" in view.inner_text("#inside-trouble")
    view.faults[:] = [fault for fault in view.faults if "status of 501" not in fault]

    with view.expect_file_chooser() as choosing:
        view.click("#choose-file")
    (tmp_path / "film.srt").write_text(SUBTITLES)
    choosing.value.set_files(tmp_path / "film.srt")
    with view.expect_download() as saving:
        view.click("#files a")
    saving.value.save_as(tmp_path / "film.fr.srt")
    assert (tmp_path / "film.fr.srt").read_text() == SUBTITLES.replace(CAT, CHAT)

    view.click("#share")
    view.wait_for_selector("#share:has-text('Link copied')")
    view.reload()
    assert translated(view) == CHAT
    assert view.input_value("#text") == CAT


def test_other_words_are_of_one_sentence_and_of_the_keyboard(view):
    view.fill("#text", CAT)
    translated(view)
    view.focus("#answer .linked >> nth=0")
    view.keyboard.press("ArrowRight")
    view.keyboard.press("Enter")
    view.wait_for_selector("#words .other")
    assert view.inner_text("#words h2") == "Instead of “chat”"
    view.keyboard.press("Escape")
    assert not view.is_visible("#words")
    assert view.evaluate("document.activeElement.textContent") == "chat"
    view.fill("#text", f"{CAT} {CAT}")
    view.wait_for_selector(f"#answer:has-text('{CHAT} {CHAT}')")
    translated(view)
    view.click("#answer .linked >> nth=0")
    assert view.inner_text("#words p") == "Other words are offered where the text is one sentence."
    assert view.locator("#words input").count() == 0
