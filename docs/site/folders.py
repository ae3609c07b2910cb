"""Links to folders of the repository."""

from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform


class FoldersWithoutPage(SphinxPostTransform):
    """Leave the text alone of a link to a folder of the repository, which has a view there and no page here."""

    default_priority = 5  # before MyST looks for the page

    def run(self, **kwargs: object) -> None:
        """Unwrap those links."""
        here = Path(self.env.doc2path(self.env.docname)).parent
        for link in list(self.document.findall(pending_xref)):
            if link["reftype"] == "myst" and (here / link["reftarget"]).is_dir():
                link.replace_self(nodes.inline("", "", *(child.deepcopy() for child in link.children)))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register it."""
    app.add_post_transform(FoldersWithoutPage)
    return {"parallel_read_safe": True}
