"""Relevance between words, as popular accounts of attention tell it, measured in trained models.

$ python -m studies.relevance [--full] [--model runs/demo]
"""

import argparse
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from clearhead.grammar import grammar
from clearhead.inspection import picture
from clearhead.inspection.alignment import belonging
from clearhead.inspection.maps import AttentionMaps
from clearhead.text.words import Span
from clearhead.translator import Translator
from studies.claim import Claim, at_least, at_most
from studies.figure import Panel
from studies.spread import cell
from studies.study import Raw, Results, Study, main
from studies.table import Table

ARTICLE = "The black cat drank the milk."
LIFE = "Life is short eat desert first"
TO = "fr"
CHANCE = 1 / 6
"""Three words have six orders."""
SIZES = {"toy": 4, "quick": 24, "full": 200}
"""Sentences of each seed."""


class Sentence(NamedTuple):
    """A sentence, its translation, and where four of its words stand."""

    text: str
    translation: str
    words: Sequence[Span]
    adjective: int
    subject: int
    verb: int
    object: int


def sentences(seed: int, count: int) -> list[Sentence]:
    """Return sentences of the grammar like the article's: The ADJECTIVE NOUN VERBED the NOUN."""
    out: list[Sentence] = []
    for example in grammar.generate(20 + seed, part="test"):
        words = example.words("en")
        if len(words) == 7 and words[0] == words[4] == "the" and words[3].endswith("ed") and words[6] == ".":
            out.append(Sentence(example.text("en"), example.text(TO), example.spans("en"), 1, 2, 3, 5))
        if len(out) == count:
            break
    return out


def article() -> Sentence:
    """Return the article's own sentence."""
    places = ((0, 3), (4, 9), (10, 13), (14, 19), (20, 23), (24, 28), (28, 29))
    return Sentence(ARTICLE, "Le chat noir a bu le lait.", [Span(*place) for place in places], 1, 2, 3, 5)


@cache
def loaded(path: str | None) -> Translator:
    """Return the model that is asked."""
    return Translator.load(path, engine="pytorch")


def scores(translator: Translator, sentence: Sentence) -> np.ndarray[Any, Any]:
    """Return q·k / sqrt(d_k) of words, [layer, head, query, key], a word being the mean of its tokens."""
    (maps,) = translator.look(sentence.text, to=TO, target=sentence.translation, inner=True).sentences
    table = belonging(maps.source, sentence.words)
    table /= table.sum(axis=0)
    layers = range(len(maps.encoder))
    return np.stack([table.T @ maps.scores("encoder.self", layer)[1] @ table for layer in layers])


def ranks(of_words: np.ndarray[Any, Any], sentence: Sentence) -> np.ndarray[Any, Any]:
    """Say for each layer and head whether the object's query ranks verb > subject > adjective."""
    row = of_words[:, :, sentence.object]
    verb, subject, adjective = (
        row[..., word] for word in (sentence.verb, sentence.subject, sentence.adjective)
    )
    ordered: np.ndarray[Any, Any] = (verb > subject) & (subject > adjective)
    return ordered


def measure(seed: int, options: argparse.Namespace) -> Raw:
    """Ask every head of the encoder for the order; choose a head on half of the sentences, measure it on the others."""
    translator = loaded(options.model)
    if options.pictures:
        pictures(translator, options.pictures)
    right = np.stack([ranks(scores(translator, each), each) for each in sentences(seed, SIZES[options.form])])
    chosen, measured = right[::2].mean(axis=0), right[1::2].mean(axis=0)
    layer, head = np.unravel_index(chosen.argmax(), chosen.shape)
    own = ranks(scores(translator, article()), article())
    return {
        "sentences": len(right),
        "heads": own.size,
        "article": int(own.sum()),
        "best": [int(layer), int(head)],
        "chosen": float(chosen[layer, head]),
        "others": float(measured[layer, head]),
        "mean": float(right.mean()),
        "by layer": {str(number + 1): float(row.mean()) for number, row in enumerate(right.mean(axis=0))},
        "best of layer": {str(number + 1): float(row.max()) for number, row in enumerate(right.mean(axis=0))},
    }


def of(results: Results, what: str) -> list[float]:
    """Return a figure of each seed."""
    return [one[what] for one in results]


def tables(results: Results) -> list[Table]:
    """Return how many heads have the order, and how often."""
    first = results[0]
    best = ", ".join(f"{layer}.{head}" for layer, head in (one["best"] for one in results))
    return [
        Table(
            "Heads of the encoder whose scores rank verb > subject > adjective for the object",
            ["", "share of the sentences"],
            [
                [
                    f"the best head (layer.head, from 0: {best}), on the half it was chosen on",
                    cell(of(results, "chosen")),
                ],
                ["the same head, on the other half", cell(of(results, "others"))],
                ["mean of all heads", cell(of(results, "mean"))],
                ["chance", f"{CHANCE:.3f}"],
            ],
        ),
        Table(
            f"The article's own sentence, {ARTICLE!r}",
            ["", "heads"],
            [["heads that rank drank > cat > black for milk", f"{first['article']} of {first['heads']}"]],
        ),
    ]


