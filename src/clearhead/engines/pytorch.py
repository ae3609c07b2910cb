"""Our own code as an engine: a model of any kind, searched by `clearhead.decoding`."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from clearhead.architectures.build import build
from clearhead.data.batching import order_by_length
from clearhead.decoding.constrained import ConstrainedBeamSearch, HoldPhrases
from clearhead.decoding.constraints import (
    Ban,
    BanSequences,
    CarriedSymbols,
    Filter,
    ForcedPrefix,
    Length,
    NoRepeatNgram,
    RepetitionGuard,
    WholeCharacters,
)
from clearhead.decoding.hypothesis import Hypothesis
from clearhead.decoding.phrases import Phrases, Wanted
from clearhead.decoding.repetition import repeats
from clearhead.decoding.rules import Rules
from clearhead.decoding.search import Search, Step, finish, search
from clearhead.decoding.strategies import BeamSearch, Greedy, Sample, Strategy
from clearhead.engines.devices import Precision, computing, search_precision
from clearhead.engines.protocol import Ids, SearchOptions, Source, SpecialIds, check_lengths, check_positions
from clearhead.engines.weights import check_weights
from clearhead.errors import TranslationError
from clearhead.model.padding import padded
from clearhead.model.sequence_model import SequenceModel
from clearhead.model.transformer import PAD
from clearhead.model.weights import fill
from clearhead.model_directory import WEIGHTS, ModelInfo, read_info, read_tokenizer
from clearhead.storage.tensors import read_arrays
from clearhead.text.vocabulary import BOS, EOS, UNK

_CONTROLS = SpecialIds(forbidden=frozenset({PAD, BOS, UNK}))


def load_model(path: Path, info: ModelInfo) -> SequenceModel:
    """Build a model and fill it with a model directory's weights, ready to run."""
    model = build(info.model)
    arrays = read_arrays(path / WEIGHTS)
    expected = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
    check_weights(path, arrays, expected)
    fill(model, arrays)
    return model.eval()


def next_token(model: SequenceModel, precision: Precision = "fp32") -> Step[Any]:
    """Return a model as decoding sees it: (last tokens, cache) -> (log-probabilities of the next token, cache)."""

    def step(last_tokens: Tensor, cache: Any) -> tuple[Tensor, Any]:
        with computing(model.device, precision):
            states, cache = model.decode(last_tokens.unsqueeze(1), cache)
            logits = model.logits(states.squeeze(1))
        return logits.float().log_softmax(dim=-1), cache

    return step


