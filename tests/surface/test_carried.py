"""What must come through is found, with its kind; ordinary words, ordinals and marks are not."""

# ruff: noqa: SIM905, RUF005 - long lists are read best as words

import time
from collections import Counter
from itertools import pairwise

import pytest

from clearhead.surface.carried import find, key
from clearhead.text.symbols import ALL_SYMBOLS, KINDS

LATIN = frozenset(map(chr, range(0x20, 0x180))) | set("–—‘’“”„…€¿¡«»")

# Each stands in a sentence, from a space to a space or mark.
FOUND = {
    "thing": (
        # placeholders
        "{name} {0} {} {user.name} {count:d} {{name}} {{user.name}} ${HOME} ${user} #{id} [[link]] {%-if-%} <%=x%> "
        "%{count} %NAME% %(name)s %(count)d %1$s %2$d %s %d %i %.2f %05d %ld %@ $USER $total "
        # markup
        "<br> <br/> <hr> <img/> <!--note--> &nbsp; &amp; &#39; &#x2F; "
        # addresses
        "https://example.com http://a.b/c?d=e&f=1 https://www.boe.es/buscar/act.php?id=BOE-A-1978 www.spiegel.de "
        "ftp://ftp.gnu.org/pub/ tom@example.org mailto:info@firma.de jean-luc.dupont@mairie-lyon.fr example.com "
        "wikipedia.org/wiki/Berlin sub.domain.co.uk localhost.local:8080/x clearhead.dev example.com.br "
        # paths and files
        "C:\\Users\\Anna\\file.txt /etc/hosts ~/notes.md ./run.sh ../data/x.csv /usr/bin/ report.pdf notes.final.docx "
        "src/main.py images/2024/cat.jpeg --verbose --output=x.txt main.go Übersicht.xlsx "
        # network, versions, codes, phones, cards
        "192.168.0.1 10.1.20.5 127.0.0.1:8000 10.0.0.0/8 2001:db8:0:1:1:1:1:1 fe80::1 00:1A:2B:3C:4D:5E v2 v1.2.3 "
        "1.10.3 v2.0-beta.1 2.0.1-rc1 +33612345678 +15551234567 06.12.34.56.78 555-123-4567 "
        "030/1234567 978-3-16-148410-0 4111-1111-1111-1111 A4 B12 PSZ-1126 iPhone15 H2O MP3 COVID-19 utf-8 3D 4K "
        "BX-2041-C ISO-8859-1 user_name MAX_VALUE snake_case_name userName getElementById print() obj.method() "
        "`x` `git` *** ==== ~~~ ###### __"
    ).split()
    + [
        "`git commit -m`",
        "{{ user name }}",
        "<!-- a note -->",
        '<img src="x.png">',
        "+33 6 12 34 56 78",
        "+49 (0) 170 1234567",
        "+1-800-555-0199",
        "+34 600 12 34 56",
        "(555) 123-4567",
        "06 12 34 56 78",
        "0171 1234567",
        "4111 1111 1111 1111",
    ],
    "word": "@anna @jean_luc @user.name #news #Paris2024 #über @a #año2025 #1 @_x aaaa zzzzzz".split(),
    "mark": [":smile:", ":+1:", ":heart_eyes:", ":de:", "😀", "👩\u200d👩\u200d👧", "❤\ufe0f", "👍🏽", "♞", "→→"],
    "opening": "<b> <i> <strong> <span> <p> <h1> <div>".split()
    + ['<a href="https://example.com">', '<span class="x y">', "<g id='1'>"],
    "closing": "</b> </i> </strong> </span> </a> </p> </h1> </div> </x:y>".split(),
    "number": (
        "12 250 1,250 1.250 12.5 12,5 3.14 1,250.75 1.250,75 1'250 1’250’000 -12 +15 −40 -0.5 100000 3-4 5–10 24/7 "
        "1914–1918 1/2 1.234.567 1.234.567,89 1,234,567.89 1.234.567.890 007 2500"
    ).split()
    + ["1 250", "1 250 000,5", "1\u202f250", "12\u00a0500", "10 – 20"],
    "year": "1998 2024 1789 1492 2001 1100 2099 1945".split(),
    "amount": (
        "$5 €12 £1,250.75 $1.5M $10k US$20 -$5 5€ 12,50€ 100% 3.5% 5‰ 20°C 90° €1.250 ¥500 EUR5 2.5kg 1,5l 3.5km/h "
        "½ 2½ ⅛ 5'10\" +150€ -20%"
    ).split()
    + ["12,50 €", "50 %", "20 °C", "1 250 €", "EUR 5", "12 CHF", "1.234.567,89 €", "$ 10"],
    "time": "12:30 9:05 23:59:59 00:00:01,500 14h30 8h05 3:16 0:45 5pm".split()
    + ["5:30 pm", "11 PM"],
    "date": (
        "2024-01-31 31/12/2024 12/31/24 31.12.2024 1.2.24 2024-01-31T12:30 2024-01-31T12:30:05Z 3-4-2024 01/02/2003"
    ).split()
    + ["31. 12. 2024", "2024-01-31 12:30"],
}  # fmt: skip

