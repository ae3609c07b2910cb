"""The study of a translator as a language model: equal weights, and the same measure for both kinds of sequence."""

import math

import pytest
import torch
from studies.decoder_only import one_sequence, shapes

from clearhead.architectures.build import build
from clearhead.data.batching import TokenizedCorpus
from studies import decoder_only


def test_both_have_as_many_weights():
    both, alone = shapes(8_000, 128)
    assert alone.num_parameters == pytest.approx(both.num_parameters, rel=0.005)
    for config in shapes(50, 32):
        assert sum(each.numel() for each in build(config).parameters()) == config.num_parameters


@pytest.mark.parametrize("whole", [False, True])
def test_a_decoder_alone_measures_the_target_only(whole):
    """Of an untrained model whose weights are 0 each token is as probable as any other."""
    corpus = TokenizedCorpus.from_ids([[5, 6, 7], [8]], [[9, 10], [11, 12, 13]])
    model = build(shapes(20, 32)[1]).eval()
    torch.nn.init.zeros_(model.src_embedding.weight)
    loss, outputs = decoder_only.measured(model, corpus, 19, whole=whole)
    assert loss == pytest.approx(math.log(20), rel=1e-4)
    assert len(outputs) == 2
    assert not {0, 1, 3, 19} & {token for output in outputs for token in output}


def test_source_separator_and_target_are_one_text():
    corpus = one_sequence(TokenizedCorpus.from_ids([[5, 6]], [[7]]), 19)
    assert corpus.ids(0) == ([], [5, 6, 19, 7])
