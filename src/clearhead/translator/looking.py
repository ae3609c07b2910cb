"""Looking inside from text: the maps of a translation, and the attention of many pairs at a time.

All of this runs in our own code, and is loaded when somebody looks.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from clearhead.config.alignment import Reader
from clearhead.config.choices import WordKind
from clearhead.data.batching import order_by_length
from clearhead.data.frames import are_frames
from clearhead.decoding.hypothesis import Hypothesis
from clearhead.engines.protocol import Engine, SearchOptions, Source, check_lengths
from clearhead.engines.pytorch import PyTorchEngine
from clearhead.errors import TranslationError
from clearhead.evaluation.confidence import Confidence
from clearhead.inspection.about import About
from clearhead.inspection.alignment import Alignment, Words, aligned
from clearhead.inspection.attribution import WORK, measured
from clearhead.inspection.looked import Pair
from clearhead.inspection.maps import AttentionMaps
from clearhead.inspection.passage import PassageMaps, Stretch
from clearhead.inspection.record import attended, record
from clearhead.inspection.reprint import copied, over, reprinted
from clearhead.inspection.tokens import Attended, Choice, Tokens
from clearhead.text.masking import placed_in
from clearhead.text.printed import printed
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.vocabulary import BOS, EOS, PAD
from clearhead.text.words import word_of
from clearhead.translator.passage import Manner, Passage, Sentence, alone, put_together, shown
from clearhead.translator.reading import Text
from clearhead.translator.sources import frame_tokens
from clearhead.translator.translation import Translation

MOST_SENTENCES = 16
"""Sentences of a text whose attention is kept; each costs a second or two, and up to a megabyte of the page."""
MOST_TOKENS = 256
"""Tokens on a side of a pair that is looked at as one sentence, unless the model has learned longer ones."""
_AT_A_TIME = 1024
"""Tokens of a batch whose attention is kept: all layers and heads take room."""


def tokens(tokenizer: Tokenizer, text: Text) -> Tokens:
    """Return ids with their text, their pieces and where those stand in it; what is carried is spelled out."""
    ids = text.ids
    plain = Tokens(
        tokenizer.decode(ids), tuple(ids), tuple(tokenizer.pieces(ids)), tuple(tokenizer.spans(ids))
    )
    spelled = plain.spelled_out(text.placed) if text.placed else plain
    return spelled if text.printed is None else over(spelled, text.printed)


def source_tokens(engine: PyTorchEngine, tokenizer: Tokenizer, text: Text) -> Tokens:
    """Return the tokens of a source; of one that is no text, the encoder's positions."""
    if are_frames(text.ids):
        return frame_tokens(text.ids, engine.model.config)
    return tokens(tokenizer, text)


def attention_of(
    engine: PyTorchEngine, tokenizer: Tokenizer, sources: Sequence[Text], targets: Sequence[Text]
) -> Iterator[tuple[int, Attended]]:
    """Yield the number of each pair and its attention to the source, like lengths together."""
    srcs = [source_tokens(engine, tokenizer, text) for text in sources]
    tgts = [tokens(tokenizer, text) for text in targets]
    lengths = [max(len(src), len(tgt)) for src, tgt in zip(srcs, tgts, strict=True)]
    for batch in order_by_length(lengths, _AT_A_TIME):
        pairs = attended(
            engine.model,
            [srcs[number] for number in batch],
            [tgts[number] for number in batch],
            start=BOS,
            pad=PAD,
            inputs=[sources[number].ids for number in batch],
        )
        yield from zip(batch.tolist(), pairs, strict=True)


