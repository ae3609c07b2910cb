"""Make the training text of the default model: Tatoeba, open text, a phrasebook, generated lines, a lexicon.

Usage: python recipes/default-model/data.py TATOEBA OPEN DEV OUT [--without-share-alike]

TATOEBA holds `en-fr`, `en-es` and `en-de`, each with `train`, `valid` and `test` as `.en.gz` and `.fr.gz`, `.es.gz`,
`.de.gz`, a sentence a line. OPEN holds one `NAME.tsv.gz` a source with columns en, fr, es, de; `mixture.toml` says
which are used, in what groups, and how often, `sources.toml` whose they are. DEV holds `pud-news-wiki.tsv.gz`, news
for validation only.

OUT gets one `.tsv` a group and pair of languages, the validation and test parts, and `run.toml`: the recipe's, with
every corpus and its weight. A lexicon that `lexicon.py` left there is learned too. French, Spanish and German
sentences of Tatoeba meet where they translate the same English one; some of those are set aside to validate and test
these directions. No sentence of a valid or test part, of the news, of the held-out lists (from three words on), and no
row of the phrasebook that is set aside, is in any training part, on either side (compared in lower case, letters and
digits only).
"""

import argparse
import csv
import gzip
import hashlib
import itertools
import re
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
ALL = ("en", "fr", "es", "de")
"""The languages, as the columns of open text name them."""
LANGUAGES = ("de", "es", "fr")
"""Those paired with English."""
PIVOTS = tuple(itertools.combinations(LANGUAGES, 2))
HELD_VALID, HELD_TEST = 400, 800
"""English sentences set aside for each pair of PIVOTS."""
WATCHED = {"tatoeba": 200, "news": 60, "phrasebook": 100}
"""Validation pairs of each direction with English that are translated again and again during training."""
MOST_WAYS = 4
"""Pairs taken from one English sentence, which may have several translations on both sides."""
GENERATED = 40_000
"""Rows of generated lines."""
DRILLED = 6_000
"""Rows drawn for a group of frames of its own; what is drawn twice counts once."""
TRIED = HERE.parents[1] / "tests" / "system" / "typed.tsv"
"""Lines that the finished model is tried on; none is drilled."""
SAME = 10_000
"""Sentences of each language that are to stay as they are."""
ASIDE = 12
"""One in so many rows of the phrasebook of three words or more is set aside."""
SHORT = 4
"""Words up to which a row of the phrasebook is also learned without its marks."""
HELD_FROM = 3
"""Words from which on a line of the held-out lists is kept out of the training parts; a shorter one is everybody's."""

Pairs = list[tuple[str, str]]
Row = Mapping[str, str]


def sources() -> dict[str, dict[str, Any]]:
    """Return what is known of each source: what it is, whose, under which licence, and whether that is share-alike."""
    return tomllib.loads((HERE / "sources.toml").read_text(encoding="utf-8"))


SHARE_ALIKE = frozenset(name for name, about in sources().items() if about["share_alike"])
"""Sources that `--without-share-alike` leaves out."""


_WORDS = re.compile(r"[^\W_]+")


def key(text: str) -> str:
    """Return what two sentences share that differ in case, spaces or punctuation only."""
    return " ".join(_WORDS.findall(text.lower()))


def read(folder: Path, part: str, language: str) -> Pairs:
    """Read a part of Tatoeba as (English, other) pairs."""
    sides = []
    for side in ("en", language):
        with gzip.open(
            folder / f"en-{language}" / f"{part}.{side}.gz", "rt", encoding="utf-8", newline="\n"
        ) as file:
            sides.append(file.read().removesuffix("\n").split("\n"))
    return list(zip(*sides, strict=True))


def read_rows(file: Path) -> list[Row]:
    """Read a table of the four languages; a cell may be empty."""
    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "rt", encoding="utf-8") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def everyday(file: Path = HERE / "everyday.tsv") -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """Yield (source language, target language, text, accepted answers)."""
    for line in file.read_text(encoding="utf-8").splitlines()[1:]:
        source, target, text, accepted = line.split("\t")
        yield source, target, text, tuple(accepted.split(" | "))


