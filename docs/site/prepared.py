"""What is done to the Markdown of a document before it is parsed."""

import re

import reference
from sphinx.application import Sphinx

PAGES = {
    "settings": reference.settings_page,
    "commands": reference.commands_page,
    "api": reference.api_page,
}
CHAPTERS = {"docs/decisions/README": "0*", "recipes/README": "**/README"}
"""Pages that list others, which then stand below them in the navigation."""


def prepare(app: Sphinx, docname: str, source: list[str]) -> None:
    """Fill in what the program says about itself, and leave out what only doctest needs."""
    text = re.sub(
        r"^```\{program\} (\w+)\n```$", lambda match: PAGES[match[1]](), source[0], flags=re.MULTILINE
    )
    text = re.sub(
        r"\n\n```$", "\n```", text, flags=re.MULTILINE
    )  # the blank line that ends an expected output
    if docname in CHAPTERS:
        text += f"\n```{{toctree}}\n:hidden:\n:glob:\n\n{CHAPTERS[docname]}\n```\n"
    source[0] = text


def setup(app: Sphinx) -> dict[str, bool]:
    """Register it."""
    app.connect("source-read", prepare)
    return {"parallel_read_safe": True}
