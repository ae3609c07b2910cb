"""Relevance between words, as popular accounts of attention tell it, measured in a trained model.

    $ python studies/relevance.py [--model runs/demo] [--out studies/relevance]

1. The accounts say that in "The black cat drank the milk" the word *milk* is most relevant to *drank*, less to *cat*,
   least to *black*. Is there a head of the encoder whose scores q·k rank them so, in this sentence and in others of its
   kind? The head is chosen on half of the sentences and measured on the other half; chance is one in six.
2. They say that embeddings of like words are neighbours. Are they, before and after training, and across languages?
3. They show the attention matrix of "Life is short eat desert first", free and masked: drawn here from one head.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from clearhead.grammar import grammar
from clearhead.inspection import picture
from clearhead.inspection.alignment import belonging
from clearhead.inspection.maps import AttentionMaps
from clearhead.model.transformer import Transformer
from clearhead.text.words import Span
from clearhead.translator import Translator

SENTENCES = 50
ARTICLE = "The black cat drank the milk."
NEIGHBOURS = {
    "en": ("cat", "milk", "drank", "black"),
    "fr": ("chat", "lait", "noir"),
    "es": ("gato", "leche", "negro"),
}
LIFE = "Life is short eat desert first"


class Sentence(NamedTuple):
    """A sentence and where four of its words stand."""

    text: str
    words: Sequence[Span]
    adjective: int
    subject: int
    verb: int
    object: int


def sentences(count: int) -> list[Sentence]:
    """Return sentences of the grammar like the article's: The ADJECTIVE NOUN VERBED the NOUN."""
    found = []
    for example in grammar.generate(21, part="test"):
        words = example.words("en")
        if len(words) == 7 and words[0] == words[4] == "the" and words[3].endswith("ed") and words[6] == ".":
            found.append(Sentence(example.text("en"), example.spans("en"), 1, 2, 3, 5))
        if len(found) == count:
            break
    return found


def scores(translator: Translator, sentence: Sentence, to: str | None) -> np.ndarray:
    """Return q·k / sqrt(d_k) of words, [layer, head, query, key], a word being the mean of its tokens."""
    maps = translator.look(sentence.text, to=to, inner=True)
    table = belonging(maps.source, sentence.words)
    table /= table.sum(axis=0)
    layers = range(len(maps.encoder))
    return np.stack([table.T @ maps.scores("encoder.self", layer)[1] @ table for layer in layers])


def ranks(found: np.ndarray, sentence: Sentence) -> np.ndarray:
    """Say for each layer and head whether the object's query ranks verb > subject > adjective."""
    row = found[:, :, sentence.object]
    verb, subject, adjective = (
        row[..., word] for word in (sentence.verb, sentence.subject, sentence.adjective)
    )
    return (verb > subject) & (subject > adjective)


def ranking(translator: Translator, to: str | None) -> dict[str, object]:
    """Measure the first question."""
    article = Sentence(
        ARTICLE,
        [Span(*s) for s in ((0, 3), (4, 9), (10, 13), (14, 19), (20, 23), (24, 28), (28, 29))],
        1,
        2,
        3,
        5,
    )
    own = scores(translator, article, to)
    right = np.stack([ranks(scores(translator, each, to), each) for each in sentences(SENTENCES)])
    chosen, measured = right[::2].mean(axis=0), right[1::2].mean(axis=0)
    layer, head = np.unravel_index(chosen.argmax(), chosen.shape)
    table = [
        {"layer": at[0], "head": at[1], "drank": float(own[at][5, 3]), "cat": float(own[at][5, 2]),
         "black": float(own[at][5, 1]), "share": float(right[:, *at].mean())}
        for at in np.ndindex(*chosen.shape)
    ]  # fmt: skip
    return {
        "sentences": len(right),
        "heads": table,
        "heads that rank the article's sentence so": [
            [row["layer"], row["head"]] for row in table if row["drank"] > row["cat"] > row["black"]
        ],
        "best head on half of the sentences": [int(layer), int(head), float(chosen.max())],
        "the same on the other half": float(measured[layer, head]),
        "mean of all heads": float(right.mean()),
    }


def neighbours(translator: Translator) -> dict[str, dict[str, list[str]]]:
    """Return the words nearest to some words by the cosine of their embeddings, before and after training."""
    words = sorted(
        {word for language in NEIGHBOURS for word in grammar.vocabulary(language) if len(word) > 2}
    )
    ids = {word: translator.tokenizer.encode(word) for word in words}
    torch.manual_seed(1)
    trained = translator.pytorch.model
    found: dict[str, dict[str, list[str]]] = {}
    for when, model in (("before training", Transformer(trained.config)), ("after training", trained)):
        table = model.src_embedding.weight.detach()
        vectors = torch.stack([table[ids[word]].mean(dim=0) for word in words])
        vectors = torch.nn.functional.normalize(vectors, dim=1)
        found[when] = {}
        for word in (word for group in NEIGHBOURS.values() for word in group):
            near = (vectors @ vectors[words.index(word)]).topk(6)
            found[when][word] = [
                f"{words[place]} {cosine:.2f}"
                for cosine, place in zip(near.values.tolist(), near.indices.tolist(), strict=True)
                if words[place] != word
            ][:5]
    return found


def masked(maps: AttentionMaps, layer: int, head: int) -> np.ndarray:
    """Return the encoder's weights of a head as a causal mask would have them."""
    scaled = maps.scores("encoder.self", layer)[1][head]
    scaled = np.where(np.tril(np.ones_like(scaled)) == 1, scaled, -np.inf)
    raised = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def main() -> None:
    """Measure, draw and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model")
    parser.add_argument("--to", default="fr")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(""))
    arguments = parser.parse_args()
    translator = Translator.load(arguments.model, engine="pytorch")
    arguments.out.mkdir(parents=True, exist_ok=True)
    result = {"ranking": ranking(translator, arguments.to), "neighbours": neighbours(translator)}
    (arguments.out / "result.json").write_text(
        json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    print(json.dumps(result, ensure_ascii=False, indent=1))
    maps = translator.look(LIFE, to=arguments.to, inner=True)
    sharp = maps.encoder.max(axis=-1).mean(axis=-1)
    layer, head = (int(number) for number in np.unravel_index(sharp.argmin(), sharp.shape))
    picture.save(picture.svg(maps, "encoder", layer, head), arguments.out / "life-free.svg")
    maps.encoder[layer, head] = masked(maps, layer, head)
    picture.save(picture.svg(maps, "encoder", layer, head), arguments.out / "life-masked.svg")


if __name__ == "__main__":
    main()
