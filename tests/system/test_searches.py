"""Every engine with every option of a search, on a model that was trained: what it finds keeps all promises."""

import json
import random

import pytest

from clearhead import model_directory
from clearhead.config import DecodingConfig
from clearhead.decoding.length_penalty import length_penalty
from clearhead.engines import conversion, parity, patience
from clearhead.engines.ctranslate2 import CTranslate2Engine, Setting
from clearhead.engines.protocol import SearchOptions
from clearhead.engines.pytorch import PyTorchEngine

FP32 = Setting("float32", 1, 1)
DECODING = {
    "greedy": {"beam_size": 1},
    "beam": {},
    "wide beam": {"beam_size": 6, "alpha": 1.4},
    "no length penalty": {"alpha": 0.0},
    "short": {"max_length_factor": 0.5, "max_length_offset": 1},
}
RULES = {
    "free": {},
    "n best": {"num_hypotheses": 4},
    "least length": {"min_length": 12},
    "no n-gram again": {"no_repeat_ngram": 2},
    "all rules": {"min_length": 6, "no_repeat_ngram": 3, "num_hypotheses": 3},
    "not carried": {"carry": False},
    "sampling": {"temperature": 0.8, "top_k": 20, "top_p": 0.9, "num_hypotheses": 3},
}
PREFIXES = {"": (), "prefix": ("two",)}


def texts(seed, count):
    draws = random.Random(seed)
    return [" ".join(draws.choices("0123456789", k=draws.randint(1, 6))) for _ in range(count)]


@pytest.fixture(scope="module")
def engines(tiny_run):
    path = model_directory.find(tiny_run.path)
    theirs = CTranslate2Engine(path, conversion.converted(path), FP32)
    return {"pytorch": PyTorchEngine.load(path), "ctranslate2": theirs}


@pytest.fixture(scope="module")
def tokenizer(tiny_run):
    return model_directory.read_tokenizer(model_directory.find(tiny_run.path))


def options(decoding, rule, defaults):
    search = {**RULES[rule]}
    changes = DECODING[decoding]
    settings = {"beam_size": 4, "alpha": 0.6, "max_length_factor": 2.0, "max_length_offset": 20, **changes}
    if not search.get("temperature"):
        search["num_hypotheses"] = min(search.get("num_hypotheses", 1), settings["beam_size"])
    if settings["max_length_offset"] == 1:
        search.pop("min_length", None)
    return SearchOptions(decoding=type(defaults)(**settings), **search)


def found(engine, srcs, search, prefixes=None):
    by_number = dict(engine.translate(srcs, search, prefixes))
    assert sorted(by_number) == list(range(len(srcs)))
    return [by_number[number] for number in range(len(srcs))]


@pytest.mark.parametrize("engine", ["pytorch", "ctranslate2"])
@pytest.mark.parametrize("decoding", DECODING)
def test_every_option_keeps_its_promises(engines, tokenizer, engine, decoding):
    """The score is that of `score`; no hypothesis twice; best first; rules and prefixes hold."""
    runs, exact = engines[engine], engines["pytorch"]
    srcs = [[*tokenizer.encode(text), 2] for text in texts(3, 5)]
    defaults = DecodingConfig()
    for rule, (name, words) in ((rule, item) for rule in RULES for item in PREFIXES.items()):
        search = options(decoding, rule, defaults)
        if engine == "ctranslate2" and runs.unsupported(search):
            continue
        prefix = tokenizer.encode_target(" ".join(words))
        results = found(runs, srcs, search, [prefix] * len(srcs) if name else None)
        flat = [(src, each) for src, hypotheses in zip(srcs, results, strict=True) for each in hypotheses]
        scores = exact.score([src for src, _ in flat], [each.tokens for _, each in flat])
        for (_, each), log_probs in zip(flat, scores, strict=True):
            penalty = length_penalty(len(each.tokens) + 1, search.decoding.alpha)
            where = (decoding, rule, name, each)
            assert each.score == pytest.approx(sum(log_probs) / penalty, abs=1e-3), where
            assert list(each.tokens[: len(prefix)]) == prefix, where
            assert len(each.tokens) >= search.min_length, where
        for src, hypotheses in zip(srcs, results, strict=True):
            where = (decoding, rule, name)
            assert 1 <= len(hypotheses) <= search.num_hypotheses, where
            most = max(search.decoding.max_length(len(src)), len(prefix))
            for each in hypotheses:
                assert len(each.tokens) <= most, where
                n = search.no_repeat_ngram
                ngrams = [each.tokens[i : i + n] for i in range(len(each.tokens) - n + 1)] if n else []
                assert len(ngrams) == len(set(ngrams)), where
            if not search.temperature:  # draws are independent, and come in no order
                assert len({each.tokens for each in hypotheses}) == len(hypotheses), where
                assert [h.score for h in hypotheses] == sorted((h.score for h in hypotheses), reverse=True)


def test_scores_that_nobody_uses_change_no_translation(engines, tokenizer):
    srcs = [[*tokenizer.encode(text), 2] for text in texts(4, 8)]
    for rule in ("least length", "no n-gram again"):
        search = {name: SearchOptions(**RULES[rule], scores=name) for name in (True, False)}
        told, untold = (found(engines["ctranslate2"], srcs, search[name]) for name in (True, False))
        assert [each[0].tokens for each in told] == [each[0].tokens for each in untold]


def test_rules_are_scored_a_batch_at_a_time(engines, tokenizer, monkeypatch):
    srcs = [[*tokenizer.encode(text), 2] for text in texts(5, 16)]
    runs, passes = engines["ctranslate2"], []
    score = runs.score
    monkeypatch.setattr(runs, "score", lambda *sides: passes.append(len(sides[0])) or score(*sides))
    found(runs, srcs, SearchOptions(min_length=3))
    assert passes == [16]
    found(runs, srcs, SearchOptions(min_length=3, scores=False))
    assert passes == [16]


def test_the_beam_finds_what_our_own_search_finds(engines, tiny_run, tokenizer):
    """The first to finish are bad ones: without patience, and read no further than the first, the best is lost."""
    ours, theirs = engines["pytorch"], engines["ctranslate2"]
    record = patience.kept(theirs.converted)
    assert record.patience in patience.TRIED
    assert record.sources >= 10
    draws = random.Random(1)
    sentences = [" ".join(draws.choices("0123456789", k=length)) for length in (6, 6, 9, 12) * 20]
    srcs = [[*tokenizer.encode(text), 2] for text in sentences]
    expected = {number: each[0] for number, each in enumerate(found(ours, srcs, SearchOptions()))}
    lacking = parity._lacking(srcs, theirs, expected, ours, SearchOptions())
    by_hand = theirs._translator.translate_batch(
        [theirs._words(src) for src in srcs],
        beam_size=4,
        length_penalty=0.6,
        suppress_sequences=theirs._banned,
    )
    lost = 0
    for number, result in enumerate(by_hand):
        tokens = [theirs._ids[word] for word in result.hypotheses[0]]
        score = sum(ours.score([srcs[number]], [tokens])[0]) / length_penalty(len(tokens) + 1, 0.6)
        lost += expected[number].score - score > 0.01
    assert lost
    assert sum(each > parity.WORSE for each in lacking) <= min(1, lost - 1)


def test_what_was_measured_of_the_beam_is_told(engines, tiny_run, say):
    record = patience.kept(engines["ctranslate2"].converted)
    told, _ = say("info", "--model", tiny_run.path, "--json")
    assert json.loads(told)["ctranslate2"] == record.to_dict()
