"""What the page shows is what was recorded; it is used by keyboard, reaches no network, and runs nothing but itself."""

import base64
import importlib
import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from clearhead.inspection.alignment import Reader, Words, word_weights
from clearhead.inspection.page import MODULES, frame, page, passage_page
from clearhead.inspection.passage import PassageMaps, Stretch
from clearhead.inspection.record import record
from clearhead.inspection.roles import roles
from tests.model.test_transformer import small
from tests.page.conftest import SOURCE, TARGET, looked, numbers, tokens

CELLS = "els => els.map(row => [...row.querySelectorAll('td')].map(cell => cell.textContent))"


def choose(view, label, value):
    view.locator(f".panel:not([hidden]) .choice:has(> span:text-is('{label}')) select").select_option(value)


def shown_table(view) -> np.ndarray:
    return numbers(view.locator(".panel:not([hidden]) .spoken tbody tr").evaluate_all(CELLS))


@pytest.mark.parametrize("place", ["encoder", "decoder", "cross"])
def test_the_weights_shown_are_the_weights_recorded(opened, maps, place):
    view = opened(maps)
    view.click("#tab-attention")
    choose(view, "Attention", place)
    recorded = getattr(maps, place)
    np.testing.assert_allclose(shown_table(view), recorded.mean(axis=(0, 1)), atol=5.1e-4)
    for layer in range(recorded.shape[0]):
        choose(view, "Layer", str(layer))
        np.testing.assert_allclose(shown_table(view), recorded[layer].mean(axis=0), atol=5.1e-4)
        for head in range(recorded.shape[1]):
            choose(view, "Head", str(head))
            np.testing.assert_allclose(shown_table(view), recorded[layer, head], atol=5.1e-4)
        choose(view, "Head", "mean")


def test_a_cell_tells_its_weight(opened, maps):
    view = opened(maps)
    view.click("#tab-attention")
    view.locator("rect[data-query='2'][data-key='1']").hover()
    expected = maps.cross.mean(axis=(0, 1))[2, 1]
    assert view.locator("#attention .said").inner_text() == f"“noir” attends to “black”: {expected:.3f}"
    choose(view, "Attention", "decoder")
    view.locator("rect[data-query='1'][data-key='3']").hover()
    assert "may not look at “noir”: that comes later" in view.locator("#attention .said").inner_text()


def test_arcs_and_every_head(opened, maps):
    view = opened(maps)
    view.click("#tab-attention")
    choose(view, "Picture", "arcs")
    mean = maps.cross.mean(axis=(0, 1))
    assert view.locator(".arc").count() == (mean >= 0.02).sum()
    assert view.locator(".small").count() == maps.cross.shape[0] * maps.cross.shape[1]
    choose(view, "Order", "sharpness")
    sharp = maps.cross.max(axis=-1).mean(axis=-1)
    layer, head = np.unravel_index(sharp.argmax(), sharp.shape)
    assert view.locator(".small").first.inner_text().split()[0] == f"{layer}.{head}"
    names = [name for layer in roles([maps])["cross"] for name in layer]
    choose(view, "Order", "role")
    assert view.locator(".small .role").all_inner_texts() == sorted(names)
    choose(view, "Order", "sharpness")
    view.locator(".small").first.click()
    np.testing.assert_allclose(shown_table(view), maps.cross[layer, head], atol=5.1e-4)


def test_words_light_the_words_they_came_from(opened, maps):
    view = opened(maps)
    reader = Reader.usual(*maps.cross.shape[:2])
    expected = word_weights(maps.cross, Words.usual(SOURCE, TARGET), reader)
    np.testing.assert_allclose(shown_table(view), expected, atol=5.1e-4)
    target = view.locator(".words").nth(1).locator(".word")
    target.nth(1).hover()
    shares = (
        view.locator(".words")
        .nth(0)
        .locator(".word")
        .evaluate_all("words => words.map(word => Number(word.style.getPropertyValue('--share')))")
    )
    np.testing.assert_allclose(shares, expected[1], atol=6e-4)
    target.nth(1).click()
    target.nth(3).click()  # both stay
    assert view.locator(".word[aria-pressed=true]").count() == 2
    target.nth(1).click()
    assert view.locator(".word[aria-pressed=true]").count() == 1
    choose(view, "Units", "pieces")
    tokens_expected = np.mean([maps.cross[layer, head] for layer, head in reader.heads], axis=0)
    np.testing.assert_allclose(shown_table(view), tokens_expected, atol=5.1e-4)


