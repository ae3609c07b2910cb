"""What `config.json` says of the training of a model is read and written again, whatever release wrote it."""

import json
from pathlib import Path

import pytest

from clearhead import model_directory
from clearhead.config.tables import flat
from clearhead.errors import ConfigError
from clearhead.evaluation.facts import TrainingFacts

FOLDER = Path(__file__).parent / "data_of_0_1"


@pytest.mark.parametrize("name", ["model", "run/best", "run/checkpoints/step-00000006"])
def test_a_model_of_0_1_is_written_as_it_was_read(name):
    """A checkpoint was not measured, a model with alignment and confidence was."""
    path = FOLDER / name
    info = model_directory.read_info(path)
    assert json.loads(json.dumps(info.to_dict())) == json.loads((path / "config.json").read_text("utf-8"))
    assert info.training.corpora[0].read == 120
    assert (info.training.validation is None) == ("checkpoints" in name)
    assert (info.alignment is not None) == (name == "model")


def test_facts_of_another_release_are_kept():
    facts = TrainingFacts.from_dict({"steps": 3, "gpu_hours": 7})
    assert (facts.steps, facts.max_tokens) == (3, 256)
    assert facts.to_dict() == {"steps": 3, "gpu_hours": 7}


def test_of_an_imported_model_only_what_is_known_is_written():
    facts = TrainingFacts(imported_from="MarianMT", max_tokens=100)
    assert facts.to_dict() == {"imported_from": "MarianMT", "max_tokens": 100}
    assert TrainingFacts().to_dict() == {}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], r"\[training\]"),
        ({"steps": "many"}, r"training\.steps"),
        ({"max_tokens": 0}, r"training\.max_tokens"),
        ({"corpora": [{"red": 1}]}, "did you mean 'read'"),
        ({"validation": {"loss": 1.0}}, r"\[training\.validation\] has no perplexity"),
    ],
)
def test_facts_that_are_none_are_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        TrainingFacts.from_dict(values)


def test_nested_tables_have_dotted_names():
    corpora = [{"name": "a", "faults": {"long": 2}}, {"name": "b"}]
    assert dict(flat({"steps": 3, "corpora": corpora, "columns": [1, 2], "none": [], "empty": {}})) == {
        "steps": 3,
        "corpora[0].name": "a",
        "corpora[0].faults.long": 2,
        "corpora[1].name": "b",
        "columns": [1, 2],
    }
