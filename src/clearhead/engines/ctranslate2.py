"""CTranslate2 as an engine: a trained model on the CPU in int8 or fp32, without torch.

Its search is not ours: it divides by length ** alpha, and ends with the first
`beam_size` finished hypotheses. What it finds is scored as everywhere in Clearhead (Wu et al. 2016, Eq. 14).
"""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import ctranslate2

from clearhead.data.batching import Integers, order_by_length
from clearhead.decoding.hypothesis import Hypothesis
from clearhead.decoding.length_penalty import length_penalty
from clearhead.decoding.repetition import repeats
from clearhead.engines import directory
from clearhead.engines.protocol import Ids, SearchOptions, SpecialIds, check_lengths
from clearhead.errors import ConfigError, EngineError

if TYPE_CHECKING:
    from clearhead.engines.pytorch import PyTorchEngine

POSITIONS = 2048
"""Positions in the table of sinusoids of a converted model; anything longer runs in our own code."""
_NO_REPEAT = 3
"""A translation that repeats itself without end is made again without equal triples of tokens."""
_SHARES = 8
"""Parts of the tokens of a batch that make one here at least: on a CPU small batches are faster, and end evenly."""
_QUEUED = 4
"""Batches handed over for each replica before the first result is waited for."""


ISA = "CT2_FORCE_CPU_ISA"
"""The variable by which CTranslate2 is told its instruction set; it is read once a process."""


class Setting(NamedTuple):
    """How CTranslate2 runs on a machine; `tuning` measures which is fastest."""

    compute_type: str
    replicas: int
    """Batches translated at a time."""
    threads: int
    """Threads of each."""
    isa: str = ""
    """Instruction set, where the library's own choice is not the fastest."""


class _InstructionSet:
    """What the library was told when it was first used in this process."""

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
    most_tokens: int | None = None
    """Of a translation, whatever the options say; None for no limit."""

    def prefix(self, index: int) -> Ids:
        return self.prefixes[index] if self.prefixes else ()

    def limit(self, index: int) -> int:
        """Return the most tokens of a translation; what it must begin with is never cut."""
        limit = max(self.options.decoding.max_length(len(self.srcs[index])), len(self.prefix(index)))
        return limit if self.most_tokens is None else min(limit, self.most_tokens)

    def longest(self, index: int) -> int:
        return max(len(self.srcs[index]), self.limit(index) + 1)

    @property
    def steered(self) -> bool:
        """Whether rules change the probabilities that the library reports."""
        return bool(self.prefixes or self.options.min_length or self.options.no_repeat_ngram)


