"""Translating at the command line and in Python: a line out for each line in, whatever the line is."""

import io
import json
import sys

import numpy as np
import pytest

import clearhead
from clearhead import model_directory
from clearhead.config import DecodingConfig
from clearhead.engines.protocol import SearchOptions
from clearhead.errors import DataError
from clearhead.storage import folders
from clearhead.storage.tensors import read_arrays
from clearhead.translator import Translator

AWKWARD = [
    "1 2 3",
    "",
    "   ",
    "\t4 5",
    "6 \U0001f600 7",
    "8\u20289",
    "</s> <pad> <2fr>",
    "1. 2. 3.",
    "0 " * 70,
    "!!!",
    "9 8",
]


def test_it_has_learned(tiny_translator):
    assert tiny_translator.translate("4 7 1").text == "four seven one"


def test_a_line_out_for_each_line_in(say, tiny_run, tmp_path):
    source, target = tmp_path / "in.txt", tmp_path / "out.txt"
    source.write_bytes("\n".join(AWKWARD).encode())  # and no newline at the end
    out, err = say("translate", "--model", tiny_run.path, "--input", source, "--output", target)
    assert out == ""
    lines = target.read_bytes().decode().split("\n")
    assert len(lines) == len(AWKWARD) + 1
    assert lines[-1] == ""
    assert lines[0] == "one two three"
    assert lines[1:3] == ["", "   "]
    assert lines[9] == "!!!"
    assert lines[10] == "nine eight"
    assert "line 9: a sentence above 40 tokens was translated in" in err


def test_standard_input_and_arguments_and_python_agree(say, tiny_run, tiny_translator, monkeypatch):
    texts = ["1 2 3", "5", "9 9 0 4"]
    by_argument, _ = say("translate", "--model", tiny_run.path, *texts)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("\r\n".join(texts).encode())))
    by_stdin, _ = say("translate", "--model", tiny_run.path)
    in_python = [translation.text for translation in tiny_translator.translate(texts)]
    assert by_argument == by_stdin == "".join(f"{text}\n" for text in in_python)


def test_a_paragraph_keeps_its_separators(tiny_translator):
    translation = tiny_translator.translate(" 1 2 a.  3 4 b.\n\n5 ")
    assert translation.text.startswith(" ")
    assert translation.text.endswith(" ")
    assert "\n\n" in translation.text
    assert tiny_translator.translate("1 2\n3", split="never").text.count("\n") == 0


def test_what_means_nothing_is_not_translated(tiny_translator):
    for text in ("", " ", "\u200b", "\x01\ufeff", "\u2028"):
        for split in ("auto", "never"):
            assert tiny_translator.translate(text, split=split).tokens == ()


def test_lines_before_a_broken_one_are_translated(tiny_translator):
    def lines():
        yield from ["1 2", "3", "4", "5 6"]
        raise DataError("line 5 is broken")

    given = []
    with pytest.raises(DataError):
        given.extend(each.text for each in tiny_translator.stream(lines(), window=2))
    assert given == ["one two", "three", "four", "five six"]


@pytest.mark.parametrize("window", [1, 2, 3, 50])
def test_windows_change_nothing(tiny_translator, window):
    texts = ["1 2 a. 3 b.", "", "5 6 7 8", "  ", "9", "0 1"]
    expected = [tiny_translator.translate(text).text for text in texts]
    assert [each.text for each in tiny_translator.stream(texts, window=window)] == expected


def test_json_holds_everything(say, tiny_run):
    out, _ = say("translate", "--model", tiny_run.path, "--format", "json", "--nbest", "3", "4 5 6", "")
    first, blank = (json.loads(line) for line in out.splitlines())
    assert first["text"] == "four five six"
    assert len(first["alternatives"]) == 2
    scores = [first["score"], *(alternative["score"] for alternative in first["alternatives"])]
    assert scores == sorted(scores, reverse=True)
    assert "".join(first["tokens"]).replace("\u2581", " ").strip() == "four five six"
    assert blank["text"] == ""
    assert blank["alternatives"] == []


def test_tsv_has_a_row_for_each_rank(say, tiny_run):
    out, _ = say("translate", "--model", tiny_run.path, "--format", "tsv", "--nbest", "2", "4 5", "6")
    rows = [line.split("\t") for line in out.splitlines()]
    assert [(row[0], row[1]) for row in rows] == [("1", "1"), ("1", "2"), ("2", "1"), ("2", "2")]
    assert rows[0][3] == "four five"


@pytest.mark.parametrize(
    ("engine", "tolerance"), [("pytorch", 1e-4), ("ctranslate2", 0.3)]
)  # fp32; perhaps int8
def test_translates_score_is_scores_score(say, tiny_run, tmp_path, engine, tolerance):
    options = ("--format", "tsv", "--split", "never", "--engine", engine)
    out, _ = say("translate", "--model", tiny_run.path, *options, "4 5", "6 6 6")
    rows = [line.split("\t") for line in out.splitlines()]
    (tmp_path / "s").write_text("4 5\n6 6 6\n")
    (tmp_path / "t").write_text("".join(f"{row[3]}\n" for row in rows))
    scored, _ = say("score", "--model", tiny_run.path, "--source", tmp_path / "s", "--target", tmp_path / "t")
    for row, line in zip(rows, scored.splitlines(), strict=True):
        assert float(line.split("\t")[1]) == pytest.approx(float(row[2]), abs=tolerance)


def test_the_engines_agree(say, tiny_run):
    """A trained model in int8 and in fp32, on text it has not seen."""
    outs = [
        say("translate", "--model", tiny_run.path, "--engine", engine, "--input", tiny_run.source)[0]
        for engine in ("pytorch", "ctranslate2", "auto")
    ]
    assert outs[1] == outs[2]
    lines = [out.splitlines() for out in outs]
    assert sum(a == b for a, b in zip(lines[0], lines[1], strict=True)) >= 0.9 * len(lines[0])


