import codecs
import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from clearhead.decoding.constraints import (
    Ban,
    CarriedSymbols,
    ForcedPrefix,
    Length,
    NoRepeatNgram,
    RepetitionGuard,
    WholeCharacters,
    utf8_continuation,
)
from clearhead.decoding.rules import Rules
from clearhead.decoding.strategies import BeamSearch, Greedy, Sample
from clearhead.errors import ConfigError, TranslationError
from tests.decoding.table_model import EOS, FixedModel, TableModel, decode

Tokens = tuple[int, ...]


def ngrams_differ(n: int, tokens: Tokens) -> bool:
    ngrams = [tokens[at : at + n] for at in range(len(tokens) - n + 1)]
    return len(set(ngrams)) == len(ngrams)


def loops(tokens: Tokens, longest_block: int, copies: int, single_copies: int) -> bool:
    """Say whether the tokens end in too many copies of a block."""
    return any(
        len(tokens) >= block * times and tokens[-block * times :] == tokens[-block:] * times
        for block in range(1, longest_block + 1)
        for times in [single_copies if block == 1 else copies]
    )


@pytest.mark.parametrize(
    ("rules", "min_length", "allowed"),
    [
        ({"filters": [Ban([2])]}, 0, lambda tokens: 2 not in tokens),
        ({"filters": [Ban([])]}, 2, lambda tokens: len(tokens) >= 2),
        ({"prefix": ForcedPrefix([[3, 0]])}, 0, lambda tokens: tokens[:2] == (3, 0)),
        ({"filters": [NoRepeatNgram(1)]}, 0, lambda tokens: ngrams_differ(1, tokens)),
        ({"filters": [NoRepeatNgram(2)]}, 3, lambda tokens: ngrams_differ(2, tokens) and len(tokens) >= 3),
        ({"filters": [NoRepeatNgram(3)]}, 0, lambda tokens: ngrams_differ(3, tokens)),
        (
            {"guard": RepetitionGuard(2, copies=2, single_copies=3)},
            0,
            lambda tokens: not any(loops(tokens[:at], 2, 2, 3) for at in range(len(tokens) + 1)),
        ),
    ],
    ids=["ban", "min", "prefix", "1-gram", "2-gram", "3-gram", "guard"],
)
@pytest.mark.parametrize("seed", range(3))
def test_wide_beam_finds_the_best_of_what_is_allowed(
    rules: dict[str, object], min_length: int, allowed: Callable[[Tokens], bool], seed: int
) -> None:
    model = TableModel(vocab=4, seed=seed, eos_bonus=-1.0)
    expected = sorted(pair for pair in model.outputs(0, 5, 0.6) if allowed(pair[1]))[: -3 - 1 : -1]
    [found] = decode(
        model,
        BeamSearch(400),
        max_length=5,
        min_lengths=[min_length],
        **rules,
        num_hypotheses=3,
    )
    assert [(h.score, h.tokens) for h in found] == [
        (pytest.approx(score), tokens) for score, tokens in expected
    ]


@settings(max_examples=100)
@given(
    st.lists(st.lists(st.integers(0, 2), min_size=14, max_size=14), min_size=1, max_size=5),
    st.integers(0, 14),
)
def test_the_guard_bans_exactly_what_would_complete_one_copy_too_many(
    rows: list[list[int]], length: int
) -> None:
    tokens = torch.tensor(rows)[:, :length]
    sentences = torch.zeros(len(rows), dtype=torch.long)
    for limits in [(3, 3, 4), (2, 2, 2), (4, 2, 6), (1, 2, 5)]:
        filtered = RepetitionGuard(*limits).filter(torch.zeros(len(rows), 3), tokens, sentences)[0]
        banned = [[loops((*row[:length], token), *limits) for token in range(3)] for row in rows]
        assert (filtered == -math.inf).tolist() == banned


@settings(max_examples=100)
@given(st.lists(st.integers(0, 3), max_size=12), st.integers(1, 4))
def test_no_repeat_bans_exactly_what_would_repeat(row: list[int], n: int) -> None:
    seen = {tuple(row[at : at + n]) for at in range(len(row) - n + 1)}
    filtered = NoRepeatNgram(n)(torch.zeros(1, 4), torch.tensor([row], dtype=torch.long), torch.tensor([0]))
    expected = [len(row) >= n - 1 and tuple([*row, token][len(row) - n + 1 :]) in seen for token in range(4)]
    assert (filtered[0] == -math.inf).tolist() == expected


