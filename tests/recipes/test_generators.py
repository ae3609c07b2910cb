"""Generators of synthetic text: numbers are said right in four languages, and rows are sound."""

import importlib
import re
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

RECIPE = Path(__file__).parents[2] / "recipes" / "default-model"
sys.path.insert(0, str(RECIPE))
generators = importlib.import_module("generators")
english, french, spanish, german, frames, values, lexicon = (
    importlib.import_module(f"generators.{name}")
    for name in ("english", "french", "spanish", "german", "frames", "values", "lexicon")
)

CARDINALS = """
0|zero|zéro|cero|null
1|one|un|uno|eins
7|seven|sept|siete|sieben
11|eleven|onze|once|elf
12|twelve|douze|doce|zwölf
15|fifteen|quinze|quince|fünfzehn
16|sixteen|seize|dieciséis|sechzehn
17|seventeen|dix-sept|diecisiete|siebzehn
20|twenty|vingt|veinte|zwanzig
21|twenty-one|vingt et un|veintiuno|einundzwanzig
22|twenty-two|vingt-deux|veintidós|zweiundzwanzig
23|twenty-three|vingt-trois|veintitrés|dreiundzwanzig
26|twenty-six|vingt-six|veintiséis|sechsundzwanzig
30|thirty|trente|treinta|dreißig
31|thirty-one|trente et un|treinta y uno|einunddreißig
40|forty|quarante|cuarenta|vierzig
58|fifty-eight|cinquante-huit|cincuenta y ocho|achtundfünfzig
60|sixty|soixante|sesenta|sechzig
70|seventy|soixante-dix|setenta|siebzig
71|seventy-one|soixante et onze|setenta y uno|einundsiebzig
77|seventy-seven|soixante-dix-sept|setenta y siete|siebenundsiebzig
80|eighty|quatre-vingts|ochenta|achtzig
81|eighty-one|quatre-vingt-un|ochenta y uno|einundachtzig
90|ninety|quatre-vingt-dix|noventa|neunzig
91|ninety-one|quatre-vingt-onze|noventa y uno|einundneunzig
99|ninety-nine|quatre-vingt-dix-neuf|noventa y nueve|neunundneunzig
100|one hundred|cent|cien|hundert
101|one hundred and one|cent un|ciento uno|hunderteins
116|one hundred and sixteen|cent seize|ciento dieciséis|hundertsechzehn
200|two hundred|deux cents|doscientos|zweihundert
305|three hundred and five|trois cent cinq|trescientos cinco|dreihundertfünf
500|five hundred|cinq cents|quinientos|fünfhundert
521|five hundred and twenty-one|cinq cent vingt et un|quinientos veintiuno|fünfhunderteinundzwanzig
777|seven hundred and seventy-seven|sept cent soixante-dix-sept|setecientos setenta y siete|siebenhundertsiebenundsiebzig
980|nine hundred and eighty|neuf cent quatre-vingts|novecientos ochenta|neunhundertachtzig
1000|one thousand|mille|mil|tausend
1001|one thousand and one|mille un|mil uno|tausendeins
1100|one thousand one hundred|mille cent|mil cien|tausendeinhundert
2000|two thousand|deux mille|dos mil|zweitausend
2166|two thousand one hundred and sixty-six|deux mille cent soixante-six|dos mil ciento sesenta y seis|zweitausendeinhundertsechsundsechzig
12500|twelve thousand five hundred|douze mille cinq cents|doce mil quinientos|zwölftausendfünfhundert
21000|twenty-one thousand|vingt et un mille|veintiún mil|einundzwanzigtausend
80000|eighty thousand|quatre-vingt mille|ochenta mil|achtzigtausend
100000|one hundred thousand|cent mille|cien mil|hunderttausend
101000|one hundred and one thousand|cent un mille|ciento un mil|hunderteintausend
200200|two hundred thousand two hundred|deux cent mille deux cents|doscientos mil doscientos|zweihunderttausendzweihundert
999999|nine hundred and ninety-nine thousand nine hundred and ninety-nine|neuf cent quatre-vingt-dix-neuf mille neuf cent quatre-vingt-dix-neuf|novecientos noventa y nueve mil novecientos noventa y nueve|neunhundertneunundneunzigtausendneunhundertneunundneunzig
1000000|one million|un million|un millón|eine Million
2000000|two million|deux millions|dos millones|zwei Millionen
21000000|twenty-one million|vingt et un millions|veintiún millones|einundzwanzig Millionen
80000000|eighty million|quatre-vingts millions|ochenta millones|achtzig Millionen
200000000|two hundred million|deux cents millions|doscientos millones|zweihundert Millionen
1250000|one million two hundred and fifty thousand|un million deux cent cinquante mille|un millón doscientos cincuenta mil|eine Million zweihundertfünfzigtausend
2000003|two million and three|deux millions trois|dos millones tres|zwei Millionen drei
"""  # noqa: E501