def test_what_is_beyond_attention_is_shown_as_it_was_measured(opened, maps):
    view = opened(maps)
    for method, name in (("rollout", "rollout.source"), ("integrated", "integrated.source")):
        choose(view, "Units", "pieces")
        choose(view, "Read from", method)
        np.testing.assert_allclose(shown_table(view), maps.measures[name], atol=5.1e-4)
        assert "Check: " in view.locator("#reading").inner_text()
        choose(view, "Units", "words")
        # the only word of two pieces is the source's fourth; its columns are added
        table = maps.measures[name][:5]
        expected = np.stack([*table[:, :3].T, table[:, 3] + table[:, 4], table[:, 5]], axis=1)
        np.testing.assert_allclose(shown_table(view), expected, atol=1e-3)
    view.click("#tab-attention")
    choose(view, "Measure", "norms")
    choose(view, "Layer", "1")
    choose(view, "Head", "2")
    np.testing.assert_allclose(shown_table(view), maps.measures["norms.cross"][1, 2], atol=5.1e-4)
    choose(view, "Measure", "zeroing")
    choose(view, "Attention", "encoder")
    choose(view, "Layer", "0")
    np.testing.assert_allclose(shown_table(view), maps.measures["zeroing.encoder"][0], atol=5.1e-4)


def arrays_of(view) -> dict:
    """The page's own data, decoded."""
    values = json.loads(view.locator("#data").text_content())

    def decoded(array):
        assert array["kind"] == "exact"
        return np.frombuffer(base64.b64decode(array["data"]), "<f4").reshape(array["shape"])

    return {name: decoded(array) for name, array in values["inner"].items()} | {
        f"attention.{name}": decoded(array) for name, array in values["attention"].items()
    }


@pytest.mark.parametrize("seed", range(3))
def test_the_walks_numbers_can_be_checked_by_hand(opened, maps, seed):
    """Random stations, computed here from the page's data and compared with what it shows."""
    view = opened(maps)
    view.click("#tab-walk")
    arrays, rng = arrays_of(view), np.random.default_rng(seed)
    stack = ("encoder", "decoder")[seed % 2]
    layers, heads, length, _ = arrays[f"attention.{stack}"].shape
    layer, head, token = (int(rng.integers(size)) for size in (layers, heads, length))
    choose(view, "Stack", stack)
    for label, value in (("Layer", layer), ("Head", head), ("Token", token)):
        choose(view, label, str(value))
    for place, which in enumerate(["self"] + ["cross"] * (stack == "decoder")):
        query, key, value = (
            arrays[f"{stack}.{layer}.{which}.{name}"][head] for name in ("query", "key", "value")
        )
        scores = key @ query[token]
        scaled = scores / np.sqrt(len(query[token]))
        causal = stack == "decoder" and which == "self"
        raised = np.exp(scaled - scaled.max()) * (np.arange(len(key)) <= token if causal else 1)
        weights = raised / raised.sum()
        table = (
            view.locator(".stage", has_text="Scores, scale")
            .nth(place)
            .locator("tbody tr")
            .evaluate_all(CELLS)
        )
        np.testing.assert_allclose([float(row[0]) for row in table], scores, atol=2e-3)
        np.testing.assert_allclose([float(row[1]) for row in table], scaled, atol=1e-3)
        np.testing.assert_allclose([float(row[2 + causal]) for row in table], weights, atol=1e-3)
        attention = arrays[f"attention.{'cross' if which == 'cross' else stack}"]
        np.testing.assert_allclose(weights, attention[layer, head, token], atol=1e-5)
        if causal:
            assert [row[2] == "−∞" for row in table] == [number > token for number in range(len(table))]
        brought = view.locator(".stage", has_text="Weighted sum").nth(place).locator("code").inner_text()
        first = [float(each) for each in brought.split(", ")[:8]]
        np.testing.assert_allclose(first, (weights @ value)[:8], atol=1e-3)
    states = view.locator(".stage", has_text="Into the first layer").locator("code").inner_text()
    np.testing.assert_allclose(
        [float(each) for each in states.split(", ")[:8]],
        arrays[f"{stack}.0.self.before"][token][:8],
        atol=1e-3,
    )


