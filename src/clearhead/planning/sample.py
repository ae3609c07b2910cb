"""A sample of a corpus, prepared as the run will prepare all of it: real batches before there is a store."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from clearhead.config import ModelConfig, RunConfig
from clearhead.corpora.pair import Pair
from clearhead.data.batching import Batch, TokenizedCorpus, collate
from clearhead.data.held_out import HeldOut
from clearhead.data.loader import START, Chunk, Loader, Position
from clearhead.data.preparation import CorpusText, prepare
from clearhead.data.store import Store
from clearhead.run.corpora import read
from clearhead.run.origin import Origin
from clearhead.run.setup import recipe
from clearhead.text.vocabulary import UNK

PAIRS = 20_000
"""Of each corpus at most, at even distances: the vocabulary of a sample gives lengths within some percent."""


@dataclass(frozen=True)
class Sample:
    """What was read of the corpora, and what was kept of it to look at."""

    texts: tuple[CorpusText, ...]
    pairs: int
    """In the corpora, both directions counted where both are learned."""
    characters: int
    """Of the target sides."""
    share: float
    """Of the pairs that are in `texts`."""

    @classmethod
    def of(cls, config: RunConfig) -> "Sample":
        """Read the corpora once, keeping pairs at even distances."""
        texts, pairs, kept, characters = [], 0, 0, 0
        for corpus in config.data.train_sets:
            rows, alone = read(corpus, config.model.reads_plain_text)
            directions = 1 + corpus.both_directions
            some = _Thinned()
            for pair in rows:
                pairs += directions
                characters += len(pair.tgt) + corpus.both_directions * len(pair.src)
                some.add(pair)
            kept += directions * len(some.pairs)
            texts.append(CorpusText(corpus, some.pairs, alone=alone))
        return cls(tuple(texts), pairs, characters, kept / max(1, pairs))


class _Thinned:
    """Pairs at even distances, which grow so that there are never more than twice PAIRS."""

    def __init__(self) -> None:
        self.pairs: list[Pair] = []
        self._distance, self._seen = 1, 0

    def add(self, pair: Pair) -> None:
        """Keep a pair if it is its turn."""
        if self._seen % self._distance == 0:
            self.pairs.append(pair)
            if len(self.pairs) == 2 * PAIRS:
                self.pairs, self._distance = self.pairs[::2], 2 * self._distance
        self._seen += 1


@dataclass(frozen=True)
class Batches:
    """Batches to measure with, and what is known from them of a whole epoch."""

    chunk: Chunk
    vocab_size: int
    seconds: float
    """To make one batch, where text is segmented again for every epoch; else 0."""
    per_epoch: float
    """Batches of the whole corpus; 0 where no corpus was given."""

    @property
    def tokens(self) -> float:
        """Target tokens of a batch, on average, padding not counted."""
        lengths = self.chunk.corpus.tgt_lengths - 1
        return float(np.mean([lengths[rows].sum() for rows in self.chunk.batches]))

    @property
    def length(self) -> int:
        """Tokens of a target, on average."""
        rows = np.concatenate(self.chunk.batches)
        return max(1, round(float((self.chunk.corpus.tgt_lengths[rows] - 1).mean())))

    def endless(self) -> Iterator[tuple[Position, Batch]]:
        """Yield the batches over and over, as the loop takes them."""
        for rows in cycle(self.chunk.batches):
            yield START, collate(self.chunk.corpus, rows)


@contextmanager
def real_batches(config: RunConfig, sample: Sample, origin: Origin | None) -> Iterator[Batches]:
    """Give the batches of a sample that is prepared, segmented, varied and put together as the run does it."""
    tokenizer = origin.with_targets(config.data.train_sets).tokenizer if origin else config.tokenizer
    with TemporaryDirectory(prefix="clearhead-plan-") as folder:
        path = Path(folder) / "data"
        data = config.data
        for _ in prepare(
            path,
            sample.texts,
            tokenizer=tokenizer,
            filters=data.filters,
            max_tokens=data.max_tokens,
            held_out=HeldOut(),
        ):
            pass
        store = Store(path)
        made = recipe(config, [text.config.weight for text in sample.texts])
        started = time.monotonic()
        chunk = Loader(store, made).first_chunk()
        seconds = time.monotonic() - started
        yield Batches(
            chunk=chunk,
            vocab_size=_vocabulary(config, store, sample),
            seconds=seconds / len(chunk.batches) if made.resampled else 0.0,
            per_epoch=len(chunk.batches) * len(store) / len(np.concatenate(chunk.batches)) / sample.share,
        )


def _vocabulary(config: RunConfig, store: Store, sample: Sample) -> int:
    """Return the size of the vocabulary that the whole corpus will give: a sample may be too small for it."""
    learned = store.tokenizer.vocab_size
    return learned if config.init or sample.share > 0.9 else max(learned, config.tokenizer.vocab_size)


def random_batches(model: ModelConfig, batch_tokens: int, length: int) -> Batches:
    """Return a batch of random sentences of one length, where no corpus is at hand."""
    rows = max(1, batch_tokens // (2 * length + 2))
    draws = np.random.default_rng(0)
    sides: Iterable[list[list[int]]] = (
        draws.integers(UNK + 1, model.vocab_size, (rows, length - 1)).tolist() for _ in range(2)
    )
    corpus = TokenizedCorpus.from_ids(*sides)
    return Batches(Chunk(corpus, [np.arange(rows)]), model.vocab_size, 0.0, 0.0)


def with_vocabulary(config: RunConfig, size: int) -> RunConfig:
    """Return the settings with the vocabulary that the corpus gives."""
    return replace(config, model=replace(config.model, vocab_size=size))
