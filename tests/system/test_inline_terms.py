"""A model trained with terms in its sources: it uses what it is given, and translates the rest as before."""

import random

import pytest

from clearhead import cli
from clearhead.engines.protocol import SearchOptions
from clearhead.terms import Terms
from clearhead.translator import Translator
from clearhead.translator.passage import cut
from clearhead.translator.request import Request
from tests.system.conftest import TOML

SOURCES = ["ball", "cat", "dog", "house", "milk"]
TARGETS = {word: (word[::-1] + "ka", word[::-1] + "mo") for word in SOURCES}
"""Each word is translated in two ways, and nothing but a term says which is wanted."""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("terms")
    settings = (
        TOML.replace("[training]", "[training]\nselect_by = 'loss'")
        .replace("vocab_size = 320", "vocab_size = 400\nterms = true")
        .replace("max_steps = 220", "max_steps = 330")
    )
    (folder / "run.toml").write_text(settings + "[data.augmentation]\nterms = 0.8\n")
    flags = ["--config", str(folder / "run.toml"), "--out", str(folder / "run")]
    for name, pairs, prefix in (("train", 500, ""), ("valid", 30, "valid-")):
        draws = random.Random(name)
        rows = [draws.sample(SOURCES, draws.randint(1, 4)) for _ in range(pairs)]
        sides = {"source": rows, "target": [[draws.choice(TARGETS[word]) for word in row] for row in rows]}
        for side, texts in sides.items():
            (folder / f"{name}.{side}").write_text("".join(" ".join(text) + "\n" for text in texts))
            flags += [f"--{prefix}{side}", str(folder / f"{name}.{side}")]
        links = (" ".join(f"{n}-{n}" for n in range(len(row))) for row in rows)
        (folder / f"{name}.links").write_text("".join(f"{line}\n" for line in links))
    cli.main(["train", *flags, "--alignments", str(folder / "train.links")])
    return folder


@pytest.fixture(scope="module")
def translator(run):
    return Translator.load(run / "run", engine="pytorch")


def test_what_is_given_is_used_without_any_constraint(translator):
    """By the engine alone, which nothing holds to the terms; without them it can only guess which way is wanted."""
    draws = random.Random(0)
    used = {True: 0, False: 0}
    for _ in range(24):
        row = draws.sample(SOURCES, 3)
        for wanted in TARGETS[row[1]]:
            (sentence,) = cut(" ".join(row), manner_of(translator, Terms.of((row[1], wanted)))).sentences
            for given in used:
                ids = (sentence.inline if given else sentence).ids
                ((_, hypotheses),) = translator.engine.translate([ids], SearchOptions(), None)
                words = translator.tokenizer.decode(hypotheses[0].tokens).split()
                used[given] += words[1:2] == [wanted]
    assert used[False] <= 24
    assert used[True] >= used[False] + 8, used


def manner_of(translator, terms):
    """Return how texts are cut and encoded for a request with these terms."""
    request = Request.of(
        translator.tokenizer,
        translator.info,
        tag=translator.target(None),
        search=SearchOptions(),
        terms=terms,
    )
    return request.manner


def test_translations_have_the_terms_and_say_so(translator):
    terms = Terms.of(*((word, ways[1]) for word, ways in TARGETS.items()))
    translations = translator.translate(["cat dog", "ball house milk", "milk"], terms=terms)
    assert [use.used for each in translations for use in each.terms] == [True] * 6
    assert not any(each.notes for each in translations)
    alone = [translator.translate(each.source, terms=terms) for each in translations]
    assert [each.text for each in alone] == [each.text for each in translations]


def test_marks_that_somebody_types_are_text(translator):
    text = "cat \ue1f0 dog\ue1f1 ballmo\ue1f2"
    assert translator.tokenizer.decode(translator.tokenizer.encode(text)) == text
    assert not any("⟨" in token for token in translator.translate(text).tokens)


def test_terms_need_alignments_and_a_vocabulary_with_marks(run, tmp_path, tiny_run, capsys):
    flags = [f"--{side}={run / f'train.{side}'}" for side in ("source", "target")]
    flags += [f"--valid-{side}={run / f'valid.{side}'}" for side in ("source", "target")]
    with_links = [*flags, f"--alignments={run / 'train.links'}"]
    for more, said in (
        ([f"--config={run / 'run.toml'}", *flags], "takes terms from known word alignments"),
        ([f"--config={tiny_run.config}", *with_links], "nothing would learn them"),
        (
            [
                f"--config={tiny_run.config}",
                f"--init={tiny_run.path}",
                "--terms=0.1",
                *with_links,
            ],
            "needs marks that the vocabulary of this tokenizer lacks",
        ),
    ):
        with pytest.raises(SystemExit):
            cli.main(["train", *more, f"--out={tmp_path / 'x'}"])
        assert said in " ".join(capsys.readouterr().err.split())