def test_the_guard_breaks_a_loop_and_says_so() -> None:
    loop = FixedModel([0.05, 0.05, 0.1, 0.8])
    for strategy in [Greedy(), BeamSearch(2), Sample(temperature=0.1)]:
        [[free]] = decode(loop, strategy, max_length=40)
        assert not free.repetition
        [[guarded]] = decode(loop, strategy, max_length=40, guard=RepetitionGuard(single_copies=6))
        assert guarded.repetition or not guarded.tokens
        if isinstance(strategy, Greedy):
            assert guarded.tokens[:7] == (3, 3, 3, 3, 3, 2, 3)
            assert free.tokens == (3,) * 40
        else:
            assert guarded.tokens[:6] != (3,) * 6


def test_the_guard_reports_only_hypotheses_that_it_steered() -> None:
    # After two of the favourite token the ban takes effect, but the model would rather end anyway.
    class EndsAfterTwo(FixedModel):
        def _log_probs(self, sentence: int, prefix: Tokens) -> torch.Tensor:
            end = 0.6 if len(prefix) == 2 else 0.01
            return torch.tensor([0.01, end, 0.99 - end]).log()

    [[found]] = decode(EndsAfterTwo([1.0] * 3), Greedy(), guard=RepetitionGuard(single_copies=3))
    assert found.tokens == (2, 2)
    assert not found.repetition


def test_the_report_stays_when_the_loop_is_over() -> None:
    class LoopsThenEnds(FixedModel):
        def _log_probs(self, sentence: int, prefix: Tokens) -> torch.Tensor:
            end = 0.9 if 3 in prefix else 0.01
            return torch.tensor([0.01, end, (0.99 - end) * 0.8, (0.99 - end) * 0.2]).log()

    # The second sentence has one token more, so its ban comes when the first ends.
    rules = {"guard": RepetitionGuard(single_copies=6), "prefix": ForcedPrefix([[], [0]])}
    [[first], [second]] = decode(LoopsThenEnds([1.0] * 4), Greedy(), (0, 1), 20, **rules)
    assert first.tokens == (2, 2, 2, 2, 2, 3)
    assert second.tokens == (0, 2, 2, 2, 2, 2, 3)
    assert first.repetition
    assert second.repetition


def test_what_a_prefix_says_is_not_reported() -> None:
    rules = {"guard": RepetitionGuard(single_copies=3), "prefix": ForcedPrefix([[2, 2, 3]])}
    [[found]] = decode(FixedModel([0.1, 0.1, 0.6, 0.2]), Greedy(), max_length=3, **rules)
    assert found.tokens == (2, 2, 3)
    assert not found.repetition


@pytest.mark.parametrize("row", [[2, 3, 4] * 3, [5] * 5, [2, 3] * 2 + [4] + [2, 3] * 3, [6, 6, 7] * 3])
def test_the_guard_lets_ordinary_repetition_pass(row: list[int]) -> None:
    guard = RepetitionGuard()
    for length in range(len(row)):
        banned = guard.banned(torch.tensor([row[:length]], dtype=torch.long))
        assert banned is None or row[length] not in banned[0].tolist()


@pytest.mark.parametrize("strategy", [Greedy(), BeamSearch(3), Sample()], ids=["greedy", "beam", "sample"])
def test_a_forced_prefix_overrules_everything(strategy: Greedy | BeamSearch | Sample) -> None:
    model = TableModel(vocab=8)
    prefixes = [[2, 2, 2, 2], [], [3]]
    rules = {
        "prefix": ForcedPrefix(prefixes),
        "guard": RepetitionGuard(single_copies=2),
        "filters": [NoRepeatNgram(1), Ban([2])],
    }
    found = decode(model, strategy, range(3), [2, 5, 0], **rules)
    assert found[0][0].tokens == (2, 2, 2, 2)  # longer than its maximum of 2
    assert not found[0][0].repetition
    assert 2 not in found[1][0].tokens
    assert found[2][0].tokens == (3,)
    for sentence, [h] in enumerate(found):
        assert h.token_log_probs == model.token_log_probs(sentence, h.tokens)


