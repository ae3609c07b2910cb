"""Word alignments of many pairs, by whoever runs the model: our own code, or the same equations in numpy."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from clearhead.config.alignment import Reader
from clearhead.config.choices import WordKind
from clearhead.engines.teacher_forced import TeacherForced
from clearhead.evaluation.confidence import Confidence
from clearhead.inspection.alignment import Alignment, Words, aligned
from clearhead.inspection.looked import Pair
from clearhead.inspection.reprint import over
from clearhead.inspection.tokens import Attended, Tokens
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.words import word_of
from clearhead.translator.reading import Text


def tokens(tokenizer: Tokenizer, text: Text) -> Tokens:
    """Return ids with their text, their pieces and the spans of those in it; what is carried is spelled out."""
    ids = text.ids
    plain = Tokens(
        tokenizer.decode(ids), tuple(ids), tuple(tokenizer.pieces(ids)), tuple(tokenizer.spans(ids))
    )
    spelled = plain.spelled_out(text.placed) if text.placed else plain
    return spelled if text.printed is None else over(spelled, text.printed)


def attention_without_torch(
    model: TeacherForced, tokenizer: Tokenizer, sources: Sequence[Text], targets: Sequence[Text]
) -> Iterator[tuple[int, Attended]]:
    """Yield the number of each pair and its attention to the source; what `looking.attention_of` gives, in numpy."""
    for number, (source, target) in enumerate(zip(sources, targets, strict=True)):
        src, tgt = tokens(tokenizer, source), tokens(tokenizer, target)
        yield number, Attended(src, tgt, *model.attention(src.ids, tgt.ids))


def alignments(
    pairs: Iterable[tuple[int, Pair]],
    tokenizer: Tokenizer,
    reader: Reader,
    kind: WordKind,
    confidence: Confidence | None = None,
) -> list[Alignment]:
    """Read the word alignment of each numbered pair from its attention, holding none longer than that takes.

    How sure each word is comes calibrated where the model is.
    """
    by_number = {}
    for number, pair in pairs:
        words_of_both = Words.usual(pair.source, pair.target, kind)
        alignment = aligned(pair, words_of_both, reader, tokenizer.likelihood)
        if confidence:
            sure = sure_of(pair, kind, confidence)
            alignment = replace(alignment, confidence=sure)
        by_number[number] = alignment
    return [by_number[number] for number in range(len(by_number))]


def sure_of(pair: Pair, kind: WordKind, confidence: Confidence) -> tuple[float, ...]:
    """Return the calibrated confidence of each target word; a mark that the model did not write is sure."""
    log_probs = [math.log(max(float(probability), 1e-30)) for probability in pair.probabilities]
    target_words = pair.target.words(kind)
    homes = word_of(pair.target.spans, target_words)
    sure = confidence.of_words(log_probs, homes, len(target_words))
    return tuple(probability if number in homes else 1.0 for number, probability in enumerate(sure))
