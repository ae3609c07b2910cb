"""One server with the default model for all tests of its page."""

from collections.abc import Iterator

import pytest

from clearhead import Translator


@pytest.fixture(scope="session")
def model() -> Translator:
    loaded = Translator.load(engine="pytorch")  # the other engine would be converted and proved first
    # the first translation and the first look bring their modules with them, which takes seconds
    loaded.translate("The cat sleeps.", to="fr", align=True, word_confidence=True, num_hypotheses=2)
    loaded.look("The cat sleeps.", to="fr", without=("encoder.0",))
    return loaded


@pytest.fixture(scope="session")
def address(model) -> Iterator[str]:
    pytest.importorskip("fastapi")
    pytest.importorskip("granian")
    from tests.page.service.service import running, service

    with running(service(model)) as served:
        yield served


@pytest.fixture
def opened(browser, address):
    """Open the page of the service, or of another; at the end nothing may have gone wrong in any of them."""
    from tests.page.service.service import watched

    contexts = []

    def run(
        fragment: str = "", languages: tuple[str, str] | None = ("en", "fr"), at: str = address, **options
    ):
        context = browser.new_context(
            **{"locale": "en-GB", "viewport": {"width": 1200, "height": 900}, **options}
        )
        contexts.append(context)
        context.set_default_timeout(60_000)
        view = watched(context.new_page(), at)
        view.goto(at + fragment)
        view.wait_for_selector("#target option", state="attached")
        if languages and not fragment:
            view.select_option("#source", languages[0])
            view.select_option("#target", languages[1])
        return view

    yield run
    for context in contexts:
        faults = [view.faults for view in context.pages if getattr(view, "faults", None)]
        context.close()
        assert not faults, faults
