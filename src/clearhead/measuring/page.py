"""A comparison of two systems as one page of HTML that needs no script, no font and no network."""

import itertools
import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher
from html import escape
from pathlib import Path
from string import Template

from clearhead.measuring.compare import Comparison, Sentence, Table, tables, verdict
from clearhead.storage.files import write_file, write_refused

_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>$title</title>
<style>
:root {
  color-scheme: light dark;
  --text: #1c2127; --soft: #59636e; --back: #ffffff; --line: #d5dae0; --head: #f4f6f8;
  --mark: #ffe2b8; --edge: #b35900;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e4e8ec; --soft: #a0abb6; --back: #15191e; --line: #38414b; --head: #1f252c;
    --mark: #573a10; --edge: #f0a850;
  }
}
body {
  margin: 0 auto; max-width: 60rem; padding: 1rem; background: var(--back); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif;
}
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
p, dd, code { overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; }
dt, .soft { color: var(--soft); } dd { margin: 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; }
caption { text-align: left; color: var(--soft); padding-bottom: .4rem; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th { font-weight: 600; } thead th { background: var(--head); }
th:first-child { text-align: left; }
td { font-variant-numeric: tabular-nums; }
.sentences { width: 100%; }
.sentences th { vertical-align: top; font-weight: 400; color: var(--soft); }
.sentences td { width: 100%; text-align: start; white-space: pre-wrap; overflow-wrap: anywhere; }
.sentences tr:first-child th { background: var(--head); color: var(--text); font-weight: 600; }
mark { background: var(--mark); color: inherit; border-bottom: 2px solid var(--edge); }
</style>
</head>
<body>
<h1>Two systems compared</h1>
<dl>$files</dl>
$warnings
$scores
$signatures
$others
$examples
</body>
</html>
""")


def write(comparison: Comparison, path: Path) -> None:
    """Write the page to a file, whole or not at all."""
    try:
        write_file(path, page(comparison).encode())
    except OSError as error:
        raise write_refused(path, error, "--html") from None


def page(comparison: Comparison) -> str:
    """Return the page; whatever comes from a file is escaped."""
    scores, *others = tables(comparison)
    files = {"A": comparison.a.file, "B": comparison.b.file, "Reference": comparison.reference}
    return _PAGE.substitute(
        title=escape(f"{comparison.a.file} and {comparison.b.file} compared"),
        files="".join(
            f"<dt>{name}</dt><dd>{escape(value)}</dd>"
            for name, value in {**files, "Sentences": f"{comparison.sentences:,}"}.items()
        ),
        warnings="".join(
            f"<p><strong>Warning:</strong> {escape(warning)}.</p>" for warning in comparison.warnings
        ),
        scores=_table(scores),
        signatures="".join(
            f"<p>{test.a.name}: {verdict(test)}.<br><code>{escape(test.a.signature)}</code></p>"
            for test in (comparison.bleu, comparison.chrf)
        ),
        others="".join(map(_table, others)),
        examples="".join(
            _examples(heading, sentences, comparison) for heading, sentences in comparison.examples().items()
        ),
    )


def _table(table: Table) -> str:
    title = escape(table.title)
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in table.columns)
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>\n'
        for name, *cells in table.rows
    )
    # A wide table scrolls by itself on a narrow screen, and by the keyboard.
    return (
        f'<h2>{title}</h2>\n<div class="scroll" tabindex="0" role="region" aria-label="{title}">\n<table>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>{rows}</tbody>\n</table>\n</div>\n"
    )


def _examples(heading: str, sentences: Sequence[Sentence], comparison: Comparison) -> str:
    if not sentences:
        return f"<h2>{heading}</h2>\n<p>No sentence.</p>\n"
    bodies = "".join(_sentence(sentence, comparison) for sentence in sentences)
    return (
        f'<h2>{heading}</h2>\n<table class="sentences">\n'
        "<caption>By sentence chrF. <mark>Marked</mark>: words that are not in the reference at that place."
        f"</caption>\n{bodies}</table>\n"
    )


def _sentence(sentence: Sentence, comparison: Comparison) -> str:
    title = f"line {sentence.line:,}: A {sentence.chrf_a:.1f}, B {sentence.chrf_b:.1f}"
    rows = {} if sentence.source is None else {"source": escape(sentence.source)}
    rows["reference"] = escape(sentence.reference)
    for name, text in (("A", sentence.a), ("B", sentence.b)):
        rows[name] = marked(
            text,
            sentence.reference,
            lowercase=comparison.lowercase,
            by_character=comparison.tokenize in ("char", "zh"),
        )
    cells = "".join(
        f'<tr><th scope="row">{name}</th><td dir="auto">{html}</td></tr>\n' for name, html in rows.items()
    )
    return f'<tbody>\n<tr><th colspan="2" scope="rowgroup">{title}</th></tr>\n{cells}</tbody>\n'


def marked(text: str, reference: str, *, lowercase: bool = False, by_character: bool = False) -> str:
    """Return a text as HTML with <mark> around the words that an alignment to the reference leaves over."""
    pieces, expected = (list(each) if by_character else _pieces(each) for each in (text, reference))
    here, there = ([p.lower() for p in each] if lowercase else each for each in (pieces, expected))
    kept: set[int] = set()
    # Spaces would be most of what matches, and say nothing.
    words = [i for i, piece in enumerate(here) if not piece.isspace()]
    matcher = SequenceMatcher(
        a=[here[i] for i in words], b=[p for p in there if not p.isspace()], autojunk=False
    )
    for block in matcher.get_matching_blocks():
        kept.update(words[block.a : block.a + block.size])
    return "".join(
        escape(piece) if i in kept or piece.isspace() else f"<mark>{escape(piece)}</mark>"
        for i, piece in enumerate(pieces)
    )


def _pieces(text: str) -> list[str]:
    """Split into words, signs of punctuation and spaces, losing nothing."""

    def kind(numbered: tuple[int, str]) -> object:
        position, character = numbered
        if character.isspace():
            return "space"
        # Each sign is a piece of its own.
        return position if unicodedata.category(character)[0] in "PS" else "word"

    return ["".join(c for _, c in group) for _, group in itertools.groupby(enumerate(text), key=kind)]
