"""Text to text: a trained model, its tokenizer and an engine behind one small surface."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self, TypedDict, Unpack, overload

from clearhead.data.batching import order_by_length
from clearhead.decoding.hypothesis import Hypothesis
from clearhead.decoding.length_penalty import length_penalty
from clearhead.engines import directory
from clearhead.engines.choice import load_engine
from clearhead.engines.protocol import Engine, SearchOptions
from clearhead.errors import TranslationError
from clearhead.text import sentences
from clearhead.text.normalize import normalize
from clearhead.text.tokenizer import BOS, EOS, PAD, Tokenizer

if TYPE_CHECKING:
    from clearhead.inspection.alignment import Alignment, Reader
    from clearhead.inspection.maps import AttentionMaps
    from clearhead.inspection.tokens import Attended, Choice, Tokens
    from clearhead.text.words import WordKind

Split = Literal["auto", "never"]
_LOOKED_AT = 1024
"""Tokens of a batch whose attention is kept: all layers and heads take room."""
WINDOW = 2048
"""Texts read ahead so that sentences of like length share a batch."""


class TranslateOptions(TypedDict, total=False):
    """The options of `Translator.stream`, which explains them."""

    to: str | None
    beam_size: int | None
    alpha: float | None
    num_hypotheses: int
    split: Split
    prefix: str
    align: bool
    window: int
    options: SearchOptions | None


@dataclass(frozen=True, kw_only=True)
class Translation:
    """One translation of a text."""

    source: str
    text: str
    to: str | None
    """Target language, where the model has several."""
    score: float
    """Length-normalised log-probability; of several sentences their mean, weighted by tokens."""
    tokens: tuple[str, ...]
    """The target's pieces as the model produced them."""
    alternatives: tuple["Translation", ...] = ()
    """The rest of the n best, best first."""
    notes: tuple[str, ...] = ()
    """What a reader should know: a cut at the length limit, a stopped repetition, a split sentence."""
    alignment: "Alignment | None" = field(default=None, repr=False, compare=False)
    """Where it was asked for: which words come from which, what was left out, how sure each word is."""


@dataclass(frozen=True, kw_only=True)
class PairScore:
    """How probable a translation is to the model."""

    log_prob: float
    """Sum over the target's tokens and the end of the sentence, in nats."""
    score: float
    """The same, divided by the length penalty that translating uses."""
    num_tokens: int
    """Target tokens, the end of the sentence counted."""

    @property
    def perplexity(self) -> float:
        """exp of the mean negative log-probability of a token."""
        return math.exp(-self.log_prob / self.num_tokens)


@dataclass(frozen=True)
class _Job:
    """A text cut into sentences, each with its source ids and what must be said of it."""

    spans: list[sentences.Span]
    ids: list[list[int]]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Rank:
    """The hypotheses of one rank, a piece of text for each sentence."""

    texts: list[str]
    scores: list[tuple[float, int]]
    tokens: list[str]
    notes: list[str]