def held_out_lists() -> set[str]:
    """Return the keys of the sentences of the held-out lists, from HELD_FROM words on.

    First words are not among them: a model that has never seen `hello` cannot know it. They tell whether what is
    typed first is right, the phrasebook's rows that are set aside tell whether their like is.
    """
    texts = [text for _, _, text, _ in everyday()]
    for name in ("number-words", "kept", "cut-content"):
        for row in read_rows(HERE / "held-out" / f"{name}.tsv"):
            texts += [row[column] for column in ("source", "full") if row.get(column)]
    return {key(text) for text in texts if len(key(text).split()) >= HELD_FROM}


def tried() -> set[str]:
    """Return the keys of the lines that the finished model is tried on."""
    lines = TRIED.read_text(encoding="utf-8").splitlines()
    return {key(line.split("\t")[2]) for line in lines if not line.startswith("#")} - {""}


def first_words() -> set[str]:
    """Return the keys of the English first words, which are everybody's."""
    return {
        key(text)
        for row in read_rows(HERE / "held-out" / "first-words.tsv")
        for text in row["en"].split(" | ")
    }


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


def phrasebook(
    tables: Sequence[str] | None = None,
) -> tuple[list[dict[str, list[str]]], list[dict[str, list[str]]]]:
    """Return the rows of the phrasebook to learn from and those set aside: for each language its alternatives.

    Only the rows of `tables`, by their names, where these are given.
    """
    learned: list[dict[str, list[str]]] = []
    aside: list[dict[str, list[str]]] = []
    everybodys = first_words()
    for file in sorted((HERE / "phrasebook").glob("*.tsv")):
        if tables is not None and file.stem not in tables:
            continue
        for row in read_rows(file):
            cells = {language: row[language].split(" | ") for language in ALL}
            english = cells["en"][0]
            words = key(english)
            long = len(words.split()) >= HELD_FROM and words not in everybodys
            set_aside = long and order(english)[0] % ASIDE == 0
            (aside if set_aside else learned).append(cells)
            if file.stem == "nouns" and not set_aside:
                learned.append({language: [bare_noun(cell) for cell in cells[language]] for language in ALL})
    return learned, aside


_ARTICLES = ("the ", "l'", "le ", "la ", "les ", "el ", "los ", "las ", "der ", "die ", "das ")


def bare_noun(text: str) -> str:
    """Return a noun without the article before it."""
    return next((text.removeprefix(article) for article in _ARTICLES if text.startswith(article)), text)


def inside_sentences(learned: Mapping[str, Pairs]) -> dict[str, Counter[str]]:
    """Count by language the words of the training sentences as they are written, but for the first of each."""
    words: dict[str, Counter[str]] = {language: Counter() for language in ALL}
    for name, pairs in learned.items():
        for side, language in enumerate(name.split("-")):
            for pair in pairs:
                words[language].update(_WORDS.findall(pair[side])[1:])
    return words


def unmarked(text: str, words: Mapping[str, int]) -> str:
    """Return a phrase as it is typed in haste: without its marks, its first word as it is inside a sentence."""
    text = text.strip(" .!?¡¿")
    first = _WORDS.match(text)
    lower = bool(first) and words.get(first[0].lower(), 0) >= words.get(first[0], 0)
    return text[0].lower() + text[1:] if lower else text


def ways(rows: Iterable[Mapping[str, list[str]]], source: str, target: str) -> Pairs:
    """Return every alternative of one language with the first of the other."""
    return [(alternative, row[target][0]) for row in rows for alternative in row[source] if row[target][0]]


def aside_keys() -> set[str]:
    """Return the keys of what is kept out of the training parts whatever the corpora are: lists and phrasebook."""
    _, aside = phrasebook()
    return held_out_lists() | {key(text) for row in aside for cells in row.values() for text in cells}


