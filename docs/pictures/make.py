"""Take the pictures of README and guides again: a terminal, the page of one translation by the included model, and
the page of `clearhead serve`.

$ python docs/pictures/make.py            # needs Chromium and Playwright (the extra `test`)
$ python docs/pictures/make.py terminal   # the terminal alone, which needs neither
$ python docs/pictures/make.py service    # the page of `clearhead serve` alone (also the extra `serve`)
"""

import contextlib
import io
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from clearhead import cli

HERE = Path(__file__).parent
TEXT, TO = "The little boy is playing with his black dog.", "fr"
COMMANDS = (
    'clearhead translate "Je suis étudiant."',
    'clearhead translate --to fr "It costs €283.82."',
    'clearhead translate --to es "WHERE IS THE STATION?"',
    'clearhead look --to fr "The little boy is playing." --out look.html',
)
TYPED = (
    "The black cat drank the milk. My grandmother wrote a long letter to her sister. Where is the station?"
)
POINTED_AT = "grandmother"
WINDOWS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1100, "height": 650}, "device_scale_factor": 1.5},
    "dark": {"viewport": {"width": 1100, "height": 650}, "device_scale_factor": 1.5, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 760}, "device_scale_factor": 1.75, "is_mobile": True},
}


def reading(view: Page) -> None:
    """Light the words that one word of the translation came from."""
    view.locator(".words").nth(1).locator(".word").nth(1).click()


def attention(view: Page) -> None:
    """Show one head of the attention to the source."""
    view.click("#tab-attention")


def walk(view: Page) -> None:
    """Show the way of one token through a layer."""
    view.click("#tab-walk")


def what_if(view: Page) -> None:
    """Show what the head that costs most when it is taken away is good for."""
    view.click("#tab-what-if")


def terminal() -> None:
    """Write the session of a terminal as SVG, of what the commands print when they are run now."""
    console = Console(record=True, width=76, file=io.StringIO(), force_terminal=True)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for command in COMMANDS:
            console.print(Text.assemble(("$ ", "green"), (command, "bold")))
            output = io.StringIO()
            with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
                cli.main(shlex.split(command)[1:])
            console.print(Text(output.getvalue().rstrip()))
    svg = console.export_svg(title="Clearhead", theme=MONOKAI, unique_id="terminal")
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)  # which would be fetched from a network
    svg = svg.replace("Fira Code, monospace", "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace")
    (HERE / "terminal.svg").write_text(svg, encoding="utf-8")


@contextlib.contextmanager
def served() -> Iterator[str]:
    """Run the service until the block ends; gives its address."""
    command = [sys.executable, "-m", "clearhead", "serve", "--port", "0", "--log", "none"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        try:
            said = re.compile(r"translating at (\S+),")
            yield next(match[1] for line in running.stderr or () if (match := said.search(line)))
        finally:
            running.terminate()


def service(browser: Browser) -> None:
    """Write the service's page with a translation, one of whose words is pointed at."""
    with served() as address:
        for name, window in WINDOWS.items():
            view = browser.new_context(locale="en-GB", reduced_motion="reduce", **window).new_page()
            view.goto(address)
            view.wait_for_selector("#target option", state="attached")
            view.select_option("#target", TO)
            view.fill("#text", TYPED)
            view.wait_for_selector("#look:enabled")
            box = view.locator(f"#mirror span:text-is('{POINTED_AT}')").bounding_box()
            assert box
            view.mouse.move(box["x"] + 9, box["y"] + 9)
            view.screenshot(path=HERE / f"service-{name}.png")


def look(browser: Browser) -> None:
    """Write the page of one translation, a view a file."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "look.html"
        cli.main(["look", TEXT, "--to", TO, "--out", str(page), "--what-if"])
        for show, height in ((reading, 660), (attention, 860), (walk, 900), (what_if, 900)):
            view = browser.new_page(viewport={"width": 1000, "height": height}, device_scale_factor=1.5)
            view.goto(page.as_uri())
            show(view)
            view.mouse.move(0, 0)
            view.evaluate("scrollTo(0, 0)")
            view.screenshot(path=HERE / f"{show.__name__}.png")


def main() -> None:
    """Write a file for each, or those that are asked for."""
    wanted = sys.argv[1:] or ["terminal", "look", "service"]
    if "terminal" in wanted:
        terminal()
    if wanted == ["terminal"]:
        return
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        if "look" in wanted:
            look(browser)
        if "service" in wanted:
            service(browser)
        browser.close()


if __name__ == "__main__":
    main()
