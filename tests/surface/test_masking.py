"""What was carried comes back as it was, wherever its symbol went; nothing else is touched."""

import time
from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearhead.surface.carried import find
from clearhead.surface.masking import lost_digits, mask, mask_pair, restored
from clearhead.text.normalize import normalize
from clearhead.text.symbols import ALL_SYMBOLS, EACH, KIND_OF, KINDS, SYMBOLS
from tests.surface.test_carried import FOUND, LATIN, NOT_FOUND

WORDS = (  # noqa: SIM905
    "the house was built in spring le château n'a pas été vendu l'ami où la casa está aquí señor mañana das Haus "
    "wurde größer über Straße well-known va-et-vient and/or"
).split()
MARKS = [
    ".",
    ",",
    "!",
    "?",
    " ?",
    ":",
    ";",
    "…",
    "...",
    " - ",
    "–",
    "(",
    ")",
    '"',
    "«",
    "»",
    "'",
    "’",
    "/",
    "¿",
    "",
    "",
]
STRANGE = [
    "Ωmega",
    "школа",
    "日本語",
    "שלום",
    "مرحبا",
    "😀",
    "👍🏽",
    "\ue100",
    "\ue1f0",
    "\ue107x",
    "Łódź",
    "\uf8ff",
    "𝕏",
    "ⓐ",
]
CARRIED = [text for texts in FOUND.values() for text in texts]
PIECES = [*WORDS, *MARKS, *STRANGE, *CARRIED, *NOT_FOUND]
TEXTS = st.lists(
    st.tuples(st.sampled_from(PIECES) | st.text(max_size=4), st.sampled_from(["", " "])), max_size=14
).map(lambda parts: normalize("".join(piece + space for piece, space in parts)))


def check_round_trip(text, kinds=KINDS, draws=None):
    masked = mask(text, kinds, LATIN, draws=draws)
    spread = normalize(masked.text)  # as a vocabulary gets it
    for translation in (masked.text, spread):
        back = restored(translation, masked)
        assert back.text == text
        assert back.missing == back.doubled == ()
    mine = [each for each in masked.text if each in KIND_OF]
    assert mine == [each.symbol for each in masked.placed]  # a symbol that was typed is none
    assert "  " not in masked.text


@settings(max_examples=300)
@given(TEXTS)
def test_every_text_comes_back(text):
    check_round_trip(text)


def test_ten_thousand_texts_come_back():
    draws = Random(7)
    for _ in range(10_000):
        parts = draws.choices(PIECES, k=draws.randint(1, 9))
        text = normalize("".join(part + draws.choice(["", " ", " "]) for part in parts))
        check_round_trip(text, draws=draws)


@settings(max_examples=200)
@given(TEXTS, st.randoms())
def test_what_is_carried_stands_once_wherever_it_goes(text, random):
    masked = mask(text, KINDS, LATIN)
    pieces = [each.symbol for each in masked.placed] + random.choices(["la", "casa", "und"], k=4)
    random.shuffle(pieces)
    back = restored(" ".join(pieces), masked)
    assert back.missing == back.doubled == ()
    assert Counter(back.text.replace(" ", "")) == Counter(
        "".join(each.carried.text for each in masked.placed).replace(" ", "")
        + "".join(piece for piece in pieces if piece not in KIND_OF)
    )
    for each in masked.placed:
        assert each.carried.text in back.text


@given(TEXTS, st.sets(st.sampled_from(KINDS)))
def test_other_kinds_are_left_alone(text, kinds):
    found = find(text, LATIN)
    masked = mask(text, kinds, LATIN)
    assert restored(masked.text, masked).text == text
    for each in masked.placed:
        assert each.carried.kind in kinds
        assert each.carried in found or not KIND_OF.keys().isdisjoint(each.carried.text)
    assert sum(each.kind in kinds for each in found) <= len(masked.placed)
    if kinds:
        assert sum(each in KIND_OF for each in masked.text) == len(masked.placed)


@pytest.mark.parametrize("symbol", ALL_SYMBOLS[::7])
def test_a_symbol_that_someone_types_is_text(symbol):
    text = f"Hello {symbol}, {{name}} and {symbol}{symbol} 1998"
    for learned in (None, LATIN):
        for kinds in (KINDS, ("thing",), ("mark",)):
            masked = mask(text, kinds, learned)
            assert restored(masked.text, masked).text == text
            assert sum(each in KIND_OF for each in masked.text) == len(masked.placed)


