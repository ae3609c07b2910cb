"""A page for every module and every other Python file that a document links to, and the links to them.

A module or symbol is linked wherever a document names it in backticks. The title of a link to a file may be a function
in it: `[test](../tests/model/test_attention.py "test_a_row")` leads to its line.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from docutils import nodes
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"
SYMBOL = re.compile(r"clearhead(?:\.\w+)+")
LINKED_FILE = re.compile(r"\]\(([^)\s]+\.py)[ )]")
MODULE_PATH = re.compile(r"(?:src/)?(?:clearhead/)?((?:\w+/)*\w+\.py)")


def module_files() -> dict[str, Path]:
    """Return the file of each module by its dotted name."""
    files = sorted((SRC / "clearhead").rglob("*.py"))
    return {
        ".".join(file.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__"): file
        for file in files
    }


def place_of(text: str) -> tuple[str, int] | None:
    """Return module and line of what a text in backticks names, None if it names nothing in the source."""
    path = MODULE_PATH.fullmatch(text)
    if path:
        name = "clearhead." + path[1].removesuffix(".py").replace("/", ".")
        return (name, 1) if name in module_files() else None
    if not SYMBOL.fullmatch(text):
        return None
    parts = text.split(".")
    for cut in range(len(parts), 0, -1):
        module = ".".join(parts[:cut])
        if module in module_files():
            rest = parts[cut:]
            line = lines_of(module_files()[module]).get(".".join(rest), 0) if rest else 1
            return (module, line) if line else (module, 1) if not rest else None
    return None


@cache
def lines_of(file: Path) -> dict[str, int]:
    """Return the line on which each function, class, method and constant of a file begins."""
    return dict(_definitions(ast.parse(file.read_text(encoding="utf-8")), ""))


def _definitions(tree: ast.AST, prefix: str) -> Iterator[tuple[str, int]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield prefix + node.name, node.lineno
            if isinstance(node, ast.ClassDef):
                yield from _definitions(node, f"{prefix}{node.name}.")
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            if isinstance(target, ast.Name):
                yield prefix + target.id, node.lineno  # type: ignore[attr-defined]
        if isinstance(node, ast.ImportFrom):  # `clearhead.config.ModelConfig` is a name of its package
            yield from ((prefix + (name.asname or name.name), node.lineno) for name in node.names)


class LinksToSource(SphinxPostTransform):
    """Make a link of every literal that names something in the source."""

    default_priority = 600
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        """Wrap the literals that are not inside a link or a heading."""
        for literal in list(self.document.findall(nodes.literal)):
            place = place_of(literal.astext())
            linked = isinstance(literal.parent, nodes.reference | nodes.title)
            if place and not linked:
                module, line = place
                page = self.app.builder.get_relative_uri(self.env.docname, page_name(module))
                whole = literal.astext()
                # The columns of a table have room for the last part alone; the tooltip has all of it.
                shown = whole.rpartition(".")[2] if _in_table(literal) and SYMBOL.fullmatch(whole) else whole
                link = nodes.reference("", "", nodes.literal("", shown), reftitle=whole)
                link["refuri"] = f"{page}#line-{line}"
                literal.replace_self(link)


class LinksToFiles(SphinxPostTransform):
    """Lead links to Python files to a page that shows them; without it they would be downloads."""

    default_priority = 600
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        """Replace them, where the title names a function by its line."""
        here = Path(self.env.doc2path(self.env.docname)).parent
        for link in list(self.document.findall(addnodes.download_reference)):
            file = (here / link["reftarget"]).resolve()
            if file.suffix == ".py":
                title = link.get("reftitle", "")
                page = self.app.builder.get_relative_uri(self.env.docname, page_of_file(file))
                shown = nodes.reference(
                    "", "", *(child.deepcopy() for child in link.children), reftitle=title
                )
                shown["refuri"] = f"{page}#line-{lines_of(file).get(title, 1)}"
                link.replace_self(shown)


def linked_files(app: Sphinx) -> set[Path]:
    """Return the Python files that documents link to."""
    documents = [Path(app.env.doc2path(name)) for name in app.env.found_docs]
    return {
        (document.parent / target).resolve()
        for document in documents
        for target in LINKED_FILE.findall(document.read_text(encoding="utf-8"))
        if "://" not in target
    }


def page_of_file(file: Path) -> str:
    """Return the name of the page of a file, which is that of the module if it is one."""
    base = SRC if file.is_relative_to(SRC) else ROOT
    return "source/" + file.relative_to(base).with_suffix("").as_posix()


def _in_table(node: nodes.Node) -> bool:
    while node.parent is not None:
        node = node.parent
        if isinstance(node, nodes.entry):
            return True
    return False


def page_name(module: str) -> str:
    """Return the name of the page of a module."""
    return "source/" + module.replace(".", "/")


def pages(app: Sphinx) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield a page for each module and each file that is linked to."""
    formatter = HtmlFormatter(linenos="inline", lineanchors="line", anchorlinenos=True)
    files = {page_name(module): file for module, file in module_files().items()}
    for page, file in {**files, **{page_of_file(file): file for file in sorted(linked_files(app))}}.items():
        code = highlight(file.read_text(encoding="utf-8"), PythonLexer(), formatter)
        name = file.relative_to(ROOT).as_posix()
        body = (
            f'<h1 class="source"><code>{name}</code></h1>\n<div class="highlight-python source">{code}</div>'
        )
        yield page, {"title": name, "body": body}, "page.html"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register pages and links."""
    app.add_post_transform(LinksToSource)
    app.add_post_transform(LinksToFiles)
    app.connect("html-collect-pages", pages)
    return {"parallel_read_safe": True}