def test_a_forced_token_may_have_no_probability() -> None:
    model = FixedModel([0.5, 0.5, 0.0])
    [[found]] = decode(model, BeamSearch(2), prefix=ForcedPrefix([[2, 2]]))
    assert found.tokens[:2] == (2, 2)
    assert found.log_prob < -1e38


def test_filters_leave_the_models_numbers_alone() -> None:
    log_probs = torch.randn(3, 9).log_softmax(1)
    before = log_probs.clone()
    rules = Rules(
        length=Length(EOS, [3, 3], [1, 1]),
        filters=[Ban([4]), NoRepeatNgram(1)],
        prefix=ForcedPrefix([[5], []]),
    )
    tokens, sentences = torch.empty(3, 0, dtype=torch.long), torch.tensor([0, 1, 1])
    after = rules.apply(log_probs, tokens, sentences).log_probs
    assert torch.equal(log_probs, before)
    assert ((after == before) | (after == -math.inf)).all()
    assert (after > -math.inf).tolist()[0] == [token == 5 for token in range(9)]
    assert (after > -math.inf).tolist()[1] == [token not in (EOS, 4) for token in range(9)]


def test_any_function_can_be_a_filter() -> None:
    def odd_only(log_probs: torch.Tensor, tokens: torch.Tensor, sentences: torch.Tensor) -> torch.Tensor:
        return log_probs.index_fill(1, torch.tensor([0, 2, 4]), -math.inf)

    [[found]] = decode(TableModel(vocab=6, eos_bonus=-3.0), BeamSearch(2), filters=[odd_only])
    assert found.tokens
    assert all(token % 2 for token in found.tokens)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Ban([-1]), ConfigError, "cannot ban the id -1; ids start at 0"),
        (
            lambda: decode(TableModel(5), Greedy(), filters=[Ban([5])]),
            ConfigError,
            "vocabulary has 5 ids",
        ),
        (lambda: NoRepeatNgram(0), ConfigError, "no_repeat_ngram must be at least 1, got 0"),
        (lambda: RepetitionGuard(copies=1), ConfigError, "at least 2 copies, got blocks of 8, 1 copies"),
        (lambda: Length(EOS, [-1]), ConfigError, "maximum length -1; 0 <= minimum <= maximum must hold"),
        (lambda: ForcedPrefix([[-2]]), TranslationError, "a forced prefix has the id -2"),
        (
            lambda: decode(TableModel(5), Greedy(), prefix=ForcedPrefix([[7]])),
            TranslationError,
            "a forced prefix has the id 7; the vocabulary has 5 ids",
        ),
        (
            lambda: decode(TableModel(5), Greedy(), prefix=ForcedPrefix([[EOS]])),
            TranslationError,
            r"a forced prefix has EOS \(id 1\)",
        ),
    ],
)
def test_wrong_constraints_are_named(
    make: Callable[[], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        make()


STRATEGIES = [Greedy(), BeamSearch(3), Sample(seed=5), Sample(temperature=3.0)]
SYMBOL_IDS = (4, 5, 6)
SRCS = [[4, 2, 5, 1], [3, 6, 6, 6, 1], [2, 3, 1], [4, 5, 6, 1]]


@pytest.mark.parametrize("strategy", STRATEGIES, ids=["greedy", "beam", "sample", "hot"])
@pytest.mark.parametrize(
    "model",
    [
        TableModel(vocab=8, seed=3, eos_bonus=3.0),
        FixedModel([0.001, 0.99, 0.004, 0.004, *[1e-9] * 3, 0.001]),  # would end at once
        FixedModel([0.001, 1e-9, 0.5, 0.498, *[1e-9] * 3, 0.001]),  # would neither end nor take a symbol
        FixedModel([0.001, 0.01, 0.004, 0.004, 0.5, 0.4, 0.08, 0.001]),  # would take symbols for ever
    ],
    ids=["table", "ends", "rambles", "symbols"],
)
def test_every_symbol_stands_as_often_as_in_the_source(strategy, model) -> None:
    filters = [Ban([0]), CarriedSymbols(SYMBOL_IDS, SRCS, Length(EOS, [12] * len(SRCS)))]
    found = decode(model, strategy, range(len(SRCS)), 12, filters=filters)
    for src, [hypothesis] in zip(SRCS, found, strict=True):
        carried = [Counter(i for i in ids if i in SYMBOL_IDS) for ids in (src, hypothesis.tokens)]
        assert carried[0] == carried[1]


def test_more_symbols_than_places_end_all_the_same() -> None:
    filters = [CarriedSymbols(SYMBOL_IDS, [[4] * 9], Length(EOS, [4]))]
    [[found]] = decode(TableModel(vocab=8), Greedy(), max_length=4, filters=filters)
    assert found.tokens == (4,) * 4


@cache
def begins(spelled: bytes) -> bool:
    """Say whether bytes are a character, or go on to one."""
    for filler, count in product((b"\x80", b"\xbf"), range(4)):
        try:
            if len((spelled + filler * count).decode()) == 1:
                return True
        except UnicodeDecodeError:
            continue
    return False


def reference(last: tuple[int, ...], tried: Sequence[int]) -> set[int] | None:
    """Return which of some bytes may follow as Python's own decoder has it; None where no character was begun."""
    for place in range(len(last)):
        begun = bytes(last[place:])
        if begun[0] >= 0x80 and begins(begun):
            allowed = {byte for byte in tried if begins(begun + bytes([byte]))}
            if allowed:
                return allowed
    return None


# One byte of every class of the standard's table, and its neighbours.
EDGES = [
    0,
    0x41,
    0x7F,
    0x80,
    0x8F,
    0x90,
    0x9F,
    0xA0,
    0xBF,
    0xC0,
    0xC1,
    0xC2,
    0xDF,
    0xE0,
    0xE1,
    0xEC,
    0xED,
    0xEE,
]
EDGES += [0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF]


def test_what_continues_a_character_is_what_pythons_decoder_takes() -> None:
    def agrees(last: tuple[int, ...], tried: Sequence[int]) -> bool:
        found = utf8_continuation(last)
        return (None if found is None else set(found) & set(tried)) == reference(last, tried)

    assert utf8_continuation([]) is None
    assert all(agrees((byte,), range(256)) for byte in range(256))
    assert all(agrees(last, EDGES) for last in product(range(256), repeat=2))
    assert all(agrees(last, EDGES) for last in product(EDGES, repeat=3))


@pytest.mark.parametrize("strategy", STRATEGIES, ids=["greedy", "beam", "sample", "hot"])
def test_characters_are_spelled_whole(strategy) -> None:
    # 0 and 1 are BOS and EOS, 2 to 257 the bytes, 258 a piece.
    byte_ids = range(2, 258)
    for seed in range(2):
        model = TableModel(vocab=259, seed=seed, sharpness=0.5, eos_bonus=-30.0)
        filters = [Ban([0]), WholeCharacters(byte_ids, EOS)]
        found = decode(model, strategy, range(2), 80, filters=filters)
        for [hypothesis] in found:
            spelled = b"".join(bytes([i - 2]) if i in byte_ids else b"xy" for i in hypothesis.tokens)
            decoder = codecs.getincrementaldecoder("utf-8")()
            decoder.decode(spelled)  # raises where one is broken
            assert hypothesis.truncated or not decoder.getstate()[0]


def test_symbols_wait_for_a_character_that_was_begun() -> None:
    byte_ids = list(range(2, 258))
    for limit in (5, 6, 40):
        filters = [
            WholeCharacters(byte_ids, EOS),
            CarriedSymbols([258], [[258]], Length(EOS, [limit])),
        ]
        model, prefix = TableModel(vocab=259, eos_bonus=9.0), ForcedPrefix([[2 + 0xE2]])
        [[found]] = decode(model, Greedy(), (0,), limit, filters=filters, prefix=prefix)
        assert bytes(i - 2 for i in found.tokens if i != 258).decode()
        assert found.tokens.count(258) == 1


def test_an_excused_sentence_may_repeat_itself() -> None:
    guard = RepetitionGuard(single_copies=4, excused=[True, False])
    found = decode(FixedModel([0.01, 0.01, 0.9, 0.08]), Greedy(), (0, 1), 9, guard=guard)
    assert found[0][0].tokens == (2,) * 9
    assert not found[0][0].repetition
    assert found[1][0].tokens[:4] == (2, 2, 2, 3)
    assert found[1][0].repetition