def test_symbols_are_taken_in_order_and_again():
    masked = mask(" ".join(f"{{a{n}}}" for n in range(EACH + 3)), KINDS)
    assert [each.symbol for each in masked.placed] == [*SYMBOLS["thing"], *SYMBOLS["thing"][:3]]
    drawn = mask(" ".join(f"{{a{n}}}" for n in range(EACH)), KINDS, draws=Random(3))
    symbols = [each.symbol for each in drawn.placed]
    assert sorted(symbols) == list(SYMBOLS["thing"]) != symbols


def test_what_is_lost_or_doubled_is_told():
    masked = mask("Hi {a} and {b}", KINDS)
    one, two = SYMBOLS["thing"][:2]
    back = restored(f"Hola {one} {one} {SYMBOLS['mark'][0]}", masked)
    assert (back.text, back.missing, back.doubled) == ("Hola {a} {a} ", ("{b}",), ("{a}",))
    assert restored(f"{two}{one}", masked).text == "{b}{a}"
    assert restored(f"Hi {SYMBOLS['date'][0]}", mask("Hi", KINDS)).text == "Hi "


def test_spaces_go_with_their_symbol():
    masked = mask("<b>Hello</b> Tom", KINDS)
    opening, closing = SYMBOLS["opening"][0], SYMBOLS["closing"][0]
    assert masked.text == f"{opening} Hello {closing} Tom"
    assert restored(f"Tom, {opening} hola {closing}", masked).text == "Tom, <b>hola</b>"


@settings(max_examples=200)
@given(TEXTS, TEXTS, st.randoms())
def test_a_pair_gets_the_same_symbols_and_nothing_else_changes(src, tgt, random):
    if any(each in KIND_OF for each in src + tgt):
        return
    masked = mask_pair(src, tgt, KINDS, LATIN, random)
    used = [Counter(each for each in side if each in KIND_OF) for side in masked]
    assert used[0] == used[1]
    for before, after in zip((src, tgt), masked, strict=True):
        rest = iter(before.replace(" ", ""))
        assert all(each in rest for each in after.replace(" ", "") if each not in KIND_OF)
        if not used[0]:
            assert before == after


@pytest.mark.parametrize(
    ("src", "tgt", "expected"),
    [
        ("Hi {a}!", "¡Hola {a}!", ("Hi {thing}!", "¡Hola {thing}!")),
        ("It costs €1,250.50", "Es kostet 1.250,50 €", ("It costs {amount}", "Es kostet {amount}")),
        ("in 1998", "im Jahr 1998", ("in {year}", "im Jahr {year}")),
        ("at 5 p.m.", "um 17 Uhr", ("at 5 p.m.", "um 17 Uhr")),
        ("It is 12.50", "Es ist 12", ("It is 12.50", "Es ist 12")),
        ("12 dogs", "12.50 Hunde", ("12 dogs", "12.50 Hunde")),
        ("Hi {a} {a}", "Hola {a}", ("Hi {thing} {a}", "Hola {thing}")),
        ("<b>x</b>", "<b>y</b>", ("{opening} x {closing}", "{opening} y {closing}")),
        ("Call @ann", "Ruf Ann", ("Call @ann", "Ruf Ann")),
    ],
)
def test_pairs_for_training(src, tgt, expected):
    named = [
        text.replace("{a}", "\0").format(**{kind: SYMBOLS[kind][0] for kind in KINDS}).replace("\0", "{a}")
        for text in expected
    ]
    assert list(mask_pair(src, tgt, KINDS)) == named


def test_figures_are_written_for_the_target():
    masked = mask("It costs €1,250.50 for 1,500.25 in 1998.", KINDS)
    assert restored(masked.text, masked, "de", "en").text == "It costs 1.250,50 € for 1.500,25 in 1998."
    assert restored(masked.text, masked, "en", "en").text == "It costs €1,250.50 for 1,500.25 in 1998."


def test_lost_digits():
    assert lost_digits("1,250 of 7", "1.250 von 7") == []
    assert lost_digits("7 of 7", "7") == ["7"]
    assert lost_digits("page 12", "Seite 13") == ["12"]
    assert lost_digits("1250 cars", "1,250 autos") == lost_digits("1,250 cars", "1250 autos") == []
    assert lost_digits("1,250,000.5", "1 250 000,5") == []
    assert lost_digits("in 2012 250", "250 in 2012") == []
    assert lost_digits("12 and 7 and 12", "7") == ["12", "12"]


def test_a_long_row_of_equal_figures_takes_no_time():
    src, tgt = "12 {a} 日 " * 3_000, "12.5 {a} 12 日 " * 3_000
    started = time.process_time()
    masked = mask_pair(src, tgt, KINDS, LATIN)
    assert time.process_time() - started < 10
    assert "12 " not in masked[0]
    assert masked[1].count("12.5") == 3_000
