"""Subtitles."""

import re

from hypothesis import given
from hypothesis import strategies as st

from clearhead.documents.formats import read
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Marked, Tag
from clearhead.strings.cue_text import cut, in_lines, shares
from tests.documents.strings_samples import SRT, VTT
from tests.documents.texts import marked

LINES = st.lists(
    st.sampled_from(
        [
            "Hello there.",
            "<i>so it</i> goes",
            "- Yes!",
            "- No.",
            "<b>open",
            "and </i> then",
            "{\\an8}Up",
            "♪ la",
            "AND",
        ]
    ),
    min_size=1,
    max_size=3,
)
CUES = st.lists(LINES, min_size=1, max_size=6)


def srt(cues):
    return "".join(
        f"{n}\n00:00:{2 * n:02},000 --> 00:00:{2 * n + 1:02},500\n" + "\n".join(lines) + "\n\n"
        for n, lines in enumerate(cues, start=1)
    )


@given(
    CUES,
    st.lists(st.sampled_from(["un", "deux", "trois", "&"]), min_size=1, max_size=30).map(" ".join),
)
def test_times_and_tags_stay_and_every_word_is_there_once(cues, new):
    text = srt(cues)
    document = read(text.encode(), "srt", Reading())
    assert document.written(document.segments, "fr") == text.encode()
    out = document.written(
        [Marked(text=new, tags=segment.tags and ()) for segment in document.segments], "fr"
    ).decode()
    assert re.findall(r"(?m)^\d+$|.*-->.*", out) == re.findall(r"(?m)^\d+$|.*-->.*", text)
    words = re.sub(r"</?[ib]>|\{.*?\}", "", out).split()
    count = len(document.segments)
    assert all(words.count(word) == new.split().count(word) * count for word in new.split())
    assert len(read(out.encode(), "srt", Reading()).left) == 0


@given(
    st.lists(st.sampled_from(["a", "bb,", "ccc.", "dddd"]), min_size=1, max_size=30),
    st.lists(st.integers(1, 40), min_size=1, max_size=6),
)
def test_shares_are_the_whole_text_in_order(words, sizes):
    text = " ".join(words)
    parts = [text[start:end] for start, end in shares(text, sizes)]
    assert len(parts) == len(sizes)
    assert " ".join(filter(None, parts)) == text
    if len(words) >= len(sizes):
        assert all(parts)


def test_shares_follow_sizes_and_clause_marks():
    text = "one two three, four five six seven eight"
    assert [text[a:b] for a, b in shares(text, [15, 25])] == ["one two three,", "four five six seven eight"]
    assert [text[a:b] for a, b in shares(text, [17, 23])] == ["one two three,", "four five six seven eight"]
    assert ["我们在这里"[a:b] for a, b in shares("我们在这里", [4, 6])] == ["我们", "在这里"]


@given(marked(), st.data())
def test_a_stretch_has_the_tags_that_reach_into_it(text, data):
    start = data.draw(st.integers(0, len(text.text)))
    end = data.draw(st.integers(start, len(text.text)))
    part, numbers = cut(text, start, end)
    assert part.is_well_formed
    assert part.text == text.text[start:end]
    assert len(part.tags) == len(numbers)
    for tag, number in zip(part.tags, numbers, strict=True):
        whole = text.tags[number]
        assert (tag.start, tag.end) == (max(whole.start - start, 0), min(whole.end, end) - start)


@given(marked(), st.integers(1, 4))
def test_every_tag_is_in_some_cue(text, count):
    spans = shares(text.text, [1] * count)
    numbers = {number for start, end in spans for number in cut(text, start, end)[1]}
    visible = {n for n, tag in enumerate(text.tags) if text.text[tag.start : tag.end].strip()}
    assert visible <= numbers


def test_a_sentence_over_cues_is_one_text():
    document = read(SRT, "srt", Reading())
    assert [(segment.place, segment.text) for segment in document.segments] == [
        ("cues 1 to 2", "I never thought that he would really come back to this town."),
        ("cue 3", "- Hello!"),
        ("cue 3", "- Who is there?"),
    ]
    (tag,) = document.segments[0].tags
    assert document.segments[0].text[tag.start : tag.end] == "really"
    new = "Je n'aurais jamais pensé qu'il reviendrait vraiment dans cette petite ville."
    place = new.index("vraiment")
    out = document.written(
        [
            Marked(text=new, tags=(Tag(start=place, end=place + 8),)),
            Marked(text="- Bonjour !"),
            Marked(text="- Qui est là ?"),
        ],
        "fr",
    ).decode()
    blocks = out.split("\n\n")
    assert blocks[0].split("\n")[2:] == ["<i>Je n'aurais jamais pensé qu'il</i>"]
    assert blocks[1].split("\n")[2:] == ["reviendrait <b>vraiment</b>", "dans cette petite ville."]
    assert blocks[2].split("\n")[2:] == ["{\\an8}- Bonjour !", "- Qui est là ?"]


def test_web_subtitles_keep_voices_times_notes_and_entities():
    document = read(VTT, "vtt", Reading())
    assert document.segments[0].text == "Fish & chips are good and cheap here."
    tags = document.segments[0].tags
    assert [(tag.start, tag.end) for tag in tags] == [(13, 13), (26, 31)]
    out = document.written(
        [Marked(text="Le < poisson & frites", tags=(Tag(start=5, end=5), Tag(start=13, end=20))), None], "fr"
    )
    assert b"<v Bob>Le &lt; <00:01.500>poisson <c.loud>&amp; frite</c>s" in out
    assert out.split(b"intro")[0] == VTT.split(b"intro")[0]


def test_lines_are_two_at_most_and_alike():
    assert in_lines("a few words", 20) == "a few words"
    lines = in_lines("a few words that are rather many for one line", 30).split("\n")
    assert [len(line) for line in lines] == [20, 24]


def test_capitals_without_marks_are_not_joined():
    document = read(srt([["The Door"], ["A Window"], ["Roses Are Red"]]).encode(), "srt", Reading())
    assert len(document.segments) == 3
