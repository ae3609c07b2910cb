"""The bookmark that translates a page of others, in a real browser: texts change, and nothing else does."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest

from clearhead.serving.app import create_app
from clearhead.serving.settings import ServingSettings
from tests.page.conftest import browser  # noqa: F401
from tests.page.service.service import running
from tests.serving.service import Shouting

SCRIPT = (Path(__file__).parents[2] / "extras" / "translate-page.js").read_text()
PAGE = """<!doctype html><html lang="en"><title>A page</title><body>loose words
<p>A <b>black <i>cat</i></b> and <a href="#there" onclick="window.clicked = true">a link</a>.</p>
<p id="image">see <img alt="" src="data:,"> here<br>and there</p><pre>left as it is</pre>
<p>call <code>make</code> now</p><p translate="no">a name</p><p style="display:none">hidden</p><p>12</p>
<ul><li>one<li>two<li>three<li>four <ul><li>five</ul></ul>
<p id="hostile">&lt;img src=x onerror=alert(1)&gt; &amp; &lt;b&gt;more&lt;/b&gt;</p>
<p id="long">LONG</p><script>window.left = "script";</script></body></html>""".replace("LONG", "word " * 100)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Where a page of somebody else is."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "page.html").write_text(PAGE)
    (folder / "plain.html").write_text("<!doctype html><p>Guten Morgen, wie geht es Ihnen heute?</p>")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def served(place):
    settings = ServingSettings(max_list=3, max_chars=200, cors_origins=(place,), log="none")
    shouting = Shouting()
    shouting.settings = settings
    with running(create_app(settings, shouting)) as address:
        yield shouting, address.rstrip("/")


@pytest.fixture
def view(browser, served, place):  # noqa: F811
    context = browser.new_context()
    context.set_default_timeout(15_000)
    view = context.new_page()
    view.faults = []
    view.on("pageerror", lambda error: view.faults.append(str(error)))
    view.on("dialog", lambda dialog: (view.faults.append(dialog.message), dialog.dismiss()))
    view.goto(f"{place}/page.html")
    yield view
    assert not view.faults
    context.close()


def click(view, address, target="fr"):
    """Click on the bookmark, as a browser keeps it, and wait until it has done its work."""
    script = SCRIPT.replace("http://127.0.0.1:5000", address).replace('TARGET = "en"', f'TARGET = "{target}"')
    clicks = view.evaluate("window.clicks ?? 0") + 1
    bookmark = "javascript:" + quote(f"window.clicks = {clicks};{script}")
    view.evaluate("bookmark => { location.href = bookmark }", bookmark)
    view.wait_for_function(f"window.clicks === {clicks} && !document.querySelector('[role=status]')")


def test_texts_are_translated_around_the_elements_of_the_page_and_come_back(view, served):
    before = view.inner_html("body")
    click(view, served[1])
    shown = view.inner_text("body")
    assert "LOOSE WORDS\n\nA BLACK CAT AND A LINK." in shown
    assert view.inner_html("p") == (
        'A <b>BLACK <i>CAT</i></b> AND <a href="#there" onclick="window.clicked = true">A LINK</a>.'
    )
    assert view.inner_html("#image") == 'SEE <img alt="" src="data:,"> HERE<br> AND THERE'
    assert "CALL make NOW" in shown
    assert "left as it is" in shown
    assert "a name" in shown
    assert "FOUR\nFIVE" in shown.replace("\n\n", "\n")
    view.click("text=A LINK")
    assert view.evaluate("[window.clicked, window.left]") == [True, "script"]
    click(view, served[1])
    assert view.inner_html("body") == before


def test_no_markup_of_an_answer_comes_into_the_page(view, served):
    click(view, served[1])
    assert view.inner_text("#hostile") == "<IMG SRC=X ONERROR=ALERT(1)> & <B>MORE</B>"
    assert view.query_selector("#hostile *") is None
    hostile = '<p onclick=alert(1)><img src=x onerror=alert(1)><span id="0"><script>alert(1)</script></span>'
    click(view, served[1])
    before = view.inner_html("body")
    view.route("**/translate", lambda route: answer(route, {"translatedText": [hostile] * 3}))
    click(view, served[1])
    assert view.inner_html("body") == before


def answer(route, values, status=200, **headers):
    headers = {"access-control-allow-origin": "*", "access-control-expose-headers": "*", **headers}
    preflight = route.request.method == "OPTIONS"
    if preflight:
        headers = {**headers, "access-control-allow-headers": "content-type"}
    route.fulfill(status=200 if preflight else status, headers=headers, json=values)


def test_the_limits_hold_and_what_is_longer_stays(view, served):
    shouting, address = served
    shouting.calls.clear()
    sent = []
    view.on("request", lambda request: sent.append(request.post_data_json) if request.post_data else None)
    click(view, address)
    assert view.inner_text("#long").startswith("word word")
    assert len(sent) > 1
    assert all(len(body["q"]) <= 3 and sum(map(len, body["q"])) <= 200 for body in sent)
    assert {call["source"] for call in shouting.calls} == {"en"}


def test_it_waits_where_the_service_has_too_much_to_do(view, served):
    tries = []

    def busy(route):
        tries.append(route.request.method)
        if tries.count("POST") == 1 and route.request.method == "POST":
            answer(route, {"error": "busy"}, 503, **{"retry-after": "1"})
        else:
            route.continue_()

    view.route("**/translate", busy)
    click(view, served[1])
    assert "A BLACK CAT" in view.inner_text("body")


def test_a_page_that_does_not_say_its_language_is_read_for_it(view, served, place):
    view.goto(f"{place}/plain.html")
    click(view, served[1])
    assert view.inner_text("p") == "GUTEN MORGEN, WIE GEHT ES IHNEN HEUTE?"


def test_a_script_manager_asks_for_it(view, served):
    """Where a manager lends its own requests, they are used: those of the page may be forbidden."""
    view.evaluate(
        """() => {
          window.GM = { xmlHttpRequest: ({ method, url, headers, data, onload }) =>
            fetch(url, { method, headers, body: data }).then(async (answer) => {
              window.asked = [...(window.asked ?? []), new URL(url).pathname];
              onload({ status: answer.status, responseText: await answer.text(), responseHeaders: "" });
            }) };
          window.GM_registerMenuCommand = (name, command) => { window.command = command };
        }"""
    )
    click(view, served[1])
    assert "A black cat" in view.inner_text("body")
    view.evaluate("window.command()")
    assert "A BLACK CAT" in view.inner_text("body")
    assert view.evaluate("[...new Set(window.asked)]") == ["/api/v1/limits", "/languages", "/translate"]