NOT_FOUND = """
It's Tom's dog, and they're John's friends' cats.|He said: "Don't!"|C'est-à-dire qu'aujourd'hui l'ami d'Anna vient.
L'été, c'est l'heure d'aller à la plage.|Das geht's nicht, was gibt's?|the well-known twenty-one-year-old
Jean-Luc Picard|Marie-Claire und Hans-Peter|arc-en-ciel|un va-et-vient|E-Mail und U-Bahn|T-shirt|self-made - really
He came — late – and left.|Wait... what?|Wait…|No!!!|What?!|¿Qué?!|¡Hola!|Hm... no...|e.g. this|i.e. that|z.B. heute
z. B. morgen|d.h. nie|p. ej. esto|p.m.|a.m.|um 5 am Bahnhof|av. J.-C.|J.-C.|M. Dupont|Mr. Smith|Dr. Müller
Sra. López|etc.|usw.|U.S.|EE. UU.|the 3rd of May|the 21st century|2nd|4th|le 3e|le 1er mai|2ème|la 1re fois
21e siècle|3.º|1.ª|21.º|3.ª planta|am 3. Mai|der 1. April|the 1990s|1980s|the '90s|die 1990er|90er Jahre|mid-1990s
and/or|he/she|und/oder|y/o|et/ou|km/h|s/he|AC/DC|No. 5|number 7|7 apples|only 3|1, 2, 3|a) first|x = y|a + b
one & two|R&B|"quoted"|'quoted'|«cité»|„Zitat“|(in brackets)|[door opens]|He has 5: one.|Note: this|Re: hello
What is 2?|e-mail|vice versa|O'Brien|McDonald|iPhone|YouTube|NASA|USA|eBay|WWW|IBM|ÖBB|Ms. A. B. Smith|A. Einstein
state-of-the-art|rock 'n' roll|Wait--no|Aha - so|1990's|haha|aaa|hmm|zoo|Wait...5 dogs|über-5|5x|10px|20km
100kg|10am|2x4|5ème|C# is nice|F major|100th|die 68er|mi-août|pre-war|x-ray|one percent of the time
""".strip().replace("\n", "|").split("|")  # fmt: skip

FRAMES = ["{}", "We saw {} here.", "({})", "Hier ist {}, oder?", "« {} »", "C'est {} !", "¿{}?", "{}. Fin"]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_found_where_people_write_it(kind):
    texts = FOUND[kind]
    assert len(texts) >= 8
    wrong = []
    for text in texts:
        for frame in FRAMES:
            whole = frame.replace("{}", text)
            found = [(each.text, each.kind) for each in find(whole, LATIN)]
            if found != [(text, kind)]:
                wrong.append((whole, found))
    assert not wrong


def test_there_are_enough_examples():
    assert sum(map(len, FOUND.values())) >= 150
    assert len(NOT_FOUND) >= 80


