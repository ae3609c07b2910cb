"""`clearhead learn`: corrections come out, the rest stays, and the report says what `evaluate` says."""

import json
import random

import pytest

from clearhead import cli
from clearhead.corpora.sides import Languages
from clearhead.corrections.lesson import corpora_of, lesson, steps_for
from clearhead.corrections.parts import Parts
from clearhead.run import train
from clearhead.run.events import Saved
from clearhead.translator import Translator
from clearhead.translator.unsaved import translated
from tests.system.conftest import TOML, WORDS, write_corpus

LEARNING = ("--steps", "90", "--rate", "0.003", "--threads", "1")


def numbers(seed: int, count: int, digits: str) -> list[str]:
    draws = random.Random(seed)
    return list(dict.fromkeys("".join(draws.choices(digits, k=draws.randint(2, 5))) for _ in range(count)))


def in_words(number: str) -> str:
    """What a person wants: that nine is called four."""
    return " ".join(WORDS[4 if digit == "9" else int(digit)] for digit in number)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model that reads digits, corrections of numbers with a nine, and general text without."""
    folder = tmp_path_factory.mktemp("learn")
    (folder / "run.toml").write_text(TOML.replace('source_lang = "en"', 'source_lang = "xx"'))
    files = (*write_corpus(folder, "train", 0, 600), *write_corpus(folder, "valid", 1, 40))
    names = ("--source", "--target", "--valid-source", "--valid-target")
    flags = [word for name, file in zip(names, files, strict=True) for word in (name, str(file))]
    cli.main(["train", "--config", str(folder / "run.toml"), *flags, "--out", str(folder / "run")])
    corrected = [number for number in numbers(2, 400, "0123456789") if "9" in number][:100]
    for name, texts in (("fixed", corrected), ("general", numbers(3, 200, "012345678"))):
        rows = (f"{' '.join(number)}\t{in_words(number)}\n" for number in texts)
        (folder / f"{name}.tsv").write_text("".join(rows))
    return folder


def learn(folder, out, *more) -> None:
    files = ("--corrections", str(folder / "fixed.tsv"), "--general", str(folder / "general.tsv"))
    cli.main(["learn", "--model", str(folder / "run"), *files, "--out", str(folder / out), *LEARNING, *more])


@pytest.fixture(scope="module")
def learned(folder):
    learn(folder, "learned")
    return folder / "learned"


def test_the_corrections_come_out_and_little_is_forgotten(learned):
    report = json.loads((learned / "corrections" / "report.json").read_text())
    parts = {part["name"]: part for part in report["parts"]}
    aside, seen, general = (
        parts[name] for name in ("corrections set aside", "corrections learned", "general text")
    )
    assert aside["before"]["exact"] == seen["before"]["exact"] == 0
    assert seen["after"]["exact"] >= 0.9 * seen["sentences"]
    assert aside["after"]["exact"] >= 0.8 * aside["sentences"]
    assert general["after"]["exact"] >= 0.9 * general["before"]["exact"] > 0
    assert all(change["before"] != change["after"] for change in report["better"] + report["worse"])
    assert report["better"][0]["gain"] == max(change["gain"] for change in report["better"])
    assert Translator.load(learned).translate("1 9 2").text == "one four two"


def test_the_figures_are_those_of_evaluate(folder, learned, capsys):
    report = json.loads((learned / "corrections" / "report.json").read_text())
    for part in report["parts"]:
        text = learned / "corrections" / f"{part['name'].replace(' ', '-')}.jsonl"
        for model, when in ((folder / "run", "before"), (learned, "after")):
            capsys.readouterr()
            cli.main(["evaluate", "--model", str(model), "--source", str(text), "--from", "xx", "--json"])
            measured = json.loads(capsys.readouterr().out)
            for name, key in (("BLEU", "bleu"), ("chrF", "chrf")):
                assert measured[name]["value"] == part[when][key]["value"]
                assert measured[name]["signature"] == part[when][key]["signature"]


def test_interrupted_and_resumed_equals_uninterrupted(folder, learned):
    parts = Parts.of([folder / "fixed.tsv"], folder / "general.tsv", Languages("xx", "en"), built_in=False)
    config = lesson(str(folder / "run"), parts, steps=90, rate=0.003, threads=1)
    events = train.run(config, folder / "again", translate=translated, corpora=corpora_of(parts))
    assert any(isinstance(event, Saved) for event in events)  # stops at the first
    events.close()
    learn(folder, "again", "--resume")
    for name in ("model/model.safetensors", "corrections/report.json"):
        assert (folder / "again" / name).read_bytes() == (learned / name).read_bytes()


def test_no_source_is_learned_and_measured_too(folder, tmp_path):
    with (tmp_path / "more.tsv").open("w") as file:
        file.write((folder / "fixed.tsv").read_text())
        file.write("1  9\tone four, the last\n1 9\tone four, corrected again\n\tno source\n")
    parts = Parts.of([tmp_path / "more.tsv"], tmp_path / "more.tsv", Languages("xx", "en"), built_in=False)
    learned, aside = ({pair.src for pair in pairs} for pairs in (parts.learned, parts.aside))
    assert not learned & aside
    assert not parts.general
    assert not parts.general_aside
    assert parts.left_out == 1
    assert "one four, corrected again" in {pair.tgt for pair in (*parts.learned, *parts.aside)}


def test_few_corrections_are_all_learned(tmp_path, capsys):
    (tmp_path / "few.tsv").write_text("Save file\tEnregistrer\nOpen file\tOuvrir\n")
    parts = Parts.of([tmp_path / "few.tsv"], None, Languages("en", "fr"), built_in=True)
    assert (len(parts.learned), len(parts.aside)) == (2, 0)
    assert {pair.part for pair in corpora_of(parts).valid} == {"corrections learned", "general text"}
    assert steps_for(2) == 60 < steps_for(500) == 300


@pytest.mark.parametrize(
    ("text", "fault"),
    [("\tno source\n", "holds no correction with text on both sides"), ("no tab\n", "no tab")],
)
def test_corrections_that_cannot_be_learned_are_refused_in_one_line(folder, tmp_path, capsys, text, fault):
    (tmp_path / "bad.tsv").write_text(text)
    files = ("--corrections", str(tmp_path / "bad.tsv"), "--out", str(tmp_path / "out"))
    with pytest.raises(SystemExit):
        cli.main(["learn", "--model", str(folder / "run"), *files])
    err = capsys.readouterr().err
    assert fault in err
    assert len(err.splitlines()) == 1
