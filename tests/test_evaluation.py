"""BLEU, chrF and their significance are sacreBLEU's own; buckets and warnings are ours."""

import os
import random
import unicodedata

import pytest
import sacrebleu
from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.significance import PairedTest

from clearhead.errors import ConfigError, DataError
from clearhead.evaluation import (
    FrequencyBucket,
    bleu,
    by_frequency,
    by_length,
    chrf,
    protocol_warnings,
    resolved,
    sentence_chrf,
    significance,
    words,
)

HYPOTHESES = ["the cat sat on the mat .", "A dog runs, fast."]
REFERENCES = ["the cat sat on a mat .", "A dog is running fast."]


@pytest.mark.parametrize(("tokenize", "lowercase"), [("13a", False), ("none", False), ("13a", True)])
def test_bleu_is_sacrebleus(tokenize, lowercase):
    expected = sacrebleu.corpus_bleu(HYPOTHESES, [REFERENCES], tokenize=tokenize, lowercase=lowercase)
    score = bleu(HYPOTHESES, REFERENCES, tokenize=tokenize, lowercase=lowercase)
    assert score.value == expected.score
    assert f"tok:{tokenize}" in score.signature
    assert f"case:{'lc' if lowercase else 'mixed'}" in score.signature
    assert f"version:{sacrebleu.__version__}" in score.signature


def test_chrf_is_sacrebleus():
    score = chrf(HYPOTHESES, REFERENCES)
    assert score.value == sacrebleu.corpus_chrf(HYPOTHESES, [REFERENCES]).score
    assert "nc:6" in score.signature


def test_sentence_chrf_is_sacrebleus():
    each = [sacrebleu.sentence_chrf(h, [r]).score for h, r in zip(HYPOTHESES, REFERENCES, strict=True)]
    assert sentence_chrf(HYPOTHESES, REFERENCES) == each
    assert sentence_chrf(["ABC"], ["abc"], lowercase=True) == [100]


def test_perfect_is_100():
    assert bleu(REFERENCES, REFERENCES).value == pytest.approx(100)


def test_what_cannot_be_scored():
    with pytest.raises(DataError, match="2 translations but 1 references"):
        bleu(HYPOTHESES, REFERENCES[:1])
    with pytest.raises(DataError, match="nothing to score"):
        chrf([], [])
    with pytest.raises(ConfigError, match="'14a'"):
        bleu(HYPOTHESES, REFERENCES, tokenize="14a")


ENGLISH = [f"The {animal} sat on a mat, then it ran." for animal in ("cat", "dog", "cow", "hen", "fox")]
FRENCH = ["Viens-tu demain ?", "Le chat dort, dit-il.", "Attention !", "Il pleut ; je reste.", "Oui, merci."]


def tokenised(lines):
    return [line.replace(",", " ,").replace(".", " .").replace("?", " ?") for line in lines]


def noisy(lines, share, seed=1):
    """Replace a share of the words by one that is never right."""
    draw = random.Random(seed)
    return [" ".join("x" if draw.random() < share else word for word in line.split()) for line in lines]


LINES = [
    f"line {number} is about {thing} and its {part}"
    for number, (thing, part) in enumerate(zip("abcdefgh" * 15, "ijklm" * 24, strict=True))
]


def test_significance_is_sacrebleus(monkeypatch):
    a, b = noisy(LINES, 0.3), noisy(LINES, 0.28, seed=2)
    monkeypatch.setenv("SACREBLEU_SEED", "99")
    _, expected = PairedTest(
        [("A", a), ("B", b)],
        {"BLEU": BLEU(force=True), "chrF": CHRF()},
        [LINES],
        test_type="bs",
        n_samples=200,
    )()
    monkeypatch.setenv("SACREBLEU_SEED", "5")
    for test, theirs in zip(
        significance(a, b, LINES, samples=200, seed=99), (expected["BLEU"], expected["chrF2"]), strict=True
    ):
        assert (test.a.value, test.b.value) == (theirs[0].score, theirs[1].score)
        assert test.p_value == theirs[1].p_value
        assert test.b_interval == pytest.approx(
            (theirs[1].mean - theirs[1].ci, theirs[1].mean + theirs[1].ci)
        )
        assert test.difference == test.b.value - test.a.value
        assert "bs:200|seed:99|" in test.a.signature
    assert os.environ["SACREBLEU_SEED"] == "5"
    assert significance(a, b, LINES, samples=200, seed=98)[0] != significance(a, b, LINES, samples=200)[0]


