"""Word alignments of the model that comes with the package, against links made by hand, beside eflomal's.

    $ python -m benchmarks.gold_alignment DATA [--model MODEL] [--eflomal DIR] [--keep]

The pairs are those of `recipes/default-model/alignments.tsv`, written and linked by hand; the first four of each
direction choose the heads and thresholds, and how eflomal's two directions are put together; the other six measure.
eflomal learns from the training pairs of the same two languages in DATA (made by the recipe's `data.py`) and from the
pairs that it is measured on. With --keep what was chosen is written into the model directory.
"""

import argparse
import csv
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from benchmarks import eflomal
from clearhead.inspection.alignment import Words
from clearhead.inspection.gold import Gold, Pair, measured
from clearhead.measuring.align import best, keep
from clearhead.text.words import words
from clearhead.translator import Translator

FILE = Path(__file__).parents[1] / "recipes" / "default-model" / "alignments.tsv"
CHOOSE_ON = 4
"""Pairs of each direction."""


class Linked(NamedTuple):
    """A pair and its links."""

    source: str
    target: str
    gold: Gold


def read(file: Path = FILE) -> dict[tuple[str, str], list[Linked]]:
    """Return the pairs by direction."""
    pairs = defaultdict(list)
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            pair = Linked(row["source"], row["target"], Gold.parse(row["links"]))
            pairs[row["source_lang"], row["target_lang"]].append(pair)
    return pairs


def looked(translator: Translator, pairs: list[Linked], target: str) -> list[Pair]:
    """Return the attention of pairs, with their words and links."""
    attended = translator.attended([p.source for p in pairs], [p.target for p in pairs], to=target)
    return [
        Pair(seen, Words.usual(seen.source, seen.target), pair.gold)
        for seen, pair in zip(attended, pairs, strict=True)
    ]


def spaced(text: str) -> str:
    """Return a text with spaces around every word."""
    return " ".join(text[start:end] for start, end in words(text))


def peer(folder: str | None, data: Path, languages: tuple[str, str], pairs: list[Linked]) -> str:
    """Return eflomal's error rate on the pairs of a direction, and how it was put together."""
    if not eflomal.program(folder):
        return "eflomal not found"
    file, swapped = data / f"train.tatoeba.{'-'.join(languages)}.tsv", False
    if not file.exists():
        file, swapped = data / f"train.tatoeba.{'-'.join(languages[::-1])}.tsv", True
    text = [line.split("\t") for line in file.read_text(encoding="utf-8").splitlines()]
    sides = [(pair[1], pair[0]) if swapped else (pair[0], pair[1]) for pair in text]
    sides += [(pair.source, pair.target) for pair in pairs]
    found = eflomal.align(folder, [(spaced(source), spaced(target)) for source, target in sides])
    assert found is not None, "it is there"
    gold = [pair.gold for pair in pairs]
    rate, how = eflomal.best(found, gold[:CHOOSE_ON], gold[CHOOSE_ON:])
    return f"eflomal {100 * rate:.1f} ({how})"


def main() -> None:
    """Choose, measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--eflomal")
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()
    translator = Translator.load(arguments.model, engine="pytorch")
    pairs = read()
    seen = {languages: looked(translator, each, languages[1]) for languages, each in pairs.items()}
    chosen = best([pair for each in seen.values() for pair in each[:CHOOSE_ON]], translator.reader)
    print(
        f"chosen on {CHOOSE_ON * len(seen)} pairs: AER {100 * chosen.rate:.1f} % ({100 * chosen.before:.1f} % before): "
        f"{chosen.reader}"
    )
    tested = {languages: each[CHOOSE_ON:] for languages, each in seen.items()}
    everything = [pair for each in tested.values() for pair in each]
    print(f"AER on the other {len(everything)}: {100 * measured(everything, chosen.reader):.1f} %")
    for languages, each in tested.items():
        theirs = peer(arguments.eflomal, arguments.data, languages, pairs[languages])
        print(f"{'-'.join(languages)}: attention {100 * measured(each, chosen.reader):.1f}, {theirs}")
    if arguments.keep:
        print(keep(arguments.model, chosen.reader))


if __name__ == "__main__":
    main()
