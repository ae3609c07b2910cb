"""Debian's Chromium, or whichever is there, as a fixture for the tests of pages."""

import shutil
from collections.abc import Iterator

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")  # while it runs, no other test could have an event loop of its own
def browser() -> Iterator[object]:
    if CHROMIUM is None:
        pytest.skip(
            "THE PAGE IS NOT TESTED: there is no Chromium; install it (Debian: apt-get install chromium)"
        )
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        running = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()
