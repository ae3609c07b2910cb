"""Text to text: a trained model, its tokenizer and an engine behind one small surface."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Self, Unpack, get_args, overload

from clearhead import model_directory
from clearhead.config.alignment import Reader
from clearhead.config.checks import check, check_integer
from clearhead.config.choices import Split, WordKind
from clearhead.decoding.hypothesis import Hypothesis
from clearhead.decoding.length_penalty import length_penalty
from clearhead.engines.choice import OwnCode, load_engine, own_code
from clearhead.engines.protocol import Engine, SearchOptions, check_lengths, search_options
from clearhead.errors import ClearheadError, TranslationError
from clearhead.evaluation.confidence import Confidence
from clearhead.storage import untrusted
from clearhead.text import sentences
from clearhead.text.language_codes import find
from clearhead.text.normalize import normalize
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.vocabulary import EOS, UNK
from clearhead.translator.passage import (
    Manner,
    Passage,
    Sentence,
    completed,
    cut,
    one_ahead,
    put_together,
    shown,
)
from clearhead.translator.reading import Text, read_pairs
from clearhead.translator.sureness import sure_words, token_log_probs
from clearhead.translator.translation import PairScore, TranslateOptions, Translation

if TYPE_CHECKING:
    from clearhead.engines.pytorch import PyTorchEngine
    from clearhead.inspection.alignment import Alignment
    from clearhead.inspection.maps import AttentionMaps
    from clearhead.inspection.passage import PassageMaps
    from clearhead.inspection.tokens import Attended
    from clearhead.translator.looking import Looking, Wanted

WINDOW = 2048
"""Texts read ahead so that sentences of like length share a batch."""


class Translator:
    """Translates text with a trained model.

    >>> translator = Translator.load("runs/fr-en")
    >>> translator.translate("Je suis étudiant.").text
    'I am a student.'
    """

    def __init__(
        self,
        engine: Engine,
        tokenizer: Tokenizer,
        info: model_directory.ModelInfo,
        name: str = "",
        *,
        own: OwnCode | None = None,
    ) -> None:
        self.engine = engine
        self.tokenizer = tokenizer
        self.info = info
        self.name = name
        self._own = own

    @classmethod
    def load(cls, path: Path | str | None = None, *, engine: str = "auto", device: str = "cpu") -> Self:
        """Read a model directory, a run's best model, or the one that comes with the package.

        Raises CheckpointError for one that is damaged or not there, ConfigError for a device that cannot be used.
        """
        if device != "cpu":
            from clearhead.engines.devices import check_device

            check_device(device)
        found = model_directory.find(path)
        with model_directory.unchanged(found):
            own = own_code(found, device)
            runs = load_engine(engine, found, device, own)
            tokenizer, info = model_directory.read_tokenizer(found), model_directory.read_info(found)
        return cls(runs, tokenizer, info, str(path or "default"), own=own)

    @property
    def pytorch(self) -> "PyTorchEngine":
        """The same model in our own code, for looking inside; `pytorch.model` is a plain `torch.nn.Module`.

        It is loaded when it is first needed. Raises TranslationError for a translator that was made without it.
        """
        from clearhead.engines.pytorch import PyTorchEngine

        if isinstance(self.engine, PyTorchEngine):
            return self.engine
        if self._own is None:
            raise TranslationError(
                "this translator was made without its model in our own code, so it cannot be looked into; make it with "
                "Translator.load"
            )
        return self._own()

    def __repr__(self) -> str:
        sources, targets = ("/".join(codes) or "?" for codes in (self.sources, self.targets))
        shape = self.info.model
        return (
            f"Translator({self.name or 'in memory'}, {sources} -> {targets}, {shape.num_encoder_layers}+"
            f"{shape.num_decoder_layers} layers, d_model {shape.d_model})"
        )

    @property
    def targets(self) -> tuple[str, ...]:
        """Languages that the model translates to; empty where it was not told."""
        return self.tokenizer.languages or self.info.target_langs

    @property
    def sources(self) -> tuple[str, ...]:
        """Languages that the model translates from; empty where it was not told."""
        return self.info.source_langs

    def target(self, to: str | None) -> str | None:
        """Return the language tag for a request; raise TranslationError for one the model lacks."""
        if to is not None and (not isinstance(to, str) or self.targets):
            known = find(to, self.targets) if isinstance(to, str) else None
            if known is None:
                raise TranslationError(
                    f"this model does not translate to {untrusted.shown(to)}; it translates to "
                    f"{', '.join(self.targets)}"
                )
            to = known
        if not self.tokenizer.languages:
            return None
        default = self.info.default_target
        to = to or (default and find(default, self.targets)) or None
        if to is None and len(self.tokenizer.languages) > 1:
            raise TranslationError(
                f"this model translates to {', '.join(self.targets)}; say which with to=..."
            )
        return to or self.tokenizer.languages[0]

    @overload
    def translate(self, text: str, **options: Unpack[TranslateOptions]) -> Translation: ...
    @overload
    def translate(
        self, text: list[str] | tuple[str, ...], **options: Unpack[TranslateOptions]
    ) -> list[Translation]: ...

    def translate(
        self, text: str | list[str] | tuple[str, ...], **options: Unpack[TranslateOptions]
    ) -> Translation | list[Translation]:
        """Translate a text, or a list of texts; the options are those of `stream`.

        A text is split into sentences and put together again with its own separators; a blank text
        stays as it is.
        """
        if isinstance(text, str):
            return next(self.stream([text], **options))
        return list(self.stream(text, **options))

    def stream(
        self,
        texts: Iterable[str],
        *,
        to: str | None = None,
        source: str | None = None,
        beam_size: int | None = None,
        alpha: float | None = None,
        num_hypotheses: int = 1,
        split: Split = "auto",
        prefix: str = "",
        align: bool = False,
        word_confidence: bool = False,
        window: int = WINDOW,
        waits: Callable[[], bool] | None = None,
        reached: Callable[[int], None] | None = None,
        options: SearchOptions | None = None,
    ) -> Iterator[Translation]:
        """Yield the translation of each text, in order, while later ones are still being read.

        `to` is the target language, `source` the language of the texts where that is known: it decides where
        sentences end and how figures are read. `options` gives every setting of the search; `beam_size`, `alpha`
        and `num_hypotheses` are the usual ones by name. `prefix` is text that every translation must begin with
        (one sentence each). With `align` each has its word alignment, at the cost of one more pass in our own code;
        with `word_confidence` how sure each word is, where the model was calibrated, at the cost of one more pass.
        `window` texts are read before the first is translated, so that like lengths share a batch; fewer where
        `waits` says that the next has yet to come. `reached` is called with how many texts are about done, which is
        more than were yielded. Texts before one that cannot be read or translated are
        translated first, then the error is raised.
        """
        check(split in get_args(Split), "split", split, "one of " + ", ".join(get_args(Split)))
        check_integer("window", window, 1, 1_000_000)
        if not isinstance(prefix, str):
            raise TranslationError(
                f"the prefix is {untrusted.shown(prefix)}, which is not text; give a string"
            )
        tag = self.target(to)
        told = self._is_told(to)
        search = self._options(options, beam_size, alpha, num_hypotheses)
        forced = self._forced(prefix) if prefix else None
        manner = self._manner(tag, source, split, search, forced is not None)
        windows = (
            begun
            for read in _windows(_checked(texts), window, waits)
            for begun in self._begun(read, manner, search, forced)
        )
        literals = search.decoding.literals and forced is None
        before = 0
        for passages, found in windows if window == 1 else one_ahead(windows):
            if reached:
                found = _counted(found, passages, before, reached)
                before += len(passages)
            finished = self._finish(
                passages, found, manner, search.num_hypotheses, literals, align, word_confidence
            )
            for each in finished:
                yield each if told else self._with_target_told(each)

    def _is_told(self, to: str | None) -> bool:
        """Say whether the target language is the user's choice, or the only one."""
        return to is not None or len(self.targets) < 2

    def _with_target_told(self, translation: Translation) -> Translation:
        """Say which target was taken, where nobody chose one and the text came back as it was."""
        unchanged = translation.text == translation.source and any(map(str.isalpha, translation.text))
        if not unchanged:
            return translation
        others = ", ".join(code for code in self.targets if code != translation.to)
        note = (
            f"came back unchanged, since the target language was {translation.to}, the model's default; choose another "
            f"with to=... ({others})"
        )
        return replace(translation, notes=(*translation.notes, note))

    def _manner(
        self, tag: str | None, source: str | None, split: Split, search: SearchOptions, forced: bool
    ) -> Manner:
        """Return how texts are cut; with a forced beginning each is one sentence, as it stands."""
        if source is not None and self.sources:
            known = find(source, self.sources)
            if known is None:
                raise TranslationError(
                    f"this model does not translate from {untrusted.shown(source)}; it translates from "
                    f"{', '.join(self.sources)}"
                )
            source = known
        if len(self.sources) == 1:
            (source,) = self.sources
        return Manner(
            tokenizer=self.tokenizer,
            tag=tag,
            split="never" if forced else split,
            languages=(source,) if source else self.sources or ("en",),
            limit=self.info.max_tokens,
            form=search.decoding.form and not forced,
            source=source,
            confidence=self.info.confidence,
            all_of_it=forced,
        )

    def _forced(self, prefix: str) -> list[int]:
        ids = self.tokenizer.encode_target(prefix)
        if UNK in ids:
            raise TranslationError(
                f"the prefix {prefix!r} has characters that this imported model's vocabulary lacks; leave them out"
            )
        return ids

    def _options(
        self, options: SearchOptions | None, beam_size: int | None, alpha: float | None, num_hypotheses: int
    ) -> SearchOptions:
        if options is None:
            return search_options(
                self.info.decoding, beam_size=beam_size, alpha=alpha, num_hypotheses=num_hypotheses
            )
        if beam_size is not None or alpha is not None or num_hypotheses != 1:
            raise TranslationError(
                "options were given, and beam_size, alpha or num_hypotheses beside them; options hold these too: set "
                "them there, as in SearchOptions(decoding=DecodingConfig(beam_size=1), num_hypotheses=1)"
            )
        return options

    def _begun(
        self,
        texts: list[str],
        manner: Manner,
        search: SearchOptions,
        forced: list[int] | None,
    ) -> Iterator[tuple[list[Passage], Iterator[tuple[int, list[Hypothesis]]]]]:
        """Begin texts together; where one of them cannot be, those before it all the same, then raise."""
        try:
            begun = self._begin(texts, manner, search, forced)
        except ClearheadError:
            if len(texts) < 2:
                raise
            half = len(texts) // 2
            yield from self._begun(texts[:half], manner, search, forced)
            yield from self._begun(texts[half:], manner, search, forced)
        else:
            yield begun

    def _begin(
        self,
        texts: list[str],
        manner: Manner,
        search: SearchOptions,
        forced: list[int] | None,
    ) -> tuple[list[Passage], Iterator[tuple[int, list[Hypothesis]]]]:
        """Cut texts into sentences and hand these to the engine."""
        passages = [cut(text, manner) for text in texts]
        flat = [ids for passage in passages for ids in passage.ids]
        check_lengths(flat, self.info.model.longest)
        prefixes = None if forced is None else [forced] * len(flat)
        return passages, self.engine.translate(flat, search, prefixes)

    def _finish(
        self,
        passages: list[Passage],
        found: Iterator[tuple[int, list[Hypothesis]]],
        manner: Manner,
        wanted: int,
        literals: bool,
        align: bool,
        word_confidence: bool,
    ) -> Iterator[Translation]:
        """Put the texts together again from what the engine finds, and yield them in order."""
        made: dict[int, Translation] = {}
        best: dict[int, list[Hypothesis]] = {}
        to = self._named(manner.tag)
        for place, each in completed(passages, found):
            passage = passages[place]
            made[place] = put_together(passage, each, manner, to, wanted=wanted, literals=literals)
            best[place] = [hypotheses[0] for hypotheses in each]
        if word_confidence and self.info.confidence:
            made = self._with_words(self.info.confidence, passages, best, made)
        if not align:
            yield from (made[place] for place in range(len(passages)))
            return
        from clearhead.inspection.alignment import joined
        from clearhead.translator.looking import as_printed

        sources = [Text(ids) for passage in passages for ids in passage.ids]
        targets = [Text([*one.tokens, EOS]) for place in range(len(passages)) for one in best[place]]
        alignments = iter(self._alignments(sources, targets, "split"))
        for place, passage in enumerate(passages):
            texts = shown(passage, best[place], manner, to, literals)
            parts = as_printed(passage, texts, islice(alignments, len(texts)))
            yield replace(made[place], alignment=joined(list(parts)))

    def _with_words(
        self,
        confidence: Confidence,
        passages: list[Passage],
        best: dict[int, list[Hypothesis]],
        made: dict[int, Translation],
    ) -> dict[int, Translation]:
        """Return the translations with how sure each of their words is."""
        every = [sentence for passage in passages for sentence in passage.sentences]
        found = [each for place in range(len(passages)) for each in best[place]]
        told = token_log_probs(self.engine, [sentence.ids for sentence in every], found)
        words = iter(
            sure_words(confidence, self.tokenizer, *each) for each in zip(every, found, told, strict=True)
        )
        return {
            place: replace(made[place], words=tuple(chain(*islice(words, len(passage.sentences)))))
            for place, passage in enumerate(passages)
        }

    def searched(
        self, texts: Sequence[str], *, to: str | None = None
    ) -> Iterator[tuple[int, Translation, Sentence, Hypothesis]]:
        """Yield the place of each text, taken as one sentence, its translation and what the search found for it.

        In the order of finishing; one of which nothing is translated is left out.
        """
        search = self._options(None, None, None, 1)
        manner = self._manner(self.target(to), None, "never", search, forced=False)
        named, literals = self._named(manner.tag), search.decoding.literals
        passages, found = self._begin(list(texts), manner, search, None)
        for place, each in completed(passages, found):
            for sentence, hypotheses in zip(passages[place].sentences[:1], each, strict=False):
                made = put_together(passages[place], each, manner, named, wanted=1, literals=literals)
                yield place, made, sentence, hypotheses[0]

    def _named(self, tag: str | None) -> str | None:
        """Return the target language of a request, as far as the model was told."""
        return tag or (self.targets[0] if self.targets else None)

    def score(
        self, sources: Sequence[str], targets: Sequence[str], *, to: str | None = None
    ) -> list[PairScore]:
        """Return how probable each target is as the translation of its source, each taken as one sentence.

        What must come through is carried by symbols, as it is in translating.
        """
        srcs, tgts = self._read(sources, targets, to)
        scores = []
        for log_probs in self.engine.score([src.ids for src in srcs], [tgt.ids[:-1] for tgt in tgts]):
            total = math.fsum(log_probs)
            penalty = length_penalty(len(log_probs), self.info.decoding.alpha)
            scores.append(PairScore(log_prob=total, score=total / penalty, num_tokens=len(log_probs)))
        return scores

    def _sides(self, sources: Sequence[str], targets: Sequence[str]) -> tuple[list[str], list[str]]:
        """Return both sides; raise TranslationError for what are no texts, or not as many on either side."""
        sources, targets = list(_checked(sources)), list(_checked(targets))
        if len(sources) != len(targets):
            raise TranslationError(
                f"there are {len(sources)} sources and {len(targets)} targets; give one target for each source"
            )
        return sources, targets

    def align(
        self,
        sources: Sequence[str],
        targets: Sequence[str],
        *,
        to: str | None = None,
        words: WordKind = "split",
    ) -> list["Alignment"]:
        """Return which words of each target come from which of its source, each pair taken as one sentence.

        Words are what stands between spaces (`space`), or so that punctuation marks are words (`split`). How
        they are read from the attention is `reader`.
        """
        return self._alignments(*self._attendable(sources, targets, to), words)

    @property
    def reader(self) -> Reader:
        """How alignments are read: as was chosen on data with `clearhead align --choose`, or as is usual."""
        shape = self.info.model
        return self.info.alignment or Reader.usual(*shape.attends("cross"))

    def attended(
        self, sources: Sequence[str], targets: Sequence[str], *, to: str | None = None
    ) -> list["Attended"]:
        """Return the attention to the source of each pair, [layer, head, target, source], in order."""
        from clearhead.translator.looking import attention_of

        found = dict(attention_of(self.pytorch, self.tokenizer, *self._attendable(sources, targets, to)))
        return [found[number] for number in range(len(found))]

    def _alignments(self, sources: list[Text], targets: list[Text], words: WordKind) -> list["Alignment"]:
        from clearhead.translator.looking import alignments

        confidence = self.info.confidence
        return alignments(self.pytorch, self.tokenizer, sources, targets, self.reader, words, confidence)

    def _read(
        self, sources: Sequence[str], targets: Sequence[str], to: str | None
    ) -> tuple[list[Text], list[Text]]:
        """Return both sides of pairs as the model reads them, to be scored, aligned or looked at."""
        sources, targets = self._sides(sources, targets)
        return read_pairs(sources, targets, self.tokenizer, self.target(to), form=self.info.decoding.form)

    def _attendable(
        self, sources: Sequence[str], targets: Sequence[str], to: str | None
    ) -> tuple[list[Text], list[Text]]:
        """Return the same, where there is a position for each token."""
        both = self._read(sources, targets, to)
        for side in both:
            check_lengths([text.ids for text in side], self.info.model.longest)
        return both

    def look(
        self,
        text: str,
        *,
        to: str | None = None,
        target: str | None = None,
        inner: bool = False,
        measures: bool = False,
        search: bool = False,
    ) -> "AttentionMaps | PassageMaps":
        """Return every attention of a translation: of the model's own, or of `target` where it is given.

        What is looked at is what `translate` gives, sentence by sentence: the maps of one sentence, or of several the
        maps of each (`PassageMaps`, of which the first 16). A pair with a target is taken as one sentence; where it
        seems to be several, `about.notes` says so. With `inner` the queries, keys, values and every other vector on
        the way come too; with `measures` what is beyond raw attention (`inspection.attribution.measured`), in
        seconds; with `search` the story of our own search, whichever engine made the translation. Raises
        TranslationError for a blank text, and for one that is left as it is.
        """
        from clearhead.translator.looking import Wanted, passage_maps

        for each in (text, "" if target is None else target):
            if not isinstance(each, str):
                raise TranslationError(f"there is no attention of {untrusted.shown(each)}; give a text")
        if not normalize(text):
            raise TranslationError("there is nothing to look at in a blank text; give a sentence")
        options = self._options(None, None, None, 1)
        manner = self._manner(self.target(to), None, "auto", options, forced=False)
        looking = self._looking(manner, options, Wanted(inner=inner, measures=measures, search=search))
        if target is None:
            return passage_maps(looking, *self._translated(text, to, manner, options))
        (src,), (tgt,) = self._attendable([text], [target], to)
        count = sum(span.is_sentence for span in sentences.split(text, manner.languages))
        note = f"the pair was looked at as one sentence, though it seems to be {count}; give them one by one"
        return looking.of_pair(src, tgt, (note,) if count > 1 else ())

    def _translated(
        self, text: str, to: str | None, manner: Manner, options: SearchOptions
    ) -> tuple[Passage, list[Hypothesis], Translation]:
        """Return a text as it was cut, the best hypothesis of each sentence, and what they were put together to."""
        (passage,), found = self._begin([text], manner, options, None)
        if not passage.sentences:
            why = "; ".join(passage.notes) or "it holds no words"
            raise TranslationError(
                f"nothing in {untrusted.shown(text)} is translated, so that there is nothing to look at ({why})"
            )
        ((_, hypotheses),) = completed([passage], found)
        literals = options.decoding.literals
        translation = put_together(
            passage, hypotheses, manner, self._named(manner.tag), wanted=1, literals=literals
        )
        if not self._is_told(to):
            translation = self._with_target_told(translation)
        return passage, [best for best, *_ in hypotheses], translation

    def _looking(self, manner: Manner, options: SearchOptions, wanted: "Wanted") -> "Looking":
        from clearhead.inspection.about import About
        from clearhead.translator.looking import Looking

        about = About(
            model=self.name,
            to=self._named(manner.tag),
            reader=self.reader,
            beam_size=options.decoding.beam_size,
        )
        return Looking(self.engine, self.pytorch, manner, options, about, wanted)


