"""How sure each word of a translation is, as far as the model was calibrated."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice

from clearhead.decoding.hypothesis import Hypothesis
from clearhead.engines.protocol import Engine
from clearhead.evaluation.confidence import Confidence
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.words import is_punctuation, word_of, words
from clearhead.translator.passage import Passage, Sentence
from clearhead.translator.translation import Word


def token_log_probs(
    engine: Engine, sources: Sequence[Sequence[int]], hypotheses: Sequence[Hypothesis]
) -> list[Sequence[float]]:
    """Return the log-probability of each token and of the end: from the search, or else from one more pass."""
    of_tokens: list[Sequence[float]] = [hypothesis.token_log_probs for hypothesis in hypotheses]
    missing = [number for number, log_probs in enumerate(of_tokens) if not log_probs]
    if missing:
        scored = engine.score([sources[n] for n in missing], [hypotheses[n].tokens for n in missing])
        for number, log_probs in zip(missing, scored, strict=True):
            of_tokens[number] = log_probs
    return of_tokens


def homes_of(tokenizer: Tokenizer, tokens: Sequence[int]) -> tuple[tuple[str, ...], list[int | None]]:
    """Return the words of tokens, punctuation marks apart, and which of them each token belongs to."""
    text = tokenizer.decode(tokens)
    spans = words(text)
    return tuple(text[start:end] for start, end in spans), word_of(tokenizer.spans(tokens), spans)


def sure_words(
    confidence: Confidence,
    tokenizer: Tokenizer,
    sentence: Sentence,
    hypothesis: Hypothesis,
    log_probs: Sequence[float],
) -> tuple[Word, ...]:
    """Return the words of a translated sentence with their confidence, what symbols stand for in their places.

    Punctuation is left out: it is not what was calibrated.
    """
    texts, homes = homes_of(tokenizer, hypothesis.tokens)
    carried = str.maketrans(sentence.form.masked.carried_by)
    sure = confidence.of_words(log_probs, homes, len(texts))
    return tuple(
        Word(text.translate(carried), probability)
        for text, probability in zip(texts, sure, strict=True)
        if not is_punctuation(text)
    )


def words_of(
    engine: Engine,
    confidence: Confidence,
    tokenizer: Tokenizer,
    passages: Sequence[Passage],
    best: Sequence[Sequence[Hypothesis]],
) -> Iterator[tuple[Word, ...]]:
    """Yield the words of each translated text with their confidence.

    `best` are the hypotheses that were taken for the sentences of each text.
    """
    every = [sentence for passage in passages for sentence in passage.sentences]
    hypotheses = list(chain.from_iterable(best))
    log_probs = token_log_probs(engine, [sentence.ids for sentence in every], hypotheses)
    of_sentences = (
        sure_words(confidence, tokenizer, *of_sentence)
        for of_sentence in zip(every, hypotheses, log_probs, strict=True)
    )
    for passage in passages:
        yield tuple(chain.from_iterable(islice(of_sentences, len(passage.sentences))))
