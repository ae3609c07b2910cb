"""Terms given within training sources: what the links say, cut as elsewhere, in a share of the pairs."""

from random import Random

import numpy as np
import pytest

from clearhead.config import AugmentationConfig, CorpusConfig, FilterConfig, RunConfig, TokenizerConfig
from clearhead.corpora.pair import Pair
from clearhead.data.held_out import HeldOut
from clearhead.data.inline_terms import give_terms, token_phrases
from clearhead.data.loader import Drawn, Recipe, resample
from clearhead.data.preparation import CorpusText, prepare
from clearhead.data.store import Store, settings
from clearhead.errors import ConfigError, TextError
from clearhead.text.symbols import ALL_SYMBOLS, TERM_MARKS, with_term
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.words import Span, words

SOURCES = ["the red house", "a blue cat", "my dog saw the milk", "give up now", "250 cats drank water"]
TARGETS = [
    "la maison rouge",
    "un chat bleu",
    "mon chien vit le lait",
    "abandonne maintenant",
    "250 chats burent de l'eau",
]
LINKS = ["0-0 1-2 2-1", "0-0 1-2 2-1", "0-0 1-1 2-2 3-3 4-4", "0-0 1-0 2-1", "0-0 1-1 2-2 3-4"]


def links_of(line):
    return tuple(tuple(map(int, link.split("-"))) for link in line.split())


def phrases_of(src, tgt, line):
    """Return phrases where each word is a token."""
    phrases = token_phrases(links_of(line), (words(src, "space"), words(tgt, "space")))
    return [(src[slice(*here)], tgt[slice(*there)]) for here, there in phrases]


def test_phrases_are_words_that_are_linked_with_each_other_alone():
    assert phrases_of(SOURCES[0], TARGETS[0], LINKS[0]) == [
        ("the", "la"),
        ("red", "rouge"),
        ("house", "maison"),
    ]
    assert phrases_of(SOURCES[3], TARGETS[3], LINKS[3]) == [("give up", "abandonne"), ("now", "maintenant")]
    assert phrases_of("he is not here", "il n' est pas", "0-0 1-2 2-1 2-3") == [("he", "il"), ("is", "est")]
    assert phrases_of("a b", "c d", "") == []


@pytest.mark.parametrize("seed", range(20))
def test_what_is_given_is_what_the_target_has(seed):
    draws = Random(seed)
    src, tgt, line = SOURCES[2], TARGETS[2], LINKS[2]
    phrases = token_phrases(links_of(line), (words(src, "space"), words(tgt, "space")))
    given = give_terms(src, tgt, phrases, draws)
    opening, between, closing = TERM_MARKS
    pieces = given.split(opening)
    assert len(pieces) >= 2, "a phrase was there to be given"
    for piece in pieces[1:]:
        source, _, rest = piece.partition(between)
        target = rest.partition(closing)[0]
        assert (source.strip(), target.strip()) in [(src[slice(*s)], tgt[slice(*t)]) for s, t in phrases]
        assert len(target.strip()) >= 3
    plain = "".join(piece.partition(between)[0].strip() + piece.partition(closing)[2] for piece in pieces[1:])
    assert pieces[0] + plain == src


def test_marks_of_punctuation_and_tiny_words_are_no_terms():
    spans = [Span(0, 1), Span(2, 3)], [Span(0, 1), Span(2, 4)]
    assert give_terms("a .", "l un", token_phrases([(0, 0), (1, 1)], spans), Random(0)) == "a ."


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    rows = zip(SOURCES * 8, TARGETS * 8, LINKS * 8, strict=True)
    pairs = [Pair(src, tgt, "f", n, links_of(line)) for n, (src, tgt, line) in enumerate(rows, 1)]
    config = CorpusConfig(source_lang="en", target_lang="fr", alignments="f")
    path = tmp_path_factory.mktemp("store") / "s"
    tokenizer = TokenizerConfig(vocab_size=500, symbols=True, terms=True)
    list(
        prepare(
            path, [CorpusText(config, pairs)], tokenizer=tokenizer, filters=FilterConfig(), max_tokens=60,
            held_out=HeldOut(),
        )
    )  # fmt: skip
    return Store(path)


def drawn_texts(store, rate, **more):
    recipe = Recipe(batch_tokens=500, seed=3, augmentation=AugmentationConfig(terms=rate), **more)
    indices = np.arange(len(store))
    corpus = resample(store, recipe, 1, Drawn(indices, np.zeros_like(indices)))
    return [tuple(store.tokenizer.decode(ids) for ids in corpus.ids(row)) for row in range(len(store))]


@pytest.mark.parametrize("sampling", [0.0, 0.2])
def test_a_share_of_the_sources_has_terms_and_no_target(store, sampling):
    texts = drawn_texts(store, 0.5, subword_sampling=sampling)
    with_terms = [src for src, _ in texts if TERM_MARKS[0] in src]
    assert 0.3 < len(with_terms) / len(texts) < 0.7
    assert not any(mark in tgt for _, tgt in texts for mark in TERM_MARKS)
    assert texts == drawn_texts(store, 0.5, subword_sampling=sampling), "a function of (seed, epoch, pair)"
    assert not any(TERM_MARKS[0] in src for src, _ in drawn_texts(store, 0.0, subword_sampling=0.1))


def test_a_word_and_its_term_are_cut_as_elsewhere(store):
    tokenizer = store.tokenizer
    assert tokenizer.takes_terms
    marks = [tokenizer.text_pieces[mark] for mark in TERM_MARKS]
    ids = tokenizer.encode(with_term("house", "maison"))
    assert [i for i in ids if i in marks] == marks
    inside = ids[ids.index(marks[0]) + 1 : ids.index(marks[1])]
    assert inside == tokenizer.encode("house")
    assert ids[ids.index(marks[1]) + 1 : ids.index(marks[2])] == tokenizer.encode_target("maison")
    assert set(marks) <= tokenizer.forbidden_ids
    assert tokenizer.pieces(marks) == ["⟨term⟩", "⟨is⟩", "⟨/term⟩"]


def test_vocabularies_without_marks_are_as_they_were():
    texts = [*SOURCES * 20, *TARGETS * 20, *ALL_SYMBOLS * 20]
    plain = Tokenizer.train(texts, vocab_size=500, symbols=True)
    assert not plain.takes_terms
    assert plain.forbidden_ids.isdisjoint(plain.text_pieces.values())
    with pytest.raises(TextError, match="83 symbols and 256 bytes"):
        Tokenizer.train(texts, vocab_size=300, symbols=True, terms=True)
    config = TokenizerConfig()
    kept = settings([CorpusConfig()], FilterConfig(), config, 60)["tokenizer"]
    assert "terms" not in kept, "stores of earlier releases go on"
    assert settings([CorpusConfig()], FilterConfig(), TokenizerConfig(terms=True), 60)["tokenizer"]["terms"]


def test_what_terms_need_is_asked_for():
    with pytest.raises(ConfigError, match=r"set tokenizer\.terms = true"):
        RunConfig.from_dict({"data": {"augmentation": {"terms": 0.1}}})
    with pytest.raises(ConfigError, match=r"tokenizer\.terms must be false with a word tokenizer"):
        TokenizerConfig(kind="word", terms=True)
