"""Going on from what is there: a run that has ended, a run whose files are gone, a model, a checkpoint."""

import gzip
import json
import logging
import shutil
from pathlib import Path

import numpy as np
import pytest

from clearhead import cli, model_directory
from clearhead.config import RunConfig
from clearhead.errors import TrainingError
from clearhead.run import checkpoints, learning, train
from clearhead.storage import folders
from clearhead.storage.steps import saved_steps
from clearhead.storage.tensors import read_arrays
from clearhead.translator import Translator
from clearhead.translator.unsaved import translated
from tests.system.conftest import write_corpus

TOML = """
preset = "tiny"
[data]
source = "train.digits"
target = "train.words"
valid_source = "valid.digits"
valid_target = "valid.words"
source_lang = "xx"
target_lang = "en"
[tokenizer]
vocab_size = 320
[model]
d_model = 16
d_ff = 24
num_heads = 2
num_encoder_layers = 1
num_decoder_layers = 1
[training]
max_steps = 4
batch_tokens = 400
schedule = "constant"
learning_rate = 0.003
warmup_steps = 1
valid_every = 2
save_every = 2
average_last = 1
ema_decay = 0.9
threads = 1
"""
TEXT = ("train.digits", "train.words", "valid.digits", "valid.words")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Make a folder of text and a run that has ended, trained from a store of its own."""
    folder = tmp_path_factory.mktemp("going-on")
    for name, seed, pairs in (("train", 0, 60), ("valid", 1, 6)):
        write_corpus(folder, name, seed, pairs)
    (folder / "run.toml").write_text(TOML)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        cli.main(["prepare", "--config", "run.toml", "--store", "store"])
        cli.main(["train", "--config", "run.toml", "--out", "run"])
    return folder


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    """Work in a copy of that folder, so that nothing of the other is reached."""
    shutil.copytree(made, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy"


@pytest.fixture
def refused(capsys):
    """Run a command that must fail; return its one line."""

    def run(*args) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main(list(args))
        said = capsys.readouterr().err
        assert stopped.value.code == 1, said
        return said.strip().splitlines()[-1]

    return run


def flat(text: str) -> str:
    """Undo the wrapping of a console."""
    return " ".join(text.split())


def steps(run: str | Path) -> int:
    return json.loads((Path(run) / "log.jsonl").read_text().splitlines()[-1])["step"]


# A run that has ended


def test_a_run_that_has_ended_says_so_and_what_it_says_works(here, say):
    before = (here / "run/model/model.safetensors").read_bytes(), (here / "run/log.jsonl").read_bytes()
    out, err = say("train", "--config", "run.toml", "--out", "run", "--resume")
    assert out == "run/model\n"
    assert "nothing is left to do: the run ended with its last step, 4 (training.max_steps)" in flat(err)
    assert "--resume --training.max-steps above 4" in flat(err)
    assert "kept the" not in err
    assert before == (
        (here / "run/model/model.safetensors").read_bytes(),
        (here / "run/log.jsonl").read_bytes(),
    )
    say("translate", "--model", "run/model", "1 2")
    _, err = say("train", "--out", "run", "--resume", "--training.max-steps", "6")
    assert steps("run") == 6
    assert "kept the" in err
    _, err = say("train", "--out", "run", "--resume", "--training.max-steps", "6")
    assert "nothing is left to do" in err


@pytest.mark.parametrize(
    ("started", "hint", "more"),
    [
        (["--training.patience", "1"], "--training.patience above 1", ["--training.patience", "0"]),
        (["--training.max-epochs", "1"], "--training.max-epochs above 1", ["--training.max-epochs", "2"]),
    ],
)
def test_whatever_ended_it_the_hint_leads_on(here, say, started, hint, more):
    """No validation is better than the first where nothing is learned."""
    common = ["--config", "run.toml", "--store", "store", "--out", "other"]
    slow = [
        "--training.max-steps",
        "12",
        "--training.learning-rate",
        "1e-12",
        "--training.batch-tokens",
        "150",
    ]
    _, err = say("train", *common, *slow, *started)
    ended = steps("other")
    assert ended < 12
    name = started[0].removeprefix("--").replace("-", "_")
    assert name in flat(err).split("the run ended with")[1]
    facts, _ = say("info", "--model", "other")
    assert name in next(line for line in facts.splitlines() if line.startswith("training.ending"))
    assert name in json.loads((here / "other/log.jsonl").read_text().splitlines()[-1])["ending"]
    _, err = say("train", "--out", "other", "--resume")
    assert f"{hint}" in flat(err)
    say("train", "--out", "other", "--resume", *more)
    assert steps("other") > ended


def test_after_a_cosine_the_hint_is_another_run(here, say):
    say(
        "train", "--config", "run.toml", "--out", "other", "--training.schedule", "cosine", "--store", "store"
    )
    _, err = say("train", "--out", "other", "--resume")
    assert "--init other/model --out NEW" in flat(err)
    say(
        "train", "--config", "run.toml", "--init", "other/model", "--out", "NEW", "--training.max-steps", "1"
    )  # fmt: skip


def test_a_run_that_was_not_finished_is(here, say):
    shutil.rmtree("run/model")
    _, err = say("train", "--out", "run", "--resume")
    assert "kept the" in err
    folders.verify(here / "run/model")


# Text that is gone, or has changed


def test_a_run_folder_alone_goes_on(here, say):
    """As on another machine: none of the files is there, and it ends as it does with them."""
    say("train", "--out", "run", "--resume", "--training.max-steps", "6")
    Path("elsewhere").mkdir()
    shutil.copytree("../copy/run", "elsewhere/run")
    for name in (*TEXT, "run.toml"):
        (here / name).unlink()
    for wanted in ("6", "8"):
        out, err = say("train", "--out", "elsewhere/run", "--resume", "--training.max-steps", wanted)
        assert out == "elsewhere/run/model\n"
    assert "train.digits and 3 more files are no longer there" in flat(err)
    assert steps("elsewhere/run") == 8


def test_a_store_is_enough_to_train_from(here, say):
    for name in TEXT:
        (here / name).unlink()
    say("train", "--config", "run.toml", "--store", "store", "--out", "other")
    name = "model/model.safetensors"
    assert (here / "other" / name).read_bytes() == (here / "run" / name).read_bytes()
    checkpoint_file = saved_steps(here / "other/checkpoints")[-1] / "model.safetensors"
    assert checkpoint_file.exists()


@pytest.mark.parametrize("packed_first", [False, True])
def test_a_text_that_is_packed_or_unpacked_meanwhile_is_the_same(here, say, packed_first):
    plain, packed = (["--source", name] for name in ("train.digits", "train.digits.gz"))
    Path("train.digits.gz").write_bytes(gzip.compress(Path("train.digits").read_bytes()))
    first, then = (packed, plain) if packed_first else (plain, packed)
    common = ["train", "--config", "run.toml", "--out", "other"]
    say(*common, *first)
    say(*common, *then, "--resume", "--training.max-steps", "6")
    assert steps("other") == 6


def test_lines_that_were_added_are_learned_as_the_message_says(here, say, refused):
    with open("train.digits", "a") as digits, open("train.words", "a") as words:
        digits.write("1 1\n")
        words.write("one one\n")
    line = refused("train", "--config", "run.toml", "--out", "run", "--resume", "--training.max-steps", "6")
    assert "train.digits is not, or no longer, the text that run/data was prepared from" in line
    way = line[line.index("--init") :].split(", ")[0].split()
    assert way == ["--init", "run/model", "--out", "NEW"]
    say("train", "--config", "run.toml", *way, "--training.max-steps", "1")
    assert model_directory.read_info(here / "NEW/model").training.pairs == 61
    line = refused("train", "--config", "run.toml", "--store", "store", "--out", "third")
    assert "remove the folder and prepare again" in line
    shutil.rmtree("store")
    say("prepare", "--config", "run.toml", "--store", "store")
    say("train", "--config", "run.toml", "--store", "store", "--out", "third", "--training.max-steps", "1")


def test_without_a_model_the_message_names_none(here, refused):
    for name in ("model", "best", "checkpoints"):
        shutil.rmtree(here / "run" / name)
    Path("train.digits").write_text("1\n" * 60)
    line = refused("train", "--config", "run.toml", "--out", "run", "--resume")
    assert "--init" not in line
    assert "give another --out" in line


def test_a_run_goes_on_without_the_model_that_it_started_from(here, say):
    common = ["--config", "run.toml", "--init", "run/model", "--out", "tuned"]
    say("train", *common, "--training.max-steps", "2")
    shutil.rmtree("run")
    say("train", "--out", "tuned", "--resume", "--training.max-steps", "4")
    assert steps("tuned") == 4


# A model, wherever one is named


def test_whatever_a_run_wrote_is_a_model(here, say, caplog):
    """A checkpoint is its moving average, and a run its best that there is."""
    last = saved_steps(here / "run/checkpoints")[-1]
    text = [[t.text for t in Translator.load(path).translate(["1 2", "3"])] for path in ("run", last)]
    assert all(text)
    average = read_arrays(last / "model.safetensors")
    raw = read_arrays(checkpoints.parameters(last))
    assert any((average[name] != raw[name]).any() for name in raw)
    say("evaluate", "--model", last, "--source", "valid.digits", "--reference", "valid.words")
    say("export", "--model", last, "--format", "ctranslate2", "--out", "exported")
    say("train", "--config", "run.toml", "--init", last, "--out", "tuned", "--training.max-steps", "1")
    tuned = read_arrays(here / "tuned/best/model.safetensors")
    assert average.keys() == tuned.keys()
    logging.getLogger("clearhead.model_directory").addHandler(caplog.handler)  # the command line took it away
    model_directory._warn_unfinished.cache_clear()
    for gone, found in (("model", "run/best"), ("best", f"run/checkpoints/{last.name}")):
        shutil.rmtree(here / "run" / gone)
        caplog.clear()
        assert model_directory.find("run") == Path(found)
        assert caplog.messages == [f"run holds no finished model; using {found}"]
    assert model_directory.find("run/checkpoints") == Path(f"run/checkpoints/{last.name}")


def test_a_checkpoint_of_an_earlier_release_goes_on_and_is_told_of(here, say, refused):
    """It had the parameters where the moving average is now, and nothing else of a model."""
    last = saved_steps(here / "run/checkpoints")[-1]
    old = {
        "model.safetensors": read_arrays(checkpoints.parameters(last)),
        "ema.safetensors": read_arrays(last / "model.safetensors"),
        **{name: (last / name).read_bytes() for name in ("optimizer.safetensors", "state.json")},
    }
    shutil.copytree("run", "other")
    folders.write_directory(here / "other/checkpoints" / last.name, old)
    assert "as an earlier release saved checkpoints" in refused(
        "translate", "--model", f"other/checkpoints/{last.name}", "1"
    )
    for run in ("run", "other"):
        say("train", "--out", run, "--resume", "--training.max-steps", "6")
    names = [f"{run}/checkpoints/step-00000006/model.safetensors" for run in ("run", "other")]
    assert Path(names[0]).read_bytes() == Path(names[1]).read_bytes()


def test_the_default_model_has_a_name(monkeypatch, made, tmp_path):
    monkeypatch.setattr(model_directory, "DEFAULT", made / "run/model")
    monkeypatch.chdir(tmp_path)
    assert model_directory.find("default") == model_directory.find(None) == made / "run/model"
    shutil.copytree(made / "run/best", tmp_path / "default")
    assert model_directory.find("default") == Path("default")


# Training that starts from a model


def test_a_new_target_language_gets_a_tag(made, here, say):
    """All else is as it was: the same ids, the same weights, and one row more."""
    base = model_directory.read_tokenizer(made / "run/model")
    toml = TOML.replace('"en"', '"de"')
    Path("de.toml").write_text(toml)
    both = "\n".join(
        f'[[data.{table}]]\nsource = "{name}.digits"\ntarget = "{name}.words"\nsource_lang = "xx"\n'
        f'target_lang = "{lang}"'
        for table, name in (("corpora", "train"), ("validation", "valid"))
        for lang in ("en", "fr")
    )
    _, rest = TOML.split("[tokenizer]")
    Path("both.toml").write_text(f'preset = "tiny"\n{both}\n[tokenizer]{rest}')
    still = ["--training.max-steps", "1", "--training.learning-rate", "1e-12", "--training.ema-decay", "0"]
    say("train", "--config", "both.toml", "--init", "run", "--out", "two", *still)
    _, err = say("train", "--config", "de.toml", "--init", "two", "--out", "three", *still)
    assert "de is a new target language of the model, which translates to en, fr" in flat(err)
    before, after = (model_directory.read_tokenizer(here / name / "model") for name in ("two", "three"))
    assert (base.languages, before.languages, after.languages) == ((), ("en", "fr"), ("en", "fr", "de"))
    assert after.vocabulary[: before.vocab_size] == before.vocabulary
    assert after.encode("1 2", to="fr") == before.encode("1 2", to="fr")
    old, new = (read_arrays(here / name / "model/model.safetensors") for name in ("two", "three"))
    for name, array in old.items():
        np.testing.assert_allclose(new[name][: len(array)], array, atol=1e-9)
    rows = new["src_embedding.weight"]
    tags = [before.tag(language) for language in before.languages]
    np.testing.assert_allclose(rows[after.tag("de")], rows[tags].mean(axis=0), atol=1e-6)
    translated = [
        [t.text for t in Translator.load(name).translate(["1 2", "3 4"], to="fr")]
        for name in ("two", "three")
    ]
    assert translated[0] == translated[1]
    say("translate", "--model", "three", "--to", "de", "1 2")
    say("train", "--out", "three", "--resume", "--training.max-steps", "2")


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (["--model.d-model", "32"], "--model.d-model"),
        (["--model.norm", "pre", "--model.d-ff", "24"], "--model.norm"),
        (["--preset", "base"], "--preset base"),
        (["--tokenizer.kind", "bpe"], "--tokenizer.kind"),
        (["--tokenizer.vocab_size=400"], "--tokenizer.vocab-size"),
        (["--model.no-tied-embeddings"], "--model.tied-embeddings"),
    ],
)
def test_flags_that_contradict_the_model_are_refused(here, refused, flags, named):
    line = refused("train", "--init", "run", "--out", "o", "--source", "train.digits", *flags)
    assert line.endswith(f"leave out {named}")
    assert not Path("o").exists()


def test_settings_that_are_not_used_beside_a_model_are_named(here, say):
    """The same file serves the first run and the one that goes on from it; another shape is told of."""
    common = ["train", "--init", "run", "--training.max-steps", "1", "--store", "store"]
    _, err = say(*common, "--config", "run.toml", "--out", "one")
    size = model_directory.read_info(here / "run/model").model.vocab_size
    assert ("not used" in err) == (size != 320)  # a small text gives fewer pieces than were asked for
    assert "d_ff" not in err
    assert "preset" not in err
    Path("other.toml").write_text(TOML.replace("d_ff = 24", "d_ff = 32").replace("= 320", "= 999"))
    _, err = say(*common[:-2], "--config", "other.toml", "--out", "two")
    assert "not used: model.d_ff = 32, tokenizer.vocab_size = 999" in flat(err)


def test_a_plan_is_of_the_model_that_is_started_from(here, say):
    facts, _ = say("info", "--model", "run", "--json")
    Path("tune.toml").write_text(
        'init = "run"\n' + TOML.split("[tokenizer]")[0].replace('preset = "tiny"', "")
    )
    planned, _ = say("plan", "--config", "tune.toml", "--no-measure", "--json")
    assert json.loads(planned)["parameters"] == json.loads(facts)["parameters"]
    assert json.loads(planned)["steps"] == 5000


def test_the_size_of_the_vocabulary_is_the_tokenizers(here, refused):
    line = refused("train", "--config", "run.toml", "--out", "o", "--model.vocab-size", "400")
    assert "give --tokenizer.vocab-size 400" in line
    Path("run.toml").write_text("[model]\nvocab_size = 400\n")
    assert "set tokenizer.vocab_size instead" in refused("train", "--config", "run.toml", "--out", "o")


@pytest.mark.parametrize("best", [True, False])
def test_a_message_names_only_what_there_is(here, say, monkeypatch, best):
    """Three steps that are not finite end a run; what it may start from again is named where it stands."""
    if not best:
        shutil.rmtree("run/best")

    def fails(*_):
        raise TrainingError("loss was not finite")
        yield

    monkeypatch.setattr(learning, "train", fails)
    config = RunConfig.load("run/run.toml")
    longer = RunConfig.from_dict(
        {**config.to_dict(), "training": {**config.to_dict()["training"], "max_steps": 9}}
    )
    with pytest.raises(TrainingError) as error:
        list(train.run(longer, "run", translate=translated, resume=True))
    assert ("--init run/best" in str(error.value)) == best