def test_what_is_equal_does_not_differ():
    system = noisy(LINES, 0.3)
    for test in significance(system, list(system), LINES, samples=100):
        assert (test.difference, test.p_value) == (0, 1)
        assert test.a_interval == test.b_interval
        assert test.a_interval[0] < test.a.value < test.a_interval[1]


def test_what_cannot_be_tested():
    with pytest.raises(ConfigError, match="10 samples are too few"):
        significance(LINES, LINES, LINES, samples=10)
    with pytest.raises(ConfigError, match=r"seed must be .* got 0"):  # which sacreBLEU takes for none
        significance(LINES, LINES, LINES, seed=0)
    with pytest.raises(DataError, match="119 translations but 120 references"):
        significance(LINES, LINES[1:], LINES)


def test_words_are_those_of_bleu():
    assert list(words(["A dog, fast."])) == [["A", "dog", ",", "fast", "."]]
    assert list(words(["A dog, fast."], tokenize="none", lowercase=True)) == [["a", "dog,", "fast."]]


def test_by_length_at_the_edges():
    counts = [0, 1, 5, 6, 10, 11, 15, 16, 20, 21, 30, 31, 50, 51, 80]
    references = [" ".join("w" * count) for count in counts]
    buckets = by_length(references, references)
    assert [(bucket.words, bucket.sentences) for bucket in buckets] == [
        ("0", 1),
        *((words, 2) for words in ("1-5", "6-10", "11-15", "16-20", "21-30", "31-50", "51+")),
    ]
    assert all(bucket.bleu == pytest.approx(100) for bucket in buckets[1:])


def test_by_length_scores_each_bucket_by_itself():
    short, long = by_length(["yes", "no no no no no no no"], ["yes", "a b c d e f g"])
    assert (short.words, short.bleu, short.chrf) == (
        "1-5",
        pytest.approx(100),
        100,
    )  # though it has no 4-gram
    assert (long.words, long.bleu, long.chrf) == ("6-10", 0, 0)


def test_by_frequency_clips_in_each_sentence():
    # "b" is given twice where one is right, and not at all where one is due: one match of two and two.
    buckets = {
        bucket.frequency: bucket
        for bucket in by_frequency(["a b b", "a z"], ["a b", "a b"], {"a": 1000, "b": 4, "c": 1})
    }
    assert list(buckets) == ["0", "1", "2-4", "5-9", "10-99", "100-999", "1000+"]
    assert buckets["2-4"] == FrequencyBucket("2-4", 2, 2, 1, 0.5)
    assert buckets["1000+"] == FrequencyBucket("1000+", 2, 2, 2, 1.0)
    assert buckets["0"] == FrequencyBucket("0", 0, 1, 0, 0.0)
    assert buckets["1"] == FrequencyBucket("1", 0, 0, 0, 0.0)


@pytest.mark.parametrize(
    ("frequency", "bucket"), [(1, 1), (2, 2), (4, 2), (5, 3), (9, 3), (10, 4), (99, 4), (100, 5), (999, 5)]
)
def test_by_frequency_at_the_edges(frequency, bucket):
    found = by_frequency(["w"], ["w"], {"w": frequency})
    assert [each.matched for each in found].index(1) == bucket


@pytest.mark.parametrize(
    "lines", [ENGLISH, FRENCH, ["你好。", "谢谢，再见。"], ["", ""], ["Press &amp; hold <b>"]]
)
def test_text_in_one_plain_form_is_no_matter(lines):
    tokenize = resolved("auto", lines)
    assert protocol_warnings(lines, lines, tokenize=tokenize) == ()
    assert protocol_warnings([lines[0], *([""] * (len(lines) - 1))], lines, tokenize=tokenize) == ()


def test_french_spaces_are_not_tokenisation():
    assert protocol_warnings(ENGLISH, FRENCH) == ()
    assert len(protocol_warnings(ENGLISH, tokenised(FRENCH))) == 1


@pytest.mark.parametrize(
    "lines",
    [
        tokenised(ENGLISH),
        ["The dog &apos;s bone"],
        ["A well @-@ known dog"],
        ["It is the dog 's"],
        ["We do n't"],
    ],
)
def test_tokenised_references(lines):
    (warning,) = protocol_warnings(lines, lines)
    assert "tokenised already (100%" in warning
    assert "give --tokenize none" in warning
    assert protocol_warnings(lines, lines, tokenize="none") == ()


def test_untokenised_references_with_tokenize_none():
    (warning,) = protocol_warnings(ENGLISH, ENGLISH, tokenize="none")
    assert "do not look tokenised (0%" in warning
    assert "give --tokenize 13a" in warning


