"""Wrong input at the command line: one line on standard error that says what to do, and exit code 1."""

import bz2
import gzip
import json
import lzma
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from backports import zstd

from clearhead import cli, model_directory
from clearhead.storage import folders
from clearhead.storage.files import json_bytes
from clearhead.storage.tensors import read_arrays


@pytest.fixture
def fails(capsys):
    """Run a command that must fail; return its one line."""

    def run(*args, code=1) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main([str(arg) for arg in args])
        captured = capsys.readouterr()
        assert stopped.value.code == code
        if code == 1:
            assert captured.out == ""
            assert captured.err.startswith("clearhead: ")
            assert captured.err.count("\n") == 1, captured.err
            assert "Traceback" not in captured.err
        return captured.err + captured.out

    return run


@pytest.fixture
def files(tmp_path):
    """Return a function that writes a corpus and gives the arguments that train on it."""

    def write(source: bytes = b"a\nb\n", target: bytes = b"x\ny\n", **more):
        (tmp_path / "a.fr").write_bytes(source)
        (tmp_path / "b.en").write_bytes(target)
        (tmp_path / "v.fr").write_bytes(b"c\nd\n")
        (tmp_path / "v.en").write_bytes(b"w\nz\n")
        (tmp_path / "run.toml").write_text(more.get("toml", ""))
        names = {"source": "a.fr", "target": "b.en", "valid-source": "v.fr", "valid-target": "v.en"}
        paths = [word for flag, name in names.items() for word in (f"--{flag}", tmp_path / name)]
        return ["train", "--config", tmp_path / "run.toml", *paths, "--out", tmp_path / "out"]

    return write


def test_missing_file(fails, files, tmp_path):
    args = files()
    (tmp_path / "b.en").unlink()
    assert "there is no file" in (line := fails(*args))
    assert "b.en" in line
    assert not (tmp_path / "out").exists()


def test_unequal_line_counts_are_both_named(fails, files):
    line = fails(*files(b"a\n" * 12, b"x\n" * 9))
    assert "a.fr has 12 lines but" in line
    assert "b.en has 9" in line


def test_invalid_utf8_is_named_by_its_byte(fails, files):
    line = fails(*files(source=b"abc\nd\xe9f\n"))
    assert "a.fr, line 2: byte 5 (0xe9) is not valid UTF-8" in line


@pytest.mark.parametrize("empty", [b"", b"\n \n"])
def test_empty_corpus(fails, files, empty):
    assert "empty corpus" in fails(*files(empty, empty))


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[training]\nlearing_rate = 1.0\n", "did you mean 'learning_rate'?"),
        ("[modle]\nd_model = 8\n", "did you mean 'model'?"),
        ('preset = "tinny"\n', "unknown preset 'tinny' (did you mean 'tiny'?)"),
        ('preset = ["tiny"]\n', "unknown preset ['tiny'] (did you mean 'tiny'?)"),
        ("[model]\nd_model = 30\nnum_heads = 4\n", "a divisor of d_model = 30"),
        ('[training]\nmax_steps = "many"\n', "training.max_steps is 'many'; it must be of type int"),
        ('[training]\nschedule = "naom"\n', "one of noam, inverse_sqrt"),
        ("[training\n", "is not valid TOML"),
    ],
)
def test_configuration(fails, files, toml, said):
    assert said in fails(*files(toml=toml))


def test_unknown_preset_by_flag(fails, tmp_path):
    assert "there are tiny, small, base, big" in fails("train", "--preset", "huge", "--out", tmp_path / "o")


def test_no_data(fails, tmp_path):
    assert "--source F --target F" in fails("train", "--out", tmp_path / "o")
    assert not (tmp_path / "o").exists()