def alignments(
    engine: PyTorchEngine,
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


def sure_of(found: Pair, kind: WordKind, confidence: Confidence) -> tuple[float, ...]:
    """Return the calibrated confidence of each target word; a mark that the model did not write is sure."""
    log_probs = [math.log(max(float(probability), 1e-30)) for probability in found.probabilities]
    target_words = found.target.words(kind)
    homes = word_of(found.target.spans, target_words)
    sure = confidence.of_words(log_probs, homes, len(target_words))
    return tuple(each if number in homes else 1.0 for number, each in enumerate(sure))


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is recorded of each sentence, besides its attention."""

    inner: bool = False
    """Every vector on the way."""
    measures: bool = False
    """What goes beyond raw attention."""
    search: bool = False
    """The story of our own search."""


@dataclass(frozen=True)
class Looking:
    """A model that is looked into: what does not change from sentence to sentence."""

    engine: Engine
    own: PyTorchEngine
    """The same model in our own code, which is looked into."""
    manner: Manner
    options: SearchOptions
    about: About
    """What is known before anything is translated."""
    wanted: Wanted

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's own."""
        return self.manner.tokenizer

    def of_sentence(
        self, sentence: Sentence, hypothesis: Hypothesis, translation: Translation, work: int = WORK
    ) -> AttentionMaps:
        """Return every attention of a sentence that was translated; `translation` is what is printed of it."""
        form = sentence.form
        steps: tuple[tuple[Choice, ...], ...] = ()
        search_text = None
        if self.wanted.search:
            steps, best = story(self.own, self.tokenizer, sentence.ids, self.options)
            (search_text,) = shown(
                alone(sentence), [best], self.manner, self.about.to, self.options.decoding.literals
            )
        placed = placed_in(
            self.tokenizer.decode(hypothesis.tokens), form.masked, self.about.to, self.manner.source
        )
        about = replace(
            self.about,
            text=translation.text,
            notes=translation.notes,
            confidence=translation.confidence,
            unsure=self._unsure(translation.confidence),
            engine=f"{self.engine.name} {self.engine.precision}",
            search_text=search_text,
        )
        read = Text(sentence.ids, form.masked.placed)
        source = source_tokens(self.own, self.tokenizer, read)
        source = source if are_frames(read.ids) else over(source, sentence.text)
        target = over(tokens(self.tokenizer, Text([*hypothesis.tokens, EOS], placed)), translation.text)
        return self._recorded(source, target, about, steps, work, sentence.ids)

    def of_pair(self, source: Text, target: Text, notes: tuple[str, ...]) -> AttentionMaps:
        """Return every attention of a sentence and a translation that was given.

        Raises TranslationError for a pair above `MOST_TOKENS`: attention takes room by the square of that.
        """
        src = source_tokens(self.own, self.tokenizer, source)
        longest, most = max(len(src), len(target.ids)), max(MOST_TOKENS, self.manner.limit)
        if longest > most:
            raise TranslationError(
                f"the pair has up to {longest} tokens on a side, and {most} can be looked at; give its sentences one "
                "by one"
            )
        tgt = tokens(self.tokenizer, target)
        return self._recorded(src, tgt, replace(self.about, notes=notes), (), WORK, source.ids)

    def _recorded(
        self,
        source: Tokens,
        target: Tokens,
        about: About,
        steps: tuple[tuple[Choice, ...], ...],
        work: int,
        read: Source,
    ) -> AttentionMaps:
        model = self.own.model
        check_lengths([source.ids, target.ids], model.config.longest)
        maps = record(
            model,
            source,
            target,
            start=BOS,
            read=read,
            piece=lambda i: self.tokenizer.pieces([i])[0],
            inner=self.wanted.inner or self.wanted.measures,
            search=steps,
            about=about,
        )
        maps = replace(maps, about=self._trusted(maps))
        if self.wanted.measures:
            maps = measured(model, maps, BOS, work)
        return maps if self.wanted.inner else replace(maps, inner={})

    def _trusted(self, maps: AttentionMaps) -> About:
        """Return what is known, with the words that may be missing and how sure each word is, where it can be told."""
        reader, confidence = maps.about.reader, self.manner.confidence
        missing = None
        if reader is not None:
            words_of_both = Words.usual(maps.source, maps.target)
            missing = aligned(maps, words_of_both, reader, self.tokenizer.likelihood).missing
        return replace(
            maps.about,
            missing=None if missing is None else tuple(sorted(missing)),
            word_confidence=sure_of(maps, "split", confidence) if confidence else None,
        )

    def _unsure(self, confidence: float | None) -> bool:
        bounds = self.manner.confidence
        return confidence is not None and bounds is not None and confidence < bounds.note_below


def passage_maps(
    looking: Looking, passage: Passage, found: Sequence[Hypothesis], translation: Translation
) -> AttentionMaps | PassageMaps:
    """Return the maps of each sentence of a text; where it is one only, those of that.

    `found` is the best hypothesis of each sentence, `translation` what they were put together to. Of a text above
    `MOST_SENTENCES` the first are looked at, and that is noted.
    """
    literals = looking.options.decoding.literals
    parts = [
        put_together(alone(sentence), [[each]], looking.manner, looking.about.to, wanted=1, literals=literals)
        for sentence, each in zip(passage.sentences, found, strict=True)
    ]
    if len(parts) == 1:
        ((sentence,), (hypothesis,), (part,)) = passage.sentences, found, parts
        maps = looking.of_sentence(sentence, hypothesis, part)
        return replace(maps, about=replace(maps.about, text=translation.text, notes=translation.notes))
    kept = min(len(parts), MOST_SENTENCES)
    several = tuple(
        looking.of_sentence(*each, work=min(WORK, 2 * WORK // kept))
        for each in islice(zip(passage.sentences, found, parts, strict=True), kept)
    )
    notes = translation.notes
    if kept < len(parts):
        notes += (
            f"{len(parts)} sentences were translated and the first {kept} of them looked at; to look at others, give "
            "them alone",
        )
    return PassageMaps(
        sentences=several,
        stretches=tuple(_stretches(passage, parts, kept)),
        notes=notes,
        model=looking.about.model,
        to=looking.about.to,
    )


def _stretches(passage: Passage, parts: Sequence[Translation], kept: int) -> Iterator[Stretch]:
    numbered = iter(enumerate(parts))
    for span in passage.spans:
        if not span.is_sentence:
            yield Stretch(source=span.text, text=span.text, translated=False)
            continue
        number, part = next(numbered)
        yield Stretch(
            source=span.text,
            text=part.text,
            sentence=number if number < kept else None,
            confidence=part.confidence,
        )


def story(
    engine: PyTorchEngine, tokenizer: Tokenizer, src: Source, options: SearchOptions
) -> tuple[tuple[tuple[Choice, ...], ...], Hypothesis]:
    """Return the choices of each step of our own search, and the hypothesis that it found best."""
    steps: list[tuple[Choice, ...]] = []
    searching = engine.trace(src, options)
    while True:
        try:
            step = next(searching)
        except StopIteration as stop:
            best: Hypothesis = stop.value[0][0]
            return tuple(steps), best
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