class PyTorchEngine:
    """Runs a model on the device it lives on; it searches in fp32 or bf16, and scores in fp32."""

    name = "pytorch"
    at_once = 1

    def __init__(
        self,
        model: SequenceModel,
        ids: SpecialIds = _CONTROLS,
        banned: Sequence[Ids] = (),
        precision: Precision = "fp32",
    ) -> None:
        self.model = model
        self.precision = precision
        """In which it searches."""
        self.ids = ids
        self.banned = banned
        """Sequences of ids that no search produces."""
        self.forbidden_ids = tuple(sorted(ids.forbidden))

    @classmethod
    def load(cls, path: Path, device: str = "cpu") -> Self:
        """Read a model directory; on a GPU that has bf16 it searches in that."""
        ids = SpecialIds.of(read_tokenizer(path))
        return cls(load_model(path, read_info(path)).to(device), ids, precision=search_precision(device))

    def unsupported(self, options: SearchOptions | None, positions: int = 0) -> str:
        """Return what this engine cannot do: nothing."""
        return ""

    @property
    def device(self) -> torch.device:
        """The device that holds the model."""
        return self.model.device

    @torch.inference_mode()
    def translate(
        self,
        srcs: Sequence[Source],
        options: SearchOptions,
        prefixes: Sequence[Ids] | None = None,
        wanted: Sequence[Wanted] | None = None,
    ) -> Iterator[tuple[int, list[Hypothesis]]]:
        """Yield (index of the source, its hypotheses best first), longest sources first, batch by batch.

        `wanted` says what each must hold; there are no hypotheses where none does. In fp32 a sentence gets the same
        tokens alone or in any batch, but for ties below 1e-4.
        """
        longest = self.model.config.longest
        self._check_sources(srcs)
        check_lengths(prefixes or (), None if longest is None else longest - 1)
        width = max(1, options.num_hypotheses if options.temperature else options.decoding.beam_size)
        budget = max(1, options.batch_tokens // width)
        for indices in order_by_length([self._positions(src) for src in srcs], budget):
            batch: list[int] = indices.tolist()
            forced = [prefixes[index] for index in batch] if prefixes else []
            phrases = Phrases([wanted[index] for index in batch], self.ids.edges) if wanted else None
            strategy = _strategy(options, phrases)
            rules = self._rules([srcs[index] for index in batch], options, forced, phrases)
            searching = self._search([srcs[index] for index in batch], batch, strategy, options, rules)
            hypotheses = finish(searching)
            if not wanted:
                _check_hypotheses(hypotheses)
            yield from zip(batch, hypotheses, strict=True)

    @torch.inference_mode()
    def trace(self, src: Source, options: SearchOptions, prefix: Ids = (), number: int = 0) -> Search:
        """Search for one source, yielding every step: what was kept, what was given up, and for what.

        What is found begins with `prefix`; samples are drawn under `number`.
        """
        forced = [prefix] if prefix else []
        rules = self._rules([src], options, forced)
        hypotheses = yield from self._search([src], [number], _strategy(options), options, rules, trace=True)
        _check_hypotheses(hypotheses)
        return hypotheses

    def _search(
        self,
        srcs: Sequence[Source],
        sentence_ids: Sequence[int],
        strategy: Strategy,
        options: SearchOptions,
        rules: Rules,
        trace: bool = False,
    ) -> Search:
        with computing(self.device, self.precision):
            encoded = self.model.encode(padded(srcs, PAD, self.device))
        return search(
            next_token(self.model, self.precision),
            encoded,
            strategy,
            rules,
            bos=BOS,
            num_hypotheses=options.num_hypotheses,
            sentence_ids=sentence_ids,
            device=self.device,
            trace=trace,
        )

    def _positions(self, src: Source) -> int:
        """Return the positions of the encoder that a source takes."""
        return self.model.config.source_positions(len(src))

    def _check_sources(self, srcs: Sequence[Source]) -> None:
        check_positions([self._positions(src) for src in srcs], self.model.config.longest)

    def _max_length(self, num_src_tokens: int, options: SearchOptions) -> int:
        wanted, longest = options.decoding.max_length(num_src_tokens), self.model.config.longest
        return wanted if longest is None else min(wanted, longest - 1)  # BOS has a position too

    @torch.inference_mode()
    def score(
        self, srcs: Sequence[Source], tgts: Sequence[Ids], *, allowed_only: bool = False
    ) -> list[list[float]]:
        """Return the log-probability of every target token and of the EOS after the last, teacher-forced.

        With `allowed_only` that among the tokens which may be produced.
        """
        self._check_sources(srcs)
        check_lengths([[BOS, *tgt] for tgt in tgts], self.model.config.longest)
        scores: list[list[float]] = [[] for _ in srcs]
        lengths = [max(self._positions(src), len(tgt) + 1) for src, tgt in zip(srcs, tgts, strict=True)]
        for batch in order_by_length(lengths, 4096):
            src = padded([srcs[index] for index in batch], PAD, self.device)
            tgt = padded([[BOS, *tgts[index], EOS] for index in batch], PAD, self.device)
            logits = self.model.logits(self.model(src, tgt[:, :-1])).float()
            if allowed_only:
                logits[..., list(self.forbidden_ids)] = -math.inf
            log_probs = logits.log_softmax(dim=-1)
            chosen = log_probs.gather(2, tgt[:, 1:, None]).squeeze(2).cpu()
            for row, index in enumerate(batch):
                scores[index] = chosen[row, : len(tgts[index]) + 1].tolist()
        return scores

    def _rules(
        self,
        srcs: Sequence[Source],
        options: SearchOptions,
        prefixes: Sequence[Ids],
        phrases: Phrases | None = None,
    ) -> Rules:
        most = [self._max_length(self._positions(src), options) for src in srcs]
        texts = [() if isinstance(src, np.ndarray) else src for src in srcs]
        if phrases is not None:
            limits = [one.most for one in phrases.wanted]
            most = [
                usual if limit is None else min(usual, limit)
                for usual, limit in zip(most, limits, strict=True)
            ]
        length = Length(EOS, most, [options.min_length] * len(srcs))
        filters: list[Filter] = [Ban(self.forbidden_ids)]
        if self.banned:
            filters.append(BanSequences(self.banned))
        if self.ids.byte_ids and options.carry:
            filters.append(WholeCharacters(self.ids.byte_ids, EOS))
        if self.ids.symbols and options.carry and not prefixes:  # what is forced may be anything
            filters.append(CarriedSymbols(sorted(self.ids.symbols), texts, length))
        if options.no_repeat_ngram:
            filters.append(NoRepeatNgram(options.no_repeat_ngram))
        if phrases is not None:
            filters.append(HoldPhrases(phrases, EOS))
        return Rules(
            length=length,
            filters=filters,
            guard=RepetitionGuard(excused=[repeats(src) for src in texts]),
            prefix=ForcedPrefix(prefixes) if prefixes else None,
        )


def _check_hypotheses(hypotheses: Sequence[Sequence[Hypothesis]]) -> None:
    """Raise TranslationError where a search found nothing at all: no probability was a number."""
    if not all(hypotheses):
        raise TranslationError(
            "the model gives no translation: with these weights its probabilities are not numbers; use another model"
        )


def _strategy(options: SearchOptions, phrases: Phrases | None = None) -> Strategy:
    if phrases is not None:
        return ConstrainedBeamSearch(phrases, EOS, options.decoding.beam_size, options.decoding.alpha)
    if options.temperature:
        return Sample(
            temperature=options.temperature,
            top_k=options.top_k,
            top_p=options.top_p,
            seed=options.seed,
            alpha=options.decoding.alpha,
        )
    if options.decoding.beam_size == 1:
        return Greedy(alpha=options.decoding.alpha)
    return BeamSearch(options.decoding.beam_size, options.decoding.alpha)
