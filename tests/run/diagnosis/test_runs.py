"""Runs that were really trained: one that is healthy, one with a rate far too high, one that learns to copy."""

import json
from itertools import islice

import pytest

from clearhead import cli
from clearhead.evaluation.behaviour import Behaviour
from clearhead.grammar import grammar
from clearhead.run.diagnosis.diagnose import diagnose
from clearhead.run.diagnosis.history import History
from clearhead.run.directory import RunDirectory

TOML = """
preset = "tiny"
[data]
source = "train.en"
target = "train.fr"
valid_source = "valid.en"
valid_target = "valid.fr"
source_lang = "en"
target_lang = "fr"
[tokenizer]
vocab_size = 400
[model]
d_model = 32
d_ff = 64
num_heads = 2
num_encoder_layers = 2
num_decoder_layers = 2
dropout = 0.0
norm = "pre"
[training]
schedule = "cosine"
learning_rate = 0.01
warmup_steps = 20
batch_tokens = 700
log_every = 10
threads = 1
average_last = 1
"""


PLACES = (("encoder", "self"), ("decoder", "self"), ("decoder", "cross"))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for part, count in (("train", 1500), ("valid", 40)):
        examples = list(islice(grammar.generate(1, part=part), count))
        for language in ("en", "fr"):
            lines = "".join(f"{example.text(language)}\n" for example in examples)
            (tmp_path / f"{part}.{language}").write_text(lines)
    (tmp_path / "run.toml").write_text(TOML)
    return tmp_path


def trained(folder, *flags, steps, valid_every):
    """Train on the files of a folder."""
    times = ("--training.max-steps", str(steps), "--training.valid-every", str(valid_every))
    saved = ("--training.save-every", str(steps))
    cli.main(["train", "--config", "run.toml", "--out", "run", *times, *saved, *flags])


def shown(capsys):
    capsys.readouterr()
    cli.main(["info", "run", "--json"])
    return json.loads(capsys.readouterr().out)["findings"]


def test_a_healthy_run_has_nothing_to_tell(folder, capsys):
    trained(folder, steps=60, valid_every=30)
    assert shown(capsys) == "none"
    cli.main(["info", "run"])
    assert "findings" in capsys.readouterr().out
    log = [json.loads(line) for line in (folder / "run/log.jsonl").read_text().splitlines()]
    assert not [event for event in log if event["event"] == "finding"]
    *_, last = (event for event in log if event["event"] == "valid")
    assert last["behaviour"]["sentences"] == 40
    assert last["attention_entropy"].keys() == {
        f"{place}.{layer}.{kind}" for place, kind in PLACES for layer in range(2)
    }
    assert all(0.02 < value <= 1 for row in last["attention_entropy"].values() for value in row)
    assert all(0 <= event["waiting"] <= 1 for event in log if event["event"] == "train")


def test_a_rate_far_too_high_collapses_the_attention(folder, capsys):
    trained(folder, "--training.learning-rate", "1", steps=60, valid_every=30)
    told = [line for line in capsys.readouterr().err.splitlines() if "attention collapse" in line]
    assert len(told) == 1  # of two validations that show it
    assert "lower training.learning_rate (now 1)" in told[0]
    assert "put all their weight on one position" in shown(capsys)["attention collapse"]


@pytest.mark.slow
def test_targets_that_are_sources_teach_to_copy(folder, capsys):
    (folder / "train.fr").write_text((folder / "train.en").read_text())
    for name in ("en", "fr"):  # it learns them by heart, so that few steps are enough
        lines = (folder / f"train.{name}").read_text().splitlines()[:30]
        (folder / f"train.{name}").write_text("".join(f"{line}\n" for line in lines))
    (folder / "valid.en").write_text((folder / "train.en").read_text())
    examples = list(islice(grammar.generate(1, part="train"), 30))
    (folder / "valid.fr").write_text("".join(f"{example.text('fr')}\n" for example in examples))
    trained(folder, steps=220, valid_every=220)
    found = shown(capsys)["copying"]
    assert "of the validation translations are equal to their source, and 0.0 % of the references" in found
    assert "30 of 30 training pairs have two equal sides" in found


def test_a_run_without_weights_says_what_went_wrong(folder, capsys):
    run = RunDirectory(folder / "run")
    run.path.mkdir()
    run.log({"event": "prepared", "padding_share": 0.5})
    assert [finding.name for finding in diagnose(History.read(run))] == ["padding"]
    assert list(shown(capsys)) == ["padding"]


def test_how_translations_behave():
    found = Behaviour.of(["a b", "Paul", "c", "d"], ["a b ", "Paul", "", "e"], ["x y", "Paul", "zz", "f"])
    assert found == Behaviour(sentences=4, copied=0.5, copied_references=0.25, length_ratio=0.8, empty=0.25)
    assert Behaviour.of([], [], []).sentences == 0
