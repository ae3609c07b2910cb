"""Our own engine on a GPU: in fp32 the tokens of the processor; in bf16 nearly always."""

import pytest
import torch

from clearhead.architectures.build import build
from clearhead.config import DecodingConfig
from clearhead.engines.protocol import SearchOptions
from clearhead.engines.pytorch import PyTorchEngine
from tests.cuda.small import MODEL, TRAINING, corpus, state, steps

pytestmark = pytest.mark.cuda


def engines(device, precision):
    learned = state("cpu")
    steps(learned, TRAINING)
    for place, kind in (("cpu", "fp32"), (device, precision)):
        model = build(MODEL)
        model.load_state_dict(learned.model.state_dict())
        yield PyTorchEngine(model.eval().to(place), precision=kind)


@pytest.mark.parametrize("beam", [1, 4])
@pytest.mark.parametrize(("precision", "alike"), [("fp32", 0.9), ("bf16", 0.5)])
def test_translations_are_those_of_the_processor(device, beam, precision, alike):
    sources = [[*corpus().ids(number)[0], 2] for number in range(12)]
    options = SearchOptions(
        decoding=DecodingConfig(beam_size=beam, max_length_offset=4, max_length_factor=1.0)
    )
    here, there = (
        {number: found[0] for number, found in engine.translate(sources, options)}
        for engine in engines(device, precision)
    )
    same = sum(here[number].tokens == there[number].tokens for number in here)
    assert same >= alike * len(here)
    for number in here:
        if here[number].tokens == there[number].tokens:
            tolerance = 1e-3 if precision == "fp32" else 0.05
            assert there[number].log_prob == pytest.approx(
                here[number].log_prob, rel=tolerance, abs=tolerance
            )


def test_scores_stay_in_fp32(device):
    here, there = engines(device, "bf16")
    pairs = [corpus().ids(number) for number in range(6)]
    srcs, tgts = [[*src, 2] for src, _ in pairs], [tgt for _, tgt in pairs]
    for ours, theirs in zip(here.score(srcs, tgts), there.score(srcs, tgts), strict=True):
        torch.testing.assert_close(torch.tensor(theirs), torch.tensor(ours), rtol=1e-4, atol=1e-4)
