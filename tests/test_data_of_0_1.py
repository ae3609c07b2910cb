"""What release 0.1 wrote is still read: a model translates as it did, a run goes on as it would have."""

import json
import shutil
from pathlib import Path

import pytest

from clearhead.config import RunConfig
from clearhead.run import train
from clearhead.run.events import Finished, Prepared
from clearhead.translator import Translator
from clearhead.translator.unsaved import translated

FOLDER = Path(__file__).parent / "data_of_0_1"
EXPECTED = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
NEARLY = 1e-3
"""Other processors and releases of torch add in another order."""


def test_a_model_of_0_1_translates_as_it_did():
    translator = Translator.load(FOLDER / "model", engine="pytorch")
    for expected in EXPECTED["translations"]:
        translation = translator.translate(expected["text"], to=expected["to"], align=True)
        assert translation.text == expected["translation"]
        assert translation.score == pytest.approx(expected["score"], rel=NEARLY)
        assert translation.confidence == pytest.approx(expected["confidence"], rel=NEARLY)
        assert [list(link) for link in translation.alignment.links] == expected["links"]


def test_a_run_of_0_1_is_resumed(tmp_path, monkeypatch):
    """From its checkpoint, with its moving average and the best so far, without the files of its text."""
    shutil.copytree(FOLDER / "run", tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    config = RunConfig.load("run/run.toml")
    events = list(train.run(config, "run", translate=translated, resume=True))
    (prepared,) = (event for event in events if isinstance(event, Prepared))
    assert prepared.resumed_from == 6
    assert isinstance(events[-1], Finished)
    log = [json.loads(line) for line in Path("run/log.jsonl").read_text(encoding="utf-8").splitlines()]
    logged = [event for event in log if event["event"] != "prepared"]
    assert [outline(event) for event in logged] == [outline(event) for event in EXPECTED["log"]]
    for event, expected in zip(logged, EXPECTED["log"], strict=True):
        for name in ("loss", "gradient_norm", "learning_rate"):
            if name in expected:
                assert event[name] == pytest.approx(expected[name], rel=NEARLY)


def outline(event):
    """Return what no rounding changes."""
    named = {name: event.get(name) for name in ("event", "step", "epoch", "tokens", "best", "ending")}
    return named | {"candidates": sorted(event.get("candidates", ()))}
