"""The invariants of the design, on trained models with dropout, smoothing, accumulation and clipping on."""

import numpy as np
import pytest
import torch

from clearhead.architectures.build import build
from clearhead.config import DecodingConfig
from clearhead.data.batching import collate
from clearhead.decoding.constraints import Length
from clearhead.decoding.length_penalty import length_penalty
from clearhead.decoding.rules import Rules
from clearhead.decoding.search import finish, search
from clearhead.decoding.strategies import BeamSearch, Greedy
from clearhead.engines.protocol import SearchOptions
from clearhead.engines.pytorch import next_token
from clearhead.model.padding import padded
from clearhead.storage import folders
from clearhead.storage.tensors import read_arrays
from clearhead.text.vocabulary import BOS, EOS, PAD
from clearhead.training.loop import batch_loss, train
from clearhead.training.state import TrainState
from tests.streams import stream

SEARCHES = {
    "greedy": SearchOptions(decoding=DecodingConfig(beam_size=1)),
    "beam 4": SearchOptions(decoding=DecodingConfig(beam_size=4), num_hypotheses=3),
    "rules": SearchOptions(decoding=DecodingConfig(beam_size=3, alpha=1.0), no_repeat_ngram=3, min_length=2),
    "sample": SearchOptions(temperature=0.8, top_k=8, top_p=0.9, num_hypotheses=2, seed=5),
}


def translate(trained, srcs, search, prefixes=None):
    found = dict(trained.engine.translate(srcs, search, prefixes))
    return [found[number] for number in range(len(srcs))]


def test_it_has_learned(trained):
    """Otherwise the rest would be about noise."""
    assert trained.reports[-1].loss < 0.75 * trained.reports[0].loss


@pytest.mark.parametrize("name", SEARCHES)
def test_batched_equals_single(trained, name):
    together = translate(trained, trained.srcs, SEARCHES[name])
    if name == "sample":  # a sentence's draws go by its place among the sources
        alone = [translate(trained, trained.srcs[: n + 1], SEARCHES[name])[n] for n in range(0, 40, 8)]
        together = together[::8]
    else:
        alone = [translate(trained, [src], SEARCHES[name])[0] for src in trained.srcs]
    ties = 0
    for mine, theirs in zip(together, alone, strict=True):
        scores = torch.tensor([h.score for h in mine]), torch.tensor([h.score for h in theirs])
        torch.testing.assert_close(*scores, atol=1e-4, rtol=0)
        ties += [h.tokens for h in mine] != [h.tokens for h in theirs]
    assert ties == 0, "tokens differ although nothing is tied within 1e-4 here"


@pytest.mark.parametrize("name", SEARCHES)
def test_the_score_of_translating_is_the_score_of_scoring(trained, name):
    """Cached, step by step and in a beam against uncached, teacher-forced and all at once."""
    search = SEARCHES[name]
    for src, hypotheses in zip(trained.srcs, translate(trained, trained.srcs, search), strict=True):
        for hypothesis in hypotheses:
            (log_probs,) = trained.engine.score([src], [hypothesis.tokens])
            assert hypothesis.token_log_probs == pytest.approx(log_probs, abs=2e-5)
            assert hypothesis.log_prob == pytest.approx(sum(log_probs), abs=1e-4)
            if name != "sample":
                penalty = length_penalty(len(hypothesis.tokens) + 1, search.decoding.alpha)
                assert hypothesis.score == pytest.approx(hypothesis.log_prob / penalty, abs=1e-5)


def test_cached_equals_uncached(trained):
    model, batch = trained.model, collate(trained.corpus, np.arange(16))
    src, tgt = torch.from_numpy(batch.src), torch.from_numpy(batch.tgt)
    whole = model(src, tgt)
    cache = model.encode(src)
    for place in range(tgt.shape[1]):
        state, cache = model.decode(tgt[:, place : place + 1], cache)
        torch.testing.assert_close(state[:, 0], whole[:, place], atol=1e-5, rtol=0)