def test_a_run_is_not_overwritten(fails, files, tiny_run, tmp_path):
    args = files()
    assert "already holds a run" in fails(*args[:-1], tiny_run.path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    for more in ([], ["--resume"]):
        assert "is not a run" in fails(*args, *more)


def test_resuming_with_another_configuration_names_the_difference(fails, files, tiny_run):
    args = files(toml=tiny_run.config.read_text().replace("dropout = 0.05", "dropout = 0.5"))
    assert "model.dropout was 0.05, is 0.5" in fails(*args[:-1], tiny_run.path, "--resume")


def test_resuming_on_other_text_is_refused(fails, files, tiny_run):
    args = files(b"1 2\n", b"one two\n", toml=tiny_run.config.read_text())
    assert "no longer, the text" in fails(*args[:-1], tiny_run.path, "--resume")


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('[training]\ndevice = "cuda:99"\n', "training.device 'cuda:99' cannot be used"),
        ('[training]\nfreeze = ["encodr"]\n', "no part 'encodr'"),
        ('[data]\nbleu_tokenize = "13b"\n', "data.bleu_tokenize must be one of auto"),
        ('[data]\nsubword_sampling = 0.1\n[tokenizer]\nkind = "char"\n', "cannot sample"),
        (
            '[data]\ntarget_lang = "en"\n[[data.corpora]]\nsource = "x"\n',
            "both data.target_lang and [[data.corpora]]",
        ),
        ('[[data.corpora]]\ntarget = "x"\n', "[[data.corpora]], entry 1 of 1: it has no source"),
        ("[tokenizer]\nvocab_size = 10000000000\n", "tokenizer.vocab_size must be from 300 (256 are bytes)"),
    ],
)
def test_settings_are_found_wrong_before_there_is_a_run(fails, files, tmp_path, toml, said):
    """So that the next try needs neither --resume nor a folder removed."""
    assert said in fails(*files(toml=toml))
    assert not (tmp_path / "out" / "run.toml").exists()


def test_a_name_that_is_no_text_is_told_before_any_work(fails, files, tmp_path):
    args = files()
    args[args.index("--source") + 1] = os.fsdecode(b"caf\xe9.fr")
    assert "is not UTF-8; rename the file" in fails(*args)
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full is needed")
def test_a_full_disk_under_standard_output_is_told_in_one_line(tiny_run):
    with open("/dev/full", "w") as full:
        ended = command("translate", "--model", tiny_run.path / "model", "1 2 3", stdout=full)
    assert ended.returncode == 1
    assert ended.stderr == "clearhead: No space left on device; free some space, or write elsewhere\n"


def test_closed_standard_streams_are_empty_ones(tiny_run):
    closed = 'exec "$@" <&- >&-'
    ended = command("translate", "--model", tiny_run.path / "model", start=["sh", "-c", closed, "sh"])
    assert (ended.returncode, ended.stderr) == (0, "")


def command(*args, start=(), **streams):
    """Run the command line in a process of its own."""
    words = [*start, sys.executable, "-m", "clearhead", *map(str, args)]
    streams.setdefault("stdout", subprocess.PIPE)
    return subprocess.run(words, check=False, stderr=subprocess.PIPE, text=True, timeout=120, **streams)


