"""From files to a looked-at translation with a model of each kind; what does not apply is said in one line."""

import json
import re
import shutil

import pytest

from clearhead import cli
from clearhead.inspection.maps import AttentionMaps
from clearhead.translator import Translator
from tests.system.conftest import write_corpus

TOML = """
preset = "tiny"
[data]
source_lang = "en"
target_lang = "en"
[tokenizer]
vocab_size = 320
[model]
d_model = 32
num_encoder_layers = 1
num_decoder_layers = 1
dropout = 0.0
kind = "{kind}"
{more}
[training]
max_steps = 60
batch_tokens = 500
schedule = "cosine"
learning_rate = 0.01
warmup_steps = 10
valid_every = 30
save_every = 30
average_last = 2
threads = 1
precision = "fp32"
"""
KINDS = {
    "gru dot": ("gru", 'attention = "dot"'),
    "lstm none": ("lstm", 'attention = "none"'),
    "convolutional": ("convolutional", "kernel_size = 5"),
}


@pytest.fixture(scope="module", params=KINDS)
def run(request, tmp_path_factory):
    """A run of each kind: its directory, and the files of the corpus."""
    folder = tmp_path_factory.mktemp("kind")
    kind, more = KINDS[request.param]
    (folder / "run.toml").write_text(TOML.format(kind=kind, more=more))
    source, target = write_corpus(folder, "train", 1, 300)
    valid = write_corpus(folder, "valid", 2, 10)
    cli.main(
        [
            "train", "--config", str(folder / "run.toml"), "--out", str(folder / "run"),
            "--source", str(source), "--target", str(target),
            "--valid-source", str(valid[0]), "--valid-target", str(valid[1]),
        ]
    )  # fmt: skip
    return folder / "run", *valid


def test_the_commands_are_those_of_every_model(run, capsys):
    path, source, target = map(str, run)
    cli.main(["translate", "1 2 3", "--model", path])
    assert capsys.readouterr().out.strip()
    cli.main(["evaluate", "--model", path, "--source", source, "--reference", target, "--json"])
    assert 1 < json.loads(capsys.readouterr().out)["perplexity"] < 320
    cli.main(["score", "--model", path, "--source", source, "--target", target])
    assert len(capsys.readouterr().out.splitlines()) == 10
    cli.main(["info", path, "--json"])
    info = json.loads(capsys.readouterr().out)
    assert info["model"]["kind"] in ("gru", "lstm", "convolutional")
    assert "norm" not in info["model"]
    kept = (run[0] / "model" / "README.md").read_text()
    assert re.search(r"^An? .*(GRU|LSTM|convolutional)", kept, re.MULTILINE)


def test_translating_gives_the_score_of_scoring(run):
    translator = Translator.load(run[0])
    translation = translator.translate("4 5", beam_size=4)
    (scored,) = translator.score(["4 5"], [translation.text])
    assert translation.score == pytest.approx(scored.score, abs=1e-4)
    greedy = translator.translate("4 5", beam_size=1)
    assert translation.score >= greedy.score - 1e-4


def test_other_programs_are_refused_in_one_line(run, tmp_path, capsys):
    kind = Translator.load(run[0]).info.model.kind
    for words in (
        ["export", "--format", "ctranslate2", "--out", str(tmp_path / "x")],
        ["export", "--format", "onnx", "--out", str(tmp_path / "x")],
        ["export", "--format", "huggingface", "--out", str(tmp_path / "x")],
        ["translate", "1 2", "--engine", "ctranslate2"],
    ):
        with pytest.raises(SystemExit):
            cli.main([*words, "--model", str(run[0])])
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert f"cannot represent a model of kind {kind}" in line
        assert "engine pytorch" in line
    assert not (tmp_path / "x").exists()


def test_its_attention_is_looked_at(run, tmp_path, capsys):
    translator = Translator.load(run[0])
    if translator.info.model.attends("cross") == (0, 0):
        with pytest.raises(SystemExit):
            cli.main(["look", "1 2 3", "--model", str(run[0]), "--out", str(tmp_path / "look.html")])
        assert "no attention to the source" in capsys.readouterr().err
        with pytest.raises(SystemExit):
            cli.main(["align", "--model", str(run[0]), "--source", str(run[1]), "--target", str(run[2])])
        assert "no attention to the source" in capsys.readouterr().err
        return
    maps = translator.look("1 2 3", measures=True)
    assert maps.cross.shape == (1, 1, len(maps.target), len(maps.source))
    assert maps.cross.sum(-1) == pytest.approx(1, abs=1e-5)
    assert not maps.encoder.size
    assert not maps.decoder.size
    for name in ("look.json", "look.npz"):
        maps.save(tmp_path / name)
        again = AttentionMaps.load(tmp_path / name)
        assert (again.cross == maps.cross).all()
        assert again.encoder.shape == maps.encoder.shape
        assert again.decoder.shape == maps.decoder.shape
    for name in ("look.html", "look.svg"):
        cli.main(["look", "1 2 3", "--model", str(run[0]), "--out", str(tmp_path / name)])
        assert (tmp_path / name).stat().st_size > 1000
    assert "The walk goes through the layers of a Transformer" in (tmp_path / "look.html").read_text()
    with pytest.raises(SystemExit):
        cli.main(
            ["look", "1 2", "--model", str(run[0]), "--place", "encoder", "--out", str(tmp_path / "e.svg")]
        )
    assert "has no encoder self-attention; choose the place cross" in capsys.readouterr().err
    cli.main(["align", "--model", str(run[0]), "--source", str(run[1]), "--target", str(run[2])])
    assert len(capsys.readouterr().out.splitlines()) == 10


def test_a_run_goes_on_where_it_stopped(run):
    """Its last checkpoint and its model are taken away, as if it had ended before; the weights come out bit for bit."""
    weights = run[0] / "model" / "model.safetensors"
    whole = weights.read_bytes()
    shutil.rmtree(run[0] / "checkpoints" / "step-00000060")
    shutil.rmtree(run[0] / "model")
    cli.main(["train", "--config", str(run[0] / "run.toml"), "--out", str(run[0]), "--resume"])
    assert weights.read_bytes() == whole


def test_it_is_planned(run, capsys):
    cli.main(["plan", "--config", str(run[0] / "run.toml"), "--json"])
    plan = json.loads(capsys.readouterr().out)
    assert plan["parameters"] == Translator.load(run[0]).info.model.num_parameters  # with its vocabulary
    assert plan["flops_per_token"] > 0