BEFORE_NOUNS = [
    (french, 1, "f", "une"),
    (french, 21, "f", "vingt et une"),
    (french, 21, "m", "vingt et un"),
    (french, 81, "f", "quatre-vingt-une"),
    (french, 301, "f", "trois cent une"),
    (spanish, 1, "m", "un"),
    (spanish, 1, "f", "una"),
    (spanish, 21, "m", "veintiún"),
    (spanish, 21, "f", "veintiuna"),
    (spanish, 31, "m", "treinta y un"),
    (spanish, 31, "f", "treinta y una"),
    (spanish, 100, "f", "cien"),
    (spanish, 200, "f", "doscientas"),
    (spanish, 521, "f", "quinientas veintiuna"),
    (spanish, 101, "m", "ciento un"),
    (spanish, 200_000, "f", "doscientas mil"),
    (spanish, 231_500, "f", "doscientas treinta y un mil quinientas"),
    (spanish, 21_000, "f", "veintiún mil"),
    (german, 1, "m", "ein"),
    (german, 1, "f", "eine"),
    (german, 1, "m.acc", "einen"),
    (german, 1, "m.dat", "einem"),
    (german, 1, "f.dat", "einer"),
    (german, 21, "f", "einundzwanzig"),
]

ORDINALS = """
1|first|1st|premier|1er|primer|1.er|erste
2|second|2nd|deuxième|2e|segundo|2.º|zweite
3|third|3rd|troisième|3e|tercer|3.er|dritte
4|fourth|4th|quatrième|4e|cuarto|4.º|vierte
5|fifth|5th|cinquième|5e|quinto|5.º|fünfte
7|seventh|7th|septième|7e|séptimo|7.º|siebte
8|eighth|8th|huitième|8e|octavo|8.º|achte
9|ninth|9th|neuvième|9e|noveno|9.º|neunte
10|tenth|10th|dixième|10e|décimo|10.º|zehnte
11|eleventh|11th|onzième|11e|undécimo|11.º|elfte
12|twelfth|12th|douzième|12e|duodécimo|12.º|zwölfte
13|thirteenth|13th|treizième|13e|decimotercer|13.er|dreizehnte
19|nineteenth|19th|dix-neuvième|19e|decimonoveno|19.º|neunzehnte
20|twentieth|20th|vingtième|20e|vigésimo|20.º|zwanzigste
21|twenty-first|21st|vingt et unième|21e|vigesimoprimer|21.er|einundzwanzigste
22|twenty-second|22nd|vingt-deuxième|22e|vigesimosegundo|22.º|zweiundzwanzigste
23|twenty-third|23rd|vingt-troisième|23e|vigesimotercer|23.er|dreiundzwanzigste
30|thirtieth|30th|trentième|30e|trigésimo|30.º|dreißigste
31|thirty-first|31st|trente et unième|31e|trigésimo primer|31.er|einunddreißigste
40|fortieth|40th|quarantième|40e|cuadragésimo|40.º|vierzigste
80|eightieth|80th|quatre-vingtième|80e|octogésimo|80.º|achtzigste
99|ninety-ninth|99th|quatre-vingt-dix-neuvième|99e|nonagésimo noveno|99.º|neunundneunzigste
100|hundredth|100th|centième|100e|centésimo|100.º|hundertste
"""

