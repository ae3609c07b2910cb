"""Take the pictures of README and guide anew: the page of one translation by the model that comes with the package.

$ python docs/pictures/make.py            # needs Chromium and Playwright (the extra `test`)
"""

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from clearhead import cli

HERE = Path(__file__).parent
TEXT, TO = "The little boy is playing with his black dog.", "fr"


def reading(view: Page) -> None:
    """Light the words that one word of the translation came from."""
    view.locator(".words").nth(1).locator(".word").nth(1).click()


def attention(view: Page) -> None:
    """Show one head of the attention to the source."""
    view.click("#tab-attention")


def walk(view: Page) -> None:
    """Show the way of one token through a layer."""
    view.click("#tab-walk")


def main() -> None:
    """Write a file for each."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
        page = Path(folder) / "look.html"
        cli.main(["look", TEXT, "--to", TO, "--out", str(page)])
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for show, height in ((reading, 660), (attention, 860), (walk, 900)):
            view = browser.new_page(viewport={"width": 1000, "height": height}, device_scale_factor=1.5)
            view.goto(page.as_uri())
            show(view)
            view.mouse.move(0, 0)
            view.evaluate("scrollTo(0, 0)")
            view.screenshot(path=HERE / f"{show.__name__}.png")
        browser.close()


if __name__ == "__main__":
    main()
