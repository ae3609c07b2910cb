"""Choose how a model tells words whose translation is missing, and write it into the model.

Usage: python recipes/default-model/left_out.py MODEL DATA [--pairs 300]

DATA is what `data.py` made. Of validation pairs one word of the target is cut, one that a single source word is firmly
linked to; that source word should then be told as left out, and no other, and none of the uncut pair. Chosen are the
weight below which a source word counts as left out, and how common it must not be, by the best F1.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))
import numpy as np

from clearhead import model_directory
from clearhead.inspection.alignment import Alignment
from clearhead.text.words import is_punctuation, words
from clearhead.translator import Translator
from data import LANGUAGES  # the recipe's other script

FIRM = 0.5
"""Weight on a source word from which a link is firm."""
MISSING = (0.02, 0.05, 0.08, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4)
COMMON = (-12.0, -10.0, -9.0, -8.5, -8.0, -7.5, -7.0, -6.5, -6.0, -5.0, 0.0)


class Cut(NamedTuple):
    """A pair one word of whose target was cut."""

    source: str
    full: str
    cut: str
    missing: str
    """The word of the source that it translated."""


def firm(alignment: Alignment) -> list[tuple[int, int]]:
    """Return the (source, target) words that are firmly linked to each other and to nothing else."""
    (weights,) = alignment.weights
    found = []
    for target, row in enumerate(weights):
        source = int(row.argmax())
        alone = row[source] >= FIRM and np.sort(weights[:, source])[-2:-1].sum() < 0.2
        if (
            alone
            and not is_punctuation(alignment.target[target])
            and not is_punctuation(alignment.source[source])
        ):
            found.append((source, target))
    return found


def cuts(translator: Translator, pairs: Sequence[tuple[str, str]], to: str) -> Iterator[Cut]:
    """Yield pairs with one word cut: the least common of the source words that are firmly linked."""
    likelihood = translator.tokenizer.likelihood
    found = translator.align(*(list(side) for side in zip(*pairs, strict=True)), to=to)
    for (source, target), alignment in zip(pairs, found, strict=True):
        links = firm(alignment)
        if len(links) < 3:
            continue
        word, place = min(links, key=lambda link: likelihood(alignment.source[link[0]]))
        spans = words(target)
        if len(spans) != len(alignment.target):
            continue
        start, end = spans[place]
        yield Cut(source, target, " ".join((target[:start] + target[end:]).split()), alignment.source[word])


def main() -> None:
    """Choose and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--pairs", type=int, default=300, help="validation pairs of each direction")
    arguments = parser.parse_args()
    path = model_directory.find(arguments.model)
    translator = Translator.load(path)
    likelihood = translator.tokenizer.likelihood
    looked: list[
        tuple[list[tuple[str, float, float]], str]
    ] = []  # words of a pair, and the one that is missing
    for language in LANGUAGES:
        file = arguments.data / f"valid.tatoeba.en-{language}.tsv"
        pairs = [tuple(line.split("\t")) for line in file.read_text(encoding="utf-8").splitlines()]
        pairs = [pair for pair in pairs if len(pair[0].split()) >= 5][-arguments.pairs :]
        for to, these in ((language, pairs), ("en", [pair[::-1] for pair in pairs])):
            for each in cuts(translator, these, to):  # type: ignore[arg-type]
                found = translator.align([each.source] * 2, [each.cut, each.full], to=to)
                for alignment, missing in zip(found, (each.missing, ""), strict=True):
                    most = alignment.weights[0].max(axis=0, initial=0.0)
                    looked.append(
                        (
                            [
                                (word, float(weight), likelihood(word))
                                for word, weight in zip(alignment.source, most, strict=True)
                                if not is_punctuation(word)
                            ],
                            missing,
                        )
                    )
    total = sum(bool(missing) for _, missing in looked)
    best = (0.0, 0.0, 0.0, 0.0, 0.0)
    for missing, common in product(MISSING, COMMON):
        hits = told = 0
        for each, wanted in looked:
            said = {word for word, weight, how in each if weight < missing and not (common and how > common)}
            hits += wanted in said
            told += len(said)
        recall, precision = hits / total, hits / max(1, told)
        f1 = 2 * recall * precision / max(1e-9, recall + precision)
        best = max(best, (f1, recall, precision, missing, common))
    f1, recall, precision, missing, common = best
    info = model_directory.read_info(path)
    reader = replace(translator.reader, missing=missing, common=common)
    model_directory.rewrite(path, replace(info, alignment=reader))
    print(
        f"{total:,} cut pairs: missing {missing}, common {common}: recall {recall:.3f}, precision {precision:.3f}, "
        f"F1 {f1:.3f}"
    )


if __name__ == "__main__":
    main()
