"""The text of the default model, made from made-up parts: nothing that is measured with is learned from."""

import re
import tomllib

import pytest

from clearhead.config import RunConfig
from tests.recipes import default_model
from tests.test_recipes import script


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """Write raw data; return its three folders."""
    recipe, folder = script("default-model", "data.py"), tmp_path_factory.mktemp("raw")
    default_model.tatoeba(recipe, folder / "tatoeba")
    default_model.open_text(recipe, folder / "open")
    default_model.dev(recipe, folder / "dev")
    return folder / "tatoeba", folder / "open", folder / "dev"


def made(raw, out, lexicon=True, **options):
    """Make the training text small; return the recipe and the sides of every part, by file name."""
    recipe = script("default-model", "data.py")
    for name in ("HELD_TEST", "HELD_VALID", "GENERATED", "DRILLED"):
        setattr(recipe, name, getattr(default_model, name))
    out.mkdir()
    if lexicon:
        leaks = default_model.leaked(recipe)
        for language in recipe.LANGUAGES:
            rows = [("dog", f"{language} dog"), *((leak, f"{language} {n}") for n, leak in enumerate(leaks))]
            recipe.write(out / f"lexicon.en-{language}.tsv", rows)
    recipe.make(*raw, out, **options)
    parts = {
        file.name: [line.split("\t") for line in file.read_text(encoding="utf-8").splitlines()]
        for file in sorted(out.glob("*.tsv"))
        if not file.name.startswith("lexicon")
    }
    return recipe, parts


@pytest.fixture(scope="module")
def all_of_it(raw, tmp_path_factory):
    out = tmp_path_factory.mktemp("made") / "out"
    return *made(raw, out), out


def test_nothing_that_is_measured_with_is_learned_from(all_of_it):
    recipe, parts, _ = all_of_it
    held = {
        recipe.key(text)
        for name in parts
        if not name.startswith("train")
        for pair in parts[name]
        for text in pair
    }
    rows = recipe.read_rows
    lists = [text for _, _, text, _ in recipe.everyday()]
    for file in (recipe.HERE / "held-out").glob("*.tsv"):
        if file.stem != "first-words":  # see held_out_lists
            lists += [row[column] for row in rows(file) for column in ("source", "full") if column in row]
    held |= {recipe.key(text) for text in lists if len(recipe.key(text).split()) > 2}
    held |= {recipe.key(text) for row in recipe.phrasebook()[1] for cells in row.values() for text in cells}
    held |= {recipe.key(f"{news} {n}.") for news in default_model.NEWS.values() for n in range(20)}
    assert len(held) > 2000
    assert (
        len(held & set(map(recipe.key, default_model.leaked(recipe)))) > 200
    )  # stand in the raw data all the same
    trained = {name: pairs for name, pairs in parts.items() if name.startswith("train")}
    assert {name.split(".")[1] for name in trained} == {*default_model.mixture(recipe), "same"}
    for name, pairs in trained.items():
        assert pairs, name
        assert not {recipe.key(side) for pair in pairs for side in pair} & held, name


def test_directions_by_way_of_english(all_of_it):
    _, parts, _ = all_of_it
    assert len(parts["test.de-fr.tsv"]) == default_model.HELD_TEST
    assert len(parts["valid.es-fr.tsv"]) == default_model.HELD_VALID
    for name in ("de-es", "de-fr", "es-fr"):
        pairs = [pair for pair in parts[f"train.tatoeba.{name}.tsv"] if pair != ["tab", "tab"]]
        assert all(len(pair) == 2 for pair in pairs)
        numbered = [(one.split()[1], other.split()[1]) for one, other in pairs if "LEAK" not in one.upper()]
        assert all(one == other for one, other in numbered if one.isdigit() and other.isdigit())
        assert len({one for one, _ in numbered}) >= 60
    assert ["x y", "tab"] in parts["train.tatoeba.en-fr.tsv"]


def test_the_configuration_has_every_part_with_its_weight(all_of_it):
    recipe, parts, out = all_of_it
    run = RunConfig.load(out / "run.toml")
    assert {corpus.source for corpus in run.data.corpora} == {
        (out / name).as_posix() for name in parts if name.startswith("train")
    }
    weights = {corpus.source.rsplit("/", 1)[-1]: corpus.weight for corpus in run.data.corpora}
    book = default_model.mixture(recipe)["phrasebook"]["weight"]
    assert weights["train.phrasebook.en-fr.tsv"] == book
    assert weights["train.phrasebook.es-fr.tsv"] < book
    assert {corpus.source for corpus in run.data.validation} == {
        (out / name).as_posix() for name in parts if name.startswith("watch")
    }


