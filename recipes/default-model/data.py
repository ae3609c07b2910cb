"""Make the training text of the default model from Tatoeba pairs: six directions with English, six by way of it.

Usage: python recipes/default-model/data.py TATOEBA OUT

TATOEBA holds `en-fr`, `en-es` and `en-de`, each with `train`, `valid` and `test` as `.en.gz` and `.fr.gz`, `.es.gz`,
`.de.gz`, a sentence a line. OUT gets one `.tsv` a pair of languages and part. French, Spanish and German meet
where their sentences translate the same English one; a share of those English sentences is set aside, with all
that translates them, to validate and to test these directions. No sentence of any valid or test part, and none
of `everyday.tsv`, is in any training part, on either side (compared in lower case, letters and digits only).
"""

import argparse
import gzip
import hashlib
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

HERE = Path(__file__).parent
LANGUAGES = ("de", "es", "fr")
"""Those paired with English."""
PIVOTS = tuple(itertools.combinations(LANGUAGES, 2))
HELD_VALID, HELD_TEST = 400, 800
"""English sentences set aside for each pair of PIVOTS."""
WATCHED = 400
"""Validation pairs of each language that are translated again and again during training."""
MOST_WAYS = 4
"""Pairs taken from one English sentence, which may have several translations on both sides."""

Pairs = list[tuple[str, str]]


def key(text: str) -> str:
    """Return what two sentences share that differ in case, spaces or punctuation only."""
    return " ".join("".join(c if c.isalnum() else " " for c in text.lower()).split())


def read(folder: Path, part: str, language: str) -> Pairs:
    """Read a part as (English, other) pairs."""
    sides = []
    for side in ("en", language):
        with gzip.open(
            folder / f"en-{language}" / f"{part}.{side}.gz", "rt", encoding="utf-8", newline="\n"
        ) as file:
            sides.append(file.read().removesuffix("\n").split("\n"))
    return list(zip(*sides, strict=True))


def everyday(file: Path = HERE / "everyday.tsv") -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """Yield (source language, target language, text, accepted answers)."""
    for line in file.read_text(encoding="utf-8").splitlines()[1:]:
        source, target, text, accepted = line.split("\t")
        yield source, target, text, tuple(accepted.split(" | "))


def by_english(pairs: Pairs) -> dict[str, list[str]]:
    """Return the translations of each English sentence."""
    found: dict[str, list[str]] = defaultdict(list)
    for english, other in pairs:
        found[english].append(other)
    return found


def order(text: str) -> bytes:
    """Return a place for a sentence that does not depend on the others."""
    return hashlib.sha256(text.encode()).digest()


def without(pairs: Iterable[tuple[str, str]], held: set[str]) -> Pairs:
    """Return the pairs neither of whose sides is held out."""
    return [(one, other) for one, other in pairs if key(one) not in held and key(other) not in held]


def make(folder: Path) -> dict[str, Pairs]:
    """Return the pairs of every part by name, such as `train.en-fr` or `test.es-fr`."""
    parts = {
        f"{part}.en-{language}": read(folder, part, language)
        for part in ("train", "valid", "test")
        for language in LANGUAGES
    }
    held = {key(text) for _, _, text, _ in everyday()}
    held |= {
        key(side)
        for name, pairs in parts.items()
        if not name.startswith("train")
        for pair in pairs
        for side in pair
    }
    train = {language: without(parts[f"train.en-{language}"], held) for language in LANGUAGES}

    translations = {language: by_english(pairs) for language, pairs in train.items()}
    aside: dict[str, Pairs] = {}
    for one, other in PIVOTS:
        shared = sorted(translations[one].keys() & translations[other].keys(), key=order)
        chosen = shared[: HELD_TEST + HELD_VALID]
        pairs = [(translations[one][english][0], translations[other][english][0]) for english in chosen]
        aside[f"test.{one}-{other}"], aside[f"valid.{one}-{other}"] = pairs[:HELD_TEST], pairs[HELD_TEST:]
        held |= {
            key(text)
            for english in chosen
            for text in (english, *translations[one][english], *translations[other][english])
        }
    train = {language: without(pairs, held) for language, pairs in train.items()}
    translations = {language: by_english(pairs) for language, pairs in train.items()}

    for language in LANGUAGES:
        parts[f"train.en-{language}"] = train[language]
    for one, other in PIVOTS:
        parts[f"train.{one}-{other}"] = [
            pair
            for english in translations[one]
            if english in translations[other]
            for pair in itertools.islice(
                itertools.product(translations[one][english], translations[other][english]), MOST_WAYS
            )
        ]
    return {**parts, **aside}


def watched(parts: dict[str, Pairs]) -> dict[str, Pairs]:
    """Return the start of each validation part with English: training is watched on it without waiting for it."""
    return {f"watch.en-{language}": parts[f"valid.en-{language}"][:WATCHED] for language in LANGUAGES}


def write(parts: dict[str, Pairs], out: Path) -> None:
    """Write each part as tab-separated values; a tab inside a sentence becomes a space."""
    out.mkdir(parents=True, exist_ok=True)
    for name, pairs in parts.items():
        lines = ("\t".join(" ".join(side.split("\t")) for side in pair) + "\n" for pair in pairs)
        (out / f"{name}.tsv").write_text("".join(lines), encoding="utf-8", newline="\n")
    # A text that is in the target language already stays as it is.
    for language in ("en", *LANGUAGES):
        texts = sorted(
            {side for name, pairs in parts.items() if name.startswith("train") for pair in pairs
             for side, code in zip(pair, name.partition(".")[2].split("-"), strict=True) if code == language},
            key=order,
        )  # fmt: skip
        same = "".join(
            f"{text}\t{text}\n".replace("\t\t", "\t") for text in texts[:10_000] if "\t" not in text
        )
        (out / f"train.{language}-{language}.tsv").write_text(same, encoding="utf-8", newline="\n")


def main() -> None:
    """Read, part and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tatoeba", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    parts = make(arguments.tatoeba)
    parts |= watched(parts)
    write(parts, arguments.out)
    for name, pairs in sorted(parts.items()):
        print(f"{name}: {len(pairs):,} pairs")


if __name__ == "__main__":
    main()
