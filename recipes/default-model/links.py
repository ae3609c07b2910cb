"""Link the words of the training text with eflomal, so that one head of the model can be taught to align.

Usage: python recipes/default-model/links.py DATA OUT [--eflomal DIR] [--pairs N]

DATA is what `data.py` made. For the sentences of Tatoeba with English, OUT gets the pairs whose links are known
(`en-fr.tsv`), their links (`en-fr.links`, words parted by spaces, as `alignments =` of a corpus asks for them), and
`run.toml`: the recipe's without augmentation, for a short training that teaches the head. eflomal (Östling and
Tiedemann 2016) is a tool of this recipe, installed with `pip install eflomal`; DIR is where `eflomal-align` stands.

eflomal sees words and punctuation marks apart; a link between two of those is one between the words, parted by
spaces, that they stand in. Its two directions are intersected, so that what is taught is sure.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2]))
from benchmarks import eflomal

from clearhead.corpora.word_links import Link, pharaoh
from clearhead.text.words import words
from data import LANGUAGES  # the recipe's other script

HERE = Path(__file__).parent


def parted(text: str) -> tuple[list[str], list[int]]:
    """Return the words and marks of a text in lower case, and which word between spaces each stands in."""
    found = words(text, "split")
    spaces = words(text, "space")
    home, number = [], 0
    for span in found:
        while spaces[number].end <= span.start:
            number += 1
        home.append(number)
    return [text[span.start : span.end].lower() for span in found], home


def linked(pairs: list[tuple[str, str]], folder: str | None) -> list[list[Link]]:
    """Return the links of each pair, of words parted by spaces."""
    cut = [(parted(one), parted(other)) for one, other in pairs]
    aligned = eflomal.align(folder, ((" ".join(one[0]), " ".join(other[0])) for one, other in cut))
    if aligned is None:
        raise SystemExit("there is no eflomal-align; install it with: pip install eflomal")
    return [
        sorted({(one[1][i], other[1][j]) for i, j in forward & reverse})
        for (one, other), forward, reverse in zip(cut, *aligned, strict=True)
    ]


def main() -> None:
    """Align and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--eflomal", help="folder of eflomal-align, where it is not on the path")
    parser.add_argument("--pairs", type=int, default=60_000, help="sentences of each pair of languages")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    tables = []
    for language in LANGUAGES:
        lines = (arguments.data / f"train.tatoeba.en-{language}.tsv").read_text(encoding="utf-8").splitlines()
        pairs = [(one, other) for one, other in (line.split("\t") for line in lines[: arguments.pairs])]
        found = linked(pairs, arguments.eflomal)
        file = arguments.out / f"en-{language}"
        file.with_suffix(".tsv").write_text("".join(f"{a}\t{b}\n" for a, b in pairs), encoding="utf-8")
        file.with_suffix(".links").write_text(
            "".join(f"{pharaoh(each)}\n" for each in found), encoding="utf-8"
        )
        tables.append(
            f'[[data.corpora]]\nsource = "{file}.tsv"\nalignments = "{file}.links"\nsource_lang = "en"\n'
            f'target_lang = "{language}"\nboth_directions = true\n'
        )
        print(f"en-{language}: {len(pairs):,} pairs, {sum(map(len, found)):,} links")
    validation = [
        f'[[data.validation]]\nsource = "{arguments.data}/watch.tatoeba.en-{language}.tsv"\nsource_lang = "en"\n'
        f'target_lang = "{language}"\nboth_directions = true\n'
        for language in LANGUAGES
    ]
    recipe = (HERE / "head.toml").read_text(encoding="utf-8")
    (arguments.out / "run.toml").write_text("\n".join([recipe, *tables, *validation]), encoding="utf-8")


if __name__ == "__main__":
    main()
