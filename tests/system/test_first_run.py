"""A first run on one's own text: the commands of its guide, in order, and `train` without a file of settings."""

import json
import re
import shlex
from functools import partial
from itertools import islice
from pathlib import Path

import pytest

from clearhead import cli
from clearhead.cli.settings import with_settings
from clearhead.cli.train import Train
from clearhead.config import RunConfig
from clearhead.errors import ConfigError
from clearhead.grammar import grammar
from clearhead.planning import plan

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "first-run.md"


def write(folder, name, count, part):
    pairs = list(islice(grammar.generate(1, count, part=part), count))
    for language in ("fr", "en"):
        text = "".join(f"{pair.text(language)}\n" for pair in pairs)
        (folder / f"{name}.{language}").write_text(text, encoding="utf-8")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "train", 120, "train")
    write(tmp_path, "test", 3, "test")
    return tmp_path


SHORT = {
    "max_steps = 1000 ": "max_steps = 1 ",
    "warmup_steps = 100 ": "warmup_steps = 1 ",
    "[training]": "[training]\nthreads = 1",
    "[model]": "[model]\nd_model = 16\nd_ff = 32\nnum_heads = 2\nnum_encoder_layers = 1\nnum_decoder_layers = 1",
    "[data]": "[data]\nloader_workers = 0",
}
"""What is written otherwise for a run that takes seconds."""


def shorten(file: Path) -> RunConfig:
    """Make the run of a file a short one, of a model that soon stops; return its settings."""
    text = file.read_text()
    for suggested, short in SHORT.items():
        assert text.count(suggested) == 1
        text = text.replace(suggested, short)
    file.write_text(text + "\n[decoding]\nbeam_size = 1\nmax_length_factor = 1.0\nmax_length_offset = 1\n")
    return RunConfig.load(file)


def test_the_commands_of_the_guide(here, monkeypatch, capsys):
    monkeypatch.setattr(plan, "measured", partial(plan.measured, seconds=0.0))
    (here / "theirs.en").write_text((here / "test.en").read_text())
    (block,) = re.findall(
        r"^```console\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    printed = {}
    for line in block.splitlines():
        words = shlex.split(line.removeprefix("$ "), comments=True)
        assert words[0] == "clearhead"
        cli.main(words[1:])
        printed[words[1]] = capsys.readouterr()
        if words[1] == "init":
            assert shorten(here / "run.toml").training.max_steps == 1
    assert printed["init"].out == "run.toml\n"
    assert "next: clearhead plan --config run.toml" in printed["init"].err
    assert "then: clearhead train --config run.toml --out runs/fr-en" in printed["init"].err
    assert re.search(r"^time +about ", printed["plan"].out, re.MULTILINE)
    assert printed["train"].out == "runs/fr-en/model\n"
    assert len((here / "ours.en").read_text().splitlines()) == 3
    assert len(printed["align"].out.splitlines()) == 3
    events = [json.loads(line) for line in (here / "runs" / "fr-en" / "log.jsonl").read_text().splitlines()]
    assert events[-1]["step"] == 1
    report = json.loads((here / "runs" / "fr-en" / "data" / "report.json").read_text())
    assert report[0]["pairs_read"] - report[0]["pairs_kept"] >= 20


FILES = (
    "--source",
    "train.fr",
    "--target",
    "train.en",
    "--valid-source",
    "test.fr",
    "--valid-target",
    "test.en",
)


def settings(*more) -> RunConfig:
    """Return the settings that `train` would run with."""
    return with_settings(Train, [*FILES, "--out", "run", *more]).run_config()


def test_without_a_file_the_settings_fit_the_corpus(here, capsys):
    run = settings()
    assert (run.preset, run.model.d_model, run.model.dropout, run.tokenizer.vocab_size) == (
        "tiny",
        128,
        0.3,
        2000,
    )
    assert (run.training.max_steps, run.training.optimizer, run.data.source) == (1000, "muon", "train.fr")
    note = capsys.readouterr().err
    assert note.count("\n") == 1
    assert "tiny, a vocabulary of 2,000, 1,000 steps; `clearhead init` writes them" in note
    assert settings("--preset", "tiny") == run


def test_flags_come_first_and_the_rest_fits_them(here):
    run = settings("--training.max_steps", "60", "--training.optimizer", "adam", "--model.dropout", "0.0")
    assert (run.training.max_steps, run.training.warmup_steps, run.training.valid_every) == (60, 6, 5)
    assert (run.training.optimizer, run.model.dropout) == ("adam", 0.0)
    papers = settings("--training.schedule", "noam").training
    assert (papers.learning_rate, papers.optimizer, papers.warmup_steps) == (1.0, "adam", 4000)
    assert settings("--preset", "base").training.max_steps == 100_000


@pytest.mark.parametrize("name", ["max_steps", "max_epochs", "batch_tokens"])
def test_a_number_out_of_range_is_refused_by_its_own_name(here, name):
    with pytest.raises(ConfigError, match=f"training.{name} must be at least .(, or auto)?, got -3"):
        settings(f"--training.{name}=-3")


@pytest.mark.parametrize("named", [("--config", "my.toml"), ("--resume",)])
def test_a_file_or_a_run_that_goes_on_has_its_own_settings(here, capsys, named):
    own = '[training]\nmax_steps = 7\n[data]\nsource = "train.fr"\ntarget = "train.en"\n'
    (here / "my.toml").write_text(own)
    (here / "run").mkdir()
    (here / "run" / "run.toml").write_text(RunConfig.load("my.toml").to_toml())
    training = settings(*named).training
    assert (training.max_steps, training.schedule, training.warmup_steps) == (7, "noam", 4000)
    assert capsys.readouterr().err == ""


def test_what_train_runs_with_it_goes_on_with(here):
    """A run writes its settings down resolved, so what they came from may change."""
    begun = settings()
    (here / "run").mkdir()
    (here / "run" / "run.toml").write_text(begun.to_toml())
    write(here, "train", 40, "train")
    assert settings("--resume") == begun


def test_preparing_agrees_with_training(here):
    from clearhead.cli.prepare import Prepare

    prepared = with_settings(Prepare, [*FILES, "--store", "store"])
    assert prepared.tokenizer == settings().tokenizer
