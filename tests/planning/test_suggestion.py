"""The settings that a corpus suggests: they fit it, fit each other, and leave what was decided alone."""

import pytest

from clearhead.config import ModelConfig, RunConfig, TrainingConfig
from clearhead.corpora.pair import Pair
from clearhead.planning.suggestion import (
    AFTERNOON,
    Figures,
    completed,
    plain,
    suggest,
    suggested_for,
    tokens_per_second,
)
from clearhead.planning.survey import survey

SIZES = (30, 500, 5_000, 29_000, 110_000, 400_000, 5_000_000)


def figures(pairs, cores=2, **more):
    return Figures(pairs=pairs, target_tokens=10 * pairs, cores=cores, **more)


def config(pairs, **more):
    return RunConfig.from_dict(plain(suggest(figures(pairs), **more)))


@pytest.mark.parametrize("cores", [1, 2, 8])
@pytest.mark.parametrize("pairs", SIZES)
def test_settings_fit_each_other(pairs, cores):
    suggestion = suggest(figures(pairs, cores))
    training = (run := RunConfig.from_dict(plain(suggestion))).training
    assert training.warmup_steps <= training.max_steps // 10
    assert training.patience * training.valid_every < training.max_steps
    assert 10 <= training.max_steps / training.valid_every <= 15
    seconds = training.max_steps * training.batch_tokens / 2 / tokens_per_second(run.preset, cores)
    assert seconds <= AFTERNOON
    assert all(setting.reason for table in suggestion.values() for setting in table.values())


@pytest.mark.parametrize("pairs", SIZES)
def test_reasons_name_the_numbers_that_are_set(pairs):
    training = suggest(figures(pairs))["training"]
    steps, every = training["max_steps"].value, training["valid_every"].value
    assert training["valid_every"].reason == f"{steps // every} validations in {steps:,} steps"


def test_larger_corpora_have_larger_vocabularies_less_dropout_and_longer_runs():
    runs = [config(pairs) for pairs in SIZES]
    assert [run.tokenizer.vocab_size for run in runs] == [2000, 2000, 4000, 8000, 8000, 12_000, 12_000]
    dropouts = [run.model.dropout for run in runs]
    assert dropouts == sorted(dropouts, reverse=True)
    steps = [run.training.max_steps for run in runs]
    assert steps[2:] == sorted(steps[2:])


def test_the_corpora_that_were_measured_get_what_was_best_for_them():
    multi30k = RunConfig.from_dict(plain(suggest(Figures(pairs=29_000, target_tokens=410_000))))
    assert (multi30k.preset, multi30k.training.max_steps, multi30k.training.warmup_steps) == (
        "tiny",
        6000,
        500,
    )
    assert (multi30k.model.dropout, multi30k.model.norm, multi30k.tokenizer.vocab_size) == (0.3, "pre", 8000)
    assert config(110_000).model.dropout == 0.1


def test_a_wider_model_needs_many_pairs_and_cores_to_train_it():
    shapes = {
        (pairs, cores): suggest(figures(pairs, cores))[""]["preset"].value
        for pairs in SIZES
        for cores in (2, 8)
    }
    assert {key for key, shape in shapes.items() if shape == "small"} == {(400_000, 8), (5_000_000, 8)}


def test_an_alphabet_needs_room():
    assert suggest(figures(5_000, alphabet=3000))["tokenizer"]["vocab_size"].value == 7000
    assert suggest(figures(5_000, alphabet=40_000))["tokenizer"]["vocab_size"].value == 32_000


def test_what_was_decided_is_kept_and_the_rest_fits_it():
    few = config(110_000, steps=60).training
    assert (few.max_steps, few.warmup_steps, few.valid_every) == (60, 6, 5)
    one = config(110_000, steps=1).training
    assert (one.max_steps, one.warmup_steps, one.valid_every) == (1, 1, 1)
    epochs = config(5_000, epochs=100).training
    assert epochs.max_steps > 100 * 50_000 / 2048  # max_epochs ends it, not max_steps
    assert config(110_000, batch_tokens=8192).training.max_steps < config(110_000).training.max_steps


@pytest.mark.parametrize("preset", ["base", "big"])
def test_the_papers_shapes_keep_the_papers_training(preset):
    run = config(110_000, preset=preset)
    assert run.training == TrainingConfig()
    assert run.model == ModelConfig.preset(preset, vocab_size=8000)


def test_values_that_are_given_come_first():
    suggestion = suggest(figures(5_000))
    tables = completed(
        {"training": {"max_steps": 7}, "model": {"norm": "post"}, "data": {"source": "a"}}, suggestion
    )
    run = RunConfig.from_dict(tables)
    assert (run.training.max_steps, run.model.norm, run.data.source) == (7, "post", "a")
    assert (run.training.optimizer, run.model.dropout) == ("muon", 0.3)
    papers = RunConfig.from_dict(completed({"training": {"schedule": "noam"}}, suggestion)).training
    assert (papers.learning_rate, papers.warmup_steps, papers.optimizer) == (1.0, 4000, "adam")


def test_a_corpus_that_cannot_be_read_is_left_to_the_run(tmp_path):
    values = {"data": {"source": str(tmp_path / "gone.fr"), "target": str(tmp_path / "gone.en")}}
    assert suggested_for(values) == (values, "")
    (tmp_path / "a.fr").write_text("un\ndeux\n")
    (tmp_path / "a.en").write_text("one\n")
    values = {"data": {"source": str(tmp_path / "a.fr"), "target": str(tmp_path / "a.en")}}
    assert suggested_for(values) == (values, "")


def test_a_stream_is_taken_for_a_middling_corpus():
    tables, note = suggested_for({"data": {"source": "-"}})
    assert tables["preset"] == "tiny"
    assert tables["training"]["max_steps"] < 100_000
    assert f"{tables['training']['max_steps']:,} steps" in note


def test_what_a_corpus_holds():
    pairs = [
        Pair("Ça va ?", "How are you?", "f", 1),
        Pair("", "Nothing.", "f", 2),
        Pair("\u044f", "x", "f", 3, fault="unreadable"),
        Pair("Кошка Tom", "A cat", "f", 4),
    ]
    found = survey(pairs)
    assert (found.pairs, found.without_text) == (2, 2)
    assert (found.source.words, found.source.longest, found.target.longest) == (5, 9, 12)
    assert found.source.scripts == ("LATIN", "CYRILLIC")
    assert found.target.scripts == ("LATIN",)
    assert found.target_tokens == round(17 / 3.5) + 2
    assert found.alphabet < found.source.alphabet + found.target.alphabet
