"""Looking inside from text: the maps of a translation, and the attention of many pairs at a time.

All of this runs in our own code, and is loaded when somebody looks.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from clearhead.corpora.frames import are_frames
from clearhead.data.batching import order_by_length
from clearhead.decoding.hypothesis import Hypothesis
from clearhead.engines.protocol import Engine, SearchOptions, Source, check_lengths
from clearhead.engines.pytorch import PyTorchEngine
from clearhead.errors import TranslationError
from clearhead.inspection.about import About
from clearhead.inspection.alignment import Words, aligned
from clearhead.inspection.attribution import WORK, measured
from clearhead.inspection.maps import AttentionMaps
from clearhead.inspection.passage import PassageMaps, Stretch
from clearhead.inspection.record import attended, record
from clearhead.inspection.reprint import over
from clearhead.inspection.tokens import Attended, Choice, Tokens
from clearhead.storage import untrusted
from clearhead.surface.masking import placed_in
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.vocabulary import BOS, EOS, PAD
from clearhead.translator.attending import sure_of, tokens
from clearhead.translator.passage import Manner, Passage, Sentence, alone, put_together, shown
from clearhead.translator.reading import Text
from clearhead.translator.request import Request
from clearhead.translator.sources import frame_tokens
from clearhead.translator.streaming import begin, finished
from clearhead.translator.translation import Translation

MOST_SENTENCES = 16
"""Sentences of a text whose attention is kept; each costs a second or two, and up to a megabyte of the page."""
MOST_TOKENS = 256
"""Tokens on a side of a pair that is looked at as one sentence, unless the model has learned longer ones."""
_AT_A_TIME = 1024
"""Tokens of a batch whose attention is kept: all layers and heads take room."""


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


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is recorded of each sentence, besides its attention."""

    inner: bool = False
    """Every vector on the way."""
    measures: bool = False
    """What goes beyond raw attention."""
    search: bool = False
    """The story of our own search."""


@dataclass(frozen=True, kw_only=True)
class Looking:
    """A model that is looked into: what does not change from sentence to sentence."""

    engine: Engine
    pytorch: PyTorchEngine
    """The same model in our own code, which is looked into."""
    request: Request
    about: About
    """What is known before anything is translated."""
    wanted: Wanted

    @property
    def manner(self) -> Manner:
        """How texts are cut."""
        return self.request.manner

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's own."""
        return self.manner.tokenizer

    def translated(self, text: str) -> tuple[Passage, list[Hypothesis], Translation]:
        """Return a text as it was cut, the best hypothesis of each sentence, and what they were put together to.

        Raises TranslationError where nothing of it is translated.
        """
        (passage,), found = begin(self.engine, self.pytorch.model.config, [text], self.request)
        if not passage.sentences:
            why = "; ".join(passage.notes) or "it holds no words"
            raise TranslationError(
                f"nothing in {untrusted.shown(text)} is translated, so that there is nothing to look at ({why})"
            )
        (translation,), (best,) = finished([passage], found, self.request)
        return passage, best, translation

    def of_sentence(
        self, sentence: Sentence, hypothesis: Hypothesis, translation: Translation, work: int = WORK
    ) -> AttentionMaps:
        """Return every attention of a sentence that was translated; `translation` is what is printed of it."""
        steps: tuple[tuple[Choice, ...], ...] = ()
        search_text = None
        if self.wanted.search:
            steps, best = story(self.pytorch, self.tokenizer, sentence.ids, self.request.search)
            (search_text,) = shown(alone(sentence), [best], self.manner)
        about = replace(
            self.about,
            text=translation.text,
            notes=translation.notes,
            confidence=translation.confidence,
            unsure=self._unsure(translation.confidence),
            engine=f"{self.engine.name} {self.engine.precision}",
            search_text=search_text,
        )
        source, target = self.sides(sentence, hypothesis, translation)
        return self._recorded(source, target, about, steps, work, sentence.ids)

    def sides(
        self, sentence: Sentence, hypothesis: Hypothesis, translation: Translation
    ) -> tuple[Tokens, Tokens]:
        """Return the tokens of a sentence and its translation over the texts that are printed of them."""
        masked = sentence.form.masked
        text = self.tokenizer.decode(hypothesis.tokens)
        placed = placed_in(text, masked, self.about.to, self.manner.source)
        read = Text(sentence.ids, masked.placed)
        source = source_tokens(self.pytorch, self.tokenizer, read)
        source = source if are_frames(read.ids) else over(source, sentence.text)
        target = over(tokens(self.tokenizer, Text([*hypothesis.tokens, EOS], placed)), translation.text)
        return source, target

    def of_pair(self, source: Text, target: Text, notes: tuple[str, ...]) -> AttentionMaps:
        """Return every attention of a sentence and a translation that was given.

        Raises TranslationError for a pair above `MOST_TOKENS`: attention takes room by the square of that.
        """
        src = source_tokens(self.pytorch, self.tokenizer, source)
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
        model = self.pytorch.model
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
        """Return what is known, with the words that may be missing and the confidence in each word, where known."""
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
    looking: Looking, passage: Passage, hypotheses: Sequence[Hypothesis], translation: Translation
) -> AttentionMaps | PassageMaps:
    """Return the maps of each sentence of a text; where it is one only, those of that.

    `hypotheses` holds the best hypothesis of each sentence, `translation` the text they make up. Of a longer text only
    the first `MOST_SENTENCES` are looked at, and a note says so.
    """
    parts = [
        put_together(alone(sentence), [[hypothesis]], looking.manner, wanted=1)
        for sentence, hypothesis in zip(passage.sentences, hypotheses, strict=True)
    ]
    if len(parts) == 1:
        ((sentence,), (hypothesis,), (part,)) = passage.sentences, hypotheses, parts
        maps = looking.of_sentence(sentence, hypothesis, part)
        return replace(maps, about=replace(maps.about, text=translation.text, notes=translation.notes))
    kept = min(len(parts), MOST_SENTENCES)
    several = tuple(
        looking.of_sentence(*sentence_parts, work=min(WORK, 2 * WORK // kept))
        for sentence_parts in islice(zip(passage.sentences, hypotheses, parts, strict=True), kept)
    )
    notes = translation.notes
    if kept < len(parts):
        notes += (
            f"{len(parts)} sentences were translated, but only the first {kept} can be inspected at once; give "
            "the others separately",
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
                    tokenizer.pieces(candidate.tokens[-1:])[0],
                    candidate.parent,
                    math.exp(candidate.token_log_prob),
                    candidate.score,
                    candidate.fate,
                )
                for candidate in step.sentences[0].candidates
            )
        )
