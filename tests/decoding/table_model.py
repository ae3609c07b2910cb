"""A model that is a table: log-probabilities drawn at random for every (sentence, prefix)."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product

import numpy as np
import torch
from torch import Tensor

from clearhead.decoding.constraints import Filter, ForcedPrefix, Length, RepetitionGuard
from clearhead.decoding.hypothesis import Hypothesis, SearchStep
from clearhead.decoding.rules import Rules
from clearhead.decoding.search import search
from clearhead.decoding.strategies import Strategy

BOS, EOS = 0, 1


class RowsCache:
    """Holds each row's sentence and history as the model saw it, so a wrong `select` changes the output."""

    def __init__(self, rows: list[tuple[int, tuple[int, ...]]]) -> None:
        self.rows = rows

    def select(self, rows: Tensor) -> "RowsCache":
        return RowsCache([self.rows[row] for row in rows.tolist()])


class TableModel:
    """Answers for `sentences`, which are names: equal names get equal tables."""

    def __init__(self, vocab: int, seed: int = 0, sharpness: float = 2.0, eos_bonus: float = 0.0) -> None:
        self.vocab, self.seed, self.sharpness, self.eos_bonus = vocab, seed, sharpness, eos_bonus
        self.rows_seen: list[int] = []
        self.log_probs = lru_cache(maxsize=None)(self._log_probs)

    def _log_probs(self, sentence: int, prefix: tuple[int, ...]) -> Tensor:
        rng = np.random.default_rng([self.seed, sentence, len(prefix), *prefix])
        logits = self.sharpness * rng.standard_normal(self.vocab)
        logits[EOS] += self.eos_bonus
        return torch.tensor(logits, dtype=torch.float32).log_softmax(0)

    def step(self, last: Tensor, cache: RowsCache) -> tuple[Tensor, RowsCache]:
        assert len(last) == len(cache.rows)
        self.rows_seen.append(len(last))
        rows = [(name, (*seen, token)) for (name, seen), token in zip(cache.rows, last.tolist(), strict=True)]
        assert all(seen[0] == BOS for _, seen in rows)
        table = torch.stack([self.log_probs(name, seen[1:]) for name, seen in rows])
        return table.to(last.device), RowsCache(rows)

    def token_log_probs(self, sentence: int, tokens: Sequence[int]) -> tuple[float, ...]:
        """Score tokens and EOS teacher-forced."""
        whole = (*tokens, EOS)
        return tuple(float(self.log_probs(sentence, whole[:at])[token]) for at, token in enumerate(whole))

    def outputs(
        self, sentence: int, max_length: int, alpha: float
    ) -> Iterator[tuple[float, tuple[int, ...]]]:
        """Yield (score, tokens) of every possible output."""
        ids = [token for token in range(self.vocab) if token != EOS]
        for length in range(max_length + 1):
            for tokens in product(ids, repeat=length):
                log_prob = sum(self.token_log_probs(sentence, tokens))
                yield log_prob / ((5 + length + 1) / 6) ** alpha, tokens


class FixedModel(TableModel):
    """Gives the same probabilities after every prefix."""

    def __init__(self, probabilities: Sequence[float]) -> None:
        super().__init__(len(probabilities))
        self.fixed = torch.tensor(probabilities, dtype=torch.float32).log()

    def _log_probs(self, sentence: int, prefix: tuple[int, ...]) -> Tensor:
        return self.fixed


def decode(
    model: TableModel,
    strategy: Strategy,
    sentences: Sequence[int] = (0,),
    max_length: int | Sequence[int] = 6,
    steps: list[SearchStep] | None = None,
    *,
    min_lengths: Sequence[int] = (),
    filters: Sequence[Filter] = (),
    guard: RepetitionGuard | None = None,
    prefix: ForcedPrefix | None = None,
    **options: object,
) -> list[list[Hypothesis]]:
    """Search, collecting the trace in `steps` where given."""
    lengths = [max_length] * len(sentences) if isinstance(max_length, int) else max_length
    searching = search(
        model.step,
        RowsCache([(name, ()) for name in sentences]),
        strategy,
        Rules(length=Length(EOS, lengths, min_lengths), filters=filters, guard=guard, prefix=prefix),
        bos=BOS,
        trace=steps is not None,
        **options,  # type: ignore[arg-type]
    )
    while True:
        try:
            yielded = next(searching)
        except StopIteration as stop:
            return stop.value
        assert steps is not None, "a search without trace yielded something"
        steps.append(yielded)
