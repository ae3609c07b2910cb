"""The only autoregressive loop: greedy search, beam search and sampling are what a strategy makes of it."""

import math
from bisect import insort
from collections.abc import Callable, Generator, Sequence
from typing import Protocol, TypeVar, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from clearhead.decoding.hypothesis import Candidate, Fate, Hypothesis, SearchStep, SentenceStep
from clearhead.decoding.length_penalty import length_penalty
from clearhead.decoding.live import Candidates, Live
from clearhead.decoding.rules import Filtered, Rules
from clearhead.decoding.strategies import Strategy
from clearhead.errors import ConfigError


@runtime_checkable
class Cache(Protocol):
    """What a model keeps between two steps, one row for each hypothesis."""

    def select(self: "C", rows: Int[Tensor, " new_rows"]) -> "C":
        """Return the cache of some rows, given by their indices; repeats are allowed."""


C = TypeVar("C", bound=Cache)
Step = Callable[[Tensor, C], tuple[Tensor, C]]
"""(last tokens [rows], cache) -> (log-probabilities of the next token [rows, vocab], cache)."""

Search = Generator[SearchStep, None, list[list[Hypothesis]]]


def search(
    step: Step[C],
    cache: C,
    strategy: Strategy,
    rules: Rules,
    *,
    bos: int,
    num_hypotheses: int = 1,
    sentence_ids: Sequence[int] | None = None,
    device: torch.device | str = "cpu",
    trace: bool = False,
) -> Search:
    """Search outputs for a batch; the generator returns, for each sentence, its hypotheses, best first.

    `cache` has one row for each sentence of the `rules`. Every hypothesis ends in a real EOS: at its maximum length
    nothing else is allowed. `sentence_ids` name the sentences for `Sample` where they differ from 0, 1, ...
    There are `num_hypotheses` results for a sentence unless the rules leave fewer outputs than that.
    With `trace` it yields every step; without, it yields nothing, and the trace costs nothing.
    Sentences that are done leave the batch. Raises ConfigError or TranslationError, at the first `next`.
    """
    device = torch.device(device)
    if sentence_ids is not None and len(sentence_ids) != rules.num_sentences:
        raise ConfigError(
            f"there are {len(sentence_ids)} sentence ids for {rules.num_sentences} sentences; give one for each"
        )
    start_rows, width = strategy.start_rows(num_hypotheses), strategy.width(num_hypotheses)
    longest = rules.longest().to(device)
    live = Live.start(sentence_ids or range(rules.num_sentences), start_rows, device)
    pool = _Pool(rules.num_sentences, num_hypotheses, like=live.log_prob)
    last = torch.full_like(live.sentence, bos)
    if start_rows > 1:
        cache = cache.select(live.sentence)

    while len(last):
        raw, cache = step(last, cache)
        filtered = rules.apply(raw.detach().float(), live.tokens, live.sentence)
        candidates = strategy.choose(filtered.log_probs, live)
        score = candidates.log_prob / length_penalty(live.tokens.shape[1] + 1, strategy.alpha)
        exists = candidates.log_prob > -math.inf
        ends = exists & (candidates.token == rules.length.eos)
        finished = ends & (score > pool.worst)
        pool.add(finished, candidates, score, filtered, live)
        kept = exists & ~ends
        kept &= kept.cumsum(dim=1) <= width
        reachable = strategy.reachable(candidates.log_prob, longest).masked_fill(~kept, -math.inf)
        kept &= reachable.amax(dim=1, keepdim=True) > pool.worst
        if trace:
            yield _search_step(candidates, score, filtered, live, finished, kept)
        parents = candidates.parent[kept]
        if not torch.equal(parents, torch.arange(len(last), device=device)):
            cache = cache.select(parents)
        live = _extend(live, candidates, filtered, kept)
        last = live.tokens[:, -1]
    return pool.hypotheses


def finish(searching: Search) -> list[list[Hypothesis]]:
    """Run a search to its end, passing over its trace, and return its hypotheses."""
    while True:
        try:
            next(searching)
        except StopIteration as stop:
            result: list[list[Hypothesis]] = stop.value
            return result


