"""Sphinx reads this to build the documentation: `make docs`.

The source directory is the root of the repository, so that every relative link of a document, to a recipe, the model
card or a decision, works on the site as it does in the repository, and a link that leads nowhere is a warning.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "src")]

project = "Clearhead"
author = "The Clearhead authors"
copyright = author  # Sphinx's name for it
html_title = "Clearhead"
language = "en"

extensions = ["myst_parser", "prepared", "folders", "sources"]
root_doc = "docs/index"
include_patterns = [
    "docs/**.md",
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "recipes/**README.md",
    "src/clearhead/pretrained/README.md",
]
exclude_patterns = [".*", "build", "tests", "runs", "docs/README.md", "docs/site", "**/__pycache__"]

myst_enable_extensions = ["colon_fence", "deflist", "attrs_block", "attrs_inline"]
myst_heading_anchors = 4  # links to headings are written as GitHub makes them
myst_links_external_new_tab = False
suppress_warnings = ["myst.header"]  # the card of a model begins at its own level

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["clearhead.css"]
html_extra_path = ["root"]  # the address without a path leads to the start page
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_theme_options = {
    "navigation_with_keys": True,
    "light_css_variables": {
        "color-brand-primary": "#0b5fa5",
        "color-brand-content": "#0b5fa5",
        "color-brand-visited": "#0b5fa5",
    },
    "dark_css_variables": {
        "color-brand-primary": "#7cb8ff",
        "color-brand-content": "#7cb8ff",
        "color-brand-visited": "#7cb8ff",
    },
}
pygments_style = "default"
pygments_dark_style = "github-dark"
highlight_language = "text"
