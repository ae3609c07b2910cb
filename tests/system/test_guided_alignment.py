"""A model that is taught word alignments: one head learns them, and the model directory says which."""

import json
import re

import pytest

from clearhead import cli
from tests.system.conftest import TOML, write_corpus


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    """Train on numbers in words, each digit linked with its word; return the folder."""
    folder = tmp_path_factory.mktemp("taught")
    (folder / "run.toml").write_text(TOML.replace("max_steps = 220", "max_steps = 160"))
    flags = ["--config", str(folder / "run.toml"), "--training.guided-alignment", "0.3"]
    for name, pairs, prefix in (("train", 500, ""), ("valid", 40, "valid-")):
        source, target = write_corpus(folder, name, len(name), pairs)
        flags += [f"--{prefix}source", str(source), f"--{prefix}target", str(target)]
        lines = (" ".join(f"{n}-{n}" for n in range(len(line.split()))) for line in source.open())
        (folder / f"{name}.links").write_text("".join(f"{line}\n" for line in lines))
    flags += ["--alignments", str(folder / "train.links"), "--out", str(folder / "run")]
    cli.main(["train", *flags])
    return folder


def test_its_alignments_are_those_it_was_taught(taught, say):
    model = json.loads((taught / "run" / "model" / "config.json").read_text())
    assert model["alignment"]["heads"] == [[0, 0]]
    sides = ["--source", taught / "valid.digits", "--target", taught / "valid.words"]
    out, err = say("align", "--model", taught / "run", *sides, "--gold", taught / "valid.links")
    rate = float(re.search(r"AER ([\d.]+) %", err)[1])
    assert rate <= 2.0, err
    assert out.splitlines()[0].split()[:2] == ["0-0", "1-1"]


def test_it_needs_alignments_and_the_text_they_are_of(taught, tmp_path, tiny_run, capsys):
    sides = ["--source", tiny_run.source, "--target", tiny_run.target]
    valid = ["--valid-source", tiny_run.source, "--valid-target", tiny_run.target]
    flags = ["--config", tiny_run.config, "--training.guided-alignment", "0.05", *sides, *valid]
    for more, said in (
        ([], "has none; name a file"),
        (["--alignments", taught / "train.links"], "500 lines for 40 pairs"),
        (["--subword-sampling", "0.1"], "leave out --subword-sampling"),
    ):
        with pytest.raises(SystemExit):
            cli.main([str(each) for each in ("train", *flags, *more, "--out", tmp_path / "x")])
        assert said in " ".join(capsys.readouterr().err.split())
