"""Sentences and separators joined are the text; parts of long sentences fit and join too."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhead.errors import TextError
from clearhead.text.sentences import Stretch, join, split, split_long

WORDS = [
    "Hello",
    "Mr. Smith",
    "3.5",
    "e.g.",
    "A.",
    "今日は",
    "« Oui. »",
    "e\u0301",
    "नमस्ते।",
    "שלום",
    "👩\u200d👧",
]
STOPS = [". ", "? ", "! ", "...", "。", "？", '"', "(", ")", ", ", "،", ";", ": "]
SPACES = [
    " ",
    "\t",
    "\n",
    "\n\n",
    "\r\n",
    "\u2028",
    "\u00a0",
    "\u3000",
    "\u202f",
    "B\u00a0.",
    "\u200b",
    "\x00",
]
FRAGMENTS = st.sampled_from([*WORDS, *STOPS, *SPACES, "\u0301" * 5])
TEXTS = st.lists(FRAGMENTS | st.text(max_size=3), max_size=30).map("".join)
LANGUAGES = st.sampled_from(["en", "fr", "de", "es", "ja", "zh", "hi", "ar", "my", "pt-BR", "xx", ""])


def sentences(spans: list[Stretch]) -> list[str]:
    return [span.text for span in spans if span.is_sentence]


@given(TEXTS, LANGUAGES)
def test_no_character_is_lost(text: str, language: str) -> None:
    spans = split(text, language)
    assert "".join(span.text for span in spans) == text
    assert join(spans, sentences(spans)) == text
    for span in spans:
        assert span.text
        has_word = any(character.isalnum() for character in span.text)
        assert span.is_sentence == has_word
        if span.is_sentence:
            assert span.text == span.text.strip()
            assert len(span.text.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Mr. Smith came. He left.", "en", ["Mr. Smith came.", "He left."]),
        ("Il coûte 3.5 euros. Ça va ?", "fr", ["Il coûte 3.5 euros.", "Ça va ?"]),
        ("今日は。元気ですか？", "ja", ["今日は。", "元気ですか？"]),
        ("A title\nand a line", "en", ["A title", "and a line"]),
        ("  One.\n\n\t Two.\r\n", "en", ["One.", "Two."]),
        ("One.\n---\n* * *\n\nTwo. 🙂", "en", ["One.", "Two."]),
        ("", "en", []),
        (" \n ", "en", []),
    ],
)
def test_sentences_of_examples(text: str, language: str, expected: list[str]) -> None:
    assert sentences(split(text, language)) == expected


def test_spaces_that_make_the_library_panic_do_not(capfd: pytest.CaptureFixture[str]) -> None:
    text = "B\u3000B\u00a0.« 1. Ende.\u3000A\u202f. X"
    for language in ("ja", "en", "fr", "de"):
        assert join(split(text, language), sentences(split(text, language))) == text
    assert capfd.readouterr() == ("", "")


def test_join_keeps_the_layout() -> None:
    spans = split("  Hello there. Good day!\n\nBye.\n")
    assert join(spans, ["Bonjour.", "Bonne journée !", "Adieu."]) == "  Bonjour. Bonne journée !\n\nAdieu.\n"


def test_join_puts_a_space_where_only_the_source_script_needs_none() -> None:
    spans = split("今日は。元気ですか？", "ja")
    assert join(spans, ["Hello.", "How are you?"]) == "Hello. How are you?"
    assert join(spans, ["你好。", "你好吗？"]) == "你好。你好吗？"
    cut = split_long("abcdef", 3, len)
    assert join(cut, ["uvw", "xyz"]) == "uvwxyz"


def test_join_refuses_another_number_of_translations() -> None:
    with pytest.raises(TextError, match="1 translations for 2 sentences"):
        join(split("One. Two."), ["Un."])


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(TextError, match="surrogate"):
        split("a \ud800. b")


def utf8(text: str) -> int:
    return len(text.encode())


@given(TEXTS, st.integers(1, 20), st.sampled_from([len, utf8, lambda text: 2 * len(text.split())]))
def test_parts_fit_and_lose_nothing(text: str, limit: int, length) -> None:
    spans = split_long(text, limit, length)
    assert "".join(span.text for span in spans) == text
    assert join(spans, sentences(spans)) == text
    for part in sentences(spans):
        assert length(part) <= limit or len(part) == 1


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("It fits as it is.", 50, ["It fits as it is."]),
        ("He came, he saw, he won 3,500 coins.", 20, ["He came, he saw,", "he won 3,500 coins."]),
        ("no marks at all in here", 10, ["no marks", "at all in", "here"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("short, abcdefghijkl, end", 6, ["short,", "abcdef", "ghijkl", "end"]),
        ("今日は、元気ですか。", 6, ["今日は、", "元気ですか。"]),
        ("x" * 3 + "e\u0301\u0323" + "y", 4, ["xxx", "e\u0301\u0323y"]),  # a letter keeps its marks
    ],
)
def test_where_long_sentences_are_cut(text: str, limit: int, expected: list[str]) -> None:
    assert sentences(split_long(text, limit, len)) == expected


@given(TEXTS, st.integers(1, 20), st.data())
def test_what_is_to_stay_whole_is_never_cut(text: str, limit: int, data) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    spans = split_long(text, limit, len, [(start, end)])
    assert "".join(span.text for span in spans) == text
    cuts = list(accumulate(len(span.text) for span in spans))
    kept = text[start:end]
    bare = (
        start + len(kept) - len(kept.lstrip()),
        start + len(kept.rstrip()),
    )  # spaces stand apart in any case
    assert not any(bare[0] < cut < bare[1] for cut in cuts)


def test_splitting_a_very_long_text_asks_for_few_and_short_lengths() -> None:
    seen: list[int] = []

    def length(text: str) -> int:
        seen.append(len(text))
        return len(text)

    text = "word " * 20_000
    split_long(text, 100, length)
    assert sum(seen) < 40 * len(text)


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(TextError, match="at least 1"):
        split_long("abc", 0, len)
