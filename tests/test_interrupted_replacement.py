"""A model whose replacement was killed between two renames: it is found, read, and put back by the next write."""

import json
import os
import signal
import sys

import pytest

from clearhead import model_directory
from clearhead.storage import folders
from tests.engines.test_ctranslate2 import write_model


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "model"
    return write_model(path, d_model=8, d_ff=8, num_heads=2, languages=("en", "fr"))


@pytest.fixture
def killed(whole, tmp_path):
    """Return where a model stood when a process that was replacing it was killed."""
    home = tmp_path / "run" / "model"
    folders.write_directory(home, dict(model_directory.files_of(whole)))
    if child := os.fork():
        assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    else:
        renames = 0

        def kill_at_the_second(event, arguments):
            nonlocal renames
            if event == "os.rename":
                renames += 1
                if renames == 2:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(kill_at_the_second)
        folders.write_directory(home, {model_directory.CONFIG: b"{}"})
        os._exit(0)
    assert {left.name for left in home.parent.iterdir()} == {".partial-model", ".replaced-model"}
    return home


@pytest.mark.parametrize("named", ["run", "model"])
def test_it_is_found_where_it_waits(killed, named, caplog):
    found = model_directory.find(killed.parent if named == "run" else killed)
    assert found == folders.aside(killed)
    assert model_directory.read_tokenizer(found).languages == ("en", "fr")
    assert f"replacing {killed} was interrupted" in caplog.text
    assert {left.name for left in killed.parent.iterdir()} == {".partial-model", ".replaced-model"}, (
        "reading moved it, which may be another process's work"
    )


def test_writing_it_anew_gives_it_its_name_back(killed):
    info = model_directory.read_info(folders.aside(killed))
    model_directory.rewrite(model_directory.find(killed), info)
    assert model_directory.find(killed.parent) == killed
    assert json.loads((killed / model_directory.CONFIG).read_bytes())["target_langs"] == list(
        info.target_langs
    )
    assert [left.name for left in killed.parent.iterdir()] == ["model"]


@pytest.mark.parametrize("name", [".", "..", "x" * 250])
def test_names_that_cannot_be_moved_aside_are_refused_as_others_are(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(model_directory.CheckpointError, match=r"there is no model|is not a model directory"):
        model_directory.find(name)
