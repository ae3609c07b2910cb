"""Where sentences end, and where marks end none, by the rules of one language and of four."""

import time
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhead.text.sentences import _segments, split

FOUR = ("de", "en", "es", "fr")

WHOLE = {
    "en": [
        "It starts at 5 p.m. on Friday.",
        "It starts at 5 p. m. on Friday.",
        "Come at 9 a.m. or later.",
        "Mr. Smith came with Mrs. Jones and Dr. Brown.",
        "Take fruit, e.g. this one.",
        "Take fruit, e. g. Apples.",
        "The second, i. e. the last.",
        "The second, i.e. Paris.",
        "London vs. Paris is on.",
        "We live at No. 5 on the left.",
        "See fig. 2 and p. 7 of vol. 3.",
        "See art. 5 there.",
        "About approx. 30 people came.",
        "J. R. R. Tolkien wrote it.",
        "George W. Bush spoke.",
        "I met the U.S. President there.",
        "Version v2.1 is out.",
        "Release 2.1.3 is out.",
        "The host 192.168.0.1 is up.",
        "Visit www.Example.Com now.",
        "Write to Anna.Smith@Example.Com today.",
        "See https://Example.Com/Foo.Bar for more.",
        "Read README.Md and notes.Txt first.",
        "They use ASP.Net and Node.Js here.",
        "It costs 3.50 dollars.",
        "St. Louis is nice.",
    ],
    "fr": [
        "M. Dupont habite au n° 5.",
        "MM. Dupont et Durand sont là.",
        "Mme. Curie est là.",
        "Mlle. Curie est là.",
        "Le Dr. Martin et le Pr. Durand arrivent.",
        "Mgr. Lefort parle.",
        "Il est né en 50 av. J.-C. à Rome.",
        "Il est mort en 14 apr. J.-C. à Nola.",
        "Voir chap. 3 et p. 7.",
        "Voir art. 5 de la loi.",
        "Il habite à St. Malo.",
        "La cathédrale de Ste. Marie.",
        "Le roi, c.-à-d. Louis, est mort.",
        "Prenez p. ex. Paris.",
        "Des pommes, des poires, etc. et du pain.",
        "V. Hugo et C. Perrault l'ont écrit.",
        "Né le 5 janv. 1990 à Lyon.",
        "Cela coûte env. 30 euros.",
        "La réunion est à 5 p.m. vendredi.",
    ],
    "es": [
        "La Sra. López y el Dr. Ruiz viven en EE. UU. desde 1990.",
        "La Sra. López y la Dña. Ana viven en EE.UU. desde 1990.",
        "Hay ciudades, p. ej. Madrid.",
        "Hay ciudades, p.ej. Madrid.",
        "Llegó a las 5 a. m. y se fue.",
        "Llegó a las 5 p.m. en punto.",
        "Ud. tiene razón.",
        "Uds. Son buenos.",
        "Ver pág. 7 del libro.",
        "Ver art. 5 de la ley.",
        "Vive en Av. Juárez con el Lic. Pérez.",
        "D. José vino con el Sr. Gómez.",
        "En el n.º 5 vive Ana.",
        "El 1.º de mayo no hay clase.",
        "Nació en 50 a. C. en Roma.",
        "Trabaja en Cía. Ltda. de Madrid.",
        "El Ing. Ruiz y el Prof. García.",
        "J. L. Borges lo escribió.",
    ],
    "de": [
        "Er kommt am 29. Juli nach Berlin.",
        "Das ist die 3. Frau.",
        "Am 1. Mai und am 3. Oktober ist frei.",
        "Am 3. und 4. Mai ist frei.",
        "Heute ist 3. Mai.",
        "Er wohnt im 2. Stock.",
        "Wir treffen uns am 5. Montag.",
        "Ich mag Obst, z. B. Birnen.",
        "Ich mag Obst, z.B. Birnen.",
        "Das Obst, d. h. Birnen, ist alt.",
        "Sie war u. a. Berlin und Bonn gewohnt.",
        "Das ist i. d. R. Unsinn.",
        "Er wohnt Nr. 7 in St. Gallen.",
        "Siehe Abs. 2 und S. 12 dort.",
        "Es sind ca. 30 Leute.",
        "Es sind ca. Tausend.",
        "Hamburg bzw. Berlin ist schön.",
        "Tee, Kaffee usw. und mehr.",
        "Frau Dr. Müller und Prof. Schmidt kamen.",
        "Anna Schmidt, geb. Müller, kam.",
        "Er starb 44 v. Chr. in Rom.",
        "Das kostet 3 Mio. Euro.",
        "Inkl. Versand kostet es mehr.",
        "Im 14. Jh. war das so.",
        "Siehe Bd. 3 und Tel. 4711 dort.",
        "J. S. Bach schrieb es.",
    ],
}

