"""The demo: everything it shows is there; at full length it has learned the grammar."""

import re

import pytest

from clearhead import cli


def run(capsys, *args) -> str:
    capsys.readouterr()
    cli.main(["demo", *args])
    return capsys.readouterr().out


def scores(out: str) -> dict[str, float]:
    return {
        found[0]: float(found[1])
        for found in re.findall(r"(\w\w to \w\w)\W+([\d.]+)", out)
        if "." in found[1]
    }


def test_it_shows_everything_and_keeps_the_run(capsys, tmp_path, monkeypatch):
    """After a few steps translations have no end, so a few sentences are measured."""
    for sentences in ("_VALID_SENTENCES", "_TEST_SENTENCES"):
        monkeypatch.setattr(f"clearhead.terminal.demo.{sentences}", 5)
    out = run(
        capsys, "--steps", "12", "--text", "The dog saw the cat.", "--to", "es", "--out", str(tmp_path / "d")
    )
    assert scores(out).keys() == {"en to es", "en to fr", "fr to en"}
    for said in (
        "Hello!",
        "Bonjour !",
        "{count}",
        "The dog saw the cat.",
        "cross-attention",
    ):
        assert said in out
    assert f'    clearhead translate --model {tmp_path / "d"} --to es "The ball is blue."' in out.splitlines()
    assert "->" not in out
    cli.main(["translate", "--model", str(tmp_path / "d"), "--to", "fr", "The dog saw the cat."])
    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_it_learns_the_grammar(capsys):
    out = run(capsys)
    assert all(score >= 90 for score in scores(out).values()), scores(out)
    assert out.count("right") == 4