def test_the_walk_names_the_paper_and_the_code(opened, maps):
    view = opened(maps)
    view.click("#tab-walk")
    assert view.locator(".stage h4").first.inner_text() == "Tokens"
    assert f"is number {SOURCE.ids[0]}" in view.locator(".stage").first.inner_text()
    choose(view, "Stack", "decoder")
    choose(view, "Layer", str(maps.cross.shape[0] - 1))
    references = view.locator(".stage .reference").all_inner_texts()
    assert len(references) == view.locator(".stage").count() > 12
    for reference in references:
        section, symbol = reference.split(" · ")
        assert section.startswith("§")
        module, _, name = symbol.rpartition(".")
        assert hasattr(importlib.import_module(module), name)
    titles = view.locator(".stage h4").all_inner_texts()
    pre = maps.about.norm == "pre"
    assert ("Add" in titles) == pre == (not any("Add & Norm" in title for title in titles))
    assert any(title.startswith("Final ") for title in titles) == pre
    assert view.locator(".stage math").count() >= 10


def test_a_long_sentence_keeps_the_first_layers_of_its_walk(opened, monkeypatch):
    maps = looked(SOURCE, TARGET)
    unseen = (".heads", ".input")  # which the walk does not show
    whole = sum(array.size for place, array in maps.inner.items() if not place.endswith(unseen))
    monkeypatch.setattr("clearhead.inspection.page._MOST_INNER", whole - 1)
    view = opened(maps)
    view.click("#tab-walk")
    said = view.locator("#walk .note").first.inner_text()
    assert said.startswith("These layers are left out to keep the page small: ")
    layers = len(maps.encoder) + len(maps.decoder)
    shown = 0
    for stack in ("encoder", "decoder"):
        choose(view, "Stack", stack)
        shown += view.locator("#walk .choice:has(> span:text-is('Layer')) option").count()
    assert shown == layers - 1


def test_a_sentence_beyond_all_bounds_has_no_walk_and_says_so(opened, monkeypatch):
    monkeypatch.setattr("clearhead.inspection.page._MOST_INNER", 10)
    view = opened(looked(SOURCE, TARGET))
    view.click("#tab-walk")
    assert "too long to walk through" in view.locator("#walk").inner_text()


def test_one_of_several_sentences_is_chosen(opened):
    others = (
        tokens("\u2581It", "\u2581is", "\u2581blue", "."),
        tokens("\u2581Il", "\u2581est", "\u2581bleu", "."),
    )
    one, two = looked(SOURCE, TARGET), looked(*others)
    stretches = [
        Stretch(source=one.source.text, text=one.target.text, sentence=0, confidence=0.75),
        Stretch(source="\n- ", text="\n- ", translated=False),
        Stretch(source=two.source.text, text=two.target.text, sentence=1, confidence=0.5),
        Stretch(source=" 25 ", text=" 25 ", translated=False),
        Stretch(source="More.", text="Plus."),
    ]
    passage = PassageMaps(sentences=(one, two), stretches=tuple(stretches), notes=("a note",), to="fr")
    assert (len(passage), passage[1], list(passage)) == (2, two, [one, two])
    view = opened(passage)
    assert "a note" in view.locator("header").inner_text()
    badges = view.locator(".sentence .badge").all_inner_texts()
    assert badges == ["0.75", "0.50", "left as it is", "not looked at"]
    assert view.locator("button.sentence").count() == 2
    assert view.locator("#reading .words").first.inner_text() == one.source.text
    view.click("#tab-walk")
    view.keyboard.press("Shift+Tab")  # the list is one stop before the tabs
    view.keyboard.press("ArrowDown")
    view.keyboard.press("Enter")
    assert view.locator("button.sentence[aria-pressed=true] .from").inner_text() == two.source.text
    assert view.locator("#walk").is_visible()  # the tab stays
    assert view.locator("#walk .piece").all_inner_texts() == ["It", "is", "blue", ".", "</s>"]
    view.click("#tab-reading")
    assert view.locator("#reading .words").all_inner_texts() == [two.source.text, two.target.text]
    view.click("#tab-attention")
    np.testing.assert_allclose(shown_table(view), two.cross.mean(axis=(0, 1)), atol=5.1e-4)


