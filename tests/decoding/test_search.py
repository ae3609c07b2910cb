from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from clearhead.decoding.constraints import Ban, ForcedPrefix, Length, NoRepeatNgram, RepetitionGuard
from clearhead.decoding.hypothesis import SearchStep
from clearhead.decoding.live import Candidates, Live
from clearhead.decoding.rules import Rules
from clearhead.decoding.search import finish, search
from clearhead.decoding.strategies import BeamSearch, Greedy, Sample, Strategy
from clearhead.errors import ConfigError, TranslationError
from tests.decoding.table_model import BOS, EOS, FixedModel, RowsCache, TableModel, decode

seeds = st.integers(0, 10**6)
every_strategy = pytest.mark.parametrize(
    ("strategy", "n"),
    [
        (Greedy(), 1),
        (BeamSearch(3), 3),
        (Sample(), 3),
        (Sample(temperature=0.7, top_k=5, top_p=0.9, seed=3), 2),
    ],
    ids=["greedy", "beam", "sample", "nucleus"],
)


class ToTheEnd(BeamSearch):
    """Beam search that does not stop early."""

    def reachable(self, log_prob: torch.Tensor, longest: torch.Tensor) -> torch.Tensor:
        return torch.full_like(log_prob, torch.inf)


@settings(max_examples=40)
@given(seeds, st.integers(0, 12))
def test_greedy_takes_the_best_token_every_time(seed: int, max_length: int) -> None:
    model = TableModel(vocab=7, seed=seed, eos_bonus=1.0)
    tokens: list[int] = []
    while len(tokens) < max_length:
        best = int(model.log_probs(0, tuple(tokens)).argmax())
        if best == EOS:
            break
        tokens.append(best)
    [[found]] = decode(model, Greedy(), max_length=max_length)
    assert found.tokens == tuple(tokens)


def test_greedy_breaks_ties_by_the_lowest_id() -> None:
    [[found]] = decode(FixedModel([0.1, 0.1, 0.1, 0.3, 0.1, 0.3]), Greedy(), max_length=3)
    assert found.tokens == (3, 3, 3)


@settings(max_examples=30)
@given(seeds, st.sampled_from([0.0, 0.6, 1.0, 2.0]), st.integers(1, 4))
def test_wide_beam_equals_brute_force(seed: int, alpha: float, max_length: int) -> None:
    model = TableModel(vocab=4, seed=seed, eos_bonus=-1.0)
    expected = sorted(model.outputs(0, max_length, alpha), reverse=True)[:5]
    [found] = decode(model, BeamSearch(130, alpha), max_length=max_length, num_hypotheses=5)
    assert [hypothesis.tokens for hypothesis in found] == [tokens for _, tokens in expected]
    assert [hypothesis.score for hypothesis in found] == pytest.approx([score for score, _ in expected])


@settings(max_examples=40)
@given(seeds, st.sampled_from([0.0, 0.6, 1.5]), st.booleans())
def test_beam_of_one_scores_at_least_greedy(seed: int, alpha: float, constrained: bool) -> None:
    model = TableModel(vocab=6, seed=seed, eos_bonus=1.0)
    sentences = range(4)
    options = {"filters": [Ban([2]), NoRepeatNgram(2)], "guard": RepetitionGuard()} if constrained else {}
    greedy = decode(model, Greedy(alpha), sentences, 10, **options)
    beam = decode(model, BeamSearch(1, alpha), sentences, 10, **options)
    for [a], [b] in zip(greedy, beam, strict=True):
        assert b.score >= a.score


@settings(max_examples=30)
@given(seeds, st.integers(1, 4), st.sampled_from([0.0, 0.6, 1.5]), st.floats(-1, 4))
def test_stopping_early_loses_nothing(seed: int, beam_size: int, alpha: float, eos_bonus: float) -> None:
    model = TableModel(vocab=8, seed=seed, eos_bonus=eos_bonus)
    options = {"sentences": range(3), "max_length": [5, 12, 9], "num_hypotheses": beam_size}
    assert decode(model, BeamSearch(beam_size, alpha), **options) == decode(
        model, ToTheEnd(beam_size, alpha), **options
    )


def test_stopping_early_saves_steps() -> None:
    stopped, whole = TableModel(vocab=8, eos_bonus=5.0), TableModel(vocab=8, eos_bonus=5.0)
    decode(stopped, BeamSearch(3), range(4), 40)
    decode(whole, ToTheEnd(3), range(4), 40)
    assert len(stopped.rows_seen) < 20
    assert len(whole.rows_seen) == 41


