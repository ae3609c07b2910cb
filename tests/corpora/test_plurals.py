"""Plural forms of gettext: the rules of many languages, what is no rule, and which texts are paired."""

import gettext

import pytest

from clearhead.config import CorpusConfig
from clearhead.corpora.corpus import read_pairs
from clearhead.corpora.plurals import parse
from clearhead.corpora.po import NO_RULE

RULES = {
    "ja": ("nplurals=1; plural=0;", 0, (0,)),
    "en": ("nplurals=2; plural=(n != 1);", 0, (1,)),
    "fr": ("nplurals=2; plural=n > 1", 0, (1,)),
    "lv": ("nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n != 0 ? 1 : 2);", 0, (1,)),
    "ru": (
        "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);",
        0,
        (1, 2),
    ),
    "pl": ("nplurals=3; plural=n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2;", 0, (1, 2)),
    "sl": ("nplurals=4; plural=(n%100==1 ? 0 : n%100==2 ? 1 : n%100==3 || n%100==4 ? 2 : 3);", 0, (1, 2, 3)),
    "sl old": (
        "nplurals=4; plural=(n%100==1 ? 1 : n%100==2 ? 2 : n%100==3 || n%100==4 ? 3 : 0);",
        1,
        (0, 2, 3),
    ),
    "he": ("nplurals=4; plural=(n==1 ? 0 : n==2 ? 1 : n>10 && n%10==0 ? 2 : 3);", 0, (2, 3)),
    "ga": ("nplurals=5; plural=n==1 ? 0 : n==2 ? 1 : n<7 ? 2 : n<11 ? 3 : 4;", 0, (2, 3, 4)),
    "ar": (
        "nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5;",
        1,
        (3, 4, 5),
    ),
    "odd": ("nplurals = 2 ;  plural = !(n == 1) * 1 + 0 - 0", 0, (1,)),
    "not": ("nplurals=2; plural=!!n;", 1, (0,)),
    "divided": ("nplurals=2; plural=n && 10 / n > 4;", 1, (0,)),
}


@pytest.mark.parametrize("language", RULES)
def test_rules_say_what_gettext_says(language):
    header, one, many = RULES[language]
    rule = parse(header)
    assert (rule.one, rule.many) == (one, many)
    theirs = gettext.c2py(header.partition("plural=")[2].rstrip(";") or header.rpartition("plural =")[2])
    if language != "divided":  # the library divides by nothing where C does not come to it
        assert [rule.form(n) for n in range(300)] == [theirs(n) for n in range(300)]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nplurals=2",
        "nplurals=INTEGER; plural=EXPRESSION;",
        "nplurals=2; plural=n != ;",
        "nplurals=2; plural=(n != 1;",
        "nplurals=2; plural=n != 1);",
        "nplurals=2; plural=n ? 1;",
        "nplurals=2; plural=n = 1;",
        "nplurals=2; plural=n 1;",
        "nplurals=2; plural=m != 1;",
        "nplurals=2; plural=__import__('os');",
        "nplurals=2; plural=n;",
        "nplurals=2; plural=0 - 1;",
        "nplurals=2; plural=1 / n;",
        "nplurals=2; plural=n % 0;",
        "nplurals=2; plural=" + "(" * 60 + "n" + ")" * 60 + " != 1;",
        "nplurals=2; plural=" + "n*" * 600 + "0;",
        "nplurals=2; plural=" + "!" * 900 + "n" + "+0" * 300 + ";",
    ],
)
def test_what_is_no_rule(header):
    with pytest.raises(ValueError, match=r"\w"):
        parse(header)


def catalogue(path, header, forms, *, messages=("%d apple", "%d apples")):
    lines = ['msgid ""', 'msgstr ""', '"Content-Type: text/plain; charset=UTF-8\\n"']
    lines += [f'"Plural-Forms: {header}\\n"'] if header else []
    lines += ["", f'msgid "{messages[0]}"', f'msgid_plural "{messages[1]}"']
    lines += [f'msgstr[{number}] "{form}"' for number, form in enumerate(forms)]
    path.write_text("\n".join([*lines, "", 'msgid "Quit"', 'msgstr "Ende"', ""]))
    notes = []
    return list(read_pairs(CorpusConfig(source=str(path)), notes.append)), notes


@pytest.mark.parametrize("language", RULES)
def test_texts_of_the_same_number_are_paired(tmp_path, language):
    header, one, many = RULES[language]
    count = int(header.replace(" ", "")[len("nplurals=")])
    pairs, notes = catalogue(tmp_path / "a.po", header, [f"form {n}" for n in range(count)])
    expected = [
        ("%d apple", f"form {one}"),
        *(("%d apples", f"form {form}") for form in many),
        ("Quit", "Ende"),
    ]
    assert [(pair.src, pair.tgt) for pair in pairs] == expected
    assert notes == []


def test_a_form_that_is_not_there_is_an_empty_side(tmp_path):
    pairs, _ = catalogue(tmp_path / "a.po", RULES["pl"][0], ["jablko", "jablka"])
    assert [(pair.src, pair.tgt) for pair in pairs[:3]] == [
        ("%d apple", "jablko"),
        ("%d apples", "jablka"),
        ("%d apples", ""),
    ]


@pytest.mark.parametrize("header", ["", "nplurals=2; plural=n !;", "nplurals=INTEGER; plural=EXPRESSION;"])
def test_a_header_that_is_missing_or_broken_is_told_of(tmp_path, header):
    for forms, expected in (
        (["a", "b"], [("%d apple", "a"), ("%d apples", "b")]),
        (["a"], [("%d apple", "a"), ("%d apples", "a")]),
    ):
        pairs, (note,) = catalogue(tmp_path / "a.po", header, forms)
        assert [(pair.src, pair.tgt) for pair in pairs[:-1]] == expected
        assert ("cannot be used" if header else "it has no Plural-Forms header") in note
    pairs, (note,) = catalogue(tmp_path / "a.po", header, ["a", "b", "c"])
    assert [pair.fault for pair in pairs] == [NO_RULE, ""]
    assert "entries with plurals are left out" in note
    assert "\n" not in note
    pairs, (note,) = catalogue(tmp_path / "a.po", RULES["en"][0], ["a", "b", "c"])
    assert pairs[0].fault == NO_RULE
    assert "it declares 2 forms, but there are 3" in note