def test_many_sentences_share_the_room_of_a_page(monkeypatch):
    maps = looked(SOURCE, TARGET)
    sizes = {}
    for count in (1, 8):
        stretches = (Stretch(source="a", text="b", sentence=number) for number in range(count))
        sizes[count] = len(passage_page(PassageMaps(sentences=(maps,) * count, stretches=tuple(stretches))))
    monkeypatch.setattr("clearhead.inspection.page._MOST_INNER_OF_ALL", 8)
    stretches = tuple(Stretch(source="a", text="b", sentence=number) for number in range(8))
    without = passage_page(PassageMaps(sentences=(maps,) * 8, stretches=stretches))
    assert len(without) < 0.6 * sizes[8]
    assert without.count("too large; a sentence looked at alone has more of them") == 8


def test_the_verdict_tells_how_sure_the_model_is(opened):
    maps = looked(SOURCE, TARGET)
    about = replace(
        maps.about, confidence=0.11, unsure=True, word_confidence=(0.9, 0.3, 0.8, 0.2, 0.1), missing=(2,)
    )
    view = opened(replace(maps, about=about))
    assert view.locator(".verdict").inner_text() == (
        "Confidence 0.11: the model is unsure of this translation. Least sure of: chat, bu. "
        "Perhaps missing from the translation: cat."
    )
    assert view.locator(".verdict.warned").count() == 1
    assert view.locator(".word.unsure").all_inner_texts() == ["chat", "bu"]
    assert view.locator(".word.missed").all_inner_texts() == ["cat"]
    view.locator(".words").nth(1).locator(".word").nth(1).hover()
    assert "“chat” looked at (confidence 0.300)" in view.locator("#reading .said").inner_text()


def test_a_beam_that_ended_in_other_words_is_not_shown(opened):
    maps = looked(SOURCE, TARGET)
    view = opened(replace(maps, about=replace(maps.about, search_text="Autre chose.")))
    view.click("#tab-decoding")
    assert "ended with a different text" in view.locator("#decoding").inner_text()
    assert "Autre chose" not in view.locator("#decoding").inner_text()
    assert view.locator("#decoding .bars").count() == 1


def test_what_was_left_out_is_said(opened, monkeypatch):
    monkeypatch.setattr("clearhead.inspection.page._MOST_MEASURED", 10)
    maps = looked(SOURCE, TARGET)
    view = opened(replace(maps, about=replace(maps.about, unmeasured=("integrated gradients",))))
    said = "Left out for a text of this length: norms of weighted values, integrated gradients."
    for tab in ("reading", "attention"):
        view.click(f"#tab-{tab}")
        assert said in view.locator(f"#{tab}").inner_text()