SPLIT = {
    "en": [
        ("I have a cat.", "He left."),
        ("It is v2.1.", "Then we go."),
        ("It was in 2012.", "Then it ended."),
        ("I have 3.", "He has 4."),
        ("We saw 12.", "The others left."),
        ("Is it you?", "Yes!", "Come in."),
        ('He said "No."', "Then he left."),
        ("He came (yesterday).", "She left."),
        ("Wait...", "What is it?"),
        ("Tom came.", "Mary left."),
        ("We like music.", "It is nice."),
        ("We live in the US.", "It is big."),
        ("Hello.", "My name is Anna."),
        ("It costs $5.", "That is cheap."),
    ],
    "fr": [
        ("Je suis là.", "Il est parti."),
        ("C'est fini.", "À demain."),
        ("Où est-elle ?", "Je ne sais pas."),
        ("J'en ai 3.", "Elle en a 4."),
        ("C'était en 2012.", "Puis tout a changé."),
        ("Oui.", "Non."),
        ("Il a dit : « Oui. »", "Puis il est parti."),
        ("Bonjour !", "Ça va ?", "Moi aussi."),
        ("J'ai 30 ans.", "Et toi ?"),
        ("Marie est là.", "Paul arrive."),
    ],
    "es": [
        ("Estoy aquí.", "Él se fue."),
        ("¿Vienes?", "¡Sí!", "Ya voy."),
        ("Tengo 3.", "Ella tiene 4."),
        ("Fue en 2012.", "Luego todo cambió."),
        ("Hola.", "Me llamo Ana."),
        ("Hasta mañana.", "¡Adiós!"),
        ("Nadó en el río.", "Hacía frío."),
        ("Es tarde.", "María duerme."),
    ],
    "de": [
        ("Es war gut.", "Dann ging er."),
        ("Er ist 29.", "Sie ist 30."),
        ("Er ist 29.", "Tom ist 30."),
        ("Lies Seite 12.", "Kapitel drei ist lang."),
        ("Es war 1998.", "Tom war da."),
        ("Ich habe 3.", "Du hast 4."),
        ("Kommst du?", "Ja!", "Ich komme."),
        ("Das ist gut.", "Tom kommt."),
        ("Guten Tag.", "Ich heiße Paul."),
        ("Er sagte: „Nein.“", "Dann ging er."),
        ("Ich wohne hier.", "Über mir wohnt Anna."),
    ],
}

TEXTS = [(code, text) for code, texts in WHOLE.items() for text in texts]
PAIRS = [(code, parts) for code, texts in SPLIT.items() for parts in texts]


def found(text: str, languages) -> list[str]:
    return [span.text for span in split(text, languages) if span.is_sentence]


def test_the_tables_are_long_enough():
    assert len(TEXTS) >= 60
    assert len(PAIRS) >= 40


@pytest.mark.parametrize(("code", "text"), TEXTS)
def test_what_is_one_sentence(code, text):
    for languages in (code, [code], FOUR, FOUR[::-1], (f"{code}-XX",)):
        assert found(text, languages) == [text], languages


@pytest.mark.parametrize(("code", "parts"), PAIRS)
def test_what_is_several(code, parts):
    text = " ".join(parts)
    for languages in (code, [code], FOUR, FOUR[::-1]):
        assert found(text, languages) == list(parts), languages


@pytest.mark.parametrize("code", FOUR)
def test_texts_of_many_sentences(code):
    """Where each of the sentences above stands between two others."""
    for text in WHOLE[code]:
        first, last = SPLIT[code][0][0], SPLIT[code][0][1]
        for languages in (code, FOUR):
            assert found(f"{first} {text} {last}", languages) == [first, text, last]


@pytest.mark.parametrize(
    ("text", "languages", "count"),
    [
        ("I have 3. Dogs are nice.", FOUR, 2),  # clearly not German
        ("J'en ai 3. Paul en a 4.", FOUR, 2),
        ("Tengo 3. Ana tiene 4.", FOUR, 2),
        ("Das ist der 3. Hund.", FOUR, 1),
        ("29. Juli", FOUR, 1),  # nothing tells
        ("I have 3. Dogs are nice.", ("en", "fr"), 2),  # no German
        ("Am 29. Juli war ich da.", ("en", "fr"), 2),
        ("Es war 123. Frau Müller kam.", "de", 2),  # three digits count, they do not order
        ("Am 29. Juli war ich da. On the 30. I was not.", FOUR, 2),
    ],
)
def test_a_german_ordinal_is_one_where_the_text_may_be_german(text, languages, count):
    assert len(found(text, languages)) == count


FRAGMENTS = [
    *(text for _, text in TEXTS),
    *(part for _, parts in PAIRS for part in parts),
    "3.",
    "A.",
    "x.Y",
    "»",
    "?",
]


@given(
    st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=4), max_size=8).map(" ".join),
    st.lists(st.sampled_from([*FOUR, "ja", "xx", ""]), min_size=1, max_size=4),
)
def test_several_languages_split_nothing_that_one_of_them_would_not(text, languages):
    def ends(codes) -> set[int]:
        """Return the places of all ends, those too beyond which there is no sentence."""
        return set(accumulate(map(len, _segments(text, tuple(codes)))))

    united = ends(languages)
    assert max(united) == len(text)
    for code in languages:
        if code != "de":  # German alone takes every text for German, and its numbers for ordinals
            assert united <= ends([code])
    assert united == ends(languages[::-1])
    assert united == ends([*languages, *languages])


def test_no_languages_are_the_general_rules():
    assert found("One. Two.", ()) == ["One.", "Two."]


@pytest.mark.parametrize("text", ["()", "[ ]", "---", "!?", "«»", "🙂", "…", "- -"])
def test_what_has_no_letter_and_no_digit_is_no_sentence(text):
    for languages in (*FOUR, FOUR):
        assert found(text, languages) == []
        assert found(f"A line\n{text}\nAnother", languages) == ["A line", "Another"]


def test_a_long_line_takes_time_in_proportion():
    def seconds(count: int) -> float:
        text = "Er kam am 3. Mai, z. B. um 5. Sie ging. " * count
        start = time.perf_counter()
        assert len(split(text, FOUR)) > count
        return time.perf_counter() - start

    seconds(100)
    assert seconds(8000) < 40 * max(seconds(800), 0.005)
