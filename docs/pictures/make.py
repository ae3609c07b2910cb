"""Take the pictures of README and guide again: a terminal, and the page of one translation by the included model.

$ python docs/pictures/make.py            # needs Chromium and Playwright (the extra `test`)
$ python docs/pictures/make.py terminal   # the terminal alone, which needs neither
"""

import contextlib
import io
import re
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
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


def main() -> None:
    """Write a file for each."""
    terminal()
    if sys.argv[1:] == ["terminal"]:
        return
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
        page = Path(folder) / "look.html"
        cli.main(["look", TEXT, "--to", TO, "--out", str(page), "--what-if"])
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for show, height in ((reading, 660), (attention, 860), (walk, 900), (what_if, 900)):
            view = browser.new_page(viewport={"width": 1000, "height": height}, device_scale_factor=1.5)
            view.goto(page.as_uri())
            show(view)
            view.mouse.move(0, 0)
            view.evaluate("scrollTo(0, 0)")
            view.screenshot(path=HERE / f"{show.__name__}.png")
        browser.close()


if __name__ == "__main__":
    main()