def test_the_slider_tells_every_step(opened, maps):
    view = opened(maps)
    view.click("#tab-decoding")
    for step, piece in enumerate(["Le", "chat", "noir", "bu", ".", "</s>"]):
        view.locator("#step").fill(str(step))
        said = view.locator(".step > p").first.inner_text()
        assert said == f"Step {step + 1} of 6: “{piece}” with probability {maps.probabilities[step]:.3f}"
        rows = view.locator(".bars").first.locator("tbody tr")
        found = rows.evaluate_all("rows => rows.map(row => row.querySelector('td').textContent)")
        np.testing.assert_allclose(
            [float(p) for p in found], [g.probability for g in maps.guesses[step]], atol=5.1e-4
        )
        assert view.locator(".bars").nth(1).locator("tr.pruned").count() == 1
    assert "which found the same text" in view.locator("#decoding .note").first.inner_text()


def test_everything_is_reached_by_keyboard(opened, maps):
    view = opened(maps)
    focused = "() => document.activeElement.id || document.activeElement.className || document.activeElement.tagName"
    view.keyboard.press("Tab")
    assert view.evaluate(focused) == "tab-reading"
    for expected in ("tab-attention", "tab-walk", "tab-decoding", "tab-reading"):
        view.keyboard.press("ArrowRight")
        assert view.evaluate(focused) == expected
        assert view.locator(f"#{expected.removeprefix('tab-')}").is_visible()
    view.keyboard.press("Tab")  # the panel
    view.keyboard.press("Tab")  # what is read
    view.keyboard.press("Tab")  # in which units
    view.keyboard.press("Tab")  # the first word
    view.keyboard.press("ArrowRight")
    assert view.evaluate("() => document.activeElement.textContent") == "black"
    assert "“black” was looked at by" in view.locator("#reading .said").inner_text()
    view.keyboard.press("Enter")
    assert view.locator(".word[aria-pressed=true]").inner_text() == "black"


def test_something_is_lit_from_the_start_until_escape(opened, maps):
    view = opened(maps)
    best = np.unravel_index(shown_table(view).argmax(), shown_table(view).shape)
    assert view.locator(".word.chosen").inner_text() == ["Le", "chat", "noir", "bu", "."][best[0]]
    assert "looked at" in view.locator("#reading .said").inner_text()
    word = view.locator(".words").nth(1).locator(".word").nth(2)
    word.click()
    assert view.locator(".word[aria-pressed=true]").count() == 1
    view.keyboard.press("Escape")
    assert view.locator(".word[aria-pressed=true], .word.chosen").count() == 0


def test_a_sentence_is_one_stop_of_the_tab_key(opened, maps):
    view = opened(maps)
    for side in (0, 1):
        words = view.locator(".words").nth(side).locator(".word")
        assert words.evaluate_all("all => all.filter(word => word.tabIndex === 0).length") == 1
        words.nth(3).focus()
        assert words.evaluate_all("all => all.findIndex(word => word.tabIndex === 0)") == 3


@pytest.mark.parametrize("left_out", [(), (2,)])
def test_the_reading_does_not_contradict_itself(opened, left_out):
    view = opened(looked(SOURCE, TARGET), left_out=left_out)
    dotted = view.locator(".word.missed").all_inner_texts()
    verdict = view.locator(".verdict").inner_text()
    if dotted:
        assert verdict == f"Perhaps missing from the translation: {', '.join(dotted)}."
    else:
        assert verdict == "No source word seems to be missing."
    assert dotted == ["cat"][: len(left_out)]


NASTY = [
    "\u2581<script>",
    "window.hacked=1",
    "</script>",
    '\u2581"><img',
    "\u2581src=x",
    "\u2581onerror=alert(1)>",
    "\u2028",
    "\u2581שלום",
]


def test_tokens_are_data(opened):
    """Whatever they are: markup stays text, everywhere it is shown."""
    view = opened(looked(tokens(*NASTY), tokens(*reversed(NASTY))))
    for tab in ("reading", "attention", "walk", "decoding"):
        view.click(f"#tab-{tab}")
    assert view.evaluate("() => window.hacked") is None
    assert view.locator("img").count() == 0
    assert view.locator("script").count() == 2
    assert "<script>" in view.locator("#reading .words").first.inner_text()


