"""CTranslate2 as an engine: a trained model on the CPU in int8 or fp32, or on a GPU in fp16, without torch.

Its search is not ours: it divides by length ** alpha, and ends with the first `beam_size` finished hypotheses, times
its patience (`patience` says which a model needs). All that it finds is read, and ranked by the score that holds
everywhere in Clearhead (Wu et al. 2016, Eq. 14).
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import ctranslate2

from clearhead import model_directory
from clearhead.data.batching import Integers, order_by_length
from clearhead.decoding.hypothesis import Hypothesis
from clearhead.decoding.length_penalty import length_penalty
from clearhead.decoding.limits import check_limits
from clearhead.decoding.repetition import repeats
from clearhead.engines import patience
from clearhead.engines.protocol import Ids, SearchOptions, Source, SpecialIds, check_lengths, ids_only
from clearhead.errors import ConfigError, EngineError
from clearhead.text.vocabulary import BOS, EOS

POSITIONS = 2048
"""Positions in the table of sinusoids of a converted model."""
_NO_REPEAT = 3
"""A source whose translation repeats itself without end is searched again without equal triples of tokens."""
_SHARES = 8
"""Parts of the tokens of a batch that make one here at least: on a CPU small batches are faster, and end evenly."""
_QUEUED = 4
"""Batches handed over for each replica before the first result is waited for."""


ISA = "CT2_FORCE_CPU_ISA"
"""The variable that sets CTranslate2's instruction set; it is read once a process."""


class Setting(NamedTuple):
    """How CTranslate2 runs on a machine; `tuning` measures which is fastest."""

    compute_type: str
    replicas: int
    """Batches translated at a time."""
    threads: int
    """Threads of each."""
    isa: str = ""
    """Instruction set, where the library's own choice is not the fastest."""
    device: str = "cpu"


def on_gpu(device: str) -> Setting:
    """Return how CTranslate2 runs on a GPU such as `cuda:1`: in fp16 where the GPU has units for it, else in fp32.

    Raises EngineError for one that the library does not see. What is fastest there is not measured.
    """
    kind, _, number = device.partition(":")
    seen = ctranslate2.get_cuda_device_count()
    if kind != "cuda" or int(number or 0) >= seen:
        raise EngineError(
            f"CTranslate2 cannot use {device}: it sees {seen} GPUs here; use engine='pytorch', or the device cpu"
        )
    kinds = ctranslate2.get_supported_compute_types("cuda", int(number or 0))
    return Setting("float16" if "float16" in kinds else "float32", 1, 1, device=device)


class _InstructionSet:
    """The library's settings when it was first used in this process."""

    ours = False
    """Whether the variable was set here, not by the user."""
    in_force: str | None = None

    @classmethod
    def settle(cls, wanted: str) -> str:
        """Tell the library, if it still listens; return what holds."""
        if cls.in_force is None:
            if wanted and ISA not in os.environ:
                os.environ[ISA], cls.ours = wanted, True
            cls.in_force = os.environ.get(ISA, "")
        return cls.in_force


def chosen_by_user() -> str:
    """Return the instruction set that the user asked for by the variable; empty for none."""
    return "" if _InstructionSet.ours else os.environ.get(ISA, "")


@dataclass(frozen=True)
class _Request:
    """What is to be translated, and how."""

    srcs: Sequence[Ids]
    options: SearchOptions
    prefixes: Sequence[Ids] | None
    learned: int | None = None
    """Positions that the model has; None for no limit."""

    def prefix(self, index: int) -> Ids:
        return self.prefixes[index] if self.prefixes else ()

    def limit(self, index: int) -> int:
        """Return the most tokens of a translation."""
        return self.options.most_tokens(len(self.srcs[index]), len(self.prefix(index)), self.learned)

    def positions(self, index: int) -> int:
        return self.options.positions(len(self.srcs[index]), len(self.prefix(index)), self.learned)

    @property
    def steered(self) -> bool:
        """Whether rules change the probabilities that the library reports."""
        return bool(self.prefixes or self.options.min_length or self.options.no_repeat_ngram)


