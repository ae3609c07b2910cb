"""A real browser, and the pages of a small model."""

import re

import numpy as np
import pytest
import torch

from clearhead.inspection.about import About
from clearhead.inspection.attribution import measured
from clearhead.inspection.maps import AttentionMaps
from clearhead.inspection.page import page, passage_page
from clearhead.inspection.passage import PassageMaps
from clearhead.inspection.record import record
from clearhead.inspection.tokens import Choice, Tokens
from clearhead.text.words import Span
from tests.browser import browser  # noqa: F401  (a fixture)
from tests.model.test_transformer import small


def tokens(*pieces: str) -> Tokens:
    """Pieces whose text is put together as SentencePiece has it, a control at the end."""
    text, spans = "", []
    for piece in pieces:
        start = len(text) + (piece.startswith("\u2581") and bool(text))
        text += piece.replace("\u2581", " " if text else "")
        spans.append(Span(start, len(text)))
    ids = [5 + number % 10 for number in range(len(pieces))]
    return Tokens(text, (*ids, 2), (*pieces, "</s>"), (*spans, None))


def looked(
    source: Tokens, target: Tokens, norm: str = "pre", inner: bool = True, **shape: str
) -> AttentionMaps:
    torch.manual_seed(3)
    model = small(norm, **shape).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    search = tuple(
        (Choice(piece, 0, 0.9, -0.1, "kept"), Choice("no", 0, 0.05, -3.0, "pruned"))
        for piece in target.pieces
    )
    about = About(model="a test", to="fr", engine="pytorch fp32", beam_size=2, search_text=target.text)
    maps = record(model, source, target, start=1, piece=str, inner=inner, search=search, about=about)
    return measured(model, maps, 1) if inner and len(source) < 50 else maps


SOURCE = tokens("\u2581The", "\u2581black", "\u2581cat", "\u2581dra", "nk", ".")
TARGET = tokens("\u2581Le", "\u2581chat", "\u2581noir", "\u2581bu", ".")


@pytest.fixture
def opened(browser, tmp_path):  # noqa: F811
    """Open a page as a file; whatever it asks for, says or throws is kept, and must be nothing."""
    contexts = []

    def run(maps: AttentionMaps | PassageMaps, left_out: tuple[int, ...] | None = None, **options):
        file = tmp_path / "page.html"
        text = page(maps) if isinstance(maps, AttentionMaps) else passage_page(maps)
        if left_out is not None:
            text = re.sub(r'"leftOut":\[[^\]]*\]', f'"leftOut":{list(left_out)}', text)
        file.write_text(text, encoding="utf-8")
        context = browser.new_context(**{"viewport": {"width": 1200, "height": 900}, **options})
        contexts.append(context)
        context.set_default_timeout(10_000)
        view = context.new_page()
        view.faults = []
        view.on(
            "request",
            lambda r: None if r.url.startswith(("file:", "data:", "blob:")) else view.faults.append(r.url),
        )
        view.on("pageerror", lambda error: view.faults.append(str(error)))
        view.on("console", lambda message: view.faults.append(message.text))
        view.on("dialog", lambda dialog: view.faults.append(dialog.message))
        view.goto(file.as_uri())
        return view

    yield run
    for context in contexts:
        assert all(not view.faults for view in context.pages), [view.faults for view in context.pages]
        context.close()


@pytest.fixture(scope="session", params=["pre", "post", "rotary"])
def maps(request) -> AttentionMaps:
    if request.param == "rotary":
        options = {"activation": "swiglu", "normalization": "rms", "positions": "rotary"}
        return looked(SOURCE, TARGET, "pre", **options)
    return looked(SOURCE, TARGET, request.param)


def numbers(rows) -> np.ndarray:
    return np.array([[float(cell) for cell in row] for row in rows])
