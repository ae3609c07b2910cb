"""A model in CTranslate2 translates as it does in our own code."""

import json
import math
import os
import subprocess
import sys
import time

import ctranslate2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from clearhead import model_directory
from clearhead.config import DecodingConfig, ModelConfig
from clearhead.decoding.constraints import RepetitionGuard
from clearhead.decoding.length_penalty import length_penalty
from clearhead.decoding.repetition import repeats
from clearhead.engines import choice, conversion, parity, patience, tuning
from clearhead.engines.ctranslate2 import POSITIONS, CTranslate2Engine, Setting
from clearhead.engines.protocol import SearchOptions, SpecialIds
from clearhead.engines.pytorch import PyTorchEngine
from clearhead.errors import ConfigError, EngineError, TranslationError
from clearhead.model.transformer import Transformer
from clearhead.model_directory import ModelInfo, model_files
from clearhead.storage import folders
from clearhead.storage.files import json_bytes, read_object
from clearhead.text.symbols import ALL_SYMBOLS
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.vocabulary import BOS, EOS, UNK

TEXTS = [
    "one two three four five six seven eight nine ten",
    "a b c d e f g h i j k l m n o p q r s t u v w x y z",
]
SHAPES = {
    "post": {},
    "pre": {"norm": "pre"},
    "untied": {"tied_embeddings": False},
    "gelu": {"activation": "gelu"},
    "output bias": {"output_bias": True},
    "swish": {"activation": "swish", "norm": "pre"},
    "swiglu": {"activation": "swiglu", "tied_embeddings": False},
    "rms": {"normalization": "rms"},
    "rotary": {"positions": "rotary"},
    "learned": {"positions": "learned", "max_positions": 500},
    "all of them": {"activation": "swiglu", "normalization": "rms", "positions": "rotary", "norm": "pre"},
    "deep encoder": {"num_encoder_layers": 3, "num_decoder_layers": 1, "norm": "pre"},
    "deep decoder": {"num_encoder_layers": 1, "num_decoder_layers": 3, "tied_embeddings": False},
}
FP32 = Setting("float32", 1, 1)


def write_model(path, seed=0, languages=(), symbols=False, favoured=(), **shape):
    """Write a model directory whose weights are random and far from their beginnings, biases and norms too.

    The favoured ids have a large bias of the output.
    """
    size = 320 + len(ALL_SYMBOLS) * symbols
    tokenizer = Tokenizer.train(TEXTS, kind="char", vocab_size=size, languages=languages, symbols=symbols)
    sizes = {"d_model": 32, "d_ff": 48, "num_heads": 4, "num_encoder_layers": 2, "num_decoder_layers": 2}
    config = ModelConfig(vocab_size=tokenizer.vocab_size, **{**sizes, **shape})
    torch.manual_seed(seed)
    model = Transformer(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
        if favoured:
            model.output_bias[list(favoured)] += 5
    weights = {name: p.detach().numpy() for name, p in model.named_parameters()}
    info = ModelInfo(model=config, decoding=DecodingConfig(), tokenizer="char", target_langs=tuple(languages))
    folders.write_directory(path, model_files(info, weights, tokenizer, "a model"))
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("models") / "model", norm="pre", tied_embeddings=False)


@pytest.fixture(scope="module")
def engine(model):
    return CTranslate2Engine(model, conversion.converted(model), FP32)


@pytest.fixture(scope="module")
def chosen(model, engine):
    """The engine with our own code for what it cannot do."""
    return choice.ChosenEngine(model, choice.own_code(model), engine)


@pytest.fixture(scope="module")
def ours(model):
    return choice.load_engine("pytorch", model)


def options(**settings):
    decoding = {"max_length_factor": 0.0, "max_length_offset": 12}
    names = ("beam_size", "alpha", "max_length_factor", "max_length_offset")
    decoding |= {name: settings.pop(name) for name in names if name in settings}
    return SearchOptions(decoding=DecodingConfig(**decoding), **settings)


