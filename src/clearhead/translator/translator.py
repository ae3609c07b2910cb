"""Text to text: a trained model, its tokenizer and an engine behind one small surface."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack, get_args, overload

from clearhead import model_directory
from clearhead.config import ModelConfig
from clearhead.config.alignment import Reader
from clearhead.config.checks import check, check_integer
from clearhead.config.choices import Split, WordKind
from clearhead.corpora.frames import Frames, are_frames
from clearhead.decoding.hypothesis import Hypothesis
from clearhead.decoding.length_penalty import length_penalty
from clearhead.engines.choice import OwnCode, load_engine, own_code
from clearhead.engines.protocol import Engine, SearchOptions, check_lengths, check_positions
from clearhead.errors import TranslationError
from clearhead.extras import has_torch, require_torch
from clearhead.storage import untrusted
from clearhead.terms import Terms
from clearhead.text import sentences
from clearhead.text.normalize import normalize
from clearhead.text.tokenizer import Tokenizer
from clearhead.translator.languages import Languages
from clearhead.translator.passage import Passage, Sentence, completed, put_together
from clearhead.translator.reading import Text, checked, read_pairs, read_target, sides
from clearhead.translator.request import Request, chosen_options
from clearhead.translator.sources import checked_sources, frames_of
from clearhead.translator.streaming import (
    MOST_FRAMES,
    WINDOW,
    WINDOW_MOST,
    begin,
    begun,
    counted,
    finished,
    one_ahead,
    windows,
)
from clearhead.translator.sureness import words_of
from clearhead.translator.translation import PairScore, TranslateOptions, Translation

if TYPE_CHECKING:
    from clearhead.engines.pytorch import PyTorchEngine
    from clearhead.engines.teacher_forced import TeacherForced
    from clearhead.inspection.alignment import Alignment
    from clearhead.inspection.intervention import Row
    from clearhead.inspection.maps import AttentionMaps
    from clearhead.inspection.passage import PassageMaps
    from clearhead.inspection.patching import Patch
    from clearhead.inspection.tokens import Attended
    from clearhead.translator.continuations import Continuation


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
        if device == "auto" and not has_torch():
            device = "cpu"
        if device != "cpu":
            require_torch(f"the device {device}")
            from clearhead.engines.devices import device_named

            device = device_named(device)
        found = model_directory.find(path)
        with model_directory.unchanged(found):
            own = own_code(found, device)
            runs = load_engine(engine, found, device, own)
            tokenizer, info = model_directory.read_tokenizer(found), model_directory.read_info(found)
        if info.plain_text:
            raise TranslationError(
                f"{path} is a language model of plain text, which translates nothing; go on with a text: "
                f"clearhead generate --model {path}"
            )
        return cls(runs, tokenizer, info, str(path or "default"), own=own)

    @property
    def pytorch(self) -> "PyTorchEngine":
        """The same model in our own code, for looking inside; `pytorch.model` is a plain `torch.nn.Module`.

        It is loaded when it is first needed. Raises TranslationError for a translator that was made without it, and
        MissingPackageError where PyTorch is not installed.
        """
        require_torch("looking into a model")
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
    def _languages(self) -> Languages:
        return Languages.of(self.tokenizer, self.info)

    @property
    def targets(self) -> tuple[str, ...]:
        """Languages that the model translates to; empty where it was not told."""
        return self._languages.targets

    @property
    def sources(self) -> tuple[str, ...]:
        """Languages that the model translates from; empty where it was not told."""
        return self._languages.sources

    @property
    def reads_features(self) -> bool:
        """Whether the sources are no text, but frames of numbers: then a source is the name of a file, or an array."""
        return bool(self.info.model.source_features)

    @property
    def _most_read(self) -> int:
        """Sources that are read ahead at most: frames take room."""
        return MOST_FRAMES if self.reads_features else WINDOW_MOST

    def _inputs(self, texts: Iterable[Any]) -> Iterator[Any]:
        return checked_sources(texts) if self.reads_features else checked(texts)

    def target(self, to: str | None) -> str | None:
        """Return the language tag for a request; raise TranslationError for one the model lacks."""
        return self._languages.tag(to)

    @overload
    def translate(self, text: str | Frames, **options: Unpack[TranslateOptions]) -> Translation: ...
    @overload
    def translate(
        self, text: list[str] | tuple[str, ...] | list[Frames], **options: Unpack[TranslateOptions]
    ) -> list[Translation]: ...

    def translate(
        self,
        text: str | Frames | list[str] | tuple[str, ...] | list[Frames],
        **options: Unpack[TranslateOptions],
    ) -> Translation | list[Translation]:
        """Translate a text, or a list of texts; the options are those of `stream`.

        A text is split into sentences and put together again with its own separators; a blank text
        stays as it is. A model that `reads_features` takes a file of frames, or an array, in the place of a text.
        """
        if isinstance(text, str) or (self.reads_features and are_frames(text)):
            return next(self.stream([text], **options))
        return list(self.stream(text, **options))

    def stream(
        self,
        texts: Iterable[str | Frames],
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
        terms: Terms | None = None,
        window: int = WINDOW,
        waits: Callable[[], bool] | None = None,
        reached: Callable[[int], None] | None = None,
        options: SearchOptions | None = None,
    ) -> Iterator[Translation]:
        """Yield the translation of each text, in order, while later ones are still being read.

        `to` is the target language, `source` the language of the texts where that is known: it decides where
        sentences end and how figures are read. `options` gives every setting of the search; `beam_size`, `alpha`
        and `num_hypotheses` are the usual ones by name. `prefix` is text that every translation must begin with
        (one sentence each). With `align` each has its word alignment, at the cost of one more pass;
        with `word_confidence` how sure each word is, where the model was calibrated, at the cost of one more pass.
        `terms` is a glossary that translations are held to; a note says where one is not.
        `window` texts are read before the first is translated, so that like lengths share a batch; fewer where
        `waits` says that the next has yet to come. `reached` is called with how many texts are about done, which is
        more than were yielded. Texts before one that cannot be read or translated are
        translated first, then the error is raised.
        """
        check(split in get_args(Split), "split", split, "one of " + ", ".join(get_args(Split)))
        check_integer("window", window, 1, WINDOW_MOST)
        if not isinstance(prefix, str):
            raise TranslationError(
                f"the prefix is {untrusted.shown(prefix)}, which is not text; give a string"
            )
        if align and self.reads_features:
            raise TranslationError(
                "alignments are between words, and this model's sources are frames of numbers; look at one instead, "
                "which shows where each letter was found"
            )
        tag = self.target(to)
        search = chosen_options(self.info.decoding, options, beam_size, alpha, num_hypotheses)
        request = Request.of(
            self.tokenizer,
            self.info,
            tag=tag,
            search=search,
            source=source,
            split=split,
            prefix=prefix or None,
            terms=terms,
        )
        languages = self._languages
        read = windows(self._inputs(texts), min(window, self._most_read), waits)
        at_once = (
            together
            for texts in read
            for together in begun(self.engine, self.info.model, texts, request, lambda: self.pytorch)
        )
        before = 0
        for passages, found in at_once if window == 1 else one_ahead(at_once):
            if reached:
                found = counted(found, passages, before, reached)
                before += len(passages)
            for translation in self._finished(passages, found, request, align, word_confidence):
                yield languages.with_target_told(translation, to)

    def continuations(
        self, text: str, before: str = "", *, to: str | None = None, source: str | None = None, count: int = 5
    ) -> list["Continuation"]:
        """Return up to `count` words that the translation of a sentence may go on with, the likeliest first.

        Each has its probability after `before`, which is the translation up to a place, with the space there, and
        the best translation that goes on with it. Whichever engine translates finds them. Raises TranslationError for a
        count that is not 1 to 20.
        """
        from clearhead.translator.continuations import MOST, continuations

        if self.reads_features:
            raise TranslationError(
                "words are gone on with in translations of text, and this model reads frames"
            )
        check_integer("count", count, 1, MOST)
        request = Request.of(
            self.tokenizer,
            self.info,
            tag=self.target(to),
            search=chosen_options(self.info.decoding),
            source=source,
            prefix=before.rstrip(),
        )
        return continuations(self.engine, self.tokenizer, text, before, request, count)

    def _usual_request(self, to: str | None, split: Split) -> Request:
        """Return a request with the model's own search."""
        search = chosen_options(self.info.decoding)
        return Request.of(self.tokenizer, self.info, tag=self.target(to), search=search, split=split)

    def _finished(
        self,
        passages: list[Passage],
        found: Iterator[tuple[int, list[Hypothesis]]],
        request: Request,
        align: bool,
        word_confidence: bool,
    ) -> Iterator[Translation]:
        """Yield the translation of each text, in order, with what was asked for besides."""
        translations, best = finished(passages, found, request)
        if word_confidence and self.info.confidence:
            words = words_of(self.engine, self.info.confidence, self.tokenizer, passages, best)
            translations = [replace(one, words=of_it) for one, of_it in zip(translations, words, strict=True)]
        if align:
            from clearhead.translator.aligning import aligned_translations

            yield from aligned_translations(passages, translations, best, request.manner, self._alignments)
        else:
            yield from translations

    def searched(
        self, texts: Sequence[str], *, to: str | None = None
    ) -> Iterator[tuple[int, Translation, Sentence, Hypothesis]]:
        """Yield the place of each text, taken as one sentence, its translation and what the search found for it.

        In the order of finishing; one of which nothing is translated is left out.
        """
        request = self._usual_request(to, split="never")
        passages, found = begin(self.engine, self.info.model, texts, request)
        for place, ranked in completed(passages, found):
            for sentence, hypotheses in zip(passages[place].sentences[:1], ranked, strict=False):
                translation = put_together(passages[place], ranked, request.manner, wanted=1)
                yield place, translation, sentence, hypotheses[0]

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

    def _attending(self) -> ModelConfig:
        """Return the shape of a model that looks at the source; raise TranslationError for one that does not."""
        shape = self.info.model
        if not shape.attends("cross")[0]:
            raise TranslationError(
                f"this model of kind {shape.kind} has no attention to the source, so nothing to look at and no "
                "alignment; use one with cross-attention, such as a Transformer"
            )
        return shape

    @property
    def reader(self) -> Reader:
        """How alignments are read: as was chosen on data with `clearhead align --choose`, or as is usual."""
        shape = self._attending()
        return self.info.alignment or Reader.usual(*shape.attends("cross"))

    def attended(
        self, sources: Sequence[str], targets: Sequence[str], *, to: str | None = None
    ) -> list["Attended"]:
        """Return the attention to the source of each pair, [layer, head, target, source], in order."""
        self._attending()
        found = dict(self._attention(*self._attendable(sources, targets, to)))
        return [found[number] for number in range(len(found))]

    def _alignments(
        self, sources: list[Text], targets: list[Text], words: WordKind = "split"
    ) -> list["Alignment"]:
        from clearhead.translator.attending import alignments

        pairs = self._attention(sources, targets)
        return alignments(pairs, self.tokenizer, self.reader, words, self.info.confidence)

    def _attention(self, sources: list[Text], targets: list[Text]) -> Iterator[tuple[int, "Attended"]]:
        """Yield the number of each pair and its attention to the source, from our own code or, without torch, numpy."""
        if has_torch() or self._own is None:
            from clearhead.translator.looking import attention_of

            return attention_of(self.pytorch, self.tokenizer, sources, targets)
        from clearhead.translator.attending import attention_without_torch

        return attention_without_torch(self._teacher_forced, self.tokenizer, sources, targets)

    @cached_property
    def _teacher_forced(self) -> "TeacherForced":
        from clearhead.engines.choice import ChosenEngine
        from clearhead.engines.teacher_forced import TeacherForced

        assert isinstance(self.engine, ChosenEngine), "without torch no other engine runs"
        return TeacherForced.load(self.engine.path)

    def _read(
        self, sources: Sequence[str], targets: Sequence[str], to: str | None
    ) -> tuple[list[Text], list[Text]]:
        """Return both sides of pairs as the model reads them, to be scored, aligned or looked at."""
        sources, targets = sides(sources, targets)
        if self.reads_features:
            heard = [Text(frames_of(source, self.info.model)) for source in sources]
            return heard, [read_target(target, self.tokenizer) for target in targets]
        return read_pairs(sources, targets, self.tokenizer, self.target(to), form=self.info.decoding.form)

    def _attendable(
        self, sources: Sequence[str], targets: Sequence[str], to: str | None
    ) -> tuple[list[Text], list[Text]]:
        """Return the same, where there is a position for each token."""
        both = self._read(sources, targets, to)
        shape = self.info.model
        check_positions([shape.source_positions(len(text.ids)) for text in both[0]], shape.longest)
        check_lengths([text.ids for text in both[1]], shape.longest)
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
        without: Sequence[str] = (),
        mask_source: Sequence[int] = (),
        rows: "Sequence[Row]" = (),
        force: str = "",
        forbid: Sequence[str] = (),
        patch: "Sequence[Patch]" = (),
        patch_from: str | None = None,
        what_if: bool = False,
    ) -> "AttentionMaps | PassageMaps":
        """Return every attention of a translation: of the model's own, or of `target` where it is given.

        What is looked at is what `translate` gives, sentence by sentence: the maps of one sentence, or of several the
        maps of each (`PassageMaps`, of which the first 16). A pair with a target is taken as one sentence; where it
        seems to be several, `about.notes` says so. With `inner` the queries, keys, values and every other vector on
        the way come too; with `measures` what is beyond raw attention (`inspection.attribution.measured`), in
        seconds; with `search` the story of our own search, whichever engine made the translation. Raises
        TranslationError for a blank text, for one that is left as it is, and for a model without attention.

        What if: `without` takes away parts of the model (`encoder.3`, `decoder.1.cross`, `encoder.3.self.5`),
        `mask_source` hides words of the source (from 1), `rows` sets rows of attention by hand, `force` is what the
        translation begins with, `forbid` words that it must not have; `patch` names parts whose output is that of a
        run on another sentence, `patch_from`, with the same translation. The maps are then those of the changed model
        and of its translation, and `what_if` has the plain one beside it. With `what_if=True` nothing is changed in
        the maps, but `what_if` says what would come of the sentence without each layer, and without each head that
        looks at the source. All of it is translated in our own code, one sentence at a time.
        """
        require_torch("looking into a model")
        from clearhead.inspection.about import About
        from clearhead.translator.looking import Looking, Wanted, passage_maps
        from clearhead.translator.what_if import Changes, changed_maps, with_overviews

        named = "" if self.reads_features else text
        for each in (named, "" if target is None else target):
            if not isinstance(each, str):
                raise TranslationError(f"there is no attention of {untrusted.shown(each)}; give a text")
        if not self.reads_features and not normalize(text):
            raise TranslationError("there is nothing to look at in a blank text; give a sentence")
        changes = Changes(
            without=tuple(without),
            masked=tuple(mask_source),
            rows=tuple(rows),
            force=force,
            forbid=tuple(forbid),
            patches=tuple(patch),
            patch_from=patch_from,
        )
        if target is not None and (changes or what_if):
            raise TranslationError("what a changed model makes of a sentence needs no target; leave it out")
        request = self._usual_request(to, split="auto")
        looking = Looking(
            engine=self.pytorch if changes or what_if else self.engine,
            pytorch=self.pytorch,
            request=request,
            about=About(
                model=self.name, to=request.manner.to, reader=self.reader, beam_size=request.beam_size
            ),
            wanted=Wanted(inner=inner, measures=measures, search=search),
        )
        if target is None:
            passage, best, translation = looking.translated(text)
            if changes:
                return changed_maps(looking, passage, best, changes)
            maps = passage_maps(looking, passage, best, self._languages.with_target_told(translation, to))
            return with_overviews(maps, looking, passage, best) if what_if else maps
        (src,), (tgt,) = self._attendable([text], [target], to)
        spans = [] if self.reads_features else sentences.split(text, request.manner.languages)
        count = sum(span.is_sentence for span in spans)
        note = f"the pair was looked at as one sentence, though it seems to be {count}; give them one by one"
        return looking.of_pair(src, tgt, (note,) if count > 1 else ())
