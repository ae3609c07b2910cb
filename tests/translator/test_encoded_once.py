"""A sentence is encoded once on its way to the engine, unless it is too long and is parted."""

from collections import Counter

import pytest

from clearhead.text.tokenizer import Tokenizer
from clearhead.translator.passage import cut
from tests.translator.test_passage import TOKENIZER, manner

SHORT = "the door is open"
LONG = "the door is open and " * 40


@pytest.fixture
def encoded(monkeypatch):
    """The texts that were encoded, with how often."""
    counts = Counter()
    encode_batch = Tokenizer.encode_batch

    def counting(self, texts, **options):
        counts.update(texts)
        return encode_batch(self, texts, **options)

    monkeypatch.setattr(Tokenizer, "encode_batch", counting)
    return counts


@pytest.mark.parametrize("split", ["auto", "never"])
def test_a_sentence_is_encoded_once(encoded, split):
    passage = cut(SHORT, manner(split=split))
    assert [sentence.ids[:-1] for sentence in passage.sentences] == [Tokenizer.encode(TOKENIZER, SHORT)]
    encoded[SHORT] -= 1  # by the line above
    assert encoded[SHORT] == 1
    assert encoded.total() == 1


def test_neither_the_tag_nor_the_end_counts_for_the_limit():
    tagged = Tokenizer.train([SHORT] * 40, vocab_size=300, languages=["en", "fr"])
    own = len(tagged.encode(SHORT))
    for tag in (None, "fr"):
        for limit, parts in ((own, 1), (own - 1, 2)):
            passage = cut(SHORT, manner(tag=tag, limit=limit, form=False, tokenizer=tagged))
            assert len(passage.sentences) == parts