def _checked(texts: Iterable[str]) -> Iterator[str]:
    """Yield texts; raise TranslationError, with its place, for what is none."""
    if isinstance(texts, str | bytes | Mapping | Set) or not isinstance(
        texts, Iterable
    ):  # these have no order
        raise TranslationError(
            f"the text is {untrusted.shown(texts)} ({type(texts).__name__}); give a string, or a list of strings"
        )
    for number, text in enumerate(texts, start=1):
        if not isinstance(text, str):
            raise TranslationError(
                f"text {number} of the list is {untrusted.shown(text)} ({type(text).__name__}), which is not text; "
                "give strings only"
            )
        yield text


def _counted(
    found: Iterator[tuple[int, list[Hypothesis]]],
    passages: Sequence[Passage],
    before: int,
    reached: Callable[[int], None],
) -> Iterator[tuple[int, list[Hypothesis]]]:
    """Pass on what is found, telling how many texts that comes to, by the share of their sentences."""
    sentences = sum(len(passage.sentences) for passage in passages)
    for count, each in enumerate(found, start=1):
        reached(before + count * len(passages) // sentences)
        yield each


def _windows(texts: Iterable[str], size: int, waits: Callable[[], bool] | None) -> Iterator[list[str]]:
    """Yield texts in windows of `size`; less where the next has yet to come, or cannot be read.

    After a window beyond which nothing is there yet comes an empty one, so that it is given out before
    anybody waits.
    """
    source = iter(texts)
    while True:
        read: list[str] = []
        empty = False
        try:
            for text in islice(source, size):
                read.append(text)
                empty = waits is not None and waits()
                if empty:
                    break
        except ClearheadError:
            if read:
                yield read
            raise
        if not read:
            return
        yield read
        if empty:
            yield []
