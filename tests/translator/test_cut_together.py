"""Many texts are cut as each of them alone, and their sentences are encoded in one call."""

import pytest

from clearhead.text.tokenizer import Tokenizer
from clearhead.translator.passage import cut, cut_together
from tests.translator.test_passage import LINES, TOKENIZER, manner

TEXTS = [
    *LINES,
    "",
    "   ",
    "...",
    "the door is open. the ball is blue. Hello there!",
    "1. the door\n- the ball\t[is blue]",
    "the door is open and " * 40,
    "THE DOOR IS OPEN",
    "see https://example.com for {name}",
    "дверь открыта",
    "2,50 €",
]


@pytest.mark.parametrize(
    "changes", [{}, {"split": "never"}, {"form": False}, {"all_of_it": True}, {"limit": 5}]
)
def test_texts_together_are_each_alone(changes):
    settings = manner(**changes)
    together = cut_together(TEXTS, settings)
    assert together == [cut(text, settings) for text in TEXTS]
    for passage in together:
        assert "".join(span.text for span in passage.spans) == passage.text
        assert len(passage.sentences) == sum(span.is_sentence for span in passage.spans)
        for sentence in passage.sentences:
            assert sentence.ids[:-1] == TOKENIZER.encode(sentence.form.text)


def test_sentences_of_several_texts_are_encoded_in_one_call(monkeypatch):
    calls = []
    encode_batch = Tokenizer.encode_batch

    def counted(self, texts, **options):
        calls.append(len(texts))
        return encode_batch(self, texts, **options)

    monkeypatch.setattr(Tokenizer, "encode_batch", counted)
    passages = cut_together(LINES[:3] * 5, manner())
    assert calls == [sum(len(passage.sentences) for passage in passages)]
    assert [passage.sentences for passage in cut_together(["", " "], manner())] == [[], []]
    assert len(calls) == 1  # there was nothing to encode