def test_nothing_but_its_own_script_runs(opened, maps):
    view = opened(maps)
    view.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.hacked = 1';"
        " document.body.append(s); }"
    )
    assert view.evaluate("() => window.hacked") is None
    assert any("Content Security Policy" in fault for fault in view.faults)
    view.faults.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_is_found_by_axe(opened, maps, scheme):
    from axe_playwright_python.sync_playwright import Axe

    view = opened(maps, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")
    for tab in ("reading", "attention", "walk", "decoding"):
        view.click(f"#tab-{tab}")
        found = Axe().run(view).response["violations"]
        serious = [each for each in found if each["impact"] in ("serious", "critical")]
        assert not serious, json.dumps([(each["id"], each["nodes"][0]["html"]) for each in serious], indent=1)


@pytest.mark.parametrize("picture", ["matrix", "arcs"])
def test_what_is_on_the_screen_can_be_saved(opened, maps, picture, tmp_path):
    view = opened(maps)
    view.click("#tab-attention")
    choose(view, "Picture", picture)
    for button, name in (
        ("Save SVG", "attention-cross-layer-mean-head-mean.svg"),
        ("Save PNG", "attention-cross-layer-mean-head-mean.png"),
    ):
        with view.expect_download() as saving:
            view.click(f"text={button}")
        assert saving.value.suggested_filename == name
        saving.value.save_as(tmp_path / name)
    drawn = ElementTree.parse(tmp_path / "attention-cross-layer-mean-head-mean.svg").getroot()
    texts = [each.text for each in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[:3] == ["Le", "chat", "noir"] or {"Le", "chat", "black"} <= set(texts)
    assert (tmp_path / "attention-cross-layer-mean-head-mean.png").read_bytes().startswith(b"\x89PNG")


def test_two_hundred_tokens_stay_usable(opened):
    long = tokens(*(f"\u2581w{number}" for number in range(199)))
    view = opened(looked(long, long))
    view.click("#tab-attention")
    assert view.locator("canvas.matrix").is_visible()
    view.locator("canvas.matrix").hover(position={"x": 30, "y": 30})
    assert "attends to" in view.locator("#attention .said").inner_text()
    assert 10 < view.locator(".painted text").count() < 400  # those labels that have room
    width = view.locator("canvas.matrix").evaluate("canvas => canvas.width")
    view.click("[aria-label='Larger cells']")
    assert view.locator("canvas.matrix").evaluate("canvas => canvas.width") > width
    choose(view, "Picture", "arcs")
    assert "cell" not in view.locator("#attention .said").inner_text()
    assert view.locator(".arc").count() <= 4 * 200
    assert "% of the attention rests on the others" in view.locator("#attention").inner_text()
    view.click("#tab-walk")
    assert view.locator("#walk .stage").count() > 5


def test_a_long_picture_is_saved_with_its_colours(opened, tmp_path):
    """It is drawn for the file only, since a canvas shows it."""
    long = tokens(*(f"\u2581w{number}" for number in range(80)))
    maps = looked(long, long)
    view = opened(maps)
    view.click("#tab-attention")
    with view.expect_download() as saving:
        view.click("text=Save SVG")
    saving.value.save_as(tmp_path / "long.svg")
    drawn = ElementTree.parse(tmp_path / "long.svg").getroot()
    fills = [each.attrib["fill"] for each in drawn.iter("{http://www.w3.org/2000/svg}rect")]
    assert len(fills) == 81 * 81 + 1
    assert all(fill.startswith("rgb(") for fill in fills[1:])
    assert len(set(fills)) > 3


def test_letters_beyond_the_first_plane_are_one_each(opened):
    view = opened(
        looked(
            tokens("\u2581The", "\u2581😀", "\u2581cat", "."), tokens("\u2581Le", "\u2581👍🏽", "\u2581chat")
        )
    )
    found = view.locator(".words").nth(0).locator(".word").all_inner_texts()
    assert found == ["The", "😀", "cat", "."]
    assert view.locator(".words").nth(1).inner_text().split() == ["Le", "👍🏽", "chat"]


def test_subwords_are_read_as_words_are(opened):
    """One step later, where the reader says so."""
    maps = looked(SOURCE, TARGET)
    reader = Reader(heads=((1, 0),), reading="read")
    view = opened(replace(maps, about=replace(maps.about, reader=reader)))
    choose(view, "Units", "pieces")
    np.testing.assert_allclose(shown_table(view)[:-1], maps.cross[1, 0, 1:], atol=5.1e-4)
    assert "when a piece is read" in view.locator("#reading").inner_text()


def test_a_choice_keeps_the_focus(opened, maps):
    view = opened(maps)
    for tab, label, value in (
        ("attention", "Layer", "1"),
        ("walk", "Token", "2"),
        ("reading", "Units", "pieces"),
    ):
        view.click(f"#tab-{tab}")
        select = view.locator(f".panel:not([hidden]) .choice:has(> span:text-is('{label}')) select")
        select.focus()
        select.select_option(value)
        assert view.evaluate("() => document.activeElement.dataset.key") == label
        assert view.evaluate("() => document.activeElement.value") == value


def test_what_is_said_is_what_is_measured(opened, maps):
    view = opened(maps)
    choose(view, "Read from", "integrated")
    view.locator(".words").nth(1).locator(".word").nth(1).hover()
    assert "“chat” owes to" in view.locator("#reading .said").inner_text()
    view.click("#tab-attention")
    choose(view, "Measure", "norms")
    view.locator("rect[data-query='1'][data-key='2']").hover()
    assert "“chat” is brought by “cat”" in view.locator("#attention .said").inner_text()
    assert "norms of weighted values" in view.locator("#attention .spoken caption").inner_text()


def test_maps_say_what_they_are_of_themselves(opened):
    model = small("pre").eval()
    view = opened(record(model, SOURCE, TARGET, start=1, piece=str))
    assert f"d_model {model.config.d_model}" in view.locator(".about").inner_text()
    assert "undefined" not in view.locator("body").inner_text()
    view.click("#tab-decoding")
    assert "given, not searched for" in view.locator("#decoding").inner_text()


def test_a_narrow_page_does_not_overflow(opened, maps):
    view = opened(maps, viewport={"width": 360, "height": 700})
    for tab in ("reading", "attention", "walk", "decoding"):
        view.click(f"#tab-{tab}")
        assert view.evaluate("() => document.documentElement.scrollWidth") <= 360, tab


def test_a_notebook_shows_it_in_a_frame_of_its_own(browser, maps):
    view = browser.new_page()
    view.set_content(f"<h1>A notebook</h1>{frame(page(maps))}")
    inside = view.frames[1]
    inside.wait_for_selector("#tab-reading")
    assert inside.locator(".word").first.inner_text() == "The"
    assert (
        inside.evaluate("() => { try { return parent.document.title } catch (error) { return 'kept out' } }")
        == "kept out"
    )
    assert maps._repr_html_() == frame(page(maps))
    view.close()


def test_a_translation_given_has_no_search(opened):
    maps = looked(SOURCE, TARGET, inner=False)
    view = opened(replace(maps, search=(), about=replace(maps.about, engine=None)))
    view.click("#tab-decoding")
    assert "was given, not searched for" in view.locator("#decoding").inner_text()
    view.click("#tab-walk")
    assert "look again with inner=True" in view.locator("#walk").inner_text()


def test_joined_modules_share_no_names():
    """They become one scope: a name declared twice at the top would be an error, or worse."""
    declared = [
        name
        for module in sorted(MODULES.glob("*.js"))
        for name in re.findall(
            r"^(?:export )?(?:function|const|let|class) (\w+)", module.read_text(), re.MULTILINE
        )
    ]
    assert len(declared) > 20
    assert len(declared) == len(set(declared)), sorted(
        {name for name in declared if declared.count(name) > 1}
    )


def test_the_file_is_small_and_names_no_address(maps):
    text = page(maps)
    assert len(text.encode()) < 3_000_000
    names_of_languages = {"http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML"}
    assert set(re.findall(r"https?://[\w./]+", text)) == names_of_languages