class Translator:
    """Translates text with a trained model.

    >>> translator = Translator.load("runs/fr-en")
    >>> translator.translate("Je suis étudiant.").text
    'I am a student.'
    """

    def __init__(
        self, engine: Engine, tokenizer: Tokenizer, info: directory.ModelInfo, name: str = ""
    ) -> None:
        self.engine = engine
        self.tokenizer = tokenizer
        self.info = info
        self.name = name

    @classmethod
    def load(cls, path: Path | str | None = None, *, engine: str = "auto", device: str = "cpu") -> Self:
        """Read a model directory, a run's best model, or the one that comes with the package.

        Raises CheckpointError for one that is damaged or not there.
        """
        found = directory.find(path)
        runs = load_engine(engine, found, device)
        return cls(runs, directory.read_tokenizer(found), directory.read_info(found), str(path or "default"))

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
        if to is not None and self.targets and to not in self.targets:
            raise TranslationError(
                f"this model does not translate to {to!r}; it translates to {', '.join(self.targets)}"
            )
        if not self.tokenizer.languages:
            return None
        to = to or self.info.default_target or None
        if to is None and len(self.tokenizer.languages) > 1:
            raise TranslationError(
                f"this model translates to {', '.join(self.targets)}; say which with --to (to=...)"
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
        beam_size: int | None = None,
        alpha: float | None = None,
        num_hypotheses: int = 1,
        split: Split = "auto",
        prefix: str = "",
        align: bool = False,
        window: int = WINDOW,
        options: SearchOptions | None = None,
    ) -> Iterator[Translation]:
        """Yield the translation of each text, in order, while later ones are still being read.

        `options` gives every setting of the search; `beam_size`, `alpha` and `num_hypotheses` are the
        usual ones by name. `prefix` is text that every translation must begin with (one sentence each).
        With `align` each has its word alignment, at the cost of one more pass in our own code.
        `window` texts are read before the first is translated, so that like lengths share a batch.
        """
        tag = self.target(to)
        search = self._options(options, beam_size, alpha, num_hypotheses)
        forced = self.tokenizer.encode(prefix) if prefix else None
        source = iter(texts)
        while texts := list(islice(source, window)):
            yield from self._window(texts, tag, search, "never" if forced else split, forced, align)

    def _options(
        self, options: SearchOptions | None, beam_size: int | None, alpha: float | None, num_hypotheses: int
    ) -> SearchOptions:
        if options is not None:
            return options
        defaults = self.info.decoding
        width = beam_size if beam_size is not None else max(defaults.beam_size, num_hypotheses)
        decoding = replace(defaults, beam_size=width, alpha=defaults.alpha if alpha is None else alpha)
        return SearchOptions(decoding=decoding, num_hypotheses=num_hypotheses)

    def _window(
        self,
        texts: list[str],
        tag: str | None,
        search: SearchOptions,
        split: Split,
        forced: list[int] | None,
        align: bool,
    ) -> Iterator[Translation]:
        jobs = [self._job(text, tag, split) for text in texts]
        flat = [ids for job in jobs for ids in job.ids]
        prefixes = None if forced is None else [forced] * len(flat)
        hypotheses = dict(self.engine.translate(flat, search, prefixes))
        targets = [[*hypotheses[number][0].tokens, EOS] for number in range(len(flat))] if align else []
        alignments = self._alignments(flat, targets, "split") if align else []
        start = 0
        for text, job in zip(texts, jobs, strict=True):
            end = start + len(job.ids)
            found = [hypotheses[number] for number in range(start, end)]
            translation = self._joined(text, tag, job, found, search.num_hypotheses)
            yield replace(translation, alignment=_of_all(alignments[start:end])) if align else translation
            start = end

    def _job(self, text: str, tag: str | None, split: Split) -> _Job:
        """Cut a text into sentences no longer than the model was trained on; nothing is left out."""
        notes: list[str] = []
        if not normalize(text):  # blank, or nothing but characters that mean nothing
            return _Job([sentences.Span(text, False)] if text else [], [], ())
        if split == "never":
            spans = [sentences.Span(text, True)]
        else:
            language = self.info.source_langs[0] if len(self.info.source_langs) == 1 else "en"
            limit = int(self.info.training.get("max_tokens", 256))
            spans = []
            for span in sentences.split(text, language):
                if span.is_sentence and len(self.tokenizer.encode(span.text)) > limit:
                    parts = sentences.split_long(
                        span.text, limit, lambda part: len(self.tokenizer.encode(part))
                    )
                    count = sum(part.is_sentence for part in parts)
                    notes.append(f"a sentence above {limit} tokens was translated in {count} parts")
                    spans.extend(parts)
                else:
                    spans.append(span)
        ids = [[*self.tokenizer.encode(span.text, to=tag), EOS] for span in spans if span.is_sentence]
        return _Job(spans, ids, tuple(notes))

    def _joined(
        self, text: str, tag: str | None, job: _Job, found: list[list[Hypothesis]], wanted: int
    ) -> Translation:
        ranks = []
        for rank in range(min(wanted, *map(len, found)) if found else 1):
            pieces = _Rank([], [], [], list(job.notes))
            for number, hypotheses in enumerate(found, start=1):
                best = hypotheses[rank]
                where = f"sentence {number}: " if len(found) > 1 else ""
                pieces.texts.append(self.tokenizer.decode(best.tokens))
                pieces.scores.append((best.score, len(best.tokens) + 1))
                pieces.tokens.extend(self.tokenizer.pieces(best.tokens))
                if best.truncated:
                    pieces.notes.append(
                        f"{where}the translation reached the length limit and was ended there"
                    )
                if best.repetition:
                    pieces.notes.append(f"{where}the translation began to repeat itself and was kept from it")
            tokens = sum(count for _, count in pieces.scores) or 1
            ranks.append(
                Translation(
                    source=text,
                    text=sentences.join(job.spans, pieces.texts),
                    to=tag or (self.targets[0] if self.targets else None),
                    score=sum(score * count for score, count in pieces.scores) / tokens,
                    tokens=tuple(pieces.tokens),
                    notes=tuple(pieces.notes),
                )
            )
        best_rank, *others = ranks
        return replace(best_rank, alternatives=tuple(others))

    def score(
        self, sources: Sequence[str], targets: Sequence[str], *, to: str | None = None
    ) -> list[PairScore]:
        """Return how probable each target is as the translation of its source, each taken as one sentence."""
        self._check_counts(sources, targets)
        tag = self.target(to)
        srcs = [[*self.tokenizer.encode(text, to=tag), EOS] for text in sources]
        tgts = [self.tokenizer.encode(text) for text in targets]
        scores = []
        for log_probs in self.engine.score(srcs, tgts):
            total = math.fsum(log_probs)
            penalty = length_penalty(len(log_probs), self.info.decoding.alpha)
            scores.append(PairScore(log_prob=total, score=total / penalty, num_tokens=len(log_probs)))
        return scores

    def _check_counts(self, sources: Sequence[str], targets: Sequence[str]) -> None:
        if len(sources) != len(targets):
            raise TranslationError(
                f"there are {len(sources)} sources and {len(targets)} targets; give one target for each source"
            )

    def align(
        self,
        sources: Sequence[str],
        targets: Sequence[str],
        *,
        to: str | None = None,
        words: "WordKind" = "split",
    ) -> list["Alignment"]:
        """Return which words of each target come from which of its source, each pair taken as one sentence.

        Words are what stands between spaces (`space`), or so that punctuation marks are words (`split`). How
        they are read from the attention is `reader`.
        """
        return self._alignments(*self._encoded(sources, targets, to), words)

    @property
    def reader(self) -> "Reader":
        """How alignments are read: as was chosen on data with `clearhead align --choose`, or as is usual."""
        from clearhead.inspection.alignment import Reader

        if self.info.alignment:
            return Reader.from_dict(self.info.alignment)
        return Reader.usual(self.info.model.num_decoder_layers, self.info.model.num_heads)

    def attended(
        self, sources: Sequence[str], targets: Sequence[str], *, to: str | None = None
    ) -> list["Attended"]:
        """Return the attention to the source of each pair, [layer, head, target, source], in order."""
        return self._attended(*self._encoded(sources, targets, to))

    def _encoded(
        self, sources: Sequence[str], targets: Sequence[str], to: str | None
    ) -> tuple[list[list[int]], list[list[int]]]:
        """Return the ids of both sides, EOS last."""
        self._check_counts(sources, targets)
        return (
            [[*ids, EOS] for ids in self.tokenizer.encode_batch(sources, to=self.target(to))],
            [[*ids, EOS] for ids in self.tokenizer.encode_batch(targets)],
        )

    def _alignments(
        self, sources: list[list[int]], targets: list[list[int]], words: "WordKind"
    ) -> list["Alignment"]:
        from clearhead.inspection.alignment import aligned

        reader = self.reader
        return [
            aligned(each, each.source.words(words)[0], each.target.words(words)[0], reader)
            for each in self._attended(sources, targets)
        ]

    def _attended(self, sources: list[list[int]], targets: list[list[int]]) -> list["Attended"]:
        from clearhead.inspection.record import attended

        srcs, tgts = ([self._tokens(ids) for ids in side] for side in (sources, targets))
        found: dict[int, Attended] = {}
        lengths = [max(len(src), len(tgt)) for src, tgt in zip(srcs, tgts, strict=True)]
        for batch in order_by_length(lengths, _LOOKED_AT):
            pairs = attended(
                self.engine.pytorch.model,
                [srcs[number] for number in batch],
                [tgts[number] for number in batch],
                start=BOS,
                pad=PAD,
            )
            found.update(zip(batch.tolist(), pairs, strict=True))
        return [found[number] for number in range(len(srcs))]

    def look(
        self,
        text: str,
        *,
        to: str | None = None,
        target: str | None = None,
        inner: bool = False,
        measures: bool = False,
        search: bool = False,
    ) -> "AttentionMaps":
        """Return every attention of a translation: of the model's own, or of `target` where it is given.

        The text is taken as one sentence. With `inner` the queries, keys, values and every other vector on
        the way come too; with `measures` what is beyond raw attention (`inspection.attribution`), in a second or
        two; with `search` the story of our own search, whichever engine made the translation.
        Raises TranslationError for a blank text.
        """
        from clearhead.inspection.record import record

        if not normalize(text):
            raise TranslationError("there is nothing to look at in a blank text; give a sentence")
        tag = self.target(to)
        src = [*self.tokenizer.encode(text, to=tag), EOS]
        options = SearchOptions(decoding=self.info.decoding)
        if target is None:
            ((_, hypotheses),) = self.engine.translate([src], options)
            tgt = list(hypotheses[0].tokens)
        else:
            tgt = self.tokenizer.encode(target)
        shape = self.info.model
        steps, best = self._story(src, options) if search else ((), None)
        model = self.engine.pytorch.model
        maps = record(
            model,
            self._tokens(src),
            self._tokens([*tgt, EOS]),
            start=BOS,
            piece=lambda i: self.tokenizer.pieces([i])[0],
            inner=inner or measures,
            search=steps,
            about={
                "model": self.name,
                "to": tag or (self.targets[0] if self.targets else None),
                "reader": self.reader.to_dict(),
                "search_text": best,
                "beam_size": options.decoding.beam_size,
                "engine": None if target is not None else f"{self.engine.name} {self.engine.precision}",
                "d_model": shape.d_model,
                "num_heads": shape.num_heads,
                "norm": shape.norm,
            },
        )
        if measures:
            from clearhead.inspection.attribution import measured

            maps = measured(model, maps, BOS)
        return maps if inner else replace(maps, inner={})

    def _story(self, src: list[int], options: SearchOptions) -> tuple[tuple[tuple["Choice", ...], ...], str]:
        """Return the choices of each step of our own search, and the text that it found best."""
        from clearhead.inspection.tokens import Choice

        steps: list[tuple[Choice, ...]] = []
        searching = self.engine.pytorch.trace(src, options)
        while True:
            try:
                step = next(searching)
            except StopIteration as stop:
                return tuple(steps), self.tokenizer.decode(stop.value[0][0].tokens)
            steps.append(
                tuple(
                    Choice(
                        self.tokenizer.pieces(each.tokens[-1:])[0],
                        each.parent,
                        math.exp(each.token_log_prob),
                        each.score,
                        each.fate,
                    )
                    for each in step.sentences[0].candidates
                )
            )

    def _tokens(self, ids: list[int]) -> "Tokens":
        from clearhead.inspection.tokens import Tokens

        tokenizer = self.tokenizer
        return Tokens(
            tokenizer.decode(ids), tuple(ids), tuple(tokenizer.pieces(ids)), tuple(tokenizer.spans(ids))
        )


def _of_all(parts: list["Alignment"]) -> "Alignment":
    """Return the alignment of a text of several sentences."""
    from clearhead.inspection.alignment import joined

    return joined(parts)