def tatoeba(folder: Path, held: set[str]) -> tuple[dict[str, Pairs], dict[str, Pairs]]:
    """Return the training pairs by pair of languages, and the other parts by name, such as `test.es-fr`.

    The keys of the other parts are added to `held`.
    """
    parts = {
        f"{part}.en-{language}": read(folder, part, language)
        for part in ("valid", "test")
        for language in LANGUAGES
    }
    held |= {key(side) for pairs in parts.values() for pair in pairs for side in pair}
    train = {language: without(read(folder, "train", language), held) for language in LANGUAGES}
    translations = {language: by_english(pairs) for language, pairs in train.items()}
    for one, other in PIVOTS:
        shared = sorted(translations[one].keys() & translations[other].keys(), key=order)
        chosen = shared[: HELD_TEST + HELD_VALID]
        pairs = [(translations[one][english][0], translations[other][english][0]) for english in chosen]
        parts[f"test.{one}-{other}"], parts[f"valid.{one}-{other}"] = pairs[:HELD_TEST], pairs[HELD_TEST:]
        held |= {
            key(text)
            for english in chosen
            for text in (english, *translations[one][english], *translations[other][english])
        }
    train = {language: without(pairs, held) for language, pairs in train.items()}
    translations = {language: by_english(pairs) for language, pairs in train.items()}
    learned = {f"en-{language}": train[language] for language in LANGUAGES}
    for one, other in PIVOTS:
        learned[f"{one}-{other}"] = [
            pair
            for english in translations[one]
            if english in translations[other]
            for pair in itertools.islice(
                itertools.product(translations[one][english], translations[other][english]), MOST_WAYS
            )
        ]
    return learned, parts


def of_rows(rows: Iterable[Row]) -> dict[str, Pairs]:
    """Return the different pairs of a table, by pair of languages; English comes first where it is one."""
    pairs: dict[str, dict[tuple[str, str], None]] = defaultdict(dict)
    for row in rows:
        for one, other in (*(("en", language) for language in LANGUAGES), *PIVOTS):
            if row.get(one) and row.get(other):
                pairs[f"{one}-{other}"][row[one], row[other]] = None
    return {name: list(found) for name, found in pairs.items()}


def read_lexicon(folder: Path) -> dict[str, Pairs]:
    """Return the lexicon that `lexicon.py` made, empty where it made none."""
    found: dict[str, Pairs] = {}
    for language in LANGUAGES:
        file = folder / f"lexicon.en-{language}.tsv"
        if file.exists():
            lines = file.read_text(encoding="utf-8").splitlines()
            found[f"en-{language}"] = [(one, other) for one, other in (line.split("\t") for line in lines)]
    return found


def groups(
    mixture: Mapping[str, Mapping[str, Any]],
    open_text: Path,
    learned: Mapping[str, Pairs],
    lexicon: Mapping[str, Pairs],
    *,
    share_alike: bool,
) -> Iterator[tuple[str, str, Pairs, bool]]:
    """Yield (group, pair of languages, pairs, whether both directions are learned)."""
    from generators import DRILLS, lines

    words = inside_sentences({name: pairs for name, pairs in learned.items() if "en" in name.split("-")})
    for group, about in mixture.items():
        both = True
        if group == "tatoeba":
            found = dict(learned)
        elif group == "lexicon":
            found = dict(lexicon)
        elif "tables" in about:
            both = False
            book, _ = phrasebook(about["tables"])
            book += [
                {language: [unmarked(cell, words[language]) for cell in row[language]] for language in ALL}
                for row in book
                if len(key(row["en"][0]).split()) <= SHORT and row["en"][0][-1] in ".!?"
            ]
            names = [("en", language) for language in LANGUAGES] + list(PIVOTS)
            found = {
                f"{a}-{b}": ways(book, a, b) for one, other in names for a, b in ((one, other), (other, one))
            }
        elif group == "generated":
            found = of_rows(dict(zip(ALL, row, strict=True)) for row in lines(1, GENERATED))
        elif "frames" in about:
            kinds = [(name, DRILLS[name], 1) for name in about["frames"]]
            rows = of_rows(dict(zip(ALL, row, strict=True)) for row in lines(2, DRILLED, kinds))
            found = {name: without(pairs, tried()) for name, pairs in rows.items()}
        else:
            files = [name for name in about["files"] if share_alike or name not in SHARE_ALIKE]
            found = of_rows(row for name in files for row in read_rows(open_text / f"{name}.tsv.gz"))
        if "only" in about:
            both = False
            found = {
                name: [pair[::-1] for pair in found.get("-".join(name.split("-")[::-1]), [])]
                for name in about["only"]
            }
        for name, pairs in found.items():
            yield group, name, pairs, both


