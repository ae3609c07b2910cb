"""Run directories: what differs is named, the log can be cut, files are written whole."""

import pytest

from clearhead.config import RunConfig
from clearhead.errors import ConfigError
from clearhead.run.directory import RunDirectory, compare

BASE = RunConfig.from_dict({"preset": "tiny"}).to_dict()


def changed(section, key, value, **more):
    other = RunConfig.from_dict({"preset": "tiny", section: {key: value, **more}})
    return compare(BASE, other.to_dict())


def test_the_same_differs_in_nothing():
    assert compare(BASE, BASE) == []


def test_what_matters_is_named_and_what_does_not_is_free():
    assert changed("training", "label_smoothing", 0.2) == ["training.label_smoothing was 0.1, is 0.2"]
    assert changed("model", "norm", "pre") == ["model.norm was 'post', is 'pre'"]
    for key, value in (("max_steps", 5), ("patience", 2), ("log_every", 1), ("threads", 1)):
        assert changed("training", key, value) == []
    assert changed("data", "source", "elsewhere/train.fr") == []


def test_the_end_of_a_cosine_is_not_free():
    before = RunConfig.from_dict({"training": {"schedule": "cosine"}}).to_dict()
    after = RunConfig.from_dict({"training": {"schedule": "cosine", "max_steps": 7}}).to_dict()
    assert compare(before, after) == ["training.max_steps was 100000, is 7"]


def test_log_is_cut_to_what_a_checkpoint_saw(tmp_path):
    run = RunDirectory(tmp_path / "run")
    run.create(RunConfig())
    for step in range(5):
        run.log({"event": "train", "step": step})
    with run.log_file.open("a") as file:
        file.write('{"torn')
    run.trim_log(3)
    assert run.log_file.read_text().splitlines() == [f'{{"event": "train", "step": {n}}}' for n in range(3)]
    with run.log_file.open("a") as file:
        file.write('{"torn')
    run.trim_log(3)
    assert run.log_lines() == 3
    assert run.log_file.read_text().endswith("}\n")
    run.trim_log(0)
    assert run.log_lines() == 0


def test_a_directory_of_something_else_is_not_touched(tmp_path):
    (tmp_path / "thesis.txt").write_text("x")
    with pytest.raises(ConfigError, match="is not a run"):
        RunDirectory(tmp_path).check_free()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_how_bleu_parts_words_stays_as_a_run_began(tmp_path):
    """Runs from before `auto` say 13a, and go on with it where nobody asks for anything else."""
    run = RunDirectory(tmp_path / "run")
    run.create(RunConfig.from_dict({"data": {"bleu_tokenize": "13a"}}))
    assert RunConfig().data.bleu_tokenize == "auto"
    assert run.reopen(RunConfig()).data.bleu_tokenize == "13a"
    with pytest.raises(ConfigError, match="bleu_tokenize was '13a', is 'zh'"):
        run.reopen(RunConfig.from_dict({"data": {"bleu_tokenize": "zh"}}))
