"""The directive `program`, which puts a page of `reference.py` into a document."""

import reference
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

PAGES = {
    "settings": reference.settings_page,
    "commands": reference.commands_page,
    "api": reference.api_page,
}


class Program(SphinxDirective):
    """Parse what the program says about itself as if it stood in the document."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the parsed page."""
        text = PAGES[self.arguments[0]]()
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("program", Program)
    return {"parallel_read_safe": True}