@every_strategy
@settings(max_examples=15)
@given(seeds, st.permutations(range(6)))
def test_a_batch_equals_its_sentences_alone(strategy: Strategy, n: int, seed: int, order: list[int]) -> None:
    model = TableModel(vocab=9, seed=seed, eos_bonus=1.0)
    max_lengths = {name: 3 + 2 * name for name in order}
    min_lengths = {name: name % 3 for name in order}
    prefixes = {name: [2, 3][: name % 3] for name in order}

    def run(names: list[int]) -> dict[int, object]:
        found = decode(
            model,
            strategy,
            names,
            [max_lengths[name] for name in names],
            min_lengths=[min_lengths[name] for name in names],
            prefix=ForcedPrefix([prefixes[name] for name in names]),
            filters=[NoRepeatNgram(3)],
            guard=RepetitionGuard(),
            num_hypotheses=n,
            sentence_ids=names,
        )
        return dict(zip(names, found, strict=True))

    together = run(order)
    assert together == run(sorted(order))
    assert together == {name: run([name])[name] for name in order}


@every_strategy
@settings(max_examples=15)
@given(seeds)
def test_every_result_is_scored_as_teacher_forcing_scores_it(strategy: Strategy, n: int, seed: int) -> None:
    model = TableModel(vocab=6, seed=seed)
    found = decode(model, strategy, range(3), 7, filters=[Ban([3])], num_hypotheses=n)
    for sentence, hypotheses in enumerate(found):
        assert len(hypotheses) == n
        assert [h.score for h in hypotheses] == sorted((h.score for h in hypotheses), reverse=True)
        if not isinstance(strategy, Sample):
            assert len({h.tokens for h in hypotheses}) == n
        for h in hypotheses:
            assert EOS not in h.tokens
            assert h.token_log_probs == model.token_log_probs(sentence, h.tokens)
            assert h.log_prob == pytest.approx(sum(h.token_log_probs), rel=1e-12)
            assert h.score == pytest.approx(h.log_prob / ((5 + len(h.tokens) + 1) / 6) ** 0.6, rel=1e-12)


@every_strategy
def test_lengths_hold(strategy: Strategy, n: int) -> None:
    model = TableModel(vocab=6, eos_bonus=1.0)
    low, high = [0, 3, 5, 0], [2, 3, 9, 0]
    found = decode(model, strategy, range(4), high, min_lengths=low, num_hypotheses=n if n == 1 else 1)
    lengths = [len(h.tokens) for [h] in found]
    assert all(a <= length <= b for a, length, b in zip(low, lengths, high, strict=True))
    free = decode(model, strategy, range(4), 9, num_hypotheses=1)
    assert [len(h.tokens) for [h] in free] != lengths


def test_truncation_is_reported_only_where_the_limit_ended_it() -> None:
    never_ends = FixedModel([0.1, 0.01, 0.89])
    assert decode(never_ends, Greedy(), max_length=4)[0][0].truncated
    [beam] = decode(never_ends, BeamSearch(2), max_length=4, num_hypotheses=2)
    assert [h.truncated for h in beam] == [len(h.tokens) == 4 for h in beam]
    assert beam[0].truncated
    ends_at_once = FixedModel([0.1, 0.8, 0.1])
    [[at_limit]] = decode(ends_at_once, Greedy(), max_length=3, min_lengths=[3])
    assert len(at_limit.tokens) == 3
    assert not at_limit.truncated
    assert not decode(ends_at_once, Greedy(), max_length=9)[0][0].truncated


def test_finished_sentences_and_needless_rows_leave_the_batch() -> None:
    model = TableModel(vocab=6, eos_bonus=-9.0)
    decode(model, Greedy(), range(3), [1, 4, 2])
    assert model.rows_seen == [3, 3, 2, 1, 1]
    model.rows_seen.clear()
    decode(model, BeamSearch(4), range(2), 4, prefix=ForcedPrefix([[2, 3], [4, 5]]))
    assert model.rows_seen[:4] == [2, 2, 2, 8]


def test_no_sentences_no_steps() -> None:
    model = TableModel(vocab=6)
    assert decode(model, BeamSearch(2), []) == []
    assert model.rows_seen == []


@every_strategy
@settings(max_examples=15)
@given(seeds)
def test_the_trace_tells_the_result(strategy: Strategy, n: int, seed: int) -> None:
    model = TableModel(vocab=6, seed=seed, eos_bonus=1.0)
    options = {"max_length": 7, "num_hypotheses": n}
    steps: list[SearchStep] = []
    found = decode(model, strategy, range(3), steps=steps, **options)
    assert found == decode(model, strategy, range(3), **options)
    assert [step.number for step in steps] == list(range(len(steps)))
    for sentence, hypotheses in enumerate(found):
        told = {
            (c.tokens, c.score, c.log_prob)
            for step in steps
            for s in step.sentences
            for c in s.candidates
            if s.sentence == sentence and c.fate == "finished"
        }
        result = [((*h.tokens, EOS), h.score, h.log_prob) for h in hypotheses]
        assert set(result) <= told
        assert result[0][1] == max(score for _, score, _ in told)
    for before, after in pairwise(steps):
        kept = {s.sentence: [c for c in s.candidates if c.fate == "kept"] for s in before.sentences}
        assert {s.sentence for s in after.sentences} == {name for name, some in kept.items() if some}
        for s in after.sentences:
            for c in s.candidates:
                parent = kept[s.sentence][c.parent]
                assert parent.tokens == c.tokens[:-1]
                assert c.log_prob == parent.log_prob + c.token_log_prob