def batches(lengths: Sequence[int], options: SearchOptions) -> list[Integers]:
    """Return which sources are translated together, longest first, by their lengths in tokens."""
    return order_by_length(lengths, max(1, options.batch_tokens // max(options.decoding.beam_size, _SHARES)))


class CTranslate2Engine:
    """Runs a converted model; see `unsupported` for what it cannot do."""

    name = "ctranslate2"

    def __init__(self, path: Path, converted: Path, setting: Setting) -> None:
        """Load the converted form of the model directory `path`; raise EngineError where it does not load."""
        self.path, self.converted = path, converted
        self.setting = setting._replace(isa=_InstructionSet.settle(setting.isa))
        tokenizer = directory.read_tokenizer(path)
        self._pieces = tokenizer.vocabulary
        self._ids = {piece: number for number, piece in enumerate(self._pieces)}
        self._special = SpecialIds.of(tokenizer)
        self._banned = [[self._pieces[number]] for number in sorted(self._special.forbidden)]
        self._longest = directory.read_info(path).model.longest
        self._translator = self._load(setting)

    @property
    def precision(self) -> str:
        """Of the weights while it translates; scoring is done in fp32."""
        return {"float32": "fp32", "float16": "fp16"}.get(
            self.setting.compute_type, self.setting.compute_type
        )

    def _load(self, setting: Setting) -> Any:
        try:
            return ctranslate2.Translator(
                str(self.converted),
                device="cpu",
                compute_type=setting.compute_type,
                inter_threads=setting.replicas,
                intra_threads=setting.threads,
                max_queued_batches=-1,  # what is handed over never waits; `_QUEUED` says how much that is
            )
        except (RuntimeError, ValueError) as error:
            raise EngineError(
                f"CTranslate2 cannot load {self.converted}: {error}; remove that folder, or use --engine pytorch"
            ) from None

    @staticmethod
    def unsupported(options: SearchOptions) -> str:
        """Say which of the options this engine cannot do; empty where it can do all."""
        return "sampling with a seed" if options.temperature else ""

    def translate(
        self, srcs: Sequence[Ids], options: SearchOptions, prefixes: Sequence[Ids] | None = None
    ) -> Iterator[tuple[int, list[Hypothesis]]]:
        """Yield (index of the source, its hypotheses best first), longest sources first, batch by batch.

        The library begins at once, before the first is asked for.
        """
        reason = self.unsupported(options)
        if reason:
            raise ConfigError(f"the engine ctranslate2 has no {reason}; use --engine auto or pytorch")
        check_lengths(srcs, self._longest)
        most = None if self._longest is None else self._longest - 1  # BOS has a position too
        check_lengths(prefixes or (), most)
        request = _Request(srcs, options, prefixes, most)
        for index in range(len(srcs)):
            if request.limit(index) < options.min_length:
                raise ConfigError(
                    f"sentence {index} has minimum length {options.min_length} and maximum length "
                    f"{request.limit(index)}; allowed is 0 <= minimum <= maximum: lower the one or raise the other"
                )
        within = [index for index in range(len(srcs)) if request.longest(index) <= POSITIONS]
        planned = (
            [within[place] for place in places]
            for places in batches([len(srcs[index]) for index in within], options)
        )
        waiting = deque(
            (batch, self._submit(batch, request))
            for batch in islice(planned, _QUEUED * self.setting.replicas)
        )
        return self._found(request, planned, waiting)

    def _found(
        self, request: _Request, planned: Iterator[list[int]], waiting: deque[tuple[list[int], list[Any]]]
    ) -> Iterator[tuple[int, list[Hypothesis]]]:
        """Yield what is waited for, handing the rest over batch by batch."""
        srcs, prefixes = request.srcs, request.prefixes
        beyond = [index for index in range(len(srcs)) if request.longest(index) > POSITIONS]
        if beyond:  # longer than the table of positions that the converted model has
            forced = [prefixes[index] for index in beyond] if prefixes else None
            found = self.pytorch.translate([srcs[index] for index in beyond], request.options, forced)
            for place, hypotheses in found:
                yield beyond[place], hypotheses
        while waiting:
            batch, results = waiting.popleft()
            yield from self._results(batch, results, request)
            waiting.extend((batch, self._submit(batch, request)) for batch in islice(planned, 1))

    def _submit(self, batch: list[int], request: _Request, no_repeat_ngram: int = 0) -> list[Any]:
        """Hand a batch over; its results come as they are waited for."""
        options = request.options
        found: list[Any] = self._translator.translate_batch(
            [self._words(request.srcs[index]) for index in batch],
            [self._words(request.prefix(index)) for index in batch] if request.prefixes else None,
            beam_size=options.decoding.beam_size,
            length_penalty=options.decoding.alpha,
            num_hypotheses=max(self._asked(index, request) for index in batch),
            min_decoding_length=options.min_length,
            no_repeat_ngram_size=no_repeat_ngram or options.no_repeat_ngram,
            # Left to itself it would cut the input at 1,024 tokens and the output at 256, and say nothing. One
            # token above the limit shows whether a translation of that length has come to its end.
            max_input_length=0,
            max_decoding_length=1 + max(request.limit(index) for index in batch),
            suppress_sequences=self._banned,
            return_scores=True,
            asynchronous=True,
        )
        return found

    def _asked(self, index: int, request: _Request) -> int:
        """Return how many hypotheses of a source are read: the whole beam where one must keep the source's symbols.

        That costs no search of its own: with alpha > 0 the library finds so many before it ends.
        """
        options = request.options
        carries = self._carries(request) and not self._special.symbols.isdisjoint(request.srcs[index])
        return max(options.num_hypotheses, options.decoding.beam_size) if carries else options.num_hypotheses

    def _carries(self, request: _Request) -> bool:
        """Say whether translations are held to the symbols of their source; what is forced may be anything."""
        return request.options.carry and not request.prefixes

    def _words(self, ids: Ids) -> list[str]:
        return [self._pieces[number] for number in ids]

    def _results(
        self, batch: list[int], found: list[Any], request: _Request
    ) -> Iterator[tuple[int, list[Hypothesis]]]:
        lost = []
        for index, result in zip(batch, found, strict=True):
            hypotheses = self._hypotheses(result.result(), index, request, exact=request.steered)
            if any(repeats(each.tokens) for each in hypotheses) and not repeats(request.srcs[index]):
                ngram = min(filter(None, (_NO_REPEAT, request.options.no_repeat_ngram)))
                (again,) = self._submit([index], request, ngram)
                hypotheses = [
                    replace(each, repetition=True)
                    for each in self._hypotheses(again.result(), index, request, exact=True)
                ]
            if hypotheses:
                yield index, hypotheses
            else:
                lost.append(index)
        if lost:  # no hypothesis keeps the symbols of its source: our own search allows nothing else
            for place, hypotheses in self.pytorch.translate(
                [request.srcs[index] for index in lost], request.options
            ):
                yield lost[place], hypotheses

    def _hypotheses(self, result: Any, index: int, request: _Request, *, exact: bool) -> list[Hypothesis]:
        """Read a result: its ids, and its scores in our terms, anew in fp32 where the library's are not true.

        What does not keep the symbols of its source is left out.
        """
        alpha, limit, src = request.options.decoding.alpha, request.limit(index), request.srcs[index]
        hypotheses: dict[tuple[int, ...], Hypothesis] = {}
        asked = self._asked(index, request)  # a source beside it in the batch may have been asked for more
        for words, score in zip(result.hypotheses[:asked], result.scores[:asked], strict=True):
            tokens = tuple(self._ids[word] for word in words)
            truncated = len(tokens) > limit
            log_prob = score * (len(tokens) + 1) ** alpha  # it counts the EOS
            tokens = tokens[:limit]
            if self._carries(request) and not self._special.keeps(src, tokens):
                continue
            if truncated or exact:
                log_prob = sum(self.score([src], [tokens])[0])
            hypotheses.setdefault(
                tokens,
                Hypothesis(
                    tokens=tokens,
                    score=log_prob / length_penalty(len(tokens) + 1, alpha),
                    log_prob=log_prob,
                    token_log_probs=(),
                    truncated=truncated,
                    repetition=False,
                ),
            )
        return sorted(hypotheses.values(), key=lambda each: -each.score)[: request.options.num_hypotheses]

    def score(self, srcs: Sequence[Ids], tgts: Sequence[Ids]) -> list[list[float]]:
        """Return the log-probability of every target token and of the EOS after the last, in fp32."""
        check_lengths(srcs, self._longest)
        check_lengths([[0, *tgt] for tgt in tgts], self._longest)  # with BOS
        if any(max(len(src), len(tgt)) >= POSITIONS for src, tgt in zip(srcs, tgts, strict=True)):
            return self.pytorch.score(srcs, tgts)
        scored = self._exact.score_batch(
            [self._words(src) for src in srcs],
            [self._words(tgt) for tgt in tgts],
            max_batch_size=4096,
            batch_type="tokens",
            max_input_length=0,
        )
        return [list(each.log_probs) for each in scored]

    @cached_property
    def _exact(self) -> Any:
        if self.setting.compute_type == "float32":
            return self._translator
        return self._load(self.setting._replace(compute_type="float32"))

    @cached_property
    def pytorch(self) -> "PyTorchEngine":
        """The same model in our own code; this loads torch."""
        from clearhead.engines.pytorch import PyTorchEngine

        return PyTorchEngine.load(self.path)