def panels(results: Results) -> list[Panel]:
    """Draw how often the order is there, by layer."""
    lines = {
        name: {float(layer): [one[key][layer] for one in results] for layer in results[0][key]}
        for name, key in (("mean of the layer's heads", "by layer"), ("its best head", "best of layer"))
    }
    chance = {float(layer): [CHANCE] * len(results) for layer in results[0]["by layer"]}
    return [
        Panel(
            title="Order verb > subject > adjective",
            x="encoder layer",
            y="share of sentences",
            lines={**lines, "chance": chance},
            y_range=(0, 1),
        ),
    ]


def claims(results: Results) -> list[Claim]:
    """Decide whether a head ranks words so, and whether attention as such does."""
    return [
        Claim(
            name="a head can",
            claim="In 'The black cat drank the milk', 'milk' is most relevant to 'drank', less to 'cat', least "
            "to 'black': there is a head whose scores rank such words so.",
            criterion="a head chosen on half of the sentences of this kind has the order in at least 70 % of the other "
            "half.",
            parts=[at_least("that head, on the other half", of(results, "others"), 0.7)],
        ),
        Claim(
            name="attention does",
            claim="This order is what attention is: any head has it.",
            criterion="the mean over all heads is at least 70 %, and the article's own sentence has the order "
            "in at least 70 % of the heads.",
            parts=[
                at_least("mean over all heads", of(results, "mean"), 0.7),
                at_least(
                    "heads with the article's order",
                    [one["article"] / one["heads"] for one in results],
                    0.7,
                ),
            ],
        ),
        Claim(
            name="mostly chance",
            claim="On the average over all heads the order is not much more frequent than by chance.",
            criterion="the mean over all heads is at most twice the chance of one in six.",
            parts=[at_most("mean over all heads", of(results, "mean"), 2 * CHANCE)],
        ),
    ]


def masked(maps: AttentionMaps, layer: int, head: int) -> np.ndarray[Any, Any]:
    """Return the encoder's weights of a head as a causal mask would have them."""
    scaled = maps.scores("encoder.self", layer)[1][head]
    scaled = np.where(np.tril(np.ones_like(scaled)) == 1, scaled, -np.inf)
    raised = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    weights: np.ndarray[Any, Any] = raised / raised.sum(axis=1, keepdims=True)
    return weights


def pictures(translator: Translator, folder: Path) -> None:
    """Draw the head of the encoder that looks most widely, free and under a causal mask, on the accounts' sentence."""
    (maps,) = translator.look(LIFE, to=TO, inner=True).sentences
    sharp = maps.encoder.max(axis=-1).mean(axis=-1)
    layer, head = (int(number) for number in np.unravel_index(sharp.argmin(), sharp.shape))
    folder.mkdir(parents=True, exist_ok=True)
    picture.save(picture.svg(maps, "encoder", layer, head), folder / "life-free.svg")
    maps.encoder[layer, head] = masked(maps, layer, head)
    picture.save(picture.svg(maps, "encoder", layer, head), folder / "life-masked.svg")


def flags(parser: argparse.ArgumentParser) -> None:
    """Add the study's own flags."""
    parser.add_argument("--model", help="model to ask instead of the default one, such as runs/demo")
    parser.add_argument(
        "--pictures", type=Path, help="folder for the pictures of the guide to looking inside"
    )


STUDY = Study(
    name="relevance",
    title="Relevance between words, as popular accounts tell it",
    question="The accounts say that in *The black cat drank the milk* the word *milk* is most relevant to "
    "*drank*, less to *cat*, least to *black*, as if attention as such knew it. Is there a head whose scores "
    "q·k rank words so, in this sentence and in others of its kind, and is it one or all?",
    method="The model that comes with the package (or `--model`), English to French. Sentences of the built-in "
    "grammar of the form *The ADJECTIVE NOUN VERBED the NOUN*, in combinations of words set aside for tests; "
    "others for each seed. For each head of the encoder, the scaled scores from the object's query to verb, "
    "subject and adjective, a word of several tokens being their mean. The head is chosen on every other "
    "sentence and measured on those between.",
    measure=measure,
    tables=tables,
    panels=panels,
    claims=claims,
    options=flags,
    estimate="about 3 minutes on one core with three seeds.",
    reading="The order may have another reason than a reader would give: of the three the verb also stands "
    "nearest. And a score is not a weight, nor a weight an effect on what the model does.",
)


if __name__ == "__main__":
    main(STUDY)
