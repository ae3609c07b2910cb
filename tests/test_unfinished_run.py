"""A run that has no model yet is called a run, not a broken model."""

import pytest

from clearhead import cli, model_directory
from clearhead.config import RunConfig
from clearhead.run.directory import RunDirectory


def test_before_the_first_validation_a_line_says_what_to_wait_for(tmp_path, capsys):
    RunDirectory(tmp_path / "run").create(RunConfig())
    for arguments in (["translate", "hello"], ["info"], ["evaluate", "--source", "s", "--reference", "r"]):
        with pytest.raises(SystemExit):
            cli.main([*arguments, "--model", str(tmp_path / "run")])
        told = capsys.readouterr().err
        assert told.startswith(f"clearhead: {tmp_path / 'run'} is a run that has no model yet: ")
        assert "--resume" in told
        assert told.count("\n") == 1


def test_any_other_folder_is_no_run(tmp_path):
    with pytest.raises(model_directory.CheckpointError, match="is not a model directory"):
        model_directory.find(tmp_path)
