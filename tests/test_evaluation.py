"""BLEU and chrF are sacreBLEU's own, signature and all."""

import pytest
import sacrebleu

from clearhead.errors import ConfigError, DataError
from clearhead.evaluation import bleu, chrf

HYPOTHESES = ["the cat sat on the mat .", "A dog runs, fast."]
REFERENCES = ["the cat sat on a mat .", "A dog is running fast."]


@pytest.mark.parametrize(("tokenize", "lowercase"), [("13a", False), ("none", False), ("13a", True)])
def test_bleu_is_sacrebleus(tokenize, lowercase):
    expected = sacrebleu.corpus_bleu(HYPOTHESES, [REFERENCES], tokenize=tokenize, lowercase=lowercase)
    score = bleu(HYPOTHESES, REFERENCES, tokenize=tokenize, lowercase=lowercase)
    assert score.value == expected.score
    assert f"tok:{tokenize}" in score.signature
    assert f"case:{'lc' if lowercase else 'mixed'}" in score.signature
    assert f"version:{sacrebleu.__version__}" in score.signature


def test_chrf_is_sacrebleus():
    score = chrf(HYPOTHESES, REFERENCES)
    assert score.value == sacrebleu.corpus_chrf(HYPOTHESES, [REFERENCES]).score
    assert "nc:6" in score.signature


def test_perfect_is_100():
    assert bleu(REFERENCES, REFERENCES).value == pytest.approx(100)


def test_what_cannot_be_scored():
    with pytest.raises(DataError, match="2 translations but 1 references"):
        bleu(HYPOTHESES, REFERENCES[:1])
    with pytest.raises(DataError, match="nothing to score"):
        chrf([], [])
    with pytest.raises(ConfigError, match="'14a'"):
        bleu(HYPOTHESES, REFERENCES, tokenize="14a")
