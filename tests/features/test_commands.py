"""A model of frames behind the commands: the same output as for text, and one line for what cannot be."""

import json
from dataclasses import replace

import numpy as np
import pytest

from clearhead import cli, model_directory
from clearhead.config import RunConfig
from clearhead.errors import ConfigError, DataError
from clearhead.run.prepare import prepare_store
from clearhead.run.train import run
from clearhead.translator.unsaved import translated
from tests.features.conftest import config, write_pairs


def say(capsys, *args):
    """Run a command; return what it printed."""
    cli.main([str(arg) for arg in args])
    return capsys.readouterr()


def fails(capsys, *args):
    """Run a command that cannot be; return the one line that says why."""
    with pytest.raises(SystemExit) as caught:
        cli.main([str(arg) for arg in args])
    assert caught.value.code == 1
    return capsys.readouterr().err.strip().splitlines()[-1]


def test_translate_reads_archives_lists_and_names(trained, signals, spoken, tmp_path, capsys):
    frames, _ = spoken
    by_archive = say(
        capsys, "translate", "--model", trained, "--input", signals / "test.npz"
    ).out.splitlines()
    assert len(by_archive) == len(frames)
    for number in (0, 1):
        np.save(tmp_path / f"{number}.npy", frames[number])
    (tmp_path / "list").write_text("0.npy\n1.npy\n")
    by_list = say(capsys, "translate", "--model", trained, "--input", tmp_path / "list").out.splitlines()
    by_name = say(
        capsys, "translate", "--model", trained, tmp_path / "0.npy", tmp_path / "1.npy"
    ).out.splitlines()
    assert by_list == by_name == by_archive[:2]


def test_evaluate_and_score(trained, signals, spoken, capsys):
    files = ("--source", signals / "test.npz")
    result = json.loads(
        say(capsys, "evaluate", "--model", trained, *files, "--reference", signals / "test.txt", "--json").out
    )
    assert result["sentences"] == len(spoken[0])
    assert result["BLEU"]["value"] > 80
    assert 1 <= result["perplexity"] < 1.5
    rows = say(capsys, "score", "--model", trained, *files, "--target", signals / "test.txt").out.splitlines()
    mean = -sum(float(row.split("\t")[0]) for row in rows) / sum(len(text.split()) + 1 for text in spoken[1])
    assert np.exp(mean) == pytest.approx(result["perplexity"], rel=1e-3)
    assert "--reference" in fails(capsys, "evaluate", "--model", trained, *files)


@pytest.mark.parametrize("name", ["page.html", "numbers.json", "numbers.npz", "timeline.svg", "encoder.svg"])
def test_look(trained, signals, tmp_path, capsys, name):
    place = ("--place", "encoder") if name == "encoder.svg" else ()
    source = f"{signals / 'test.npz'}:arr_0"
    printed = say(capsys, "look", source, "--model", trained, "--out", tmp_path / name, *place)
    assert printed.out.strip() == say(capsys, "translate", source, "--model", trained).out.strip()
    text = (tmp_path / name).read_bytes()
    if name == "timeline.svg":
        assert b">seconds</text>" in text
    assert text


def test_what_cannot_be_is_refused_in_one_line(trained, signals, tmp_path, capsys):
    bad = tmp_path / "bad.npy"
    np.save(bad, np.zeros((3, 5)))
    model = ("--model", trained)
    assert "5 features in each frame, and 6 are expected" in fails(capsys, "translate", *model, bad)
    assert "names no frames" in fails(capsys, "translate", *model, "a sentence")
    archive = f"{signals / 'test.npz'}:arr_0"
    assert "--engine pytorch" in fails(capsys, "translate", *model, archive, "--engine", "ctranslate2")
    assert "frames of numbers" in fails(capsys, "translate", *model, archive, "--detect", "report")
    assert "alignments are between words" in fails(
        capsys, "translate", *model, archive, "--align", "--format", "json"
    )
    for form in ("ctranslate2", "onnx", "huggingface"):
        assert "cannot be exported" in fails(
            capsys, "export", *model, "--format", form, "--out", tmp_path / form
        )


def test_sources_that_are_damaged_stop_a_run_before_it_begins(signals, tmp_path):
    frames, _ = write_pairs(tmp_path, "train", 8, 1)
    write_pairs(tmp_path, "valid", 4, 2)
    frames[5][1, 2] = np.nan
    np.savez(tmp_path / "train.npz", *frames)
    with pytest.raises(DataError, match=r"train.npz:arr_5 has a number that is not finite .* in frame 1"):
        list(run(config(tmp_path), tmp_path / "run", translate=translated))
    assert not (tmp_path / "run" / "run.toml").exists()
    frames[5] = frames[5][:, :4]
    np.savez(tmp_path / "other.npz", *frames)
    data = replace(config(tmp_path).data, source=str(tmp_path / "other.npz"))
    with pytest.raises(DataError, match=r"other.npz:arr_5 has 4 features .* 6 are expected"):
        list(run(replace(config(tmp_path), data=data), tmp_path / "run", translate=translated))


def test_a_prepared_store_is_the_same_text(signals, trained, tmp_path):
    prepared = config(signals)
    data = replace(prepared.data, store=str(tmp_path / "store"), max_frames=10)
    *_, store = prepare_store(replace(prepared, data=data))
    assert store.features == 6
    lengths = np.diff(store.corpus.src_offsets)
    assert 1 <= len(store) < 600
    assert lengths.max() <= 10
    assert sum(report["faults"]["too long"]["count"] for report in store.report) == 600 - len(store)
    with pytest.raises(ConfigError, match="max_frames was 10, is 3000"):
        list(prepare_store(replace(prepared, data=replace(data, max_frames=3000))))


def test_settings_that_need_text_are_refused(signals, trained):
    table = config(signals).to_dict()
    for section, name, value in (
        ("tokenizer", "symbols", True),
        ("data", "subword_sampling", 0.1),
        ("decoding", "form", True),
        ("model", "tied_embeddings", False),
        ("model", "kind", "lstm"),
    ):
        changed = {**table, section: {**table[section], name: value}}
        if name == "tied_embeddings":
            changed["model"]["source_features"] = 6
        with pytest.raises(ConfigError):
            RunConfig.from_dict(changed)
    with pytest.raises(ConfigError, match="source_convolutions must be 0 unless data"):
        RunConfig.from_dict({"model": {"source_convolutions": 1}})


def test_a_model_of_text_keeps_its_file(trained):
    info = model_directory.read_info(trained / "model")
    assert info.model.source_features == 6
    assert {"source_features", "source_convolutions", "source_seconds"} <= info.to_dict()["model"].keys()
    of_text = model_directory.read_info(model_directory.find()).to_dict()["model"]
    assert not any(name.startswith("source_") for name in of_text)