@pytest.mark.parametrize("tokenize", ["13a", "none"])
def test_one_side_tokenised(tokenize):
    (warning,) = protocol_warnings(ENGLISH, tokenised(ENGLISH), tokenize=tokenize)
    assert warning.startswith("the references look tokenised (100%")
    assert "the translations do not" in warning
    (warning,) = protocol_warnings(tokenised(ENGLISH), ENGLISH, tokenize=tokenize)
    assert warning.startswith("the translations look tokenised")


def test_one_side_lower_case():
    lower = [line.lower() for line in ENGLISH]
    (warning,) = protocol_warnings(ENGLISH, lower)
    assert warning.startswith("100% of the lines of the translations have capitals, 0% of the references")
    assert "give --lowercase" in warning
    (warning,) = protocol_warnings(lower, ENGLISH)
    assert warning.startswith("100% of the lines of the references have capitals")
    assert protocol_warnings(lower, ENGLISH, lowercase=True) == ()


def test_both_sides_in_lower_case():
    lower = [line.lower() for line in ENGLISH]
    (warning,) = protocol_warnings(lower, lower)
    assert warning.startswith("neither side has a capital")
    assert "case:mixed" in bleu(lower, lower).signature  # as it says
    assert "case:lc" in bleu(lower, lower, lowercase=True).signature
    assert protocol_warnings(lower, lower, lowercase=True) == ()
    for uncased in (["12", "7"], ["你好。"]):
        assert protocol_warnings(uncased, uncased, tokenize="zh") == ()


UNSEEN = {
    "decomposed": lambda line: unicodedata.normalize("NFD", line),
    "zero-width space": lambda line: line.replace(" ", " \u200b"),
    "word joiner": lambda line: line.replace("-", "-\u2060"),
    "soft hyphen": lambda line: line.replace("a", "a\u00ad"),
    "byte order mark": lambda line: f"\ufeff{line}",
    "joiner": lambda line: line.replace("e", "e\u200d"),
    "writing direction": lambda line: f"{line}\u200e",
    "full-width marks": lambda line: line.replace(",", "\uff0c").replace("?", "\uff1f"),
    "full-width letters": lambda line: line.replace("o", "\uff4f"),
    "ligature": lambda line: line.replace("fi", "\ufb01"),
}
ACCENTED = [
    "Déjà là, mon élève ?",
    "À la fin, la forêt, dit-il, l'a élevé.",
    "Ça alors, voilà. Où dors-tu ?",
] * 3


@pytest.mark.parametrize("kind", UNSEEN)
@pytest.mark.parametrize("tokenize", ["13a", "intl"])
def test_differences_that_nobody_sees(kind, tokenize):
    """They cost BLEU, are told in one line whichever side has them, and are gone when both sides have one form."""
    other = [UNSEEN[kind](line) for line in ACCENTED]
    assert other != ACCENTED
    assert bleu(ACCENTED, other, tokenize=tokenize).value < 99
    for hypotheses, references in ((ACCENTED, other), (other, ACCENTED)):
        (warning,) = protocol_warnings(hypotheses, references, tokenize=tokenize)
        assert "differ from the references in " in warning
        assert "\n" not in warning
    assert protocol_warnings(other, other, tokenize=tokenize) == ()
    worse = [
        line.replace("la", "zut").replace("mon", "x") for line in ACCENTED
    ]  # in one form with its references
    in_other = [UNSEEN[kind](line) for line in worse]
    assert protocol_warnings(worse, ACCENTED, tokenize=tokenize) == ()
    assert protocol_warnings(in_other, other, tokenize=tokenize) == ()


@pytest.mark.parametrize("space", ["\u00a0", "\u202f", "\u2009", "\u3000"])
def test_kinds_of_spaces_do_not_count(space):
    """sacreBLEU parts words at each of them, so there is nothing to warn of."""
    other = [line.replace(" ", space) for line in ACCENTED]
    assert bleu(ACCENTED, other).value == pytest.approx(100)
    assert chrf(ACCENTED, other).value == pytest.approx(100)
    assert protocol_warnings(ACCENTED, other) == ()


def test_a_line_in_a_thousand_is_no_matter():
    assert protocol_warnings(ACCENTED * 40, [f"\u200b{ACCENTED[0]}", *(ACCENTED * 40)[1:]]) == ()