class _Pool:
    """The best finished hypotheses of each sentence, best first, at most `size` of them."""

    def __init__(self, num_sentences: int, size: int, like: Tensor) -> None:
        self.hypotheses: list[list[Hypothesis]] = [[] for _ in range(num_sentences)]
        self.worst: Float[Tensor, "sentences 1"] = like.new_full((num_sentences, 1), -math.inf)
        """What a hypothesis must beat to be among them; -inf while there is room."""
        self._size = size

    def add(
        self,
        finished: Bool[Tensor, "sentences candidates"],
        candidates: Candidates,
        score: Float[Tensor, "sentences candidates"],
        filtered: Filtered,
        live: Live,
    ) -> None:
        """Take in the finished candidates; the only part of a step that goes through them one by one."""
        sentences = finished.nonzero()[:, 0].tolist()
        if not sentences:
            return
        rows = candidates.parent[finished]
        ends = filtered.log_probs[rows, candidates.token[finished]]
        repetition = _steered(live.repetition[rows], filtered, rows, ends)
        cut = filtered.cut[rows].tolist() if filtered.cut is not None else [False] * len(sentences)
        for number, *values in zip(
            sentences,
            live.tokens[rows].tolist(),
            score[finished].tolist(),
            candidates.log_prob[finished].tolist(),
            torch.cat((live.token_log_probs[rows], ends[:, None]), dim=1).tolist(),
            cut,
            repetition.tolist(),
            strict=True,
        ):
            tokens, total, log_prob, token_log_probs, truncated, repeats = values
            best = self.hypotheses[number]
            hypothesis = Hypothesis(
                tuple(tokens), total, log_prob, tuple(token_log_probs), truncated, repeats
            )
            insort(best, hypothesis, key=lambda other: -other.score)
            del best[self._size :]
        full = [number for number in set(sentences) if len(self.hypotheses[number]) == self._size]
        if full:
            worst = [[self.hypotheses[number][-1].score] for number in full]
            self.worst[full] = self.worst.new_tensor(worst)


def _extend(
    live: Live, candidates: Candidates, filtered: Filtered, kept: Bool[Tensor, "sentences candidates"]
) -> Live:
    parent, token = candidates.parent[kept], candidates.token[kept]
    token_log_prob = filtered.log_probs[parent, token]
    return Live(
        tokens=torch.cat((live.tokens[parent], token[:, None]), dim=1),
        log_prob=candidates.log_prob[kept],
        token_log_probs=torch.cat((live.token_log_probs[parent], token_log_prob[:, None]), dim=1),
        repetition=_steered(live.repetition[parent], filtered, parent, token_log_prob),
        sentence=kept.nonzero()[:, 0],
        slot=(kept.cumsum(dim=1) - 1)[kept],
        sample=live.sample[parent],
        sentence_ids=live.sentence_ids,
    )


def _steered(
    before: Bool[Tensor, " n"],
    filtered: Filtered,
    parent: Int[Tensor, " n"],
    token_log_prob: Float[Tensor, " n"],
) -> Bool[Tensor, " n"]:
    """Say whether the repetition guard banned, now or before, something better than what was taken."""
    return before if filtered.blocked is None else before | (filtered.blocked[parent] > token_log_prob)


def _search_step(
    candidates: Candidates,
    score: Float[Tensor, "sentences candidates"],
    filtered: Filtered,
    live: Live,
    finished: Bool[Tensor, "sentences candidates"],
    kept: Bool[Tensor, "sentences candidates"],
) -> SearchStep:
    """Put one step into plain values."""
    sentences: dict[int, list[Candidate]] = {}
    for sentence, place in (candidates.log_prob > -math.inf).nonzero().tolist():
        row, token = int(candidates.parent[sentence, place]), int(candidates.token[sentence, place])
        fate: Fate = "pruned"
        if finished[sentence, place]:
            fate = "finished"
        elif kept[sentence, place]:
            fate = "kept"
        sentences.setdefault(sentence, []).append(
            Candidate(
                parent=int(live.slot[row]),
                tokens=(*live.tokens[row].tolist(), token),
                token_log_prob=float(filtered.log_probs[row, token]),
                log_prob=float(candidates.log_prob[sentence, place]),
                score=float(score[sentence, place]),
                fate=fate,
            )
        )
    steps = (SentenceStep(number, tuple(options)) for number, options in sentences.items())
    return SearchStep(live.tokens.shape[1], tuple(steps))