def test_beam_considers_twice_its_size_and_keeps_its_size() -> None:
    steps: list[SearchStep] = []
    decode(TableModel(vocab=9, eos_bonus=-9.0), BeamSearch(3), max_length=5, steps=steps)
    for step in steps[:4]:
        [sentence] = step.sentences
        assert len(sentence.candidates) == 6
        assert sum(c.fate == "kept" for c in sentence.candidates) == 3
        scores = [c.log_prob for c in sentence.candidates]
        assert scores == sorted(scores, reverse=True)


@every_strategy
def test_a_search_never_gets_stuck(strategy: Strategy, n: int) -> None:
    model = TableModel(vocab=4)
    found = decode(model, strategy, filters=[Ban([0, 1, 2, 3])], num_hypotheses=1)
    assert [h.tokens for h in found[0]] == [()]
    assert found[0][0].token_log_probs == model.token_log_probs(0, ())
    found = decode(model, strategy, filters=[Ban([EOS])], max_length=5, num_hypotheses=n)
    assert all(len(h.tokens) == 5 and h.truncated for h in found[0])
    sure = FixedModel([0.0, 0.0, 1.0, 0.0])
    [[end]] = decode(sure, strategy, max_length=2, num_hypotheses=1)
    assert end.tokens == (2, 2)


def test_nan_is_an_error() -> None:
    with pytest.raises(TranslationError, match="not a number"):
        decode(FixedModel([0.5, float("nan"), 0.5]), Greedy())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sentence_ids": [1]}, "there are 1 sentence ids for 2 sentences"),
        ({"prefix": ForcedPrefix([[2]])}, "there are 1 forced prefixes for 2 sentences"),
        ({"min_lengths": [0, 7]}, "sentence 1 has minimum length 7 and maximum length 6"),
        ({"min_lengths": [0]}, "there are 1 minimum and 2 maximum lengths"),
        (
            {"num_hypotheses": 3},
            "num_hypotheses must be from 1 to the beam size 2, got 3; use a wider beam or fewer",
        ),
        ({"num_hypotheses": 0}, "the beam size 2, got 0"),
    ],
)
def test_wrong_arguments_are_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        decode(TableModel(vocab=5), BeamSearch(2), (0, 1), **options)  # type: ignore[arg-type]


def test_finish_passes_over_the_trace() -> None:
    model = TableModel(vocab=6)
    found = finish(
        search(
            model.step,
            RowsCache([(0, ())]),
            BeamSearch(2),
            Rules(length=Length(EOS, [6])),
            bos=BOS,
            trace=True,
        )
    )
    assert found == decode(model, BeamSearch(2))


def test_no_graph_is_kept_when_the_model_records_gradients() -> None:
    weight = torch.zeros(5, requires_grad=True)

    def step(last: torch.Tensor, cache: RowsCache) -> tuple[torch.Tensor, RowsCache]:
        return weight.log_softmax(0).expand(len(last), -1), cache

    class Watchful(Greedy):
        def choose(self, log_probs: torch.Tensor, live: Live) -> Candidates:
            assert not log_probs.requires_grad
            assert not live.log_prob.requires_grad
            return super().choose(log_probs, live)

    [[found]] = finish(
        search(step, RowsCache([(0, ())]), Watchful(), Rules(length=Length(EOS, [3])), bos=BOS)
    )
    assert found.tokens == (0, 0, 0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@every_strategy
def test_a_gpu_finds_the_same(strategy: Strategy, n: int) -> None:
    model = TableModel(vocab=50, eos_bonus=2.0)
    options = {
        "sentences": range(5),
        "max_length": [9, 12, 20, 7, 30],
        "min_lengths": [1, 2, 3, 0, 5],
        "filters": [Ban([4]), NoRepeatNgram(2)],
        "guard": RepetitionGuard(2, 2, 2),
        "prefix": ForcedPrefix([[], [3], [4, 4], [], []]),
        "num_hypotheses": n,
    }
    for one, other in zip(
        decode(model, strategy, **options), decode(model, strategy, device="cuda", **options), strict=True
    ):
        assert [h.tokens for h in one] == [h.tokens for h in other]
        assert [h.repetition for h in one] == [h.repetition for h in other]
        assert [h.score for h in one] == pytest.approx([h.score for h in other])