def test_no_model(fails, tmp_path, monkeypatch):
    monkeypatch.setattr(model_directory, "DEFAULT", tmp_path / "pretrained")
    assert "comes without a model; give one with --model" in fails("translate", "hello")
    assert "there is no model" in fails("translate", "--model", tmp_path / "none", "hello")
    assert "is not a model directory" in fails("translate", "--model", tmp_path, "hello")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("flip", "model.safetensors does not match its checksum"),
        ("cut", "model.safetensors does not match its checksum"),
        ("tokenizer", "tokenizer.model is missing"),
        ("json", "config.json"),
        ("manifest", "no manifest.json"),
    ],
)
def test_damaged_model_directory(fails, tiny_run, tmp_path, damage, said):
    model = tmp_path / "model"
    shutil.copytree(tiny_run.path / "model", model)
    weights = model / "model.safetensors"
    data = bytearray(weights.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 4
        weights.write_bytes(data)
    elif damage == "cut":
        weights.write_bytes(data[:-100])
    elif damage == "tokenizer":
        (model / "tokenizer.model").unlink()
    elif damage == "json":
        (model / "config.json").write_text("{]")
    else:
        (model / "manifest.json").unlink()
    assert said in fails("translate", "--model", model, "1 2 3")


@pytest.mark.parametrize("what", ["shape", "size", "name", "version", "tokenizer"])
def test_a_whole_directory_that_disagrees_with_itself(fails, tiny_run, tmp_path, what):
    """The sums are right, so it is not damaged on the way; it was made wrong."""
    old, new = tiny_run.path / "model", tmp_path / "model"
    arrays = read_arrays(old / "model.safetensors")
    config = json.loads((old / "config.json").read_text())
    tokenizer = (old / "tokenizer.model").read_bytes()
    if what == "shape":
        arrays["src_embedding.weight"] = arrays["src_embedding.weight"].T.copy()
    elif what == "size":
        arrays["src_embedding.weight"] = np.zeros((3, 4), np.float32)
    elif what == "name":
        arrays["extra"] = arrays.pop("src_embedding.weight")
    elif what == "version":
        config["format_version"] = 99
    else:
        tokenizer = b"not a tokenizer"
    files = {
        "config.json": json_bytes(config),
        "model.safetensors": arrays,
        "tokenizer.model": tokenizer,
    }
    folders.write_directory(new, files)
    said = {
        "shape": "has shape",
        "size": "but the model of config.json has",
        "name": "disagree about extra",
        "version": "format version 99",
    }
    assert said.get(what, "tokenizer") in fails("translate", "--model", new, "1 2 3")


def test_requests_that_cannot_be_served(fails, tiny_run, tmp_path):
    model = ["--model", tiny_run.path]
    assert "does not translate to 'xx'; it translates to en" in fails("translate", *model, "--to", "xx", "1")
    assert "--format tsv or json" in fails("translate", *model, "--nbest", "2", "1")
    assert "give one of them" in fails("translate", "1", *model, "--input", "f")
    assert "text to translate is given without --input" in fails("translate", *model, "--input", "f", "1")
    assert "cannot write" in fails("translate", *model, "--output", tmp_path / "no" / "file", "1")
    assert "is not UTF-8" in fails("translate", *model, "\ud800")
    source = ["--source", tiny_run.source, "--reference", tiny_run.target]
    assert "choose one of 13a, none" in fails("evaluate", *model, *source, "--tokenize", "14a")


def test_wrong_usage_is_exit_code_2(fails):
    assert "did you mean 'train'?" in fails("trian", code=2)
    assert "--modle" in fails("translate", "--modle", "x", code=2)
    assert "usage: clearhead COMMAND" in fails(code=2)
    assert "--out" in fails("train", code=2)


def test_debug_shows_where_an_error_comes_from():
    from clearhead.errors import CheckpointError

    with pytest.raises(CheckpointError):
        cli.main(["translate", "--debug", "--model", "nowhere", "hello"])


FRENCH = "Le cœur de l’ouvrière… – « Oui », 5 €\nUn œuf\n"
LATIN_1 = "Ça coûte cinq\nUn été\n"
DISGUISED = {
    "windows-1252": (FRENCH, FRENCH.encode("cp1252")),
    "latin-1": (LATIN_1, LATIN_1.encode("latin-1")),
    "UTF-16": (FRENCH, FRENCH.encode("utf-16")),
    "UTF-16LE": (FRENCH, FRENCH.encode("utf-16-le")),
    "UTF-16BE": (FRENCH, FRENCH.encode("utf-16-be")),
    "UTF-32": (FRENCH, FRENCH.encode("utf-32")),
    "gzip": (FRENCH, gzip.compress(FRENCH.encode())),
    "xz": (FRENCH, lzma.compress(FRENCH.encode())),
    "bzip2": (FRENCH, bz2.compress(FRENCH.encode())),
    "zstd": (FRENCH, zstd.compress(FRENCH.encode())),
}


@pytest.mark.parametrize("kind", DISGUISED)
def test_the_command_that_is_named_for_text_in_another_code_gives_back_the_text(
    fails, files, tiny_run, tmp_path, monkeypatch, kind
):
    """Whatever reads a file says the same, and what it says is run here."""
    monkeypatch.chdir(tmp_path)
    text, data = DISGUISED[kind]
    files()
    (tmp_path / "x").write_bytes(data)
    (tmp_path / "y").write_text("un\ndeux\n")
    valid = ["--valid-source", "v.fr", "--valid-target", "v.en"]
    model = ["--model", tiny_run.path]
    said = {
        fails(*command).removeprefix("clearhead: ")
        for command in (
            ["train", "--source", "x", "--target", "y", *valid, "--out", "out"],
            ["train", "--source", "y", "--target", "x", *valid, "--out", "out"],
            ["prepare", "--source", "x", "--target", "y", *valid, "--store", "st"],
            [
                "prepare",
                "--source",
                "y",
                "--target",
                "y",
                "--valid-source",
                "v.fr",
                "--valid-target",
                "x",
                "--store",
                "st",
            ],
            ["translate", *model, "--input", "x"],
            ["evaluate", *model, "--source", "x", "--reference", "y"],
            ["evaluate", *model, "--source", "y", "--reference", "x"],
        )
    }
    (line,) = said
    subprocess.run(line.rpartition(": ")[2], shell=True, check=True)
    assert (tmp_path / "NEW").read_bytes().decode("utf-8").removeprefix("\ufeff") == text
