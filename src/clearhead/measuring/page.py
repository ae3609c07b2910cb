"""A comparison of two systems as one page of HTML that needs no script, no font and no network.

It has the style of the page that `clearhead look` writes, and rules of its own after that.
"""

import base64
import hashlib
import itertools
import unicodedata
from difflib import SequenceMatcher
from html import escape
from pathlib import Path

from clearhead.evaluation import Significance
from clearhead.measuring.compare import Comparison, Examples, Sentence, Table, tables, verdict
from clearhead.storage.files import write_file, write_refused

_STYLES = Path(__file__).parents[1] / "page"


def write(comparison: Comparison, path: Path) -> None:
    """Write the page to a file, whole or not at all."""
    try:
        write_file(path, page(comparison).encode())
    except OSError as error:
        raise write_refused(path, error, "--html") from None


def page(comparison: Comparison) -> str:
    """Return the page; whatever comes from a file is escaped."""
    style = "".join((_STYLES / name).read_text(encoding="utf-8") for name in ("page.css", "compare.css"))
    policy = f"default-src 'none'; style-src 'sha256-{_sum(style)}'; base-uri 'none'; form-action 'none'"
    title = escape(f"{comparison.a.file} and {comparison.b.file} compared")
    _, *others = tables(comparison)
    body = "".join(
        (
            _files(comparison),
            *(f'<p class="warning">Warning: {escape(warning)}.</p>\n' for warning in comparison.warnings),
            f'<div class="scores">\n{_score(comparison.bleu)}{_score(comparison.chrf)}</div>\n',
            f'<div class="tables">\n{"".join(map(_table, others))}</div>\n',
            *(_examples(examples, comparison) for examples in comparison.examples()),
        )
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<div id="page">
<h1>Two systems compared</h1>
{body}</div>
</body>
</html>
"""


def _sum(style: str) -> str:
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


def _system(name: str) -> str:
    return f'<span class="{name.lower()}">{name}</span>'


def _files(comparison: Comparison) -> str:
    rows = {
        _system("A"): comparison.a.file,
        _system("B"): comparison.b.file,
        "Reference": comparison.reference,
        "Sentences": f"{comparison.sentences:,}",
    }
    return (
        "<dl>" + "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in rows.items()) + "</dl>\n"
    )


def _score(test: Significance) -> str:
    """Return one metric: the verdict, both scores, and their intervals drawn on one axis."""
    intervals = (test.a_interval, test.b_interval)
    low, high = min(map(min, intervals)), max(map(max, intervals))
    rows = "".join(
        f'<tr><th scope="row">{_system(name)}</th><td>{score.value:.2f}</td>'
        f"<td>{_interval(name, score.value, interval, (low, high))}</td></tr>\n"
        for name, score, interval in (("A", test.a, test.a_interval), ("B", test.b, test.b_interval))
    )
    sentence = verdict(test).replace(" = ", "\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}")
    signature = escape(test.a.signature).replace("|", "|<wbr>")
    return (
        f'<section class="score">\n<h2>{test.a.name}</h2>\n<p class="verdict">{sentence[0].upper()}{sentence[1:]}</p>\n'
        f"<table>\n{rows}</table>\n"
        f'<p class="note">B - A is {test.difference:+.2f}. Lines are 95 % intervals, from {low:.1f} to '
        f'{high:.1f}.</p>\n<code class="signature">{signature}</code>\n</section>\n'
    )


def _interval(name: str, value: float, interval: tuple[float, float], axis: tuple[float, float]) -> str:
    """Return a score and its interval as a picture, on an axis that both systems share."""
    low, high = axis
    start, end, middle = (100 * (x - low) / ((high - low) or 1) for x in (*interval, value))
    label = f"{name}: {value:.2f}, 95 % interval {interval[0]:.1f} to {interval[1]:.1f}"
    return (
        f'<svg class="interval" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="{label}">'
        f'<title>{label}</title><line class="rule" x1="0" x2="100" y1="5" y2="5"/>'
        f'<line class="of-{name.lower()}" x1="{start:.2f}" x2="{end:.2f}" y1="5" y2="5"/>'
        f'<line class="dot of-{name.lower()}" x1="{middle:.2f}" x2="{middle:.2f}" y1="5" y2="5"/></svg>'
    )


def _table(table: Table) -> str:
    title = escape(table.title)
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in table.columns)
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th>{"".join(map(_cell, cells, table.columns[1:]))}</tr>\n'
        for name, *cells in table.rows
    )
    note = f'<p class="note">{escape(table.note)}</p>\n' if table.note else ""
    # A wide table scrolls by itself on a narrow screen, and by the keyboard.
    return (
        f'<section>\n<h2>{title}</h2>\n{note}<div class="scroll" tabindex="0" role="region" aria-label="{title}">\n'
        f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>{rows}</tbody>\n</table>\n</div>\n</section>\n"
    )


def _cell(text: str, column: str) -> str:
    """Return a cell; a difference has the colour of the system that it speaks for."""
    ahead = {"+": "b", "-": "a"}.get(text[:1]) if column == "B - A" and float(text) else None
    return f'<td class="{ahead}">{escape(text)}</td>' if ahead else f"<td>{escape(text)}</td>"


def _examples(examples: Examples, comparison: Comparison) -> str:
    if not examples.sentences:
        return f'<h2>{examples.title}</h2>\n<p class="note">No sentence.</p>\n'
    sentences = "".join(_sentence(sentence, comparison) for sentence in examples.sentences)
    return (
        f'<h2>{examples.title}</h2>\n<p class="note">{examples.order} <mark>Marked</mark> words are not in the '
        f'reference at that place.</p>\n<div class="sentences">\n{sentences}</div>\n'
    )


def _sentence(sentence: Sentence, comparison: Comparison) -> str:
    rows = {} if sentence.source is None else {"source": escape(sentence.source)}
    rows["reference"] = escape(sentence.reference)
    for name, text in (("A", sentence.a), ("B", sentence.b)):
        rows[_system(name)] = marked(
            text,
            sentence.reference,
            lowercase=comparison.lowercase,
            by_character=comparison.tokenize in ("char", "zh"),
        )
    texts = "".join(f'<dt>{name}</dt><dd dir="auto">{html}</dd>\n' for name, html in rows.items())
    return (
        f'<article class="sentence">\n<header><span>line {sentence.line:,}</span>'
        f"<span>{_system('A')} {sentence.chrf_a:.1f}</span><span>{_system('B')} {sentence.chrf_b:.1f}</span></header>\n"
        f"<dl>{texts}</dl>\n</article>\n"
    )


def marked(text: str, reference: str, *, lowercase: bool = False, by_character: bool = False) -> str:
    """Return a text as HTML, with <mark> around the words that match no word of the reference in order."""
    pieces, expected = (list(side) if by_character else _pieces(side) for side in (text, reference))
    here, there = ([p.lower() for p in side] if lowercase else side for side in (pieces, expected))
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
