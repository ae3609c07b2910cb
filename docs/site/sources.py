"""A page for every module, and links to it from wherever a document names a module or symbol in backticks."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from docutils import nodes
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"
SYMBOL = re.compile(r"clearhead(?:\.\w+)+")
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
            line = lines_of(module).get(".".join(rest), 0) if rest else 1
            return (module, line) if line else (module, 1) if not rest else None
    return None


@cache
def lines_of(module: str) -> dict[str, int]:
    """Return the line on which each function, class, method and constant of a module begins."""
    tree = ast.parse(module_files()[module].read_text(encoding="utf-8"))
    return dict(_definitions(tree, ""))


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
    """Yield a page for each module."""
    formatter = HtmlFormatter(linenos="inline", lineanchors="line", anchorlinenos=True)
    for module, file in module_files().items():
        code = highlight(file.read_text(encoding="utf-8"), PythonLexer(), formatter)
        name = file.relative_to(ROOT).as_posix()
        body = (
            f'<h1 class="source"><code>{name}</code></h1>\n<div class="highlight-python source">{code}</div>'
        )
        yield page_name(module), {"title": name, "body": body}, "page.html"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register pages and links."""
    app.add_post_transform(LinksToSource)
    app.connect("html-collect-pages", pages)
    return {"parallel_read_safe": True}
