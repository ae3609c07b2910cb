"""CTranslate2 as an engine: a trained model on the CPU in int8, without torch.

Its search is not ours: it divides by length ** alpha, and ends with the first
`beam_size` finished hypotheses. What it finds is scored as everywhere in Clearhead (Wu et al. 2016, Eq. 14).
"""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import ctranslate2

from clearhead.data.batching import order_by_length
from clearhead.decoding.hypothesis import Hypothesis
from clearhead.decoding.length_penalty import length_penalty
from clearhead.decoding.repetition import repeats
from clearhead.engines import directory
from clearhead.engines.protocol import Ids, SearchOptions

if TYPE_CHECKING:
    from clearhead.engines.pytorch import PyTorchEngine
    from clearhead.model.transformer import Transformer

POSITIONS = 2048
"""Positions in the table of sinusoids of a converted model; anything longer runs in our own code."""
_NO_REPEAT = 3
"""A translation that repeats itself without end is made again without equal triples of tokens."""
_QUEUED = 4
"""Batches handed over for each replica before the first result is waited for."""


ISA = "CT2_FORCE_CPU_ISA"
"""The variable by which CTranslate2 is told its instruction set."""


class Setting(NamedTuple):
    """How CTranslate2 runs on a machine; `tuning` measures which is fastest."""

    compute_type: str
    replicas: int
    """Batches translated at a time."""
    threads: int
    """Threads of each."""
    isa: str = ""
    """Instruction set, where the library's own choice is not the fastest; fixed by the first model of a process."""