UNSPACED = {
    "zh": ("zh", ["我昨天去了图书馆。", "你好", "今天天气很好，我们去公园吧。"]),
    "zh-TW": ("zh", ["我昨天去了圖書館。", "你好", "今天天氣很好，我們去公園吧。"]),
    "ja": ("char", ["私は昨日図書館に行きました。", "こんにちは", "公園へ行きましょう。"]),
    "th": ("char", ["ฉันไปห้องสมุดเมื่อวานนี้", "สวัสดีครับ", "วันนี้อากาศดี"]),
    "lo": ("char", ["ຂ້ອຍໄປຫ້ອງສະໝຸດ", "ສະບາຍດີ", "ມື້ນີ້ອາກາດດີ"]),
    "km": ("char", ["ខ្ញុំទៅបណ្ណាល័យ", "សួស្តី", "ថ្ងៃនេះអាកាសធាតុល្អ"]),
    "my": ("char", ["ကျွန်တော်စာကြည့်တိုက်သွားတယ်", "မင်္ဂလာပါ", "ဒီနေ့ရာသီဥတုကောင်းတယ်"]),
}


@pytest.mark.parametrize("language", UNSPACED)
def test_words_that_no_space_parts(language):
    """What is perfect has a BLEU of 100, whether or not the language is told; 13a has 0, and is warned of."""
    expected, lines = UNSPACED[language]
    assert resolved("auto", lines, language) == resolved("auto", lines) == expected
    assert bleu(lines, lines, tokenize=expected).value == pytest.approx(100)
    assert bleu(lines, lines, tokenize="13a").value == 0
    assert protocol_warnings(lines, lines, tokenize=expected) == ()
    for given in ("13a", "intl", "none"):
        (warning,) = protocol_warnings(lines, lines, tokenize=given)
        assert f"give --tokenize {expected}" in warning
        assert resolved(given, lines, language) == given


def test_what_the_language_says_and_what_the_letters():
    assert resolved("auto", ["図書館", "昨日"], "ja") == "char"  # letters of Chinese, too
    assert resolved("auto", ["Wi-Fi に 接続", "API キー"], "ja") == "char"
    assert resolved("auto", ["Wǒ qù le túshūguǎn."], "zh-Latn") == "13a"
    assert resolved("auto", ["나는 어제 도서관에 갔다."], "ko") == "13a"  # which has spaces
    assert resolved("auto", ENGLISH, "en") == resolved("auto", [""]) == "13a"


def test_characters_counted_where_there_are_words():
    (warning,) = protocol_warnings(ENGLISH, ENGLISH, tokenize="char")
    assert "give --tokenize 13a" in warning
    assert protocol_warnings(["我 昨天 去 了 图书馆 。"], ["我 昨天 去 了 图书馆 。"], tokenize="none") == ()
    (warning,) = protocol_warnings(*[UNSPACED["th"][1]] * 2, tokenize="zh")
    assert "give --tokenize char" in warning


def test_blank_sides():
    (warning,) = protocol_warnings(ENGLISH, ["", *ENGLISH[1:]])
    assert warning.startswith("1 of 5 references are blank")
    (warning,) = protocol_warnings([" "] * 5, ENGLISH)
    assert warning.startswith("none of the translations has any text")


def test_mixtures():
    half = [*ENGLISH[:2], *tokenised(ENGLISH[2:])]
    third = [*ENGLISH[:3], *tokenised(ENGLISH[3:])]
    for references in (half, third):
        assert "the references look tokenised" in protocol_warnings(ENGLISH, references)[0]
    (warning,) = protocol_warnings(third, third)
    assert "look tokenised in part (40%" in warning
    (warning,) = protocol_warnings(ENGLISH, [*ENGLISH[:2], *(line.lower() for line in ENGLISH[2:])])
    assert "100% of the lines of the translations have capitals, 40% of the references" in warning


def test_marks_of_other_scripts():
    plain = ["你好，再见。", "谢谢。"]
    (warning,) = protocol_warnings(plain, ["你好 ， 再见 。", "谢谢 。"], tokenize="zh")
    assert "the references look tokenised" in warning


def test_a_few_lines_do_not_make_a_form():
    assert protocol_warnings(ENGLISH * 4, [*(ENGLISH * 4)[1:], "It ran ."]) == ()
    silent = ["Ok"] * 30
    assert protocol_warnings(silent, [*silent[1:], "It ran ."]) == ()


def test_every_warning_is_one_line():
    mixed = protocol_warnings(ENGLISH, [line.lower() for line in tokenised(ENGLISH)])
    assert len(mixed) == 2
    assert not any("\n" in warning for warning in mixed)