CLOCKS = """
3:00|three o'clock|trois heures|las tres|drei Uhr
1:00|one o'clock|une heure|la una|ein Uhr
3:05|five past three|trois heures cinq|las tres y cinco|fünf nach drei
1:10|ten past one|une heure dix|la una y diez|zehn nach eins
3:15|quarter past three|trois heures et quart|las tres y cuarto|Viertel nach drei
3:20|twenty past three|trois heures vingt|las tres y veinte|zwanzig nach drei
3:25|twenty-five past three|trois heures vingt-cinq|las tres y veinticinco|fünf vor halb vier
3:30|half past three|trois heures et demie|las tres y media|halb vier
12:30|half past twelve|midi et demi|las doce y media|halb eins
3:35|twenty-five to four|quatre heures moins vingt-cinq|las cuatro menos veinticinco|fünf nach halb vier
12:40|twenty to one|une heure moins vingt|la una menos veinte|zwanzig vor eins
3:45|quarter to four|quatre heures moins le quart|las cuatro menos cuarto|Viertel vor vier
3:50|ten to four|quatre heures moins dix|las cuatro menos diez|zehn vor vier
11:55|five to twelve|midi moins cinq|las doce menos cinco|fünf vor zwölf
"""

YEARS = """
1998|nineteen ninety-eight|mille neuf cent quatre-vingt-dix-huit|mil novecientos noventa y ocho|neunzehnhundertachtundneunzig
1905|nineteen oh five|mille neuf cent cinq|mil novecientos cinco|neunzehnhundertfünf
1900|nineteen hundred|mille neuf cents|mil novecientos|neunzehnhundert
2000|two thousand|deux mille|dos mil|zweitausend
2005|two thousand and five|deux mille cinq|dos mil cinco|zweitausendfünf
2024|twenty twenty-four|deux mille vingt-quatre|dos mil veinticuatro|zweitausendvierundzwanzig
1492|fourteen ninety-two|mille quatre cent quatre-vingt-douze|mil cuatrocientos noventa y dos|vierzehnhundertzweiundneunzig
"""  # noqa: E501


def table(text):
    return [line.split("|") for line in text.strip().splitlines()]


@pytest.mark.parametrize("row", table(CARDINALS), ids=lambda row: row[0])
def test_cardinals(row):
    number = int(row[0])
    assert [language.cardinal(number) for language in (english, french, spanish, german)] == row[1:]


@pytest.mark.parametrize(("language", "number", "gender", "said"), BEFORE_NOUNS)
def test_numbers_agree_with_nouns(language, number, gender, said):
    assert language.cardinal(number, gender) == said


@pytest.mark.parametrize("row", table(ORDINALS), ids=lambda row: row[0])
def test_ordinals(row):
    number, before = int(row[0]), ("m", "b")
    found = [english.ordinal(number), english.short_ordinal(number)]
    found += [french.ordinal(number, before), french.short_ordinal(number, before)]
    found += [
        spanish.ordinal(number, before),
        spanish.short_ordinal(number, before),
        german.ordinal(number, ("e",)),
    ]
    assert found == row[1:]
    assert german.short_ordinal(number) == f"{number}."


def test_ordinals_agree():
    assert french.ordinal(1, ("f",)) == "première"
    assert french.short_ordinal(1, ("f",)) == "1re"
    assert spanish.ordinal(1, ("m",)) == "primero"
    assert spanish.ordinal(3, ("f", "b")) == "tercera"
    assert spanish.ordinal(21, ("f",)) == "vigesimoprimera"
    assert spanish.ordinal(32, ("f",)) == "trigésima segunda"
    assert spanish.short_ordinal(3, ("f",)) == "3.ª"
    assert german.ordinal(3, ("en",)) == "dritten"
    assert german.ordinal(101, ("er",)) == "hunderterster"
    assert german.ordinal(8, ("stem",)) == "acht"


@pytest.mark.parametrize("row", table(CLOCKS), ids=lambda row: row[0])
def test_clock(row):
    hour, minute = map(int, row[0].split(":"))
    assert [language.clock(hour, minute) for language in (english, french, spanish, german)] == row[1:]


