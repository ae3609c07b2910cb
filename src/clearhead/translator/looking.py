"""Looking inside from text: the maps of a translation, and the attention of many pairs at a time.

All of this runs in our own code, and is loaded when somebody looks.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from clearhead.config.alignment import Reader
from clearhead.data.batching import order_by_length
from clearhead.engines.protocol import Engine, SearchOptions, check_lengths
from clearhead.evaluation.confidence import Confidence
from clearhead.inspection.alignment import Alignment, Words, aligned
from clearhead.inspection.attribution import measured
from clearhead.inspection.maps import AttentionMaps
from clearhead.inspection.record import attended, record
from clearhead.inspection.reprint import copied, reprinted
from clearhead.inspection.tokens import Attended, Choice, Tokens
from clearhead.text.masking import Placed
from clearhead.text.printed import printed
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.vocabulary import BOS, EOS, PAD
from clearhead.text.words import WordKind, word_of
from clearhead.translator.passage import Passage
from clearhead.translator.reading import Text

Ids = list[int]
_AT_A_TIME = 1024
"""Tokens of a batch whose attention is kept: all layers and heads take room."""


def tokens(tokenizer: Tokenizer, text: Text) -> Tokens:
    """Return ids with their text, their pieces and where those stand in it; what is carried is spelled out."""
    ids = text.ids
    plain = Tokens(
        tokenizer.decode(ids), tuple(ids), tuple(tokenizer.pieces(ids)), tuple(tokenizer.spans(ids))
    )
    return plain.spelled_out(text.placed) if text.placed else plain


def attention_of(
    engine: Engine, tokenizer: Tokenizer, sources: Sequence[Text], targets: Sequence[Text]
) -> Iterator[tuple[int, Attended]]:
    """Yield the number of each pair and its attention to the source, like lengths together."""
    srcs, tgts = ([tokens(tokenizer, text) for text in side] for side in (sources, targets))
    lengths = [max(len(src), len(tgt)) for src, tgt in zip(srcs, tgts, strict=True)]
    for batch in order_by_length(lengths, _AT_A_TIME):
        pairs = attended(
            engine.pytorch.model,
            [srcs[number] for number in batch],
            [tgts[number] for number in batch],
            start=BOS,
            pad=PAD,
        )
        yield from zip(batch.tolist(), pairs, strict=True)


def alignments(
    engine: Engine,
    tokenizer: Tokenizer,
    sources: Sequence[Text],
    targets: Sequence[Text],
    reader: Reader,
    kind: WordKind,
    confidence: Confidence | None = None,
) -> list[Alignment]:
    """Read the word alignment of each pair from its attention, of which only a batch is held at a time.

    How sure each word is comes calibrated where the model is.
    """
    found = {}
    for number, each in attention_of(engine, tokenizer, sources, targets):
        words_of_both = Words.usual(each.source, each.target, kind)
        alignment = aligned(each, words_of_both, reader, tokenizer.likelihood)
        if confidence:
            sure = sure_of(each, kind, confidence)
            alignment = replace(alignment, confidence=sure)
        found[number] = alignment
    return [found[number] for number in range(len(found))]


def as_printed(
    passage: Passage, texts: Sequence[str], alignments: Iterable[Alignment]
) -> Iterator[Alignment]:
    """Yield the alignment of each span of a text with its translation, between the words that are printed.

    `texts` are the translations of its sentences; what stays as it is belongs to itself.
    """
    translated = iter(zip(passage.sentences, texts, alignments, strict=True))
    for span in passage.spans:
        if not span.is_sentence:
            yield copied(span.text)
            continue
        sentence, text, alignment = next(translated)
        placed = sentence.form.masked.placed
        yield reprinted(
            alignment,
            printed(alignment.source, sentence.text, placed),
            printed(alignment.target, text, placed),
        )


def sure_of(found: Attended, kind: WordKind, confidence: Confidence) -> tuple[float, ...]:
    """Return the calibrated confidence of each target word."""
    log_probs = [math.log(max(float(probability), 1e-30)) for probability in found.probabilities]
    target_words = found.target.words(kind)
    return confidence.of_words(log_probs, word_of(found.target.spans, target_words), len(target_words))


def look(
    engine: Engine,
    tokenizer: Tokenizer,
    src: Text,
    target: Text | None,
    placed_in: Callable[[str], tuple[Placed, ...]],
    options: SearchOptions,
    about: dict[str, Any],
    *,
    inner: bool,
    measures: bool,
    search: bool,
) -> AttentionMaps:
    """Translate, or take the target that is given, and return every attention of one pass over both.

    `placed_in` tells what the symbols of a translation stand for.
    """
    longest = engine.pytorch.model.config.longest
    check_lengths([src.ids, [BOS, *(target.ids[:-1] if target else ())]], longest)
    notes = list(about.pop("notes", []))
    if target is None:
        ((_, (best_found, *_)),) = engine.translate([src.ids], options)
        produced = Text([*best_found.tokens, EOS], placed_in(tokenizer.decode(best_found.tokens)))
        if best_found.truncated:
            notes.append("the translation reached the length limit and was ended there")
        if best_found.repetition:
            notes.append("the translation began to repeat itself and was kept from it")
    else:
        produced = target
    steps: tuple[tuple[Choice, ...], ...] = ()
    search_text = None
    if search:
        steps, best = story(engine, tokenizer, src.ids, options)
        search_text = tokens(tokenizer, Text(best, placed_in(tokenizer.decode(best)))).text
    model = engine.pytorch.model
    maps = record(
        model,
        tokens(tokenizer, src),
        tokens(tokenizer, produced),
        start=BOS,
        piece=lambda i: tokenizer.pieces([i])[0],
        inner=inner or measures,
        search=steps,
        about={
            **about,
            "notes": notes,
            "engine": f"{engine.name} {engine.precision}" if target is None else None,
            "search_text": search_text,
            "beam_size": options.decoding.beam_size,
        },
    )
    if measures:
        maps = measured(model, maps, BOS)
    return maps if inner else replace(maps, inner={})


def story(
    engine: Engine, tokenizer: Tokenizer, src: Ids, options: SearchOptions
) -> tuple[tuple[tuple[Choice, ...], ...], Ids]:
    """Return the choices of each step of our own search, and the ids that it found best."""
    steps: list[tuple[Choice, ...]] = []
    searching = engine.pytorch.trace(src, options)
    while True:
        try:
            step = next(searching)
        except StopIteration as stop:
            return tuple(steps), list(stop.value[0][0].tokens)
        steps.append(
            tuple(
                Choice(
                    tokenizer.pieces(each.tokens[-1:])[0],
                    each.parent,
                    math.exp(each.token_log_prob),
                    each.score,
                    each.fate,
                )
                for each in step.sentences[0].candidates
            )
        )