def test_fused_equals_written_out(trained):
    model, batch = trained.model, collate(trained.corpus, np.arange(16))
    src, tgt = torch.from_numpy(batch.src), torch.from_numpy(batch.tgt)
    rows = []
    observed = model(src, tgt, observer=lambda place, t: rows.append((place, t)))
    torch.testing.assert_close(model.logits(observed), model.logits(model(src, tgt)), atol=2e-5, rtol=0)
    for place, weights in rows:
        if place.endswith("weights"):
            torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:-1]), atol=1e-5, rtol=0)


def test_the_future_never_changes_the_past(trained):
    model, batch = trained.model, collate(trained.corpus, np.arange(16))
    src, tgt = torch.from_numpy(batch.src), torch.from_numpy(batch.tgt)
    changed = tgt.clone()
    changed[:, 3:] = 5
    torch.testing.assert_close(model(src, changed)[:, :3], model(src, tgt)[:, :3], atol=1e-5, rtol=0)


def test_padding_and_company_change_no_loss(trained):
    alone = [batch_loss(trained.model, collate(trained.corpus, np.array([n])), 0.1).item() for n in range(24)]
    together = batch_loss(trained.model, collate(trained.corpus, np.arange(24)), 0.1).item()
    assert together == pytest.approx(sum(alone), rel=1e-5)


def test_a_beam_of_one_is_no_worse_than_greedy(trained):
    """The beam goes on until nothing can beat what it has found; greedy takes the first end."""
    rules = Rules(length=Length(EOS, [20] * len(trained.srcs)))
    found = []
    for strategy in (Greedy(alpha=0.6), BeamSearch(1, 0.6)):
        with torch.inference_mode():
            start = trained.model.encode(padded(trained.srcs, PAD))
            searching = search(next_token(trained.model), start, strategy, rules, bos=BOS)
            found.append(finish(searching))
    assert all(beam[0].score >= greedy[0].score - 1e-6 for greedy, beam in zip(*found, strict=True))


def test_a_forced_prefix_stands_at_the_start(trained):
    prefixes = [[7, 8]] * len(trained.srcs)
    for hypotheses in translate(trained, trained.srcs, SEARCHES["greedy"], prefixes):
        assert hypotheses[0].tokens[:2] == (7, 8)


def test_saved_equals_in_memory(trained, tmp_path):
    arrays = {name: p.detach().numpy() for name, p in trained.model.named_parameters()}
    folders.write_directory(tmp_path / "m", {"w.safetensors": arrays})
    other = build(trained.model.config).eval()
    read = read_arrays(tmp_path / "m" / "w.safetensors")
    with torch.no_grad():
        for name, parameter in other.named_parameters():
            parameter.copy_(torch.from_numpy(read[name]))
    batch = collate(trained.corpus, np.arange(16))
    src, tgt = torch.from_numpy(batch.src), torch.from_numpy(batch.tgt)
    assert torch.equal(other(src, tgt), trained.model(src, tgt))


def test_resumed_equals_uninterrupted(trained):
    """Stopped after any number of steps, also within an epoch, the rest is the same, bit for bit."""
    from dataclasses import replace

    def go_on(state, steps):
        settings = replace(trained.training, max_steps=steps)
        batches = stream(trained.corpus, settings.batch_tokens, settings.seed, state.position)
        list(train(state, iter(batches), settings))
        return state

    def fresh():
        torch.manual_seed(3)
        return TrainState.fresh(build(trained.model.config), trained.training)

    whole = go_on(fresh(), 12)
    for stop in (1, 5, 11):
        first = go_on(fresh(), stop)
        second = fresh()
        second.restore(first.model_arrays(), first.optimizer_arrays(), first.ema_arrays(), first.counters)
        go_on(second, 12)
        for mine, theirs in zip(second.model.parameters(), whole.model.parameters(), strict=True):
            assert torch.equal(mine, theirs)