def test_ordinary_words_marks_and_ordinals_are_left_to_the_model():
    wrong = [(text, find(text, LATIN)) for text in NOT_FOUND if find(text, LATIN)]
    assert not wrong


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<b>Hello</b> {name}!", ["<b>", "</b>", "{name}"]),
        ("Python 3.10 and version 4.2", ["3.10", "4.2"]),
        ("$5-10", ["$5", "10"]),
        ("12:30pm", ["12:30pm"]),
        ("am 31.12. kommt er", ["31.12."]),
        ("um 12.30 Uhr", ["12.30"]),
        ("See https://example.com/a_(b), or (www.b.de).", ["https://example.com/a_(b", "www.b.de"]),
        ("请看https://example.com。", ["https://example.com"]),
        ("<a><b>12%d", ["<a>", "<b>", "12"]),
        ("Open notes.txt.", ["notes.txt"]),
        ("-v --x=5.", ["--x=5"]),
        ("Łódź-based and Łukasz's l'Ωmega", []),
    ],
)
def test_stretches_end_where_they_should(text, found):
    assert [each.text for each in find(text)] == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Łódź-based", ["Łódź"]),
        ("Łukasz's house", ["Łukasz"]),
        ("d'Łódź", ["Łódź"]),
        ("Jean-Łukasz", ["Łukasz"]),
        ("Мар'яна", ["Мар'яна"]),
        ("'Ωmega'", ["Ωmega"]),
        ("نمی‌خواهم ok", ["نمی‌خواهم"]),
        ("“😀” …😀…", ["😀", "😀"]),
        ("1️⃣ and #️⃣", ["1️⃣", "#️⃣"]),
        ("a😀b", ["😀"]),
        ("日本語 is nice", ["日本語"]),
        ("{Ω} Ω", ["Ω", "Ω"]),
        ("`Ω x` Ω", ["`Ω x`", "Ω"]),
        ("a\ue100b", ["\ue100"]),
    ],
)
def test_what_was_not_learned_is_carried_and_no_more(text, found):
    learned = frozenset(map(chr, range(0x20, 0x7F))) | set("“”…")
    assert [each.text for each in find(text, learned)] == found


@pytest.mark.parametrize("symbol", ALL_SYMBOLS[::9])
def test_a_symbol_in_a_text_is_always_carried(symbol):
    for learned in (None, LATIN):
        assert [each.text for each in find(f"a {symbol} b", learned)] == [symbol]


def test_figures_have_the_key_of_their_digits():
    def keys(*texts):
        return {key(each) for text in texts for each in find(text)}

    assert len(keys("1,250.75", "1.250,75", "1 250,75", "1'250.75")) == 1
    assert len(keys("12,50 €", "€12.50", "12.50€")) == 1
    assert len(keys("−12", "-12")) == 1
    assert len(keys("12", "-12", "12%", "$12")) == 4
    assert len(keys("A4", "A5")) == 2


# Each is repeated to 10,000 characters.
HOSTILE = (
    ["-", "/", "<a ", "7", "a.", "0 0 0 ", ":a", "<!--", "a", "A", "_", "a-", "a/", "a_", "0.", "0,", "0-", "0'"]
    + ["1 000 ", "+1", "+11111", "(0) ", "@", "a@", "@a", "#a", "&", "%", "{", "{{", "${", "[[", "`", "\\", "~/", "./"]
    + ["--a", "v1.", "a:", "0:", "::", "°", "5 €", "!", "'", "ü-", "é.", "😀", "😀a", "<a>", "</a", "😀<a>", "a.b/"]
    + ["aA", "www.", "http://", "a+", "0h", "1/", "1–", "1 – ", "5'5", "97", "978-", "0000 ", "00 ", "(00", "\ue100"]
    + ["-5", "A-", "A1-", "%(a", "<%", "<b ", "a=", "a:\\", "-/<a 7a.0 0 0 :a", "é😀", "a'", "Ω-", "Ω'"]
)  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
def test_no_text_takes_long(unit):
    text = (unit * 10_000)[:10_000]
    for whole in (text, text + "\n", "x" + text + "!"):
        began = time.perf_counter()
        find(whole, LATIN)
        assert time.perf_counter() - began < 2


def test_stretches_are_in_order_and_apart():
    text = "; ".join(each for texts in FOUND.values() for each in texts)
    found = find(text, LATIN)
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert all(text[each.start : each.end] == each.text for each in found)
    assert Counter(each.kind for each in found).keys() == set(KINDS)
