"""How sure a model is: calibrated by the command, kept in the model, told where it translates."""

import json
import random
import shutil
from dataclasses import replace

import pytest

from clearhead import cli, model_directory
from clearhead.evaluation.confidence import Confidence
from clearhead.measuring import calibrate
from clearhead.storage import folders
from clearhead.storage.files import json_bytes
from clearhead.translator import Translator
from tests.system.conftest import WORDS
from tests.test_confidence import CONFIDENCE

SENTENCES = ["4 7 1", "3 3", "5", "9 8 7 6 5 4 3 2 1 0 9 8", "", "6 2"]


@pytest.fixture(scope="module")
def model(tiny_run, tmp_path_factory):
    """The tiny model as if it had been calibrated, noting what it is not quite sure of."""
    path = tmp_path_factory.mktemp("calibrated") / "model"
    shutil.copytree(tiny_run.path / "model", path)
    calibrate.keep(path, replace(Confidence.from_dict(CONFIDENCE), note_below=0.9))
    return path


@pytest.fixture
def fails(capsys):
    def run(*args):
        with pytest.raises(SystemExit) as stopped:
            cli.main([str(arg) for arg in args])
        assert stopped.value.code == 1
        err = capsys.readouterr().err
        assert err.count("\n") == 1
        return err

    return run


def files(folder, lines, name="numbers"):
    source, target = folder / f"{name}.digits", folder / f"{name}.words"
    source.write_text("".join(" ".join(number) + "\n" for number in lines))
    target.write_text("".join(" ".join(WORDS[int(each)] for each in number) + "\n" for number in lines))
    return "--source", source, "--reference", target


def test_calibrate_writes_what_translate_tells(say, tiny_run, tmp_path):
    """On numbers of up to six digits it was trained; of longer ones many come out wrong."""
    path = tmp_path / "model"
    shutil.copytree(tiny_run.path / "model", path)
    draws = random.Random(5)
    lines = ["".join(draws.choices("0123456789", k=draws.randint(1, 14))) for _ in range(260)]
    out, err = say("evaluate", "--model", path, *files(tmp_path, lines), "--calibrate")
    assert "sentences: expected calibration error 0." in out
    assert "words: expected calibration error 0." in out
    assert f"kept in {path}" in out
    assert all(line.startswith("translating: ") for line in err.splitlines()), (
        "progress on a slow machine only"
    )
    found = model_directory.read_info(path).confidence
    assert found.pairs == 260
    assert found.sentence.auc > 0.7
    assert found.sentence.ece < 0.2
    assert f"{found.sentence.auc:.3f}" in out
    folders.verify(path)
    short, long = Translator.load(path).translate(["4 7 1", " ".join("12345678901234")])
    assert short.confidence > 0.7 > long.confidence
    shown, _ = say("info", "--model", path)
    assert "confidence.sentence.auc" in shown
    again, _ = say("evaluate", "--model", path, *files(tmp_path, lines), "--calibrate", "--json")
    assert json.loads(again) == {**json.loads(json.dumps(found.to_dict())), "path": str(path)}


def test_too_little_or_unfit_data_is_told_in_a_line(fails, tiny_run, tmp_path):
    command = ("evaluate", "--model", tiny_run.path, "--calibrate")
    few = files(tmp_path, ["12"] * 150)
    assert "calibration needs at least 200 pairs with text on both sides" in fails(*command, *few)
    assert "got 150: give more" in fails(*command, *few)
    easy = files(tmp_path, [str(number) for number in range(100, 400)])
    assert "calibration needs at least 10 right and 10 wrong translations to fit on; got " in fails(
        *command, *easy
    )
    assert "leave out --output, --beam" in fails(*command, *easy, "--beam", "2")
    assert model_directory.read_info(tiny_run.path / "model").confidence is None


def test_a_model_that_was_not_calibrated_says_nothing(say, tiny_run):
    out, err = say("translate", "--model", tiny_run.path, "--format", "json", *SENTENCES[:3])
    assert err == ""
    for line in out.splitlines():
        assert json.loads(line)["confidence"] is None
        assert json.loads(line)["words"] == []


def test_a_model_of_before_still_loads(tiny_run, tmp_path):
    path = tmp_path / "model"
    shutil.copytree(tiny_run.path / "model", path)
    config = json.loads((path / "config.json").read_text())
    del config["confidence"]
    files = {**model_directory.files_of(path), "config.json": json_bytes(config)}
    folders.write_directory(path, files)
    assert model_directory.read_info(path).confidence is None
    assert Translator.load(path).translate("4 7 1").confidence is None


