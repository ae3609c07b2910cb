"""The grammar: what the articles say, gold alignments, agreement, and parts that share no held-out pair."""

from itertools import islice, pairwise

import pytest

from clearhead.grammar.grammar import (
    ARTICLE_SENTENCES,
    LANGUAGES,
    article_examples,
    generate,
    part_of,
    vocabulary,
)
from clearhead.text.normalize import normalize


@pytest.fixture(scope="module")
def parts():
    sizes = {"train": 20_000, "valid": 1000, "test": 3000}
    return {part: list(generate(3, count, part=part)) for part, count in sizes.items()}


def test_it_says_what_the_articles_say():
    examples = article_examples()
    for source, src, target, tgt in ARTICLE_SENTENCES:
        assert any(e.text(source) == src and e.text(target) == tgt for e in examples), src
    assert all(part_of(example.pairs) == "train" for example in examples)


def test_gold_alignments_by_hand():
    ball, cat, student = article_examples()
    assert ball.alignment("en", "es") == {(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)}
    assert cat.words("fr") == ("le", "chat", "noir", "a", "bu", "le", "lait", ".")
    assert cat.alignment("en", "fr") == {(0, 0), (1, 2), (2, 1), (3, 3), (3, 4), (4, 5), (5, 6), (6, 7)}
    assert student.words("en") == ("I", "am", "a", "student", ".")
    assert student.alignment("en", "fr") == {(0, 0), (1, 1), (3, 2), (4, 3)}
    assert student.null("en", "es") == ({0, 2}, set())


def test_alignments_are_symmetric_and_nulls_are_the_rest(parts):
    for example in parts["train"][:500]:
        for source in LANGUAGES:
            for target in LANGUAGES:
                links = example.alignment(source, target)
                assert {(j, i) for i, j in links} == example.alignment(target, source)
                left, right = example.null(source, target)
                assert left == set(range(len(example.words(source)))) - {i for i, _ in links}
                assert right == set(range(len(example.words(target)))) - {j for _, j in links}
            size = len(example.words(source))
            assert {(n, n) for n in range(size)} - example.alignment(source, source) <= {
                (n, n) for n in example.null(source, source)[0]
            }


@pytest.mark.parametrize("language", LANGUAGES)
def test_size_of_the_language(parts, language):
    words = vocabulary(language)
    assert len(words) >= 300
    said = {word.lower() for example in parts["train"] for word in example.words(language)}
    assert words <= said, f"never said in training: {sorted(words - said)[:5]}"
    assert said <= words, f"missing from the vocabulary: {sorted(said - words)[:5]}"
    assert sum(len(example.words(language)) for example in parts["train"]) / len(parts["train"]) >= 7


def test_parts_share_no_sentence_and_test_holds_unseen_combinations(parts):
    texts = {part: {example.text("en") for example in found} for part, found in parts.items()}
    assert all(len(texts[part]) == len(parts[part]) for part in texts)
    assert not texts["train"] & texts["test"]
    assert not texts["train"] & texts["valid"]
    assert not texts["valid"] & texts["test"]
    trained = set().union(*(example.pairs for example in parts["train"]))
    for part in ("valid", "test"):
        for example in parts[part]:
            assert example.pairs - trained, f"nothing is held out in {example.text('en')!r}"
    held_out = {
        pair for example in parts["test"] for pair in example.pairs if part_of(frozenset([pair])) == "test"
    }
    assert len(held_out) > 200


def test_surface_bigrams_of_test_are_unseen(parts):
    """Not only the concepts: adjective and noun side by side in English never occur in training."""

    def bigrams(example):
        words = example.words("en")
        return set(pairwise(words))

    seen = set().union(*(bigrams(example) for example in parts["train"]))
    unseen = sum(not bigrams(example) <= seen for example in parts["test"])
    assert unseen > 0.6 * len(parts["test"])


def test_millions_of_distinct_sentences():
    """Of a large sample hardly any is drawn twice: with n drawn and r repeated there are about n^2 / 2r."""
    import random

    from clearhead.grammar.grammar import _Maker

    maker = _Maker(random.Random(9))
    texts = [maker.sentence().text("en").rstrip(".") for _ in range(20_000)]
    repeated = len(texts) - len(set(texts))
    assert len(texts) ** 2 / (2 * max(1, repeated)) > 100_000
    long = [text for text in texts if len(text.split()) >= 8]
    repeated_long = len(long) - len(set(long))
    assert len(long) ** 2 / (2 * max(1, repeated_long)) > 5_000_000


def test_a_seed_decides_everything():
    texts = [[e.text("fr") for e in islice(generate(seed, part="test"), 50)] for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_text_is_normal_and_elided(parts):
    for example in parts["train"][:3000]:
        for language in LANGUAGES:
            text = example.text(language)
            assert normalize(text) == text
            assert text[0].isupper() or (text[0] == "¿" and text[1].isupper())
        french = f" {example.text('fr').lower()}"
        for wrong in (
            " le a",
            " la a",
            " le é",
            " de le ",
            " de les ",
            " ne a",
            " ne é",
            " que il",
            " le h",
            " la h",
        ):
            assert wrong not in french, french
        spanish = f" {example.text('es').lower()}"
        for wrong in (" a el ", " de el "):
            assert wrong not in spanish, spanish


def test_english_to_others_is_a_function(parts):
    """One rendering each, so that BLEU on the grammar can reach 100."""
    for target in ("fr", "es"):
        rendered = {}
        for example in parts["train"]:
            assert rendered.setdefault(example.text("en"), example.text(target)) == example.text(target)