def write(path: Path, pairs: Iterable[tuple[str, str]]) -> None:
    """Write pairs as tab-separated values; a tab inside a sentence becomes a space."""
    lines = ("\t".join(" ".join(side.split()) for side in pair) + "\n" for pair in pairs)
    path.write_text("".join(lines), encoding="utf-8", newline="\n")


def table(kind: str, file: Path, name: str, *, both: bool = False, weight: float | None = None) -> str:
    """Return the TOML of one corpus."""
    source, target = name.split("-")
    lines = [
        f"[[data.{kind}]]",
        f'source = "{file.as_posix()}"',
        f'source_lang = "{source}"',
        f'target_lang = "{target}"',
    ]
    lines += ["both_directions = true"] if both else []
    lines += [f"weight = {weight:g}"] if weight is not None else []
    return "\n".join(lines) + "\n"


def make(tatoeba_text: Path, open_text: Path, dev: Path, out: Path, *, share_alike: bool = True) -> None:
    """Read, part and write all of it, and print how many pairs each corpus has."""
    out.mkdir(parents=True, exist_ok=True)
    mixture = tomllib.loads((HERE / "mixture.toml").read_text(encoding="utf-8"))
    held = aside_keys()
    learned, parts = tatoeba(tatoeba_text, held)
    news = [row for row in read_rows(dev / "pud-news-wiki.tsv.gz") if all(row[each] for each in ALL)]
    held |= {key(row[language]) for row in news for language in ALL}

    tables: list[str] = []
    seen: dict[str, set[str]] = {language: set() for language in ALL}
    found = groups(mixture["groups"], open_text, learned, read_lexicon(out), share_alike=share_alike)
    for group, name, pairs, both in found:
        kept = without(pairs, held)
        about = mixture["groups"][group]
        weight = float(about["weight"])
        if "en" not in name.split("-"):
            weight *= float(about.get("by_way", mixture["by_way"]))
        file = out / f"train.{group}.{name}.tsv"
        write(file, kept)
        tables.append(table("corpora", file, name, both=both, weight=weight))
        print(f"{group} {name}: {len(kept):,} pairs of {len(pairs):,}, weight {weight:g}")
        if group in ("tatoeba", "prose"):
            for side, language in enumerate(name.split("-")):
                seen[language].update(pair[side] for pair in kept)
    for language in ALL:  # a text that is in the target language already stays as it is
        file = out / f"train.same.{language}-{language}.tsv"
        write(file, ((text, text) for text in sorted(seen[language], key=order)[:SAME]))
        tables.append(table("corpora", file, f"{language}-{language}", weight=0.7))

    for name, pairs in parts.items():
        write(out / f"{name}.tsv", pairs)
    tables += write_watched(out, parts, news)
    recipe = (HERE / "run.toml").read_text(encoding="utf-8")
    (out / "run.toml").write_text(recipe + "\n" + "\n".join(tables), encoding="utf-8")


def write_watched(out: Path, parts: Mapping[str, Pairs], news: Sequence[Row]) -> list[str]:
    """Write what is translated during training, and the whole parts it is taken from; return its TOML."""
    _, aside = phrasebook()
    tables = []
    for language in LANGUAGES:
        name = f"en-{language}"
        watched = {
            "tatoeba": parts[f"valid.{name}"],
            "news": [(row["en"], row[language]) for row in sorted(news, key=lambda row: order(row["en"]))],
            "phrasebook": [(row["en"][0], row[language][0]) for row in aside],
        }
        for kind, pairs in watched.items():
            write(out / f"valid.{kind}.{name}.tsv", pairs)
            file = out / f"watch.{kind}.{name}.tsv"
            write(file, pairs[: WATCHED[kind]])
            tables.append(table("validation", file, name, both=True))
    return tables


def main() -> None:
    """Read the command line and make."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("tatoeba", "open", "dev", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument(
        "--without-share-alike", action="store_true", help="leave out text under share-alike licences"
    )
    arguments = parser.parse_args()
    make(
        arguments.tatoeba,
        arguments.open,
        arguments.dev,
        arguments.out,
        share_alike=not arguments.without_share_alike,
    )


if __name__ == "__main__":
    main()
