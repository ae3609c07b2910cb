"""`clearhead evaluate` says when the text is in another form than the scores were asked for."""

import json
from types import SimpleNamespace

import pytest

from clearhead import cli
from clearhead.translator import PairScore, Translation

TOKENISED = ["The dog ran , then it sat .", "It did ."]


class Echo:
    """A translator that gives back its input."""

    engine = SimpleNamespace(name="echo", precision="exact")
    sources, targets = ("fr",), ("en",)
    reads_features = False

    def target(self, to):
        return to

    def stream(self, texts, to=None, **options):
        for text in texts:
            yield Translation(source=text, text=text, to=to, score=0.0, tokens=())

    def score(self, sources, targets, to=None):
        return [PairScore(log_prob=-1.0, score=-1.0, num_tokens=1) for _ in sources]


@pytest.fixture
def evaluate(tmp_path, capsys, monkeypatch):
    """Return a function that gives what `clearhead evaluate` prints for a model that copies."""
    monkeypatch.setattr("clearhead.cli.evaluate.translator_of", lambda *_: Echo())

    def run(source, reference, *options):
        for name, lines in (("source", source), ("reference", reference)):
            (tmp_path / name).write_text("".join(line + "\n" for line in lines))
        files = ["--source", str(tmp_path / "source"), "--reference", str(tmp_path / "reference")]
        cli.main(["evaluate", *files, *options])
        return capsys.readouterr()

    return run


def test_warnings_go_to_standard_error_and_into_json(evaluate):
    printed = evaluate(TOKENISED, TOKENISED)
    (warning,) = [line for line in printed.err.splitlines() if line.startswith("warning: ")]
    assert "tokenised already" in warning
    assert "warning" not in printed.out
    assert printed.out.startswith("BLEU 100.00")
    found = json.loads(evaluate(TOKENISED, TOKENISED, "--json").out)
    assert [f"warning: {each}" for each in found["warnings"]] == [warning]


def test_the_right_protocol_is_not_warned_of(evaluate):
    printed = evaluate(TOKENISED, TOKENISED, "--tokenize", "none", "--json")
    assert json.loads(printed.out)["warnings"] == []
    assert "warning" not in printed.err
    cased = [line.lower() for line in TOKENISED]
    assert "capitals count as errors" in evaluate(TOKENISED, cased, "--tokenize", "none").err
    assert "capitals count" not in evaluate(TOKENISED, cased, "--tokenize", "none", "--lowercase").err