@pytest.mark.parametrize("value", [3, {}, [], {**CONFIDENCE, "note_below": 2}, {**CONFIDENCE, "sure": 1}])
def test_a_damaged_confidence_is_told_in_a_line(fails, tiny_run, tmp_path, value):
    path = tmp_path / "model"
    shutil.copytree(tiny_run.path / "model", path)
    config = json.loads((path / "config.json").read_text())
    config["confidence"] = value
    files = {**model_directory.files_of(path), "config.json": json_bytes(config)}
    folders.write_directory(path, files)
    said = fails("translate", "--model", path, "4 7 1")
    assert "config.json is not a model configuration" in said
    assert "confidence" in said


def test_json_has_it_and_text_has_a_note(say, model):
    out, err = say("translate", "--model", model, "--format", "json", "--nbest", "2", *SENTENCES)
    found = [json.loads(line) for line in out.splitlines()]
    assert [each["confidence"] is None for each in found] == [not each for each in SENTENCES]
    first = found[0]
    assert [word["text"] for word in first["words"]] == ["four", "seven", "one"]
    assert all(0 < word["confidence"] < 1 for word in first["words"])
    assert 0 < first["alternatives"][0]["confidence"] < first["confidence"]
    assert found[4]["words"] == []
    text, noted = say("translate", "--model", model, *SENTENCES)
    assert noted == err
    assert len(text.splitlines()) == len(SENTENCES)
    low = [number for number, each in enumerate(found, start=1) if (each["confidence"] or 1) < 0.9]
    assert low
    expected = [
        f"line {n}: unsure of this translation (confidence {found[n - 1]['confidence']:.2f})" for n in low
    ]
    assert [line for line in noted.splitlines() if "unsure" in line] == expected


def test_several_sentences_are_as_sure_as_the_least_sure(model):
    translator = Translator.load(model)
    one, two = (translator.translate(text) for text in ("4 7 1", "9 8 7 6 5 4 3 2 1 0 9 8"))
    both = translator.translate(f"{one.source}\n{two.source}")
    assert both.confidence == pytest.approx(min(one.confidence, two.confidence), abs=1e-3)
    assert any(note.startswith("sentence 2: unsure") for note in both.notes)


@pytest.mark.parametrize("engine", ["pytorch", "ctranslate2"])
def test_it_is_the_same_alone_and_in_company(model, engine):
    translator = Translator.load(model, engine=engine)
    options = {"word_confidence": True, "split": "never"}
    together = translator.translate(SENTENCES, **options)
    alone = [translator.translate(text, **options) for text in SENTENCES]
    windows = list(translator.stream(SENTENCES, window=2, **options))
    for these in (alone, windows):
        for a, b in zip(together, these, strict=True):
            assert a.confidence == pytest.approx(b.confidence, abs=1e-3)
            assert [word.text for word in a.words] == [word.text for word in b.words]
            assert [w.confidence for w in a.words] == pytest.approx([w.confidence for w in b.words], abs=1e-3)


def test_the_engines_agree_on_the_same_hypothesis(model):
    """Words are scored in fp32; a sentence's log-probability is the search's, which may be of int8."""
    confidence = model_directory.read_info(model).confidence
    ours, theirs = (Translator.load(model, engine=name) for name in ("pytorch", "ctranslate2"))
    same = 0
    for a, b in zip(
        ours.translate(SENTENCES, word_confidence=True, align=True),
        theirs.translate(SENTENCES, word_confidence=True),
        strict=True,
    ):
        if not a.tokens or a.tokens != b.tokens:
            continue
        same += 1
        assert [word.text for word in a.words] == list(a.alignment.target)
        for other in ([w.confidence for w in b.words], a.alignment.confidence):
            assert [w.confidence for w in a.words] == pytest.approx(list(other), abs=1e-3)
        assert a.confidence == pytest.approx(b.confidence, abs=0.1)
    assert same >= 3
    for _, translation, sentence, found in ours.searched(SENTENCES[:3]):
        (log_probs,) = theirs.engine.score([sentence.ids], [found.tokens])
        sure = confidence.of_sentence(sum(log_probs), len(sentence.ids), len(log_probs))
        assert translation.confidence == pytest.approx(sure, abs=1e-3)


def test_alignments_of_pairs_have_it_too(model):
    translator = Translator.load(model)
    (alignment,) = translator.align(["4 7 1"], ["four nine one"])
    assert alignment.confidence[1] < min(alignment.confidence[0], alignment.confidence[2])
    assert len(translator.align(["4 7 1"], [""])[0].confidence) == 0
