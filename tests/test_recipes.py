"""Recipes: their configurations are valid, and what they compute by themselves is right."""

import gzip
import importlib.util
from pathlib import Path

import pytest

from clearhead.config import RunConfig

RECIPES = Path(__file__).parent.parent / "recipes"


def script(name, file="run.py"):
    specification = importlib.util.spec_from_file_location(f"recipe_{name}", RECIPES / name / file)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "file", sorted(RECIPES.glob("*/*.toml")), ids=lambda file: f"{file.parent.name}/{file.stem}"
)
def test_configurations_are_valid_and_explained(file):
    RunConfig.load(file)
    readme = (file.parent / "README.md").read_text()
    assert "clearhead train" in readme or "run.py" in readme


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


@pytest.fixture
def tatoeba(tmp_path, monkeypatch):
    """Write made-up parts and make the default model's text of them; return its script and what it made."""
    recipe = script("default-model", "data.py")
    monkeypatch.setattr(recipe, "HELD_TEST", 6)
    monkeypatch.setattr(recipe, "HELD_VALID", 4)
    for language in recipe.LANGUAGES:
        folder = tmp_path / f"en-{language}"
        folder.mkdir()
        for part, numbers in (("train", range(120)), ("valid", range(100, 106)), ("test", range(110, 116))):
            # Sentences 100 to 119 of train stand in valid or test as well, in another case.
            shout = str.upper if part == "train" else str
            english = [shout(f"Sentence {n}, it is.") for n in numbers for _ in range(1 + n % 3)]
            other = [shout(f"{language} {n} {way}!") for n in numbers for way in range(1 + n % 3)]
            if part == "train":
                english += ["Where is the bank?", "x\ty"]
                other += [f"{language} bank", "tab"]
            for side, lines in (("en", english), (language, other)):
                with gzip.open(folder / f"{part}.{side}.gz", "wt", encoding="utf-8") as file:
                    file.write("".join(line + "\n" for line in lines))
    parts = recipe.make(tmp_path)
    recipe.write(parts, tmp_path / "out")
    return recipe, parts, tmp_path / "out"


def test_nothing_that_is_measured_with_is_learned_from(tatoeba):
    recipe, parts, out = tatoeba
    train, held = set(), {recipe.key(text) for _, _, text, _ in recipe.everyday()}
    for file in out.glob("*.tsv"):
        sides = {recipe.key(side) for line in file.read_text().splitlines() for side in line.split("\t")}
        (train if file.name.startswith("train") else held).update(sides)
    assert train
    assert not train & held
    assert len(parts["test.de-fr"]) == 6
    assert len(parts["valid.es-fr"]) == 4


def test_directions_by_way_of_english(tatoeba):
    _, parts, out = tatoeba
    for name in ("de-es", "de-fr", "es-fr"):
        pairs = [pair for pair in parts[f"train.{name}"] if pair != ("tab", "tab")]
        assert all(one.split()[1] == other.split()[1] for one, other in pairs)
        assert len({one.split()[1] for one, _ in pairs}) >= 60
        lines = (out / f"train.{name}.tsv").read_text().splitlines()
        assert all(len(line.split("\t")) == 2 for line in lines)
    assert "x y\ttab" in (out / "train.en-fr.tsv").read_text().splitlines()


def test_everyday_sentences_are_as_they_should_be():
    rows = list(script("default-model", "data.py").everyday())
    assert len(rows) >= 90
    assert len({row[:3] for row in rows}) == len(rows)
    directions = {row[:2] for row in rows}
    assert len(directions) == 12
    for _, _, text, accepted in rows:
        assert accepted
        assert all(answer == answer.strip() and answer for answer in (text, *accepted))
