"""Invariants of a model whose sources are frames, on one that was trained."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from clearhead.data.batching import Batch
from clearhead.engines.protocol import search_options
from clearhead.engines.pytorch import next_token
from clearhead.errors import TranslationError
from clearhead.inspection.attribution import integrated_gradients
from clearhead.model.padding import padded
from clearhead.text.vocabulary import BOS, EOS
from clearhead.training.loop import batch_loss


def test_signals_are_read(translator, spoken):
    frames, texts = spoken
    found = [each.text for each in translator.translate(frames)]
    assert sum(map(str.__eq__, found, texts)) >= 22, list(zip(found, texts, strict=True))


def test_words_are_gone_on_with_in_translations_of_text_only(translator):
    with pytest.raises(TranslationError, match="this model reads frames"):
        translator.continuations("one two", "eins ")


def test_resumed_is_uninterrupted(trained, resumed):
    for name in ("model/model.safetensors", "model/config.json"):
        assert (trained / name).read_bytes() == (resumed / name).read_bytes()


def test_a_batch_equals_single_sources(translator, spoken):
    """Sources of different lengths share a batch, so that short ones are padded; the convolution must not see it."""
    frames, _ = spoken
    model = translator.pytorch.model
    assert len({len(each) % 2 for each in frames}) == 2, "both ends of a stride"
    with torch.inference_mode():
        together, mask = model.embed(padded(frames, 0))
        for row, each in enumerate(frames):
            alone, _ = model.embed(padded([each], 0))
            length = alone.shape[1]
            assert mask[row, 0].sum() == length
            torch.testing.assert_close(together[row, :length], alone[0], rtol=0, atol=1e-5)
    options = search_options(translator.info.decoding)
    found = dict(translator.engine.translate(frames, options))
    for number, each in enumerate(frames):
        ((_, single),) = translator.engine.translate([each], options)
        assert [one.tokens for one in single] == [one.tokens for one in found[number]]
        assert single[0].score == pytest.approx(found[number][0].score, abs=1e-4)


def test_cached_equals_uncached(translator, spoken):
    """Step by step with the cache of the beam, and all positions at a time."""
    frames, texts = spoken
    model, step = translator.pytorch.model, next_token(translator.pytorch.model)
    tgt = torch.tensor([[BOS, *translator.tokenizer.encode_target(texts[0]), EOS]])
    with torch.inference_mode():
        src = padded(frames[:1], 0)
        at_once = model.logits(model(src, tgt[:, :-1])).log_softmax(-1)
        cache = model.encode(src)
        for place in range(tgt.shape[1] - 1):
            log_probs, cache = step(tgt[:, place], cache)
            torch.testing.assert_close(log_probs, at_once[:, place], rtol=0, atol=1e-4)


def test_scores_of_search_and_of_teacher_forcing_agree(translator, spoken):
    frames, _ = spoken
    options = search_options(translator.info.decoding)
    for number, hypotheses in translator.engine.translate(frames[:4], options):
        ((*log_probs,),) = translator.engine.score([frames[number]], [hypotheses[0].tokens])
        assert sum(log_probs) == pytest.approx(hypotheses[0].log_prob, abs=1e-3)


def test_padding_adds_nothing_to_the_loss(translator, spoken):
    frames, texts = spoken
    model = translator.pytorch.model
    batches = []
    for chosen in ([0], [1], [0, 1]):
        tgts = [[BOS, *translator.tokenizer.encode_target(texts[n]), EOS] for n in chosen]
        src = padded([frames[n] for n in chosen], 0).numpy()
        batches.append(Batch(src, padded(tgts, 0).numpy(), np.array(chosen)))
    with torch.inference_mode():
        first, second, both = (batch_loss(model, batch, 0.0).item() for batch in batches)
        assert both == pytest.approx(first + second, rel=1e-4)
        twice = batch_loss(model, batches[0], 0.0, r_drop=1.0).item()
        assert twice == pytest.approx(first, rel=1e-4), "without dropout the passes are the same"


def test_the_map_shows_when_each_letter_was_heard(translator, signals):
    """Letters come one after the other, so that the looks at the source move on."""
    maps = translator.look(f"{signals / 'test.npz'}:arr_0")
    positions = len(maps.source)
    assert maps.cross.shape[2:] == (len(maps.produced), positions)
    assert maps.encoder.shape[2:] == (positions, positions)
    np.testing.assert_allclose(maps.cross.sum(-1), 1, atol=1e-5)
    longest = max(
        (translator.look(f"{signals / 'test.npz'}:arr_{n}") for n in range(8)), key=lambda m: len(m.produced)
    )
    assert longest.src[:3] == ("0.00", "0.02", "0.04"), "two frames of 0.01 s become a position"
    centres = (longest.cross.mean((0, 1)) * np.arange(len(longest.source))).sum(-1)[:-1]
    assert np.polyfit(np.arange(len(centres)), centres, 1)[0] > 0


def test_what_was_looked_at_is_what_was_translated(translator, signals, spoken):
    reference = f"{signals / 'test.npz'}:arr_1"
    maps = translator.look(reference, search=True)
    assert maps.text == translator.translate(reference).text == translator.translate(spoken[0][1]).text
    assert maps.search
    forced = translator.look(reference, target="a b")
    assert forced.target.text == "a b"


def test_learned_positions_are_counted_after_the_stride(translator, spoken):
    shape = replace(translator.info.model, positions="learned", max_positions=8)
    assert shape.source_positions(16) == 8
    assert shape.source_positions(17) == 9


def test_gradients_of_frames_are_complete(translator, signals):
    """The sums of integrated gradients are the differences of log-probability that they explain, for frames as well."""
    maps = translator.look(f"{signals / 'test.npz'}:arr_2", inner=True, measures=True)
    assert maps.measures["integrated.source"].shape == (len(maps.produced), len(maps.source))
    # How steep the way from nothing to the frames is hangs on the weights; more steps close the gap whatever it is.
    exact = integrated_gradients(translator.pytorch.model, maps, BOS, 1024)
    assert exact.check < 0.1
    assert exact.check <= maps.about.checks["integrated"]
