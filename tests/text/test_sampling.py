"""Subword sampling: segmentations of the same text, drawn by the law of the papers, the same in every process."""

import math
import subprocess
import sys
from collections import Counter
from itertools import combinations, pairwise
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clearhead.errors import TextError
from clearhead.text.normalize import normalize
from clearhead.text.sampling import SubwordSampler
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.vocabulary import EOS
from tests.text.test_tokenizer import CORPUS, TEXTS, TOKENIZERS

both_kinds = pytest.mark.parametrize("kind", ["unigram", "bpe"])


@both_kinds
@given(text=TEXTS, seed=st.integers(), alpha=st.floats(0, 1))
@example(text="the ball is blue. the weather seems very old", seed=1, alpha=0.5)
def test_samples_are_segmentations_and_repeat(kind: str, text: str, seed: int, alpha: float) -> None:
    tokenizer = TOKENIZERS[kind]
    sampler = SubwordSampler(tokenizer, alpha)
    ids = sampler.encode(text, Random(seed))
    assert ids == SubwordSampler(tokenizer, alpha).encode(text, Random(seed))
    assert tokenizer.decode(ids) == normalize(text)
    assert not set(ids) & (tokenizer.forbidden_ids | {EOS})


def test_bpe_without_dropout_is_the_plain_segmentation() -> None:
    tokenizer = TOKENIZERS["bpe"]
    sampler = SubwordSampler(tokenizer, 0.0)
    for line in [*CORPUS[:80], "школа 😀 \ufffd"]:
        assert sampler.encode(line, Random(7)) == tokenizer.encode(line)


def test_bpe_with_all_merges_left_out_is_characters() -> None:
    tokenizer = TOKENIZERS["bpe"]
    pieces = tokenizer.pieces(SubwordSampler(tokenizer, 1.0).encode("the ball", Random(1)))
    assert "".join(pieces) == "\u2581the\u2581ball"
    assert max(map(len, pieces)) == 1


def test_unigram_with_a_large_alpha_is_the_best_segmentation() -> None:
    tokenizer = TOKENIZERS["unigram"]
    sampler = SubwordSampler(tokenizer, 1000.0)
    for line in [*CORPUS[:80], "школа 😀 \ufffd"]:
        assert sampler.encode(line, Random(7)) == tokenizer.encode(line)


@pytest.mark.parametrize("alpha", [0.0, 0.2, 1.0])
def test_unigram_draws_by_probability(alpha: float) -> None:
    """Every segmentation of a word comes as often as the product of its pieces ** alpha says."""
    tokenizer = TOKENIZERS["unigram"]
    scores, word = tokenizer.scores(), "\u2581weather"
    expected: dict[tuple[str, ...], float] = {}
    for cuts in (c for n in range(len(word)) for c in combinations(range(1, len(word)), n)):
        edges = (0, *cuts, len(word))
        pieces = tuple(word[start:end] for start, end in pairwise(edges))
        if all(piece in scores for piece in pieces):
            expected[pieces] = math.exp(alpha * sum(scores[piece] for piece in pieces))
    assert len(expected) > 2
    draws, sampler, times = Random(3), SubwordSampler(tokenizer, alpha), 20_000
    found = Counter(tuple(tokenizer.pieces(sampler.encode("weather", draws))) for _ in range(times))
    total = sum(expected.values())
    for pieces, weight in expected.items():
        assert found[pieces] / times == pytest.approx(weight / total, abs=0.015)


def test_bpe_leaves_out_each_merge_with_its_probability() -> None:
    """A word of two symbols that join is cut in two as often as alpha says."""
    tokenizer = Tokenizer.train(["a a a a b b"] * 10, kind="bpe", vocab_size=330)
    assert len(tokenizer.encode("a")) == 1
    draws, sampler, times = Random(5), SubwordSampler(tokenizer, 0.3), 20_000
    cut = sum(len(sampler.encode("a", draws)) == 2 for _ in range(times)) / times
    assert cut == pytest.approx(0.3, abs=0.015)


@both_kinds
def test_another_process_draws_the_same(kind: str) -> None:
    """What the library itself samples differs from process to process for one seed."""
    line = "the weather became very old"
    mine = [SubwordSampler(TOKENIZERS[kind], 0.3).encode(line, Random(seed)) for seed in range(50)]
    code = (
        "import sys; from random import Random; from clearhead.text.sampling import SubwordSampler as S\n"
        "from clearhead.text.tokenizer import Tokenizer\n"
        "s = S(Tokenizer.from_bytes(sys.stdin.buffer.read()), 0.3)\n"
        f"print([s.encode({line!r}, Random(n)) for n in range(50)])"
    )
    for _ in range(2):
        model = TOKENIZERS[kind].to_bytes()
        output = subprocess.run([sys.executable, "-c", code], input=model, capture_output=True, check=True)
        assert output.stdout.decode().strip() == str(mine)
    assert len({tuple(ids) for ids in mine}) > 5


@pytest.mark.parametrize(
    ("kind", "alpha", "message"),
    [
        ("word", 0.1, "cannot sample"),
        ("char", 0.1, "cannot sample"),
        ("unigram", -0.1, "at least 0"),
        ("unigram", float("nan"), "at least 0"),
        ("bpe", 1.5, "0 to 1"),
    ],
)
def test_impossible_samples_are_refused(kind: str, alpha: float, message: str) -> None:
    with pytest.raises(TextError, match=message):
        SubwordSampler(TOKENIZERS[kind], alpha)
