"""A model in ONNX translates as it does in our own code."""

import json
import sys

import numpy as np
import onnxruntime
import pytest

from clearhead import cli, model_directory
from clearhead.config import DecodingConfig
from clearhead.engines import choice, parity
from clearhead.engines.protocol import SearchOptions
from clearhead.errors import EngineError
from clearhead.exchange import onnx
from clearhead.exchange.write import REPORT, export
from clearhead.text.vocabulary import BOS, EOS, PAD
from tests.engines.test_ctranslate2 import write_model

MODELS = {  # every option of a model stands in one of them
    "paper": {},
    "modern": {"activation": "swiglu", "normalization": "rms", "positions": "rotary", "norm": "pre"},
    "learned": {"activation": "gelu", "positions": "learned", "max_positions": 500, "tied_embeddings": False},
    "uneven": {
        "activation": "swish",
        "num_encoder_layers": 1,
        "num_decoder_layers": 3,
        "norm": "pre",
        "output_bias": True,
    },
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Models and what they were exported to, without checks of shapes: the exporter's numbers are no int."""
    folder = tmp_path_factory.mktemp("onnx")
    pairs = {name: (folder / name, folder / f"{name}.onnx") for name in MODELS}
    for number, (name, (model, _)) in enumerate(pairs.items()):
        write_model(model, seed=number, languages=("de", "fr"), **MODELS[name])
    for model, out in pairs.values():
        export(model, out, "onnx")
    return pairs


@pytest.fixture(params=MODELS)
def exported(request, folders):
    """A model and its folder."""
    return folders[request.param]


def test_the_proof_is_kept_beside_it(exported):
    report = json.loads((exported[1] / REPORT).read_text())
    assert report["sources"] >= 9
    assert report["greedy_tokens"] >= 3 * report["sources"]
    assert report["largest_difference"] < 1e-4
    assert report["versions"]["onnxruntime"]


def test_a_padded_batch_is_each_alone(exported):
    model, folder = exported
    theirs, ours = onnx.OnnxRuntime(folder), choice.load_engine("pytorch", model)
    srcs = parity.random_sources(model, seed=5)[:5]
    tgts = [[*src[1:-1], *src[1:-1]][:6] for src in parity.random_sources(model, seed=6)[:5]]
    width = max(map(len, srcs))
    state = theirs.start(np.array([[*src, *[PAD] * (width - len(src))] for src in srcs]))
    steps, last = [], [BOS] * 5
    for place in range(7):
        log_probs, state = theirs.step(last, state)
        last = [tgt[place] if place < len(tgt) else EOS for tgt in tgts]
        steps.append(log_probs[range(5), last])
    for row, expected in enumerate(ours.score(srcs, tgts, allowed_only=True)):
        found = [step[row] for step in steps[: len(expected)]]
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_it_never_writes_controls(exported):
    theirs, forbidden = (
        onnx.OnnxRuntime(exported[1]),
        model_directory.read_tokenizer(exported[0]).forbidden_ids,
    )
    log_probs, _ = theirs.step([BOS], theirs.start(np.array([[7, 8, EOS]])))
    assert log_probs[0, sorted(forbidden)].max() < -1000


def test_a_model_that_differs_leaves_nothing(folders, tmp_path, monkeypatch, capsys):
    """The proof is told of another model's graphs."""
    model, _ = folders["paper"]
    wrong = folders["uneven"][1]

    def write(path, folder):
        for file in (onnx.ENCODER, onnx.DECODER, onnx.FORMAT):
            (folder / file).write_bytes((wrong / file).read_bytes())

    monkeypatch.setattr(onnx, "write", write)
    with pytest.raises(SystemExit):
        cli.main(["export", "--model", str(model), "--format", "onnx", "--out", str(tmp_path / "out")])
    assert "does not run in onnxruntime" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_without_the_packages_one_line_says_which(folders, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(EngineError, match=r"onnxscript and onnxruntime; .*pip install 'onnxscript>="):
        onnx.write(folders["paper"][0], tmp_path)


def test_it_runs_to_its_last_position(folders):
    """Learned positions end; sinusoids have as many rows as `format.json` says."""
    for name in ("paper", "learned"):
        model, folder = folders[name]
        most = json.loads((folder / onnx.FORMAT).read_text())["positions"]
        assert most == {"paper": 2048, "learned": 500}[name]
        src = [7] * (most - 2) + [EOS]
        expected = choice.load_engine("pytorch", model).score([src], [[7, 8]], allowed_only=True)
        np.testing.assert_allclose(onnx.OnnxRuntime(folder).score([src], [[7, 8]]), expected, atol=1e-3)


def test_the_guide_needs_nothing_else(folders):
    """Inputs and outputs have the names that are written down."""
    _, folder = folders["uneven"]
    encoder, decoder = (onnxruntime.InferenceSession(folder / name) for name in (onnx.ENCODER, onnx.DECODER))
    kept = [f"{{}}.{layer}.{part}" for layer in range(3) for part in ("keys", "values")]
    memory = ["memory_mask", *(name.format("memory") for name in kept)]
    assert [each.name for each in encoder.get_outputs()] == memory
    assert [each.name for each in decoder.get_inputs()] == [
        "last",
        *memory,
        *(n.format("past") for n in kept),
    ]
    assert [each.name for each in decoder.get_outputs()] == ["logits", *(n.format("present") for n in kept)]


def test_greedy_is_ours(exported):
    model, folder = exported
    options = SearchOptions(
        decoding=DecodingConfig(beam_size=1, alpha=0.0, max_length_factor=0.0, max_length_offset=5),
        carry=False,  # the graphs hold to nothing but the probabilities
    )
    srcs = parity.random_sources(model, seed=9)[:6]
    ours = dict(choice.load_engine("pytorch", model).translate(srcs, options))
    for number, (found,) in onnx.OnnxRuntime(folder).translate(srcs, options):
        assert found.tokens == ours[number][0].tokens
