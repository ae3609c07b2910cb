"""The page of a comparison in a real browser: it fits, loads nothing, and can be read by everybody."""

import random

import pytest
from axe_playwright_python.sync_playwright import Axe

from clearhead.measuring.compare import compare
from clearhead.measuring.page import page

WORDS = "the black cat drank all of that cold milk before somebody came home from work again".split()  # noqa: SIM905


@pytest.fixture(scope="module")
def html(tmp_path_factory) -> str:
    folder, draw = tmp_path_factory.mktemp("compared"), random.Random(1)
    references = [" ".join(draw.choices(WORDS, k=2 + number % 25)) for number in range(60)]
    noisy = [
        [" ".join("Oops" if draw.random() < share else word for word in line.split()) for line in references]
        for share in (0.5, 0.2)
    ]
    references[5] = noisy[0][5] = "word" * 60  # which no screen is as wide as
    for name, lines in (("reference", references), ("a", noisy[0]), ("b", noisy[1])):
        (folder / name).write_text("".join(f"{line}\n" for line in lines))
    files = [str(folder / name) for name in ("reference", "a", "b")]
    return page(compare(*files, source=files[0], samples=40))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_it_fits_and_can_be_read(browser, tmp_path, html, width, scheme):
    (tmp_path / "compare.html").write_text(html, encoding="utf-8")
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    )
    view, faults = context.new_page(), []
    view.on("console", lambda message: faults.append(message.text))
    view.on(
        "request", lambda request: None if request.url.startswith("file:") else faults.append(request.url)
    )
    view.on("pageerror", lambda error: faults.append(str(error)))
    view.goto((tmp_path / "compare.html").as_uri())
    assert view.evaluate("document.documentElement.scrollWidth") <= width
    for table in view.query_selector_all(".scroll"):
        assert table.evaluate("element => element.scrollWidth <= element.clientWidth"), "a table is cut"
    assert view.evaluate("getComputedStyle(document.body).backgroundColor") != "rgba(0, 0, 0, 0)", "no style"
    assert not faults
    found = Axe().run(view).response["violations"]
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert not serious, [(each["id"], each["nodes"][0]["html"]) for each in serious]
    context.close()