def test_glosses_go_one_way_and_a_lexicon_both(all_of_it):
    _, parts, out = all_of_it
    assert "train.glosses-fr.fr-en.tsv" in parts
    assert "train.glosses-fr.en-fr.tsv" not in parts
    assert ["dog", "de dog"] in parts["train.lexicon.en-de.tsv"]
    tables = tomllib.loads((out / "run.toml").read_text(encoding="utf-8"))["data"]["corpora"]
    both = {table["source"].rsplit("/", 1)[-1]: table.get("both_directions", False) for table in tables}
    assert both["train.lexicon.en-de.tsv"]
    assert not both["train.glosses-fr.fr-en.tsv"]
    assert not both["train.phrasebook.fr-en.tsv"]


def test_without_share_alike_and_lexicon_exactly_these_are_left_out(raw, all_of_it, tmp_path):
    recipe, parts, _ = all_of_it
    _, fewer = made(raw, tmp_path / "out", lexicon=False, share_alike=False)

    def learned(of):
        texts = {
            side for name, pairs in of.items() if name.startswith("train") for pair in pairs for side in pair
        }
        return {name for name in default_model.files(recipe) if f"en row 0 of {name}" in texts}

    assert learned(parts) == set(default_model.files(recipe))
    assert learned(parts) - learned(fewer) == recipe.SHARE_ALIKE
    assert {"wiktionary-words", "gnome-user-docs", "mledoze-countries-names"} < recipe.SHARE_ALIKE
    assert parts["train.tatoeba.en-fr.tsv"] == fewer["train.tatoeba.en-fr.tsv"]
    assert not [name for name in fewer if "lexicon" in name]


def test_the_mixture_names_known_sources_and_weighs_every_group():
    recipe = script("default-model", "data.py")
    known, groups, files = recipe.sources(), default_model.mixture(recipe), default_model.files(recipe)
    assert all(about["weight"] > 0 for about in groups.values())
    assert len(set(files)) == len(files)
    made_here = {name for name, about in groups.items() if "files" not in about}
    assert made_here == {
        *("tatoeba", "phrasebook", "talk", "labels", "generated", "drills", "hours", "repeats", "lexicon")
    }
    own = {name for name in made_here - {"phrasebook"} if {"tables", "frames"} & groups[name].keys()}
    assert set(known) == {*files, *made_here - {"lexicon"} - own}  # of the phrasebook and of the generators
    for name, about in known.items():
        assert set(about) == {"what", "licence", "share_alike", "from", "attribution"}, name
        assert about["share_alike"] == ("-SA" in about["licence"] or "ODbL" in about["licence"]), name
        assert all(about[each].strip() for each in ("what", "licence", "from", "attribution")), name
    for name in ("african-storybook", "programming-historian"):
        assert f"credits/{name}.tsv" in known[name]["attribution"]
        assert (recipe.HERE / "credits" / f"{name}.tsv").exists()


def test_phrases_are_learned_as_they_are_typed_in_haste(all_of_it):
    recipe, parts, _ = all_of_it
    words = {"hund": 0, "Hund": 5, "guten": 3, "Guten": 1, "Paris": 2}
    assert recipe.unmarked("Guten Tag!", words) == "guten Tag"
    assert recipe.unmarked("¿Hund?", words) == "Hund"
    assert recipe.unmarked("Paris.", words) == "Paris"
    assert recipe.unmarked("!", words) == ""
    learned = dict(map(tuple, parts["train.talk.fr-en.tsv"]))
    assert "au revoir" in {phrase.lower() for phrase in learned if phrase[-1] not in ".!?"}


def test_what_the_finished_model_is_tried_on_is_not_drilled(all_of_it):
    recipe, parts, _ = all_of_it
    tried = recipe.tried()
    assert recipe.key("Es ist halb fünf.") in tried
    drilled = {
        name: pairs for name, pairs in parts.items() if re.match(r"train\.(drills|hours|repeats)", name)
    }
    assert len(drilled) == 18
    for pairs in drilled.values():
        assert len(pairs) > 20
        assert not {recipe.key(side) for pair in pairs for side in pair} & tried


def test_the_commonest_phrases_are_never_set_aside(all_of_it):
    recipe, parts, _ = all_of_it
    aside = {recipe.key(row["en"][0]) for row in recipe.phrasebook()[1]}
    assert not aside & recipe.first_words()
    assert ["thank you very much", "vielen Dank"] in parts["train.talk.en-de.tsv"]
