"""Several corpora, directions and models to start from, through the command line."""

import json
import subprocess
import sys

import numpy as np
import pytest

from clearhead import cli, model_directory
from clearhead.errors import ConfigError, TranslationError
from clearhead.storage.tensors import read_arrays
from clearhead.translator import Translator
from tests.system.conftest import TOML, WORDS, write_corpus

TEENS = ["null", "eins", "zwei", "drei", "vier", "fuenf", "sechs", "sieben", "acht", "neun"]
TWO_WAYS = (
    TOML.replace('source_lang = "en"\ntarget_lang = "en"\n', "")
    + """
[[data.corpora]]
source = "{0}/en.digits"
target = "{0}/en.words"
source_lang = "xx"
target_lang = "en"
both_directions = true

[[data.corpora]]
source = "{0}/de.digits"
target = "{0}/de.words"
source_lang = "xx"
target_lang = "de"
weight = 2.0

[[data.validation]]
source = "{0}/valid.digits"
target = "{0}/valid.words"
source_lang = "xx"
target_lang = "en"
both_directions = true
"""
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpora")
    for name, seed in (("en", 0), ("valid", 1), ("de", 2)):
        write_corpus(folder, name, seed, 300 if name != "valid" else 30)
    words = (folder / "de.words").read_text()
    for english, german in zip(WORDS, TEENS, strict=True):
        words = words.replace(english, german)
    (folder / "de.words").write_text(words)
    (folder / "run.toml").write_text(TWO_WAYS.format(folder))
    return folder


@pytest.fixture(scope="module")
def several(folder):
    cli.main(["train", "--config", str(folder / "run.toml"), "--out", str(folder / "run")])
    return folder / "run"


def test_one_model_serves_several_directions(several):
    translator = Translator.load(several)
    assert translator.targets == ("de", "en", "xx")
    assert [translator.target(code) for code in ("EN", "eng", "en_US", "ger", "de-AT")] == ["en"] * 3 + [
        "de"
    ] * 2
    with pytest.raises(TranslationError, match="does not translate to 'fr'"):
        translator.target("fr")
    assert model_directory.read_info(several / "model").source_langs == ("en", "xx")
    english = [t.text.split() for t in translator.translate(["1 2", "3 4 5"], to="en")]
    german = [t.text.split() for t in translator.translate(["1 2", "3 4 5"], to="de")]
    assert {word for words in english for word in words} <= set(WORDS)
    assert {word for words in german for word in words} <= set(TEENS)
    events = [json.loads(line) for line in (several / "log.jsonl").read_text().splitlines()]
    valid = next(event for event in events if event["event"] == "valid")
    assert set(valid["bleu_by_set"]) == {"xx-en", "en-xx"}
    assert valid["bleu"] == pytest.approx(sum(valid["bleu_by_set"].values()) / 2, abs=1e-3)


def test_the_default_target(several, folder, tmp_path, capsys):
    with pytest.raises(SystemExit):
        cli.main(
            [
                "train",
                "--config",
                str(folder / "run.toml"),
                "--out",
                str(tmp_path / "o"),
                "--default-target",
                "xy",
            ]
        )
    assert "--default-target is 'xy'; the targets are de, en, xx" in capsys.readouterr().err
    cli.main(
        [
            "train", "--config", str(folder / "run.toml"), "--out", str(tmp_path / "run"), "--default-target", "de",
            "--training.max-steps", "2",
        ]
    )  # fmt: skip
    translator = Translator.load(tmp_path / "run")
    assert translator.target(None) == "de"
    assert translator.target("en") == "en"
    assert translator.translate("1 2").to == "de"
    tune(tmp_path / "run", folder, tmp_path / "tuned", "--training.max-steps", "1")
    assert Translator.load(tmp_path / "tuned").target(None) == "de"


def test_the_default_target_of_a_model_that_goes_on_with_another_language(folder, tmp_path, capsys):
    """It was English, and what it learned last is German alone."""
    command = ["train", "--config", str(folder / "run.toml"), "--out", str(tmp_path / "run")]
    cli.main([*command, "--default-target", "eng", "--training.max-steps", "2"])
    assert Translator.load(tmp_path / "run").target(None) == "en"
    tune(tmp_path / "run", folder, tmp_path / "tuned", "--training.max-steps", "1")
    tuned = Translator.load(tmp_path / "tuned")
    assert tuned.target(None) == "de"
    assert tuned.target("en") == "en"
    capsys.readouterr()
    with pytest.raises(SystemExit):
        tune(tmp_path / "run", folder, tmp_path / "refused", "--default-target", "en")
    assert "default_target is 'en'; the targets are de" in capsys.readouterr().err.replace("-", "_")


def test_foreign_lines_are_told_of_and_refused(several, capsys, monkeypatch):
    monkeypatch.setattr(Translator, "sources", ("de", "en"))
    lines = ["Das ist sehr gut.", "", "Det är mycket bra, tack så mycket.", "hm"]
    for choice, empty in (("report", False), ("refuse", True)):
        capsys.readouterr()
        options = ["--to", "en", "--format", "json", "--detect", choice]
        cli.main(["translate", "--model", str(several), *options, *lines])
        shown = capsys.readouterr()
        rows = [json.loads(line) for line in shown.out.splitlines()]
        assert [row["source"] for row in rows] == lines
        assert (rows[2]["text"] == "") == empty
        assert shown.err.count("line 3: the text seems to be sv") == 1
        assert ("left empty" in shown.err) == empty
        assert shown.err.count("line 1: de (") == 1
        assert "line 2" not in shown.err
        assert shown.err.count("line 4: too short to detect its language\n") == 1


def test_a_model_whose_languages_cannot_be_checked(several, capsys):
    capsys.readouterr()
    with pytest.raises(SystemExit):
        cli.main(["translate", "--model", str(several), "--to", "en", "--detect", "refuse", "1 2"])
    assert "xx is not among those that py3langid knows" in capsys.readouterr().err


def test_the_card_and_the_info_say_what_was_read(several):
    facts = model_directory.read_info(several / "model").training.corpora
    assert [(corpus.source_lang, corpus.target_lang, corpus.read) for corpus in facts] == [
        ("xx", "en", 300),
        ("xx", "de", 300),
    ]
    card = (several / "model" / "README.md").read_text()
    assert "300 pairs read" in card
    assert "duplicate" in card


def test_prepare_reports_and_train_uses_it(folder, capsys, tmp_path):
    arguments = ["--config", str(folder / "run.toml"), "--store", str(tmp_path / "store")]
    cli.main(["prepare", *arguments])
    shown = capsys.readouterr().out
    assert "duplicate" in shown
    assert shown.strip().endswith(str(tmp_path / "store"))
    cli.main(["prepare", *arguments, "--json"])
    report = json.loads(capsys.readouterr().out)
    assert [each["pairs_read"] for each in report] == [300, 300]
    cli.main(["train", *arguments, "--out", str(tmp_path / "run"), "--training.max-steps", "3"])
    assert not (tmp_path / "run" / "data").exists()
    assert json.loads((tmp_path / "run" / "report.json").read_text()) == report
    with pytest.raises(SystemExit):
        cli.main(["train", *arguments, "--out", str(tmp_path / "other"), "--drop-duplicates"])
    assert "filters.drop_duplicates was False, is True" in capsys.readouterr().err


def tune(several, folder, out, *more):
    files = [f"--{prefix}{side}" for prefix in ("", "valid-") for side in ("source", "target")]
    names = ["de.digits", "de.words"] * 2
    flags = [word for flag, name in zip(files, names, strict=True) for word in (flag, str(folder / name))]
    cli.main(
        [
            "train", "--init", str(several), *flags, "--target-lang", "de", "--out", str(out),
            "--training.max-steps", "60", "--training.batch-tokens", "700", "--training.schedule", "constant",
            "--training.learning-rate", "0.001", "--training.warmup-steps", "1", "--training.threads", "1",
            "--model.dropout", "0.05", *more,
        ]
    )  # fmt: skip


def test_fine_tuning_starts_where_the_model_ended(several, folder, tmp_path):
    tune(
        several, folder, tmp_path / "tuned", "--training.max-steps", "1", "--training.learning-rate", "1e-12"
    )
    before, after = (read_arrays(p / "model" / "model.safetensors") for p in (several, tmp_path / "tuned"))
    for name, array in before.items():
        np.testing.assert_allclose(after[name], array, atol=1e-9)
    one, other = (
        model_directory.read_info(several / "model"),
        model_directory.read_info(tmp_path / "tuned" / "model"),
    )
    assert one.model == other.model
    tokenizers = [(p / "model" / "tokenizer.model").read_bytes() for p in (several, tmp_path / "tuned")]
    assert tokenizers[0] == tokenizers[1]
    assert other.training.init == str(several)


def test_fine_tuning_learns_and_frozen_parts_stay(several, folder, tmp_path):
    tune(several, folder, tmp_path / "tuned", "--training.freeze", "encoder", "--training.seed", "2")
    before, after = (read_arrays(p / "model" / "model.safetensors") for p in (several, tmp_path / "tuned"))
    changed = {name for name in before if (before[name] != after[name]).any()}
    assert changed
    assert not {name for name in changed if name.startswith("encoder")}
    sources = (folder / "de.digits").read_text().splitlines()[:100]
    references = (folder / "de.words").read_text().splitlines()[:100]
    original, tuned = (
        sum(score.log_prob for score in Translator.load(path).score(sources, references, to="de"))
        for path in (several, tmp_path / "tuned")
    )
    assert tuned > 0.9 * original  # log-probabilities, below 0


def test_fine_tuning_tells_what_was_learned_and_what_forgotten(several, folder, tmp_path, capsys):
    """Each validation set is measured before the first step and after the last, also when several share a direction."""
    for place in ("one", "more"):
        (tmp_path / place).mkdir()
        for side in ("digits", "words"):
            few = (folder / f"de.{side}").read_text().splitlines()[:20]
            (tmp_path / place / f"de.{side}").write_text("\n".join(few) + "\n")
    pairs = [
        f'[[data.validation]]\nsource = "{place}/{name}.digits"\ntarget = "{place}/{name}.words"\n'
        f'source_lang = "xx"\ntarget_lang = "{lang}"\n'
        for place, name, lang in (
            (folder, "valid", "en"),
            (tmp_path / "one", "de", "de"),
            (tmp_path / "more", "de", "de"),
        )
    ]
    corpus = (
        f'source = "{folder}/de.digits"\ntarget = "{folder}/de.words"\nsource_lang = "xx"\ntarget_lang = "de"'
    )
    (tmp_path / "run.toml").write_text("\n".join(pairs) + f"[[data.corpora]]\n{corpus}\n")
    arguments = "--training.max-steps 60 --training.batch-tokens 700 --training.schedule constant"
    cli.main(
        [
            "train", "--init", str(several), "--config", str(tmp_path / "run.toml"), "--out", str(tmp_path / "o"),
            *arguments.split(), "--training.learning-rate", "0.003", "--training.warmup-steps", "1",
        ]
    )  # fmt: skip
    shown = capsys.readouterr().err
    events = [json.loads(line) for line in (tmp_path / "o" / "log.jsonl").read_text().splitlines()]
    before = next(event["bleu_by_set"] for event in events if event["event"] == "valid")
    name = folder.name
    assert list(before) == [f"xx-en {name}/valid.digits", "xx-de one/de.digits", "xx-de more/de.digits"]
    training = model_directory.read_info(tmp_path / "o" / "model").training
    assert training.before == before
    kept = training.validation.bleu_by_set
    for name, bleu in kept.items():
        change = f"{name}: BLEU {before[name]:.2f} before, {bleu:.2f} after ({bleu - before[name]:+.2f})"
        assert change in " ".join(shown.split())
    card = (tmp_path / "o" / "model" / "README.md").read_text()
    assert all(f"| BLEU {name} | {kept[name]:.2f} (before: {before[name]:.2f}) |" in card for name in before)


def test_a_target_that_is_no_language(several, folder, tmp_path, capsys):
    for code, said in (
        ("", "there is no tag for the target language ''"),
        ("f r", "'f r' is not a language code"),
    ):
        with pytest.raises(SystemExit):
            tune(several, folder, tmp_path / "tuned", "--target-lang", code)
        assert said in capsys.readouterr().err
        assert not (tmp_path / "tuned").exists()


def test_a_validation_set_of_another_language_is_found_first(folder, capsys, tmp_path):
    toml = (folder / "run.toml").read_text()
    start = toml.index("[[data.validation]]")
    wrong = toml[:start] + toml[start:].replace('target_lang = "en"', 'target_lang = "fr"').replace(
        "both", "# both"
    )
    (tmp_path / "run.toml").write_text(wrong)
    with pytest.raises(SystemExit):
        cli.main(["train", "--config", str(tmp_path / "run.toml"), "--out", str(tmp_path / "o")])
    assert "a validation set has the target language 'fr'" in capsys.readouterr().err
    assert not (tmp_path / "o" / "run.toml").exists()


def test_two_runs_share_one_new_store(folder, tmp_path):
    command = [sys.executable, "-m", "clearhead", "train", "--config", str(folder / "run.toml"), "--store"]
    runs = [
        subprocess.Popen(
            [*command, str(tmp_path / "store"), "--out", str(tmp_path / name), "--training.max-steps", "2"],
            stderr=subprocess.PIPE, text=True,
        )
        for name in ("one", "two")
    ]  # fmt: skip
    for process in runs:
        assert process.wait(120) == 0, process.stderr.read()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "store", "two"]


def test_source_and_corpora_together_are_refused(folder, capsys, tmp_path):
    with pytest.raises((SystemExit, ConfigError)):
        cli.main(
            ["train", "--config", str(folder / "run.toml"), "--source", "x", "--out", str(tmp_path / "o")]
        )
    assert "both --source and [[data.corpora]]" in capsys.readouterr().err
