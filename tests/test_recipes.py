"""Recipes: their configurations are valid, and what they compute by themselves is right."""

import importlib.util
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from clearhead.config import RunConfig

RECIPES = Path(__file__).parent.parent / "recipes"


def script(name, file="run.py"):
    specification = importlib.util.spec_from_file_location(f"recipe_{name}", RECIPES / name / file)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def configures_a_run(file):
    """Say whether a TOML file is the configuration of a run: it has one of its keys, or the name it mostly has."""
    return file.name == "run.toml" or bool(
        tomllib.loads(file.read_text(encoding="utf-8")).keys() & {field.name for field in fields(RunConfig)}
    )


@pytest.mark.parametrize(
    "file",
    [file for file in sorted(RECIPES.glob("*/*.toml")) if configures_a_run(file)],
    ids=lambda file: f"{file.parent.name}/{file.stem}",
)
def test_configurations_are_valid_and_explained(file):
    training = RunConfig.load(file).training
    assert training.precision == "auto", "bf16 takes many times as long where the processor lacks it"
    assert training.warmup_steps < training.max_steps < 100_000 or file.parent.name == "default-model"
    readme = (file.parent / "README.md").read_text(encoding="utf-8")
    assert "clearhead train" in readme or "run.py" in readme


def test_a_table_that_configures_no_run_is_explained():
    others = [file for file in RECIPES.glob("*/*.toml") if not configures_a_run(file)]
    assert {file.stem for file in others} >= {"mixture", "sources"}
    for file in others:
        assert file.name in (file.parent / "README.md").read_text(encoding="utf-8"), file


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zéro"),
        (21, "vingt et un"),
        (71, "soixante et onze"),
        (80, "quatre-vingts"),
        (81, "quatre-vingt-un"),
        (91, "quatre-vingt-onze"),
        (200, "deux cents"),
        (203, "deux cent trois"),
        (1000, "mille"),
        (1980, "mille neuf cent quatre-vingts"),
        (80_000, "quatre-vingt mille"),
        (200_200, "deux cent mille deux cents"),
        (777_777, "sept cent soixante-dix-sept mille sept cent soixante-dix-sept"),
    ],
)
def test_french_numbers(number, words):
    assert script("numbers").in_words(number) == words


def test_every_number_has_its_own_words():
    numbers = script("numbers")
    assert len({numbers.in_words(n) for n in range(0, 1_000_000, 7)}) == len(range(0, 1_000_000, 7))


def test_error_rates_take_the_nearest_pronunciation():
    g2p = script("g2p")
    assert g2p.edits(["K", "AE", "T"], ["K", "AH", "T", "S"]) == 2
    assert g2p.edits([], ["K"]) == 1
    lexicon = {"cat": ["K AE T"], "a": ["EY", "AH"]}
    assert g2p.error_rates({"cat": "K AE T", "a": "AH"}, lexicon) == (0.0, 0.0)
    assert g2p.error_rates({"cat": "K AH T", "a": "AH"}, lexicon) == (0.5, 0.25)


def test_the_dictionary_is_read_and_parted_by_word(tmp_path):
    g2p = script("g2p")
    file = tmp_path / "d"
    file.write_text("a AH0\na(2) EY1\nabbe AE1 B IY0 # foreign\n3d TH R IY\n'em AH0 M\n")
    assert g2p.read(file) == {"a": ["AH", "EY"], "abbe": ["AE B IY"], "'em": ["AH M"]}
    shares = [g2p.part_of(f"word{n}") for n in range(20_000)]
    assert shares.count("test") / 20_000 == pytest.approx(0.1, abs=0.01)
    assert shares.count("valid") / 20_000 == pytest.approx(0.01, abs=0.004)
