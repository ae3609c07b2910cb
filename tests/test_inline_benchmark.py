"""What the benchmark of inline markup takes for right and wrong."""

import pytest
from benchmarks.inline.gold import Sentence, read
from benchmarks.inline.judging import Placed, clean, verdict
from benchmarks.inline.systems import _read, _written

from clearhead.segments.segment import Tag

CAT = "The <1>black{noir*}</1> cat{chat*} does not{~ne|pas} sleep{dor*}"


def judged(written, text, *spans, kind="bold"):
    sentence = Sentence.parse("en-fr", kind, written)
    tags = tuple(Tag(start=start, end=end) for start, end in spans)
    return [verdict(sentence, number, Placed(text=text, tags=tags)) for number in range(len(tags))]


def test_the_file_is_what_its_description_says():
    sentences = read()
    assert len(sentences) == 330
    assert sum(len(one.marked.tags) for one in sentences) == 388
    assert all(one.marked.is_well_formed for one in sentences)


@pytest.mark.parametrize(
    ("span", "wanted"),
    [((8, 12), "right"), ((3, 12), "wrong"), ((3, 7), "wrong"), ((9, 12), "wrong"), ((8, 8), "wrong")],
)
def test_a_tag_holds_its_words_and_no_others(span, wanted):
    assert judged(CAT, "Le chat noir ne dort pas", span) == [wanted]


def test_a_tag_whose_words_are_not_there_cannot_be_judged():
    assert judged(CAT, "Le chat ne dort pas", (3, 7)) == ["open"]


def test_what_fits_inside_and_outside_says_nothing():
    assert judged(
        "a <1>red{rouge*} car{voiture*}</1> and a car{voiture*}", "une voiture rouge et une", (4, 17)
    ) == ["right"]


def test_one_word_may_be_enough():
    assert judged("I <1>don't{~ne|pas}</1> eat{mang*}", "je ne mange pas", (3, 5)) == ["right"]
    assert judged("I <1>don't{ne|pas}</1> eat{mang*}", "je ne mange pas", (3, 5)) == ["wrong"]


def test_marks_hold_the_same_marks():
    written = "he{il} asked<1>:</1> who{qui}"
    assert judged(written, "il demanda : qui", (11, 12)) == ["right"]
    assert judged(written, "il demanda : qui", (3, 12)) == ["wrong"]
    assert judged(written, "il demanda qui", (10, 10)) == ["open"]


def test_an_empty_tag_parts_what_it_parted():
    written = "the blue{bleu} button{bouton},<1/> then wait{attend*}"
    text = "le bouton bleu, attendez"
    assert [judged(written, text, (place, place))[0] for place in (15, 16, 9)] == ["right", "right", "wrong"]


def test_a_footnote_mark_follows_its_word():
    written = "he saw{gesehen} the film{film}<1/> yesterday{gestern}"
    assert judged(written, "er hat gestern den Film gesehen", (23, 23), kind="note") == ["right"]
    assert judged(written, "er hat gestern den Film gesehen", (23, 23)) == ["wrong"]


def test_edges_are_clean_without_spaces_and_with_their_marks():
    sentence = Sentence.parse("en-fr", "bold", "<1>Stop{arrête}!</1> Now{maintenant}")
    for end, wanted in ((8, True), (7, False), (9, False)):
        placed = Placed(text="Arrête !  Maintenant", tags=(Tag(start=0, end=end),))
        assert clean(sentence, 0, placed) == wanted


def test_placeholders_are_read_back():
    sentence = Sentence.parse("en-fr", "nested", "a <1>b <2>c</2></1><3/>")
    assert _written(sentence.marked) == "a <g0>b <g1>c</g1></g0><g2/>"
    placed = _read(_written(sentence.marked), 3)
    assert placed.text == sentence.marked.text
    assert placed.same
    assert placed.well_formed
    assert [(tag.start, tag.end) for tag in placed.tags] == [(2, 5), (4, 5), (5, 5)]


@pytest.mark.parametrize(
    ("written", "same", "well_formed"),
    [("<g0>a<g1>b</g0></g1>", True, False), ("<g0>a", False, False), ("<g0>a</g0>", False, True)],
)
def test_tags_that_cross_or_are_lost_are_seen(written, same, well_formed):
    placed = _read(written, 2)
    assert (placed.same, placed.well_formed) == (same, well_formed)