def test_what_is_in_letters_never_learned_is_left_as_it_is(tiny_translator):
    """Nothing is invented for it, and what stands beside it is translated."""
    for text in ("Привет, как дела?", "你好吗", "مرحبا", "Γειά σου."):
        found = tiny_translator.translate(text)
        assert found.text == text
        assert any("left untranslated" in note for note in found.notes)
        assert tiny_translator.translate(text, split="never").text == text
    both = tiny_translator.translate("4 7 1\nПривет\n3 3")
    assert both.text.split("\n") == ["four seven one", "Привет", "three three"]
    assert tiny_translator.translate("4 7 1").notes == ()


def test_the_end_at_the_limit_is_an_end(tiny_run):
    """A translation that ends by itself with the last token it may have was not cut, in either engine."""
    for name in ("pytorch", "ctranslate2"):
        translator = Translator.load(tiny_run.path, engine=name)
        for text in ("1 2", "3 4 5"):
            free = translator.translate(text, beam_size=1)
            for tokens, notes in ((len(free.tokens), 0), (len(free.tokens) - 1, 1)):
                limits = DecodingConfig(beam_size=1, max_length_factor=0.0, max_length_offset=tokens)
                found = translator.translate(text, options=SearchOptions(decoding=limits))
                assert len(found.notes) == notes
                assert found.tokens == free.tokens[:tokens]


def test_verbose_tells_which_engine_and_why(say, tiny_run):
    _, err = say("translate", "--model", tiny_run.path, "--verbose", "1 2")
    assert "engine ctranslate2: Setting(compute_type=" in err
    _, err = say("translate", "--model", tiny_run.path, "--verbose", "--temperature", "1", "1 2")
    assert "engine pytorch: ctranslate2 has no sampling with a seed" in err
    assert not say("translate", "--model", tiny_run.path, "1 2")[1]


def test_a_prefix_and_random_draws(say, tiny_run):
    out, _ = say("translate", "--model", tiny_run.path, "--prefix", "nine", "1 2")
    assert out.startswith("nine")
    draws = [
        "translate",
        "--model",
        tiny_run.path,
        "--temperature",
        "1.5",
        "--format",
        "tsv",
        "--nbest",
        "4",
        "1 2 3 4",
    ]
    assert say(*draws, "--seed", "7") == say(*draws, "--seed", "7")
    assert say(*draws, "--seed", "7") != say(*draws, "--seed", "8")


def test_evaluate(say, tiny_run, tmp_path):
    args = ["evaluate", "--model", tiny_run.path, "--source", tiny_run.source, "--reference", tiny_run.target]
    out, _ = say(*args, "--json", "--output", tmp_path / "h")
    scores = json.loads(out)
    assert scores["BLEU"]["value"] > 60
    assert "tok:13a" in scores["BLEU"]["signature"]
    assert scores["sentences"] == len((tmp_path / "h").read_text().splitlines()) == 40
    assert scores["perplexity"] > 1
    plain, _ = say(*args, "--tokenize", "none")
    assert "tok:none" in plain
    assert "chrF" in plain


def test_info_and_plan(say, tiny_run):
    out, _ = say("info", "--model", tiny_run.path, "--json")
    facts = json.loads(out)
    assert facts["model"]["d_model"] == 32
    assert facts["training"]["pairs"] == 600
    assert 1 < facts["characters_per_token"] < 6
    plain, _ = say("info", "--model", tiny_run.path)
    assert "characters_per_token" in plain
    planned, _ = say("plan", "--config", tiny_run.config, "--no-measure", "--json")
    assert json.loads(planned)["steps"] == 220


def test_the_log_tells_the_story(tiny_run):
    events = [json.loads(line) for line in (tiny_run.path / "log.jsonl").read_text().splitlines()]
    assert [event["event"] for event in events if event["event"] not in ("train", "finding")] == [
        "prepared",
        "valid",
        "valid",
        "finished",
    ]
    losses = [event["loss"] for event in events if event["event"] == "train"]
    assert losses[-1] < losses[0]
    assert (tiny_run.path / "model" / "README.md").read_text().startswith("# A Clearhead model")


def test_the_model_that_comes_with_the_package(say, tiny_run, tmp_path, monkeypatch):
    """It is meant where no other is named; its weights take half the room."""
    given = model_directory.find(tiny_run.path)
    files = {file.name: file.read_bytes() for file in given.iterdir() if file.name != folders.MANIFEST}
    weights = read_arrays(given / model_directory.WEIGHTS)
    files[model_directory.WEIGHTS] = {name: array.astype(np.float16) for name, array in weights.items()}
    monkeypatch.setattr(model_directory, "DEFAULT", tmp_path / "pretrained")
    folders.write_directory(model_directory.DEFAULT, files)
    for engine in ("auto", "pytorch"):
        assert say("translate", "--engine", engine, "4 7 1") == ("four seven one\n", "")
    assert clearhead.load().translate("4 7 1").text == "four seven one"
    assert str(model_directory.DEFAULT) in say("info")[0]


def test_a_terminal_is_told_what_takes_long(say, tiny_run, tmp_path, monkeypatch):
    """Making a model ready takes some seconds, and only the first time."""
    monkeypatch.setenv("CLEARHEAD_CACHE", str(tmp_path))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    command = ("translate", "--model", tiny_run.path, "4 7 1")
    assert "converting the model for this machine, once" in say(*command)[1]
    assert say(*command) == ("four seven one\n", "")