@pytest.mark.parametrize("row", table(YEARS), ids=lambda row: row[0])
def test_years(row):
    assert [language.year(int(row[0])) for language in (english, french, spanish, german)] == row[1:]


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (12_500, ["12,500", "12 500", "12.500", "12.500"]),
        (Decimal("3.5"), ["3.5", "3,5", "3,5", "3,5"]),
        (Decimal("1234.50"), ["1,234.50", "1 234,50", "1.234,50", "1.234,50"]),
        (7, ["7"] * 4),
    ],
)
def test_digits(number, written):
    assert [language.digits(number) for language in (english, french, spanish, german)] == written


def test_money_and_parts_of_the_day():
    assert [language.money("5,99", "€") for language in (english, french, spanish, german)] == [
        *("€5,99", "5,99 €", "5,99 €", "5,99 €")
    ]
    assert [language.part_of_day(17) for language in (english, french, spanish, german)] == [
        *("5 p.m.", "17 heures", "las 5 de la tarde", "17 Uhr")
    ]
    assert spanish.part_of_day(13) == "la 1 de la tarde"
    assert spanish.part_of_day(21) == "las 9 de la noche"
    assert english.part_of_day(12) == "12 p.m."


@pytest.mark.parametrize(
    ("language", "word", "following", "said"),
    [
        (french, "de", "Anna", "d'Anna"),
        (french, "de", "Hélène", "d'Hélène"),
        (french, "de", "huile", "d'huile"),
        (french, "de", "huit jours", "de huit jours"),
        (french, "de", "onze jours", "de onze jours"),
        (french, "de", "une heure", "d'une heure"),
        (french, "que", "Inès", "qu'Inès"),
        (french, "de", "œufs", "d'œufs"),
        (french, "de", "Hambourg", "de Hambourg"),
        (spanish, "y", "Inés", "e Inés"),
        (spanish, "y", "Íñigo", "e Íñigo"),
        (spanish, "y", "Ana", "y Ana"),
        (spanish, "y", "Hiroshi", "e Hiroshi"),
        (spanish, "y", "hielo", "y hielo"),
        (spanish, "o", "ocho", "u ocho"),
        (spanish, "o", "8", "u 8"),
        (spanish, "o", "80", "u 80"),
        (spanish, "o", "11", "u 11"),
        (spanish, "o", "110", "o 110"),
        (spanish, "o", "Olivia", "u Olivia"),
        (english, "of", "Anna", "of Anna"),
    ],
)
def test_joints(language, word, following, said):
    assert language.linked(word, following) == said


def test_counted_nouns_agree():
    def counted(number, noun, *forms, words=True):
        others = {"x": lexicon.nouns()[noun][0]}
        amount = values.Number(number, words)
        return [
            amount.say(frames.LANGUAGES[code], code, ("x", *(forms if code == "de" else ())), others)
            for code in lexicon.CODES
        ]

    assert counted(1, "chair", "acc") == ["one chair", "une chaise", "una silla", "einen Stuhl"]
    assert counted(21, "year") == [
        "twenty-one years",
        "vingt et un ans",
        "veintiún años",
        "einundzwanzig Jahre",
    ]
    assert counted(200, "chair")[1:3] == ["deux cents chaises", "doscientas sillas"]
    assert counted(3, "day", "dat")[3] == "drei Tagen"
    assert counted(1, "week", "dat")[3] == "einer Woche"
    assert counted(1, "student", "acc")[3] == "einen Studenten"
    assert counted(0, "error", words=False) == ["0 errors", "0 erreur", "0 errores", "0 Fehler"]
    assert counted(Decimal("1.5"), "euro", words=False) == ["1.5 euros", "1,5 euro", "1,5 euros", "1,5 Euro"]


def test_every_number_has_its_own_words():
    for language in (english, french, spanish, german):
        numbers = [*range(2000), *range(2000, 3_000_000, 997)]
        assert len({language.cardinal(number) for number in numbers}) == len(numbers)


def test_a_dot_is_not_doubled_at_the_end():
    block = ": k=king\n‹k›.\n‹k›.\n‹k›.\n`cd ..` und ‹k›."
    said = frames.fill(frames.parse(block), Random(1), words=False)[3]
    assert said.startswith("`cd ..` und ")
    assert re.search(r"[IVX]\.$", said)