class CTranslate2Engine:
    """Runs a converted model; see `unsupported` for what it cannot do."""

    name = "ctranslate2"

    def __init__(self, path: Path, converted: Path, setting: Setting) -> None:
        """Load the converted form of the model directory `path`."""
        if setting.isa:
            os.environ.setdefault(ISA, setting.isa)
        self.path, self.converted, self.setting = path, converted, setting
        tokenizer = directory.read_tokenizer(path)
        self._pieces = tokenizer.vocabulary
        self._ids = {piece: number for number, piece in enumerate(self._pieces)}
        self._banned = [[self._pieces[number]] for number in sorted(tokenizer.forbidden_ids)]
        self._translator = self._load(setting)

    def _load(self, setting: Setting) -> Any:
        return ctranslate2.Translator(
            str(self.converted),
            device="cpu",
            compute_type=setting.compute_type,
            inter_threads=setting.replicas,
            intra_threads=setting.threads,
        )

    @staticmethod
    def unsupported(options: SearchOptions) -> str:
        """Say which of the options this engine cannot do; empty where it can do all."""
        return "sampling with a seed" if options.temperature else ""

    def translate(
        self, srcs: Sequence[Ids], options: SearchOptions, prefixes: Sequence[Ids] | None = None
    ) -> Iterator[tuple[int, list[Hypothesis]]]:
        """Yield (index of the source, its hypotheses best first), longest sources first, batch by batch."""
        reason = self.unsupported(options)
        assert not reason, f"the CTranslate2 engine was asked for {reason}"
        longest = [max(len(src), options.decoding.max_length(len(src))) for src in srcs]
        beyond = [index for index, length in enumerate(longest) if length > POSITIONS]
        if beyond:  # longer than the table of positions that the converted model has
            forced = [prefixes[index] for index in beyond] if prefixes else None
            for place, hypotheses in self.pytorch.translate(
                [srcs[index] for index in beyond], options, forced
            ):
                yield beyond[place], hypotheses
        within = [index for index, length in enumerate(longest) if length <= POSITIONS]
        waiting: deque[tuple[list[int], list[Any]]] = deque()
        budget = max(1, options.batch_tokens // options.decoding.beam_size)
        for places in order_by_length([len(srcs[index]) for index in within], budget):
            batch = [within[place] for place in places]
            waiting.append((batch, self._submit(batch, srcs, options, prefixes, {})))
            if len(waiting) > _QUEUED * self.setting.replicas:
                yield from self._results(waiting.popleft(), srcs, options, prefixes)
        while waiting:
            yield from self._results(waiting.popleft(), srcs, options, prefixes)

    def _submit(
        self,
        batch: list[int],
        srcs: Sequence[Ids],
        options: SearchOptions,
        prefixes: Sequence[Ids] | None,
        changed: dict[str, Any],
    ) -> list[Any]:
        decoding = options.decoding
        settings: dict[str, Any] = {
            "beam_size": decoding.beam_size,
            "length_penalty": decoding.alpha,
            "num_hypotheses": options.num_hypotheses,
            "min_decoding_length": options.min_length,
            "no_repeat_ngram_size": options.no_repeat_ngram,
            # Left to itself it would cut the input at 1,024 tokens and the output at 256, and say nothing.
            "max_input_length": 0,
            "max_decoding_length": max(decoding.max_length(len(srcs[index])) for index in batch),
            "suppress_sequences": self._banned,
            "return_scores": True,
            "asynchronous": True,
        }
        forced = [self._words(prefixes[index]) for index in batch] if prefixes else None
        found: list[Any] = self._translator.translate_batch(
            [self._words(srcs[index]) for index in batch], forced, **settings | changed
        )
        return found

    def _words(self, ids: Ids) -> list[str]:
        return [self._pieces[number] for number in ids]

    def _results(
        self,
        waiting: tuple[list[int], list[Any]],
        srcs: Sequence[Ids],
        options: SearchOptions,
        prefixes: Sequence[Ids] | None,
    ) -> Iterator[tuple[int, list[Hypothesis]]]:
        batch, found = waiting
        for index, result in zip(batch, found, strict=True):
            hypotheses = self._hypotheses(result.result(), srcs[index], options)
            if any(repeats(each.tokens) for each in hypotheses):
                ngram = min(filter(None, (_NO_REPEAT, options.no_repeat_ngram)))
                (again,) = self._submit([index], srcs, options, prefixes, {"no_repeat_ngram_size": ngram})
                hypotheses = [
                    replace(each, repetition=True)
                    for each in self._hypotheses(again.result(), srcs[index], options)
                ]
            yield index, hypotheses

    def _hypotheses(self, result: Any, src: Ids, options: SearchOptions) -> list[Hypothesis]:
        """Read a result: its ids, and its scores in our terms."""
        alpha, limit = options.decoding.alpha, options.decoding.max_length(len(src))
        hypotheses = []
        for words, score in zip(result.hypotheses, result.scores, strict=True):
            tokens = tuple(self._ids[word] for word in words)
            log_prob = score * (len(tokens) + 1) ** alpha  # it counts the EOS
            truncated = len(tokens) >= limit
            if truncated:  # the batch's limit may be above this sentence's own, and there is no EOS
                tokens = tokens[:limit]
                log_prob = sum(self.score([src], [tokens])[0])
            hypotheses.append(
                Hypothesis(
                    tokens=tokens,
                    score=log_prob / length_penalty(len(tokens) + 1, alpha),
                    log_prob=log_prob,
                    token_log_probs=(),
                    truncated=truncated,
                    repetition=False,
                )
            )
        return sorted(hypotheses, key=lambda each: -each.score)

    def score(self, srcs: Sequence[Ids], tgts: Sequence[Ids]) -> list[list[float]]:
        """Return the log-probability of every target token and of the EOS after the last, in fp32."""
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

    def transformer(self) -> "Transformer":
        """Return the model in our own code, for looking inside; this loads torch."""
        return self.pytorch.transformer()

    @cached_property
    def pytorch(self) -> "PyTorchEngine":
        """The same model in our own engine."""
        from clearhead.engines.pytorch import PyTorchEngine

        return PyTorchEngine.load(self.path, [self._ids[piece] for (piece,) in self._banned])
