"""Known links of words: read line by line, kept with their pairs, turned into links of tokens."""

import numpy as np
import pytest

from clearhead.config import CorpusConfig
from clearhead.corpora.corpus import read_pairs
from clearhead.corpora.pair import Pair
from clearhead.corpora.word_links import fit, of_tokens, parse, pharaoh
from clearhead.data.batching import collate
from clearhead.data.faults import STRAY_LINK
from clearhead.data.preparation import CorpusText
from clearhead.errors import DataError
from clearhead.text.normalize import normalize
from clearhead.text.words import Span, word_of, words
from tests.data.test_store import make

ENGLISH = ["the black cat drank the milk .", "a cat", "a cat", "the milk is cold ."]
SPANISH = ["el gato negro bebió la leche .", "un gato", "un gato", "la leche está fría ."]
# Not the same when source and target are exchanged.
LINKS = ["0-0 1-2 2-1 3-3 4-4 4-5 6-6", "0-0 1-1", "", "0-0 1-1 2-2 3-9"]


@pytest.fixture
def corpus(tmp_path):
    for name, lines in (("a.en", ENGLISH), ("a.es", SPANISH), ("a.links", LINKS)):
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return CorpusConfig(
        source=str(tmp_path / "a.en"),
        target=str(tmp_path / "a.es"),
        alignments=str(tmp_path / "a.links"),
        source_lang="en",
        target_lang="es",
        both_directions=True,
    )


def test_links_are_read_as_they_are_written():
    assert parse("0-0  2-1\t1-2") == ((0, 0), (2, 1), (1, 2))
    assert parse("0-1", swapped=True) == ((1, 0),)
    assert parse(pharaoh([(3, 1), (0, 0)])) == ((3, 1), (0, 0))
    for wrong in ("0-0 1", "a-b", "0:1", "1--2"):
        with pytest.raises(DataError, match=r"line 3: .* is not a link"):
            parse(wrong, "line 3")


@pytest.mark.parametrize("lines", [LINKS[:-1], [*LINKS, "0-0"]])
def test_there_is_a_line_for_each_pair(corpus, tmp_path, lines):
    (tmp_path / "a.links").write_text("".join(f"{line}\n" for line in lines))
    with pytest.raises(DataError, match=f"{len(lines)} lines for"):
        list(read_pairs(corpus))


def test_numbers_that_normalising_makes_wrong_are_not_used():
    links = ((0, 0), (1, 1))
    for src, fits in (("Ça va?", True), ("Ça\u202fva?", False), ("\u200b Ça va?", False), ("Ça va ?", True)):
        pair = Pair(src, "Are you?", "f", 1, links)
        assert fit(pair, normalize(src), "Are you?") is fits
        assert fit(pair._replace(links=()), normalize(src), "Are you?")
    assert parse("0-0 0-0 1-0") == ((0, 0), (1, 0))


def test_links_of_words_become_those_of_all_their_tokens():
    spans = [None, Span(0, 3), Span(3, 5), Span(6, 9)], [Span(0, 2), Span(3, 7), Span(7, 8)]
    assert of_tokens([(0, 1)], ("abcde fgh", "un deux."), spans) == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert of_tokens([(1, 0)], ("abcde fgh", "un deux."), spans) == [(3, 0)]


def test_a_store_keeps_them_in_both_directions(corpus, tmp_path):
    store = make(tmp_path / "s", CorpusText(corpus, read_pairs(corpus)))
    assert len(store) == 8
    (report,) = store.report
    assert report["faults"][STRAY_LINK]["count"] == 1
    assert not report["faults"][STRAY_LINK]["left_out"]
    for number in range(8):
        src, tgt = store.corpus.ids(number)
        texts = store.text(number)
        homes = [
            word_of(store.tokenizer.spans(ids), words(text, "space"))
            for ids, text in zip((src, tgt), texts, strict=True)
        ]
        found = {(homes[0][s], homes[1][t]) for s, t in store.corpus.links_of(number).tolist()}
        expected = set(parse(LINKS[number % 4], swapped=number >= 4)) if number % 4 != 3 else set()
        assert found == expected
        assert len(store.corpus.links_of(number)) == sum(
            homes[0].count(i) * homes[1].count(j) for i, j in expected
        )


def test_a_batch_says_where_its_links_are(corpus, tmp_path):
    store = make(tmp_path / "s", CorpusText(corpus, read_pairs(corpus)))
    batch = collate(store.corpus, np.array([1, 0, 2]))
    assert {row for row, _, _ in batch.links.tolist()} == {0, 1}
    for row, target, source in batch.links.tolist():
        index = int(batch.indices[row])
        src, tgt = store.corpus.ids(index)
        assert [source, target] in store.corpus.links_of(index).tolist()
        assert batch.src[row, source] == src[source]
        assert batch.tgt[row, 1:][target] == tgt[target]  # what is predicted at that position


def test_a_corpus_without_them_has_none(tmp_path, corpus):
    from dataclasses import replace

    plain = replace(corpus, alignments="")
    store = make(tmp_path / "s", CorpusText(plain, read_pairs(plain)))
    assert not store.has_links
    assert collate(store.corpus, np.array([0])).links is None
    (tmp_path / "a.links").write_text("\n" * 4)
    assert not make(tmp_path / "t", CorpusText(corpus, read_pairs(corpus))).has_links
