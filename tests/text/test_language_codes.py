"""Language codes: one language, however it is written, and never two as one."""

from itertools import combinations, permutations

import pytest

from clearhead.text.language_codes import canonical, find, known, same


@pytest.mark.parametrize(
    "codes",
    [
        ("en", "EN", "eng", "ENG", "en-US", "en_US", "en-us"),
        ("de", "ger", "deu", "DE", "de-AT"),
        ("fr", "fre", "fra", "fr_CA"),
        ("zh", "zho", "chi", "cmn", "zh-Hans", "zh_CN", "zh-hans-cn"),
        ("he", "iw", "heb"),
        ("no", "nb", "nob"),
        ("sr", "srp", "sr-Latn"),
        ("es", "spa", "es-419"),
        ("xx", "XX", "xx-YY"),
    ],
)
def test_ways_to_write_one_language(codes):
    for one, other in permutations(codes, 2):
        assert same(one, other), (one, other)
        assert find(one, ["qq", other, "q"]) == other


@pytest.mark.parametrize(
    "codes",
    [
        ("zh-Hans", "zh-Hant"),
        ("zh-CN", "zh-TW", "yue"),
        ("zh-Hans", "zh-HK"),
        ("sr-Latn", "sr-Cyrl"),
        ("pt-BR", "pt-PT"),
        ("en-US", "en_GB"),
        ("en", "fr", "es", "et", "enm", "e", ""),
        ("nn", "nb"),
        ("ca", "ca-valencia"),
        ("x1", "x2"),
    ],
)
def test_different_languages_stay_apart(codes):
    for one, other in combinations(codes, 2):
        assert not same(one, other), (one, other)
        assert find(one, [other]) is None


def test_the_closest_is_found():
    assert find("en", ["en-GB", "en", "en-US"]) == "en"
    assert find("en-US", ["en", "en_us", "en-GB"]) == "en_us"
    assert find("EN", ["en-GB", "en-US"]) == "en-GB"
    assert find("zh", ["zh-Hans", "zh-TW"]) is None
    assert find("zh", ["zh-Hans", "zh", "zh-TW"]) == "zh"
    assert find("zh", ["en", "zh_CN", "zh-Hans"]) == "zh-Hans"
    assert find("zh-TW", ["zh", "zh-Hant", "zh-Hans"]) == "zh-Hant"


@pytest.mark.parametrize(
    ("code", "usual"),
    [
        ("EN", "en"),
        ("eng", "en"),
        ("en_us", "en-US"),
        ("ZH-hant_tw", "zh-Hant-TW"),
        ("ger", "de"),
        ("xx", "xx"),
        ("Digits", "Digits"),
        ("", ""),
        ("ca-valencia", "ca-valencia"),
    ],
)
def test_the_usual_form(code, usual):
    assert canonical(code) == usual
    assert canonical(usual) == usual
    assert known(code) == (code not in ("xx", "Digits", ""))