class _Read(NamedTuple):
    """A hypothesis as the library has it, and what it is ranked by."""

    tokens: tuple[int, ...]
    log_prob: float
    """Of the tokens behind a forced prefix, and of the end."""
    truncated: bool

    def score(self, alpha: float) -> float:
        return self.log_prob / length_penalty(len(self.tokens) + 1, alpha)


def batches(lengths: Sequence[int], options: SearchOptions, shares: int = _SHARES) -> list[Integers]:
    """Return which sources are translated together, longest first, by their lengths in tokens."""
    return order_by_length(lengths, max(1, options.batch_tokens // max(options.decoding.beam_size, shares)))


class CTranslate2Engine:
    """Runs a converted model; see `unsupported` for what it cannot do."""

    name = "ctranslate2"

    def __init__(
        self, path: Path, converted: Path, setting: Setting, patience_of_beam: float | None = None
    ) -> None:
        """Load the converted form of the model directory `path`; raise EngineError where it does not load.

        The patience is the one measured when the model was converted, unless `patience_of_beam` is given.
        """
        self.path, self.converted = path, converted
        self._patience = patience_of_beam or patience.kept(converted).patience
        self.setting = setting._replace(isa=_InstructionSet.settle(setting.isa))
        self._shares = _SHARES if setting.device == "cpu" else 1
        tokenizer = model_directory.read_tokenizer(path)
        self._pieces = tokenizer.vocabulary
        self._ids = {piece: number for number, piece in enumerate(self._pieces)}
        self._special = SpecialIds.of(tokenizer)
        self._banned_pieces = frozenset(self._pieces[number] for number in self._special.forbidden)
        self._banned = [[piece] for piece in sorted(self._banned_pieces)]
        self._longest = model_directory.read_info(path).model.longest
        self._translator = self._load(setting)

    @property
    def precision(self) -> str:
        """Of the weights while it translates; scoring is done in fp32."""
        return {"float32": "fp32", "float16": "fp16"}.get(
            self.setting.compute_type, self.setting.compute_type
        )

    @property
    def at_once(self) -> int:
        """Batches that it translates at the same time."""
        return self.setting.replicas

    def _load(self, setting: Setting) -> Any:
        kind, _, number = setting.device.partition(":")
        try:
            translator = ctranslate2.Translator(
                str(self.converted),
                device=kind,
                device_index=int(number or 0),
                compute_type=setting.compute_type,
                inter_threads=setting.replicas,
                intra_threads=setting.threads,
                max_queued_batches=-1,  # what is handed over never waits; `_QUEUED` says how much that is
            )
            if kind != "cpu":  # which looks for its libraries only when it first computes
                translator.translate_batch([[self._pieces[EOS]]], max_decoding_length=1)
            return translator
        except (RuntimeError, ValueError) as error:
            raise EngineError(
                f"CTranslate2 cannot load {self.converted}: {error}; remove that folder, or use engine='pytorch'"
            ) from None

    @staticmethod
    def unsupported(options: SearchOptions | None, positions: int = 0) -> str:
        """Return what this engine cannot do; empty where it can do all."""
        if options and options.temperature:
            return "sampling with a seed"
        return f"positions beyond {POSITIONS:,}" if positions > POSITIONS else ""

    def translate(
        self, srcs: Sequence[Source], options: SearchOptions, prefixes: Sequence[Ids] | None = None
    ) -> Iterator[tuple[int, list[Hypothesis]]]:
        """Yield (index of the source, its hypotheses best first), longest sources first, batch by batch.

        The library begins at once, before the first is asked for. There are no hypotheses for a source where none that
        was found keeps its symbols. Raises ConfigError for what is not supported.
        """
        self._refuse(self.unsupported(options))
        check_lengths(srcs, self._longest)
        check_lengths(
            prefixes or (), None if self._longest is None else self._longest - 1
        )  # BOS has a position too
        request = _Request(ids_only(srcs), options, prefixes, self._longest)
        for index in range(len(srcs)):
            self._refuse(self.unsupported(None, request.positions(index)))
        check_limits([options.min_length] * len(srcs), map(request.limit, range(len(srcs))))
        planned = (places.tolist() for places in batches([len(src) for src in srcs], options, self._shares))
        waiting = deque(
            (batch, self._submit(batch, request))
            for batch in islice(planned, _QUEUED * self.setting.replicas)
        )
        return self._finished(request, planned, waiting)

    @staticmethod
    def _refuse(lacking: str) -> None:
        if lacking:
            raise ConfigError(f"the engine ctranslate2 does not support {lacking}; use engine='auto'")

    def _finished(
        self, request: _Request, planned: Iterator[list[int]], waiting: deque[tuple[list[int], list[Any]]]
    ) -> Iterator[tuple[int, list[Hypothesis]]]:
        """Yield what is waited for, handing the rest over batch by batch."""
        while waiting:
            batch, results = waiting.popleft()
            yield from self._results(batch, results, request).items()
            waiting.extend((batch, self._submit(batch, request)) for batch in islice(planned, 1))

    def _submit(
        self, batch: list[int], request: _Request, *, no_repeat_ngram: int = 0, banned: bool = False
    ) -> list[Any]:
        """Hand a batch over and return a handle for the result of each of its sources.

        With `banned` no forbidden id is produced; the library shares their probability out among the others.
        """
        options = request.options
        handles: list[Any] = self._translator.translate_batch(
            [self._words(request.srcs[index]) for index in batch],
            [self._words(request.prefix(index)) for index in batch] if request.prefixes else None,
            beam_size=options.decoding.beam_size,
            patience=self._patience,
            length_penalty=options.decoding.alpha,
            num_hypotheses=options.decoding.beam_size,  # it ranks otherwise; the best for us may be any of them
            min_decoding_length=options.min_length,
            no_repeat_ngram_size=no_repeat_ngram or options.no_repeat_ngram,
            # Left to itself it would cut the input at 1,024 tokens and the output at 256, and say nothing. One
            # token above the limit shows whether a translation of that length has come to its end.
            max_input_length=0,
            max_decoding_length=1 + max(request.limit(index) for index in batch),
            suppress_sequences=self._banned if banned else None,
            return_scores=True,
            asynchronous=True,
        )
        return handles

    def _carries(self, request: _Request) -> bool:
        """Say whether translations are held to the symbols of their source; what is forced may be anything."""
        return request.options.carry and not request.prefixes

    def _words(self, ids: Ids) -> list[str]:
        return [self._pieces[number] for number in ids]

    def _results(
        self, batch: list[int], handles: list[Any], request: _Request
    ) -> dict[int, list[Hypothesis]]:
        results = dict(zip(batch, (handle.result() for handle in handles), strict=True))
        strayed = [index for index in batch if self._strays(results[index], request.prefix(index))]
        results |= self._searched_again(strayed, request)
        best = self._hypotheses(results, request, batch if request.steered else strayed)
        loops = [index for index, several in best.items() if self._loops(several, request.srcs[index])]
        if loops:
            ngram = min(filter(None, (_NO_REPEAT, request.options.no_repeat_ngram)))
            again = self._searched_again(loops, request, no_repeat_ngram=ngram)
            for index, hypotheses in self._hypotheses(again, request, loops).items():
                best[index] = [replace(hypothesis, repetition=True) for hypothesis in hypotheses]
        return best

    def _searched_again(self, indices: list[int], request: _Request, **rules: int) -> dict[int, Any]:
        """Return the results of another search for some sources, without the forbidden ids."""
        handles = self._submit(indices, request, banned=True, **rules) if indices else []
        return {index: handle.result() for index, handle in zip(indices, handles, strict=True)}

    def _strays(self, result: Any, prefix: Ids) -> bool:
        """Say whether a search was led to a forbidden id: hardly ever, in a trained model."""
        return any(not self._banned_pieces.isdisjoint(words[len(prefix) :]) for words in result.hypotheses)

    @staticmethod
    def _loops(hypotheses: list[Hypothesis], src: Ids) -> bool:
        return any(repeats(hypothesis.tokens) for hypothesis in hypotheses) and not repeats(src)

    def _hypotheses(
        self, results: Mapping[int, Any], request: _Request, steered: Sequence[int]
    ) -> dict[int, list[Hypothesis]]:
        """Read results: the best hypotheses of each source, ranked and scored in our terms.

        Where rules `steered` the library's log-probabilities, those of the best hypotheses are computed again, for the
        whole batch at a time, if anybody uses them.
        """
        alpha, count = request.options.decoding.alpha, request.options.num_hypotheses
        ranked = {
            index: sorted(reads, key=lambda read: -read.score(alpha))[:count]
            for index, reads in self._read(results, request).items()
        }
        rescored = set(steered) if request.options.scores else set()
        pairs = [(index, read.tokens) for index in ranked if index in rescored for read in ranked[index]]
        exact = iter(self._log_probs(pairs, request))
        return {
            index: sorted(
                (_hypothesis(read, next(exact) if index in rescored else (), alpha) for read in reads),
                key=lambda hypothesis: -hypothesis.score,
            )
            for index, reads in ranked.items()
        }

    def _read(self, results: Mapping[int, Any], request: _Request) -> dict[int, list[_Read]]:
        """Return the different hypotheses of each source that keep its symbols; what was cut ends as others do."""
        different = {index: _different(self._of(result, index, request)) for index, result in results.items()}
        cut = [(index, read.tokens) for index, reads in different.items() for read in reads if read.truncated]
        exact = iter(self._log_probs(cut, request))

        def ended(read: _Read, index: int) -> _Read:
            if not read.truncated:
                return read
            return read._replace(log_prob=sum(next(exact)[len(request.prefix(index)) :]))

        return {index: [ended(read, index) for read in reads] for index, reads in different.items()}

    def _of(self, result: Any, index: int, request: _Request) -> Iterator[_Read]:
        alpha, limit, src = request.options.decoding.alpha, request.limit(index), request.srcs[index]
        for words, score in zip(result.hypotheses, result.scores, strict=True):
            tokens = tuple(self._ids[word] for word in words)
            log_prob = score * (len(tokens) + 1) ** alpha  # it counts the EOS
            if len(tokens) > limit:  # several may be the same now
                read = _Read(tokens[:limit], 0.0, truncated=True)
            else:
                read = _Read(tokens, log_prob, truncated=False)
            if not self._carries(request) or self._special.keeps(src, read.tokens):
                yield read

    def _log_probs(self, pairs: Sequence[tuple[int, Ids]], request: _Request) -> list[list[float]]:
        """Return the log-probabilities of pairs of (index of a source, its translation)."""
        srcs = [request.srcs[index] for index, _ in pairs]
        return self.score(srcs, [tokens for _, tokens in pairs]) if pairs else []

    def score(self, srcs: Sequence[Source], tgts: Sequence[Ids]) -> list[list[float]]:
        """Return the log-probability of every target token and of the EOS after the last, in fp32."""
        check_lengths(srcs, self._longest)
        check_lengths([[BOS, *tgt] for tgt in tgts], self._longest)
        for src, tgt in zip(srcs, tgts, strict=True):
            self._refuse(self.unsupported(None, max(len(src), len(tgt) + 1)))
        scored = self._exact.score_batch(
            [self._words(src) for src in ids_only(srcs)],
            [self._words(tgt) for tgt in tgts],
            max_batch_size=4096,
            batch_type="tokens",
            max_input_length=0,
        )
        return [list(result.log_probs) for result in scored]

    @cached_property
    def _exact(self) -> Any:
        if self.setting.compute_type == "float32":
            return self._translator
        return self._load(self.setting._replace(compute_type="float32"))


def _different(reads: Iterable[_Read]) -> list[_Read]:
    """Return each sequence of tokens once: as one that ended by itself, where there is such."""
    by_tokens: dict[tuple[int, ...], _Read] = {}
    for read in reads:
        if read.tokens not in by_tokens or not read.truncated:
            by_tokens[read.tokens] = read
    return list(by_tokens.values())


def _hypothesis(read: _Read, log_probs: Sequence[float], alpha: float) -> Hypothesis:
    """Return what was read with the log-probabilities of its tokens, or where there are none with the library's."""
    log_prob = sum(log_probs) if log_probs else read.log_prob
    return Hypothesis(
        tokens=read.tokens,
        score=log_prob / length_penalty(len(read.tokens) + 1, alpha),
        log_prob=log_prob,
        token_log_probs=tuple(log_probs),
        truncated=read.truncated,
        repetition=False,
    )
