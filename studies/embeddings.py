"""Do wider embeddings capture more, and what do they know: before training, after it, across languages?

$ python -m studies.embeddings [--full] [--model MODEL]
"""

import argparse
from collections.abc import Callable, Sequence
from itertools import pairwise, permutations

import torch
from torch import Tensor

from clearhead.model.transformer import Transformer
from clearhead.translator import Translator
from studies.claim import Claim, at_least, at_most
from studies.figure import Panel
from studies.heads import shape
from studies.learning import epochs, learn, token_losses, transformer
from studies.narrow import narrowed
from studies.neighbours import Concept, by_chance, concepts, found_first, like_neighbours, told_apart
from studies.spread import cell
from studies.study import Raw, Results, Study, main
from studies.table import Table
from studies.words import translations, vocabulary

SIZES: dict[str, dict[str, int]] = {
    "toy": {"d_model": 16, "steps": 3, "pairs": 60, "tokens": 200, "held": 16},
    "quick": {"d_model": 32, "steps": 400, "pairs": 4000, "tokens": 500, "held": 200},
    "full": {"d_model": 64, "steps": 1000, "pairs": 30_000, "tokens": 1200, "held": 1000},
}
WIDTHS = (2, 4, 8, 16, 32, 64)
"""Those up to the model's own are tried."""
LANGUAGES = ("en", "fr", "es")
Vectors = Callable[[str], Tensor]
"""The embedding of a word."""


def knows(rows: Sequence[Concept], vectors: Vectors, languages: Sequence[str]) -> dict[str, float]:
    """Return how often the nearest word is of a word's own class, and its translation the nearest in each direction."""
    by_language = {
        language: torch.stack([vectors(row.words[language]) for row in rows]) for language in languages
    }
    kinds = [row.kind for row in rows]
    return {
        "words": float(len(rows)),
        "class": sum(like_neighbours(table, kinds) for table in by_language.values()) / len(languages),
        "class by chance": by_chance(kinds),
        "translation": sum(
            found_first(by_language[one], by_language[other]) for one, other in permutations(languages, 2)
        )
        / (len(languages) * (len(languages) - 1)),
        "translation by chance": 1 / len(rows),
    }


def of_words(model: Transformer) -> Vectors:
    """Return the embeddings of the grammar's words."""
    ids = {word: place for place, word in enumerate(vocabulary("en", "fr"))}
    table = model.src_embedding.weight.detach()
    return lambda word: table[ids[word]]


def default_model(seed: int, path: str | None) -> Raw:
    """Return what the default model's embeddings know, and what they would if they were drawn at random.

    A word of several pieces is their mean. Words that share a piece with their translation are left out.
    """
    translator = Translator.load(path, engine="pytorch")
    tokenizer, trained = translator.tokenizer, translator.pytorch.model
    assert isinstance(trained, Transformer)
    pieces = {word: frozenset(tokenizer.encode(word)) for row in concepts() for word in row.words.values()}
    rows = [
        row
        for row in told_apart(concepts(), LANGUAGES)
        if all(
            pieces[row.words[one]].isdisjoint(pieces[row.words[other]])
            for one, other in permutations(LANGUAGES, 2)
        )
    ]
    torch.manual_seed(seed)
    tables = {
        "before": Transformer(trained.config).src_embedding.weight.detach(),
        "after": trained.src_embedding.weight.detach(),
    }

    def mean_of(table: Tensor) -> Vectors:
        return lambda word: table[sorted(pieces[word])].mean(dim=0)

    return {when: knows(rows, mean_of(table), LANGUAGES) for when, table in tables.items()}


def measure(seed: int, options: argparse.Namespace) -> Raw:
    """Train a model for each width of the embeddings; ask what they and the default model's know."""
    size = SIZES[options.form]
    train = translations(seed, size["pairs"], "train").corpus
    valid = translations(seed, size["held"], "valid").corpus
    rows = told_apart(concepts(), ("en", "fr"))
    learned, before = {}, {}
    for width in (width for width in WIDTHS if width <= size["d_model"]):
        model = transformer(shape(size["d_model"], 4), seed)
        others = sum(
            p.numel() for name, p in model.named_parameters() if not name.startswith("src_embedding")
        )
        if width < size["d_model"]:
            narrowed(model, width)
        before = knows(rows, of_words(model), ("en", "fr"))
        found = learn(model, epochs(train, size["tokens"], seed), seed=seed, steps=size["steps"], rate=0.005)
        loss, right = token_losses(model, valid)
        after = knows(rows, of_words(model), ("en", "fr"))
        learned[str(width)] = {
            **found.facts(),
            "others": others,
            "loss": loss,
            "right": right,
            "knows": after,
        }
    return {
        "learned": learned,
        "small": {"before": before, "after": after},
        "default": default_model(seed, options.model),
    }


def of_width(results: Results, width: str, what: str) -> list[float]:
    """Return a figure of each seed's model of a width."""
    return [one["learned"][width][what] for one in results]


def known(results: Results, which: str, when: str, what: str) -> list[float]:
    """Return what embeddings know, of each seed."""
    return [one[which][when][what] for one in results]