def test_rows_are_the_same_for_a_seed():
    assert list(generators.lines(3, 300)) == list(generators.lines(3, 300))
    assert list(generators.lines(3, 300)) != list(generators.lines(4, 300))


DRILLS = tuple((name, words, 1) for name, words in generators.DRILLS.items())


@pytest.mark.parametrize("kinds", [generators.KINDS, DRILLS], ids=["kinds", "drills"])
def test_rows_are_clean(kinds):
    for row in generators.lines(1, 20_000 if kinds is generators.KINDS else 5_000, kinds):
        for text in row:
            assert text
            assert text == text.strip()
            assert not re.search(r"\s\s|[‹›‿\t\n]", text), row
            assert text.isprintable()


@pytest.mark.parametrize(
    "name",
    [
        "counts",
        "numbers",
        "ordinals",
        "dates",
        "amounts",
        "measures",
        "codes",
        "programs",
        "names",
        "symbols",
    ],
)
def test_digits_are_the_same_on_all_sides(name):
    # Latin centuries and the thousand million of Spanish are no digits; hours of the day stand in `clock` alone.
    draws = Random(5)
    for frame in frames.frames(name):
        if any(
            "roman" in part.forms for side in frame.sides for part in side if isinstance(part, frames.Slot)
        ):
            continue
        for _ in range(20):
            sides = frames.fill(frame, draws, words=False)
            assert len({tuple(sorted(Counter(re.findall(r"\d", side)).items())) for side in sides}) == 1, (
                sides
            )


@pytest.mark.parametrize("name", sorted({*(name for name, _, _ in generators.KINDS), *generators.DRILLS}))
def test_frames_use_their_variables_in_every_language(name):
    # Forms may leave a word out where a language has another way to say it, but never a whole variable.
    for frame in frames.frames(name):
        for side in frame.sides:
            slots = [part for part in side if isinstance(part, frames.Slot)]
            used = {slot.variable for slot in slots} | {form for slot in slots for form in slot.forms}
            named = {variable for variable, _ in frame.variables}
            assert {slot.variable for slot in slots} <= named, frame
            missing = named - used
            assert all(is_scaffold(frame, variable) for variable in missing), (frame, missing)


def is_scaffold(frame, variable):
    """Tell whether a variable is there for another one, such as the summand of a sum or the noun of an age."""
    domains = dict(frame.variables)
    return domains[variable] == "noun:year" or any(
        variable in re.split(r"[+*]", domain) for domain in domains.values()
    )


def test_codes_and_placeholders_come_through():
    codes = r"\{\{? ?\w+ ?\}?\}|%\d*\$?\w\b|https?://[^\s.]+\.\S+|[\w.-]+@[\w.]+|<[^>]+>|`[^`]+`|[@#]\w+|\[\[\w+\]\]"
    pattern = re.compile(codes)
    draws = Random(6)
    for name in ("codes", "programs"):
        for frame in frames.frames(name):
            sides = frames.fill(frame, draws, words=False)
            found = [Counter(found.rstrip(".,!?:") for found in pattern.findall(side)) for side in sides]
            if "<" in sides[0] and name == "programs" and "&lt;" not in sides[0]:
                found = [
                    Counter({key: n for key, n in side.items() if key.startswith("</")}) for side in found
                ]
            assert all(side == found[0] for side in found), sides


def test_a_word_said_again_and_again_comes_as_often_on_every_side():
    for row in generators.lines(4, 500, (("repeats", False, 1),)):
        bare = [side for side in row if re.fullmatch(r"[^.!?]+", side)]
        assert len(bare) in (0, 4), row
        assert len({side.count(", ") for side in bare}) <= 1, row


def test_half_hours_are_those_of_the_clock():
    said = set(generators.lines(4, 3_000, (("hours", True, 1),)))
    halves = {row[0]: row[1:] for row in said if row[0].startswith("half past")}
    assert len(halves) == 12
    assert halves["half past three"] == ("trois heures et demie", "las tres y media", "halb vier")
    assert halves["half past twelve"] == ("midi et demi", "las doce y media", "halb eins")