def sources(model, count=40):
    return [src for seed in range(count // 8) for src in parity.random_sources(model, seed)[:8]]


def translated(engine, srcs, settings, prefixes=None):
    found = dict(engine.translate(srcs, settings, prefixes))
    return [found[number] for number in range(len(srcs))]


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_is_proved_when_it_is_converted(name, tmp_path):
    path = write_model(tmp_path / "model", languages=("de", "fr"), **SHAPES[name])
    place = conversion.converted(path)
    parity.prove(path, place, sources=sources(path))
    assert not folders.verify(place)


@pytest.mark.parametrize("wrong", ["encodings", "gamma", "bias"])
def test_a_wrong_conversion_is_refused(wrong, tmp_path, monkeypatch):
    path = write_model(tmp_path / "model")
    original = conversion._fill

    def fill(spec, shape, weights):
        original(spec, shape, weights)
        if wrong == "encodings":
            spec.decoder.position_encodings.encodings = spec.decoder.position_encodings.encodings[::-1].copy()
        if wrong == "gamma":
            spec.encoder.layer[1].ffn.layer_norm.gamma = spec.encoder.layer[0].ffn.layer_norm.gamma
        if wrong == "bias":
            spec.decoder.layer[0].attention.linear[1].bias = np.roll(
                spec.decoder.layer[0].attention.linear[1].bias, 1
            )

    monkeypatch.setattr(conversion, "_fill", fill)
    with pytest.raises(EngineError, match="does not run in CTranslate2 as it does in PyTorch"):
        conversion.converted(path)


@pytest.mark.parametrize(
    ("lacking", "taken", "worse"),
    [
        ({1.5: [0.0, 1e-4]}, 1.5, 0),
        ({1.5: [0.1, 0.2], 2.0: [0.0, 0.2], 3.0: [0.3, 0.0]}, 2.0, 1),
        ({1.5: [0.1, 0.2], 2.0: [0.0, 0.2], 3.0: [0.0, 0.0]}, 3.0, 0),
        ({1.5: []}, patience.USUAL, 0),
    ],
)
def test_the_least_patience_with_the_fewest_worse_is_kept(
    model, engine, monkeypatch, tmp_path, lacking, taken, worse
):
    monkeypatch.setattr(parity, "probes", lambda path: parity.random_sources(path)[:2])
    monkeypatch.setattr(parity, "_lacking", lambda srcs, theirs, *_: lacking[theirs._patience])
    found = parity.patience_of(model, engine.converted)
    assert (found.patience, found.worse, found.sources) == (taken, worse, len(lacking[1.5]))
    (tmp_path / patience.RECORD).write_bytes(json_bytes(found.to_dict()))
    assert patience.kept(tmp_path) == found
    assert (
        CTranslate2Engine(model, engine.converted, FP32)._patience == patience.kept(engine.converted).patience
    )


def test_scores_are_those_of_our_own_code(engine, ours, model):
    srcs = sources(model)
    tgts = [src[:-1] for src in reversed(srcs)]
    for one, other in zip(engine.score(srcs, tgts), ours.score(srcs, tgts), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_what_a_search_finds_is_scored_in_our_terms(engine, ours, model):
    srcs = sources(model)
    for beam_size, alpha in ((1, 0.6), (4, 0.6), (4, 0.0)):
        settings = options(beam_size=beam_size, alpha=alpha, num_hypotheses=min(3, beam_size))
        for src, hypotheses in zip(srcs, translated(engine, srcs, settings), strict=True):
            assert [h.score for h in hypotheses] == sorted((h.score for h in hypotheses), reverse=True)
            for each in hypotheses:
                assert each.log_prob == pytest.approx(sum(ours.score([src], [each.tokens])[0]), abs=1e-3)


def test_it_is_ctranslate2_called_by_hand(engine, model):
    """The best by our score of all that it finds with the same options."""
    srcs, alpha = sources(model), 0.6
    by_hand = ctranslate2.Translator(str(engine.converted), compute_type="float32", intra_threads=1)
    words = [[engine._pieces[i] for i in src] for src in srcs]
    expected = by_hand.translate_batch(
        words, beam_size=4, num_hypotheses=4, patience=engine._patience, length_penalty=alpha, max_decoding_length=13,
        max_input_length=0, return_scores=True,
    )  # fmt: skip
    found = translated(engine, srcs, options(beam_size=4, alpha=alpha))
    compared = 0
    for src, mine, result in zip(srcs, found, expected, strict=True):
        if mine[0].repetition:
            continue
        scores = {}
        for hypothesis, score in zip(result.hypotheses, result.scores, strict=True):
            tokens = tuple(engine._ids[piece] for piece in hypothesis)
            log_prob = score * (len(tokens) + 1) ** alpha
            if len(tokens) > 12:  # it looks one token further to see whether there is an end
                log_prob = sum(engine.score([src], [tokens[:12]])[0])
            scores[tokens[:12]] = log_prob / length_penalty(len(tokens[:12]) + 1, alpha)
        assert mine[0].tokens == max(scores, key=scores.get)
        compared += 1
    assert compared


@pytest.mark.parametrize("beam_size", [1, 4])
def test_what_may_not_be_produced_never_is_and_costs_no_score(beam_size, tmp_path):
    """Even where the model rates it highest; and what comes instead is scored as it would be without that rule."""
    path = write_model(
        tmp_path / "model", norm="pre", tied_embeddings=False, output_bias=True, favoured=(BOS, UNK)
    )
    engine, ours = CTranslate2Engine(path, conversion.converted(path), FP32), PyTorchEngine.load(path)
    srcs = sources(path, 16)
    strayed = 0
    for src, (best, *_) in zip(srcs, translated(engine, srcs, options(beam_size=beam_size)), strict=True):
        assert engine._special.forbidden.isdisjoint(best.tokens)
        assert best.log_prob == pytest.approx(sum(ours.score([src], [best.tokens])[0]), abs=1e-3)
        (free,) = engine._translator.translate_batch([engine._words(src)], beam_size=1)
        strayed += any([piece] in engine._banned for piece in free.hypotheses[0])
    assert strayed


def test_the_options_of_a_search(engine, model):
    srcs = sources(model)
    prefix = srcs[3][:2]
    for each in translated(engine, srcs, options(beam_size=2), [prefix] * len(srcs)):
        assert list(each[0].tokens[:2]) == prefix
    assert all(len(each[0].tokens) >= 9 for each in translated(engine, srcs, options(min_length=9)))
    for (each,) in translated(engine, srcs, options(no_repeat_ngram=2, max_length_offset=30)):
        pairs = list(zip(each.tokens, each.tokens[1:], strict=False))
        assert len(pairs) == len(set(pairs))


@pytest.mark.parametrize("rule", [{"min_length": 8}, {"no_repeat_ngram": 1}, {}])
def test_rules_do_not_change_the_scores(engine, ours, model, rule):
    """What is forced or forbidden is as improbable as it was."""
    srcs = sources(model)
    prefixes = None if rule else [src[:2] or [5] for src in reversed(srcs)]
    for src, hypotheses in zip(
        srcs, translated(engine, srcs, options(beam_size=3, num_hypotheses=3, **rule), prefixes), strict=True
    ):
        assert [h.score for h in hypotheses] == sorted((h.score for h in hypotheses), reverse=True)
        for each in hypotheses:
            assert each.log_prob == pytest.approx(sum(ours.score([src], [each.tokens])[0]), abs=1e-3)


@pytest.mark.parametrize("num_hypotheses", [1, 2])
def test_symbols_come_through_alone_and_beside_others(num_hypotheses, tmp_path):
    path = write_model(tmp_path / "model", symbols=True, norm="pre", tied_embeddings=False)
    alone = CTranslate2Engine(path, conversion.converted(path), FP32)
    engine = choice.ChosenEngine(path, choice.own_code(path), alone)
    ids = SpecialIds.of(model_directory.read_tokenizer(path))
    some = sorted(ids.symbols)[:2]
    srcs = [[i for i in src if i not in ids.symbols] for src in sources(path)]
    srcs = [[*some[: number % 4 // 2], *src] for number, src in enumerate(srcs)]
    settings = options(num_hypotheses=num_hypotheses)
    one_by_one = [translated(engine, [src], settings)[0] for src in srcs]
    together = translated(engine, srcs, settings)
    lost = [not hypotheses for hypotheses in translated(alone, srcs, settings)]
    assert any(lost)  # by CTranslate2's search; our own code stepped in
    for src, one, other in zip(srcs, one_by_one, together, strict=True):
        assert [each.tokens for each in one] == [each.tokens for each in other]
        assert 1 <= len(one) <= num_hypotheses
        assert all(ids.keeps(src, each.tokens) for each in one)


def test_each_sentence_has_its_own_limit(engine, model):
    """One batch has one limit in CTranslate2; what is longer than a sentence may be is cut and said."""
    srcs = [src for src in sources(model) if len(src) > 1]
    settings = options(max_length_factor=1.0, max_length_offset=1, beam_size=3, num_hypotheses=3)
    for src, hypotheses in zip(srcs, translated(engine, srcs, settings), strict=True):
        assert len({each.tokens for each in hypotheses}) == len(hypotheses)
        for each in hypotheses:
            assert len(each.tokens) <= len(src) + 1
            assert not each.truncated or len(each.tokens) == len(src) + 1
    prefix = srcs[0][:-1] * 10
    (forced,) = translated(engine, [srcs[0]], options(max_length_offset=3), [prefix])[0]
    assert list(forced.tokens[: len(prefix)]) == prefix


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"temperature": 1.0, "beam_size": 1}, "does not support sampling with a seed; use engine='auto'"),
        ({"min_length": 100}, "minimum length 100 and maximum length 12"),
        ({"min_length": -1}, "min_length must be"),
        ({"no_repeat_ngram": -1}, "no_repeat_ngram must be"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(engine, model, rule, message):
    with pytest.raises(ConfigError, match=message):
        translated(engine, sources(model)[:2], options(**rule))


def test_a_long_input_is_not_cut(engine, chosen, ours, model):
    """Beyond the table of positions our own code takes over, and CTranslate2 refuses."""
    tokens = sources(model)[7][:-1] * POSITIONS
    src, longer = [*tokens[:1200], EOS], [*tokens[: POSITIONS + 50], EOS]
    settings = options(beam_size=1)
    mixed = translated(chosen, [longer, src, longer], settings)
    assert mixed[0][0].tokens == mixed[2][0].tokens == translated(ours, [longer], settings)[0][0].tokens
    assert mixed[1] == translated(engine, [src], settings)[0]
    for each in (src, longer):
        np.testing.assert_allclose(
            chosen.score([each], [each[:20]])[0], ours.score([each], [each[:20]])[0], atol=1e-3
        )
    for refused in (
        lambda: engine.translate([longer], settings),
        lambda: engine.translate([src], options(max_length_offset=POSITIONS)),
        lambda: engine.score([src], [longer]),
    ):
        with pytest.raises(ConfigError, match="does not support positions beyond 2,048; use engine='auto'"):
            refused()


def test_an_engine_chosen_by_name_refuses_what_it_lacks(engine, chosen, model):
    drawn = options(temperature=1.0, beam_size=1)
    assert chosen.unsupported(drawn) == engine.unsupported(drawn) == "sampling with a seed"
    with pytest.raises(ConfigError, match="does not support sampling with a seed; use engine='auto'"):
        translated(chosen, sources(model)[:2], drawn)
    free = choice.ChosenEngine(model, choice.own_code(model))
    assert free.unsupported(drawn) == ""
    assert "usual" not in vars(free)  # asking loads nothing


@given(st.lists(st.integers(4, 6), max_size=60), st.integers(1, 9), st.integers(2, 12))
def test_repetition_is_what_the_guard_refuses(tokens, block, copies):
    tokens = [*tokens, *(tokens[:block] or [4]) * copies]
    guard = RepetitionGuard()
    refused = False
    for place in range(1, len(tokens)):
        banned = guard.banned(torch.tensor([tokens[:place]]))
        refused |= banned is not None and tokens[place] in banned[0].tolist()
    assert repeats(tokens) == refused


def test_an_endless_loop_is_broken_and_told_of(tmp_path):
    """A random model with tied embeddings says the same thing over and over."""
    path = write_model(tmp_path / "model", norm="pre")
    engine = CTranslate2Engine(path, conversion.converted(path), FP32)
    found = translated(engine, sources(path), options(beam_size=1, max_length_offset=60))
    assert any(each.repetition for (each,) in found)
    assert not any(repeats(each.tokens) for (each,) in found)


def test_the_converted_model_is_made_once_and_anew_for_another(model, tmp_path):
    place = conversion.converted(model)
    stamp = (place / "model.bin").stat().st_mtime_ns
    assert conversion.converted(model) == place
    assert (place / "model.bin").stat().st_mtime_ns == stamp
    assert conversion.converted(write_model(tmp_path / "other", seed=5)) != place


def test_damage_to_any_file_of_a_conversion_is_mended(tmp_path, monkeypatch):
    """A bit turned over, cut short, gone, or another file in its place: each is noticed before it is used."""
    path = write_model(tmp_path / "model", seed=8)
    place = conversion.converted(path)
    whole = {file.name: file.read_bytes() for file in place.iterdir()}
    assert {"model.bin", "config.json", "search.json", folders.MANIFEST} < set(whole)
    made = []
    files = {name: data for name, data in whole.items() if name != folders.MANIFEST}
    monkeypatch.setattr(conversion, "_files", lambda _: made.append(1) or files)
    damages = {
        "a bit at the beginning": lambda data: _turned(data, 0),
        "a bit within": lambda data: _turned(data, len(data) // 3),
        "a bit at the end": lambda data: _turned(data, len(data) - 2),
        "cut": lambda data: data[: len(data) // 2],
        "empty": lambda data: b"",
        "gone": lambda data: None,
    }
    for name, data in whole.items():
        for damage, change in damages.items():
            made.clear()
            (place / name).unlink()
            changed = change(data)
            if changed is not None:
                (place / name).write_bytes(changed)
            assert conversion.measured(path) is None, (name, damage)
            assert conversion.converted(path) == place
            assert made == [1], (name, damage)
            assert {file.name: file.read_bytes() for file in place.iterdir()} == whole, (name, damage)


def _turned(data, place):
    return data[:place] + bytes([data[place] ^ 2]) + data[place + 1 :]


@pytest.mark.parametrize("listed", [{}, {"config.json": None}])
def test_a_manifest_that_leaves_files_out_is_none(listed, tmp_path):
    """Else nothing of them would be held against anything."""
    path = write_model(tmp_path / "model", seed=8)
    place = conversion.converted(path)
    sums = read_object(place / folders.MANIFEST)["sha256"]
    told = {"sha256": {name: sums[name] for name in listed}}
    (place / folders.MANIFEST).write_bytes(json_bytes(told))
    (place / "model.bin").write_bytes(b"other")
    conversion.converted(path)
    assert (place / "model.bin").stat().st_size > 5


def test_two_processes_convert_one_model_at_a_time(tmp_path, monkeypatch):
    """The one that is later finds what the other published, whole, and its own is put away."""
    path = write_model(tmp_path / "model", seed=9)
    monkeypatch.setenv("CLEARHEAD_CACHE", str(tmp_path / "cache"))
    original = folders.write_directory

    def meanwhile(place, files):
        original(place, files)
        monkeypatch.setattr(folders, "write_directory", original)
        conversion.converted(path)

    monkeypatch.setattr(folders, "write_directory", meanwhile)
    place = conversion.converted(path)
    assert not folders.verify(place)
    assert [each.name for each in place.parent.iterdir()] == [place.name]


ROW = ["int8", 1, 1, "", "cpu"]


def kept(setting: list[object], again_at: object = None, wait: object = 0.0) -> dict[str, object]:
    return {"setting": setting, "again_at": again_at, "wait": wait}


def summed(rows: object) -> bytes:
    """Return a file of settings whose sum is right."""
    return json.dumps({"version": 3, "settings": rows, "sum": tuning._sum(rows)}).encode()


HOSTILE = (None, True, 1.5, -1, 0, 10**6, 10**30, "x", "", [], {}, [1], "\x00", "GENERIC", "float16")
ROWS = {
    "no row": 3,
    "a short row": kept(["int8", 1, 1]),
    "a long row": kept(["int8", 1, 1, "", ""]),
    **{f"again at {value!r}": kept(ROW, again_at=value) for value in ("x", [], True, -1.0, 1e300)},
    **{f"waited {value!r}": kept(ROW, wait=value) for value in (None, "x", [], True, -1.0, 1e300)},
    "no times": {"setting": ROW},
    **{
        f"{ROW[place]!r} is {value!r}": kept([*ROW[:place], value, *ROW[place + 1 :]])
        for place in range(len(ROW))
        for value in HOSTILE
        if not (value == ROW[place] and type(value) is type(ROW[place]))
    },
}
FILES = {
    "empty": b"",
    "a list": b"[]",
    "cut": b"{",
    "no settings": b'{"version": 3, "settings": 3}',
    "half a character": b"\xff",
    "deep": b'{"version": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "many spaces": b" " * (5 << 20),
    "no number": summed({"KEY": kept(["int8", math.nan, 1, "", "cpu"])}),
    "twice": summed({"KEY": kept(ROW)})[:-1] + b", " + summed({"KEY": kept(ROW)})[1:],
    "no sum": summed({"KEY": kept(ROW)}).replace(b'"sum"', b'"sun"'),
    "another setting than its sum is of": summed({"KEY": kept(ROW)}).replace(b"int8", b"int9"),
    "another key than its sum is of": summed({"KEY": kept(ROW)}).replace(b"KEY", b"KEZ"),
}


@pytest.fixture
def tuned(model, tmp_path, monkeypatch):
    """Return a function that reads the setting, where measuring finds this one, and the file that remembers it."""
    best = Setting("float32", 1, 1)
    monkeypatch.setattr(tuning, "_measured_apart", lambda *_: [tuning.Measured(best, 1.0, 1.0)])
    shape = model_directory.read_info(model).model
    return lambda: tuning.setting(model, shape, tmp_path) == best, tmp_path / "settings.json"


@pytest.mark.parametrize("damage", ROWS)
def test_settings_that_cannot_run_here_are_measured_again(tuned, damage):
    """Nothing of them reaches the library, which ends the process for some settings."""
    is_measured, file = tuned
    assert is_measured()
    (key,) = read_object(file)["settings"]
    file.write_bytes(summed({key: ROWS[damage]}))
    assert is_measured()
    file.write_bytes(summed({key: kept(ROW), "of another machine": kept(["int8", 10**6, 1, "", "cpu"])}))
    assert not is_measured()  # for it is remembered


@pytest.mark.parametrize("damage", FILES)
def test_a_damaged_file_of_settings_is_reported_and_measured_again(tuned, damage, caplog):
    """What is measured another time may be of another precision: translations may differ a little."""
    is_measured, file = tuned
    file.write_bytes(FILES[damage])
    assert is_measured()
    assert "was damaged: the fastest setting" in caplog.text
    caplog.clear()
    assert is_measured()
    assert not caplog.text


def test_settings_of_an_earlier_release_are_measured_again_without_a_word(tuned, caplog):
    is_measured, file = tuned
    file.write_text(json.dumps({"version": 2, "settings": {"KEY": kept(ROW)}}))
    assert is_measured()
    assert not caplog.text


def test_a_machine_too_busy_to_be_measured_runs_in_the_usual_way(model, tmp_path, monkeypatch):
    monkeypatch.setattr(tuning, "_measured_apart", lambda *_: None)
    shape = model_directory.read_info(model).model
    assert tuning.setting(model, shape, tmp_path).compute_type == "int8"
    assert not (tmp_path / "settings.json").exists()  # to be measured another time
    monkeypatch.setattr(tuning, "_measured_apart", lambda *_: [])
    with pytest.raises(EngineError, match="does not run on this machine"):
        tuning.setting(model, shape, tmp_path)


def test_settings_that_are_no_file_are_measured_again(model, tmp_path, monkeypatch):
    best = Setting("float32", 1, 1)
    monkeypatch.setattr(tuning, "_measured_apart", lambda *_: [tuning.Measured(best, 1.0, 1.0)])
    os.mkfifo(tmp_path / "settings.json")
    assert tuning.setting(model, model_directory.read_info(model).model, tmp_path) == best


def test_the_users_instruction_set_is_for_this_time_only(model, engine, tmp_path, monkeypatch):
    monkeypatch.setenv("CT2_FORCE_CPU_ISA", "GENERIC")
    shape = model_directory.read_info(model).model
    assert tuning.setting(engine.converted, shape, tmp_path).isa == "GENERIC"
    assert not (tmp_path / "settings.json").exists()


def test_a_cache_that_cannot_be_written(model, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("CLEARHEAD_CACHE", str(tmp_path / "file" / "cache"))
    place = conversion.converted(model)
    assert (place / "model.bin").exists()
    assert not str(place).startswith(str(tmp_path))
    setting = tuning.setting(place, model_directory.read_info(model).model, conversion.cache_folder())
    assert setting.replicas * setting.threads <= tuning.available_cores()


def test_the_fastest_setting_is_measured_once(model, engine, tmp_path, monkeypatch):
    shape = model_directory.read_info(model).model
    first = tuning.setting(engine.converted, shape, tmp_path)
    monkeypatch.setattr(tuning, "_measured_apart", lambda *_: pytest.fail("measured again"))
    assert tuning.setting(engine.converted, shape, tmp_path) == first


def test_what_was_measured_in_a_busy_moment_is_measured_again(model, engine, tmp_path, monkeypatch):
    """Others had the cores: the setting is used for now, and for good only when it was measured in quiet."""
    shape = model_directory.read_info(model).model
    slow, fast = Setting("float32", 1, 1), Setting("int8", 2, 1)
    now, measured = [1000.0], []

    def measure(*_):
        measured.append(now[0])
        share = shares[len(measured) - 1]
        return [tuning.Measured(slow, 10.0, share), tuning.Measured(fast, 5.0 if share < 0.8 else 35.0, 1.0)]

    shares = [0.4, 0.3, 0.95]
    monkeypatch.setattr(tuning, "_instruction_sets", lambda: [""])
    monkeypatch.setattr(tuning, "_measured_apart", measure)

    def setting(at):
        now[0] = at
        return tuning.setting(engine.converted, shape, tmp_path, clock=lambda: now[0])

    assert [setting(at) for at in (1000.0, 1001.0, 1599.0)] == [slow] * 3
    assert measured == [1000.0]
    assert [setting(at) for at in (1600.0, 2799.0)] == [slow] * 2  # busy again: it waits for twice as long
    assert measured == [1000.0, 1600.0]
    assert [setting(at) for at in (2800.0, 1e9, 5.0)] == [fast] * 3
    assert measured == [1000.0, 1600.0, 2800.0]


def test_a_moment_of_another_clock_is_not_waited_for():
    assert tuning.Remembered(FP32).holds(0.0)
    assert tuning.Remembered(FP32, 700.0, 600.0).holds(100.0)
    assert not tuning.Remembered(FP32, 700.0, 600.0).holds(700.0)
    assert not tuning.Remembered(FP32, 1e9, 600.0).holds(100.0)


def test_how_busy_a_machine_is_shows_in_the_time_that_threads_had(engine):
    """Time that a thread had to wait for a core is none that it used."""

    class Waits:
        def translate_batch(self, sources, **_):
            time.sleep(0.05)
            return [Done() for _ in sources]

    class Done:
        def result(self):
            return self

        hypotheses = (("a",) * 12,)

    assert tuning._speed(Waits(), [["a"]] * 8, 1, 1)[1] < 0.5


def test_auto_takes_the_engine_that_can(model, caplog):
    caplog.set_level("INFO", "clearhead.engines")
    engine = choice.load_engine("auto", model)
    srcs = sources(model)[:8]
    translated(engine, srcs, options())
    assert engine.name == "ctranslate2"
    drawn = options(temperature=1.0, beam_size=1)
    expected = translated(choice.load_engine("pytorch", model), srcs, drawn)
    assert translated(engine, srcs, drawn) == expected
    assert "engine pytorch: ctranslate2 has no sampling" in caplog.text


def test_auto_falls_back_where_a_model_does_not_convert(model, caplog, monkeypatch):
    def refuse(path):
        raise EngineError("it differs")

    monkeypatch.setattr(conversion, "converted", refuse)
    engine = choice.load_engine("auto", model)
    assert translated(engine, sources(model)[:8], options())
    assert engine.name == "pytorch"
    assert "it differs" in caplog.text


def test_engines_that_there_are_not(model):
    with pytest.raises(ConfigError, match="choose one of auto, pytorch, ctranslate2"):
        choice.load_engine("onnx", model)
    with pytest.raises(ConfigError, match="runs on cpu and cuda, not on mps"):
        choice.load_engine("ctranslate2", model, "mps")
    with pytest.raises(EngineError, match=r"cannot use cuda:77: it sees \d+ GPUs here"):
        choice.load_engine("ctranslate2", model, "cuda:77")
    assert isinstance(choice.load_engine("pytorch", model), PyTorchEngine)


def test_translating_loads_no_torch(model):
    conversion.converted(model)
    code = (
        "import sys\nfrom clearhead.cli import main\n"
        f"main(['translate', '--model', {str(model)!r}, 'one two'])\nassert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=dict(os.environ), capture_output=True)


def test_learned_positions_end_where_they_end(tmp_path):
    """Nothing beyond them is read or written, by either engine."""
    path = write_model(tmp_path / "model", positions="learned", max_positions=60)
    ours, theirs = (
        choice.load_engine("pytorch", path),
        CTranslate2Engine(path, conversion.converted(path), FP32),
    )
    endless = options(max_length_offset=500)
    for engine in (ours, theirs):
        for number, (found,) in engine.translate([[270, 271, EOS], [*[270] * 59, EOS]], endless):
            assert len(found.tokens) <= 59, number
        assert len(engine.score([[270, EOS]], [[271] * 59])[0]) == 60
        with pytest.raises(TranslationError, match="has learned 60 positions; split it"):
            list(engine.translate([[270] * 60 + [EOS]], endless))
        with pytest.raises(TranslationError, match="has learned 60 positions"):
            engine.score([[270, EOS]], [[271] * 60])