def tables(results: Results) -> list[Table]:
    """Return losses by width, and what embeddings know before and after training."""
    whats = ("class", "class by chance", "translation", "translation by chance")
    return [
        Table(
            "Width of the embeddings, everything else equal",
            [
                "numbers a word",
                "parameters of embeddings",
                "of all else",
                "held-out loss (nats a word)",
                "words that come first",
                "nearest is of its class",
                "nearest is its translation",
            ],
            [
                [
                    width,
                    f"{row['parameters'] - row['others']:,}",
                    f"{row['others']:,}",
                    cell(of_width(results, width, "loss")),
                    cell(of_width(results, width, "right")),
                    *(
                        cell([one["learned"][width]["knows"][what] for one in results])
                        for what in ("class", "translation")
                    ),
                ]
                for width, row in results[0]["learned"].items()
            ],
        ),
        Table(
            "What embeddings know (share of the words of a list)",
            [
                "",
                "words",
                "nearest is of its class",
                "by chance",
                "nearest in the other language is its translation",
                "by chance",
            ],
            [
                [
                    f"{title}, {when} training",
                    f"{results[0][which][when]['words']:.0f}",
                    *(cell(known(results, which, when, what)) for what in whats),
                ]
                for which, title in (
                    ("small", "small model (en, fr)"),
                    ("default", "default model (en, fr, es)"),
                )
                for when in ("before", "after")
            ],
        ),
    ]


def panels(results: Results) -> list[Panel]:
    """Draw the loss by width, and what is known by width."""
    widths = list(results[0]["learned"])
    return [
        Panel(
            title="Width, everything else equal",
            x="numbers a word",
            y="held-out loss (nats a word)",
            lines={"held-out loss": {float(width): of_width(results, width, "loss") for width in widths}},
            log_x=True,
        ),
        Panel(
            title="What the embeddings know",
            x="numbers a word",
            y="share of words",
            lines={
                name: {
                    float(width): [one["learned"][width]["knows"][what] for one in results]
                    for width in widths
                }
                for name, what in (
                    ("nearest word is of its class", "class"),
                    ("nearest is its translation", "translation"),
                )
            },
            log_x=True,
            y_range=(0, 1),
        ),
    ]


def claims(results: Results) -> list[Claim]:
    """Decide whether wider is better, and whether what is close is alike."""
    widths = list(results[0]["learned"])
    losses = [of_width(results, width, "loss") for width in widths]
    steps = [
        at_least(
            f"loss with {narrow} less loss with {wide}",
            [less - more for less, more in zip(losses[place], losses[place + 1], strict=True)],
            0.02,
        )
        for place, (narrow, wide) in enumerate(pairwise(widths))
    ]
    chance = 3 * results[0]["default"]["before"]["translation by chance"]
    return [
        Claim(
            name="width",
            claim="Embeddings of more dimensions capture more.",
            criterion="every doubling lowers the held-out loss by at least 0.02 nats a word, with every seed.",
            parts=steps,
        ),
        Claim(
            name="random at first",
            claim="Embeddings are random numbers before training and know nothing.",
            criterion="before training the nearest word of the other language is the translation at most three "
            "times as often as by chance, and the nearest word is of the same class at most 0.15 more often "
            "than by chance.",
            parts=[
                at_most(
                    "default model's shape, translation",
                    known(results, "default", "before", "translation"),
                    chance,
                ),
                at_most(
                    "class, above chance",
                    [
                        share - by
                        for share, by in zip(
                            known(results, "default", "before", "class"),
                            known(results, "default", "before", "class by chance"),
                            strict=True,
                        )
                    ],
                    0.15,
                ),
            ],
        ),
        Claim(
            name="neighbours",
            claim="After training, words that are alike are neighbours, in one language and across languages.",
            criterion="the nearest word is of the same class for at least 80 % of the list, and the nearest "
            "word of another language is the translation for at least 50 %.",
            parts=[
                at_least(f"{title}, {what}", known(results, which, "after", what), least)
                for which, title in (("default", "default model"), ("small", "small model"))
                for what, least in (("class", 0.8), ("translation", 0.5))
            ],
        ),
    ]


STUDY = Study(
    name="embeddings",
    title="Embeddings: width, and what they know",
    question="It is said that embeddings of higher dimension capture more, that they are random at first and "
    "that after training like words stand close. How wide is wide enough, and how often is it so, over a whole "
    "list of words?",
    method="*Width*: a vector of few numbers for each word, brought to the width of the model by one matrix "
    "(Lan et al. 2020), so that encoder and decoder (2+2 layers, pre-norm, 4 heads) have the same shape and "
    "the same number of parameters whatever the width; same steps, batches and rate, on the built-in grammar "
    "(English to French, words as ids, one embedding for source, target and output). *What they know*: the "
    "list is the grammar's lexicon, all nouns, adjectives and verbs in one form each, without words that "
    "several concepts share or that are spelled alike in two languages (default model: nor those that share a "
    "piece with their translation); cosine of embeddings. Translation is the mean over all pairs of languages "
    "in both directions, of the words of one language only; class is noun, adjective or verb.",
    measure=measure,
    tables=tables,
    panels=panels,
    claims=claims,
    options=lambda parser: parser.add_argument("--model", help="model to ask instead of the default one"),
    estimate="about 9 minutes on two cores with three seeds (`--jobs 2`), reckoned from the steps of small runs.",
    reading="The default model has one matrix for all languages and for input and output, and learned twelve "
    "directions; that its words meet across languages is not to be expected of separate embeddings. Of the "
    "default model the seeds vary the random numbers before training alone."
    " The widest is the whole matrix and no product of two, so part of its lead may come from how it learns.",
)

if __name__ == "__main__":
    main(STUDY)
