"""The part "What if" of the page: there where changes were tried, and its numbers are theirs."""

from dataclasses import replace

import numpy as np
import pytest

from clearhead.inspection.what_if import END, Changed, WhatIf
from tests.page.conftest import SOURCE, TARGET, looked

WORDS = ("Le", "chat", "noir", "bu", ".", END)
PLAIN = (-0.1, -0.2, -0.3, -0.4, -0.05, -0.01)
ALL = WhatIf(
    text="Le chat noir bu.",
    words=WORDS,
    log_probs=PLAIN,
    changes=(
        Changed(names=("without encoder.0",), text="Le chat noir bu.", log_probs=(*PLAIN[:-1], -0.51)),
        Changed(names=("without decoder.1",), text="<b>on</b> on", log_probs=(-9.0,) * 6),
        Changed(names=("without decoder.0.cross.0",), text="Le chat noir bu.", log_probs=PLAIN),
        Changed(
            names=("without decoder.0.cross.1",),
            text="Le chat a bu.",
            log_probs=(-0.1, -0.2, -7.3, -0.4, 0, 0),
        ),
    ),
)


@pytest.fixture
def view(opened):
    view = opened(replace(looked(SOURCE, TARGET), what_if=ALL))
    view.click("#tab-what-if")
    return view


def rows(view) -> list[list[str]]:
    cells = "rows => rows.map(row => [...row.children].map(cell => cell.textContent))"
    return view.locator("#what-if tbody tr").evaluate_all(cells)


def test_only_where_something_was_tried(opened):
    view = opened(looked(SOURCE, TARGET))
    assert view.locator("[role=tab]").count() == 4
    assert view.locator("#tab-what-if").count() == 0


def test_every_part_has_what_it_costs(view):
    buttons = view.locator("#what-if .part")
    names = buttons.evaluate_all("all => all.map(button => button.getAttribute('aria-label'))")
    assert names == [
        "without encoder layer 0: −0.50 nats, the same words",
        "without decoder layer 1: −52.94 nats, other words",
        "without head 0.0: 0.00 nats, the same words",
        "without head 0.1: −6.94 nats, other words",
    ]
    shares = buttons.locator(".bar").evaluate_all(
        "all => all.map(bar => Number(bar.style.getPropertyValue('--share')))"
    )
    np.testing.assert_allclose(shares, [0.5 / 52.94, 1, 0, 1], atol=1e-4)
    assert (
        view.locator("#what-if [aria-pressed=true]").inner_text().split()[0] == "0.1"
    )  # the head that costs most


def test_the_words_have_their_probabilities_before_and_after(view):
    table = rows(view)
    assert [row[0] for row in table] == list(WORDS)
    assert table[2] == ["noir", "74 %", "< 0.1 %", "", "−7.00"]
    assert table[4] == [".", "95 %", "100 %", "", "+0.05"]
    changed = view.locator("#what-if .detail .output")
    assert changed.locator("ins").all_inner_texts() == ["a"]
    assert changed.locator("del").all_inner_texts() == ["noir"]


def test_another_part_is_chosen_by_keyboard(view):
    view.locator("#what-if .part").first.focus()
    view.keyboard.press("ArrowDown")
    view.keyboard.press("Enter")
    detail = view.locator("#what-if .detail")
    assert detail.get_attribute("aria-live") == "polite"
    assert "WITHOUT DECODER LAYER 1" in detail.inner_text().upper()
    assert "<b>on</b>" in detail.locator("ins").all_inner_texts()[0] + "".join(
        detail.locator(".output").all_inner_texts()
    )
    assert detail.locator("b").count() == 0  # what is translated is text
    view.keyboard.press("ArrowUp")
    view.keyboard.press("Enter")
    assert "It translates the sentence with the same words." in detail.inner_text()
    stops = view.locator("#what-if .parts").evaluate_all(
        "lists => lists.map(list => [...list.children].filter(each => each.tabIndex === 0).length)"
    )
    assert stops == [1, 1]


def test_a_change_that_was_asked_for_stands_alone(opened):
    names = ("without encoder.0.self.1", "“noir” forbidden")
    alone = replace(ALL, changes=(replace(ALL.changes[3], names=names),))
    view = opened(replace(looked(SOURCE, TARGET), what_if=alone))
    view.click("#tab-what-if")
    assert view.locator("#what-if .part").count() == 0
    assert "Changed: without encoder.0.self.1, “noir” forbidden." in view.locator("#what-if").inner_text()
    same = replace(alone, changes=(replace(ALL.changes[2], names=("begins with “Le”",)),))
    view = opened(replace(looked(SOURCE, TARGET), what_if=same))
    view.click("#tab-what-if")
    assert "as probable as before" in view.locator("#what-if").inner_text()
    assert view.locator("#what-if table").count() == 0


@pytest.mark.parametrize("width", [390, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_where_it_is_read(opened, width, scheme):
    maps = replace(looked(SOURCE, TARGET), what_if=ALL)
    view = opened(maps, viewport={"width": width, "height": 800}, color_scheme=scheme)
    view.click("#tab-what-if")
    assert view.evaluate("document.documentElement.scrollWidth") <= width
    colours = view.locator("#what-if .bar.fall").first.evaluate(
        "bar => getComputedStyle(bar).backgroundColor"
    )
    assert colours == {"light": "rgb(154, 75, 0)", "dark": "rgb(240, 169, 96)"}[scheme]
