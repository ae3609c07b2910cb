"""Made-up text in the form of the default model's raw data, a sentence or two of each sort."""

import gzip
import tomllib

HELD_TEST, HELD_VALID, GENERATED, DRILLED = 6, 4, 60, 60


def write_lines(file, lines):
    with gzip.open(file, "wt", encoding="utf-8") as opened:
        opened.write("".join(line + "\n" for line in lines))


def tatoeba(recipe, folder):
    """Write parts of Tatoeba; what is in valid, test or the held-out lists stands in train too, in another case."""
    leaks = leaked(recipe)
    shouted = [f"{leak.lower()} !!!" for leak in leaks]
    for language in recipe.LANGUAGES:
        here = folder / f"en-{language}"
        here.mkdir(parents=True)
        for part, numbers in (("train", range(120)), ("valid", range(100, 106)), ("test", range(110, 116))):
            # Sentences 100 to 119 of train stand in valid or test as well.
            shout = str.upper if part == "train" else str
            english = [shout(f"Sentence {n}, it is.") for n in numbers for _ in range(1 + n % 3)]
            other = [shout(f"{language} {n} {way}!") for n in numbers for way in range(1 + n % 3)]
            if part == "train":
                english += ["x\ty", *(f"English of leak {n}." for n in range(len(leaks))), *shouted]
                other += ["tab", *shouted, *(f"{language} leak {n}." for n in range(len(leaks)))]
            write_lines(here / f"{part}.en.gz", english)
            write_lines(here / f"{part}.{language}.gz", other)


def leaked(recipe):
    """Return sentences of everything that is measured with and no corpus."""
    _, aside = recipe.phrasebook()
    texts = [text for _, _, text, _ in recipe.everyday()]
    texts += [f"{NEWS[language]} 3." for language in recipe.ALL]
    texts += [cell for row in aside[::20] for cells in row.values() for cell in cells]
    for name in ("number-words", "kept", "cut-content"):
        rows = recipe.read_rows(recipe.HERE / "held-out" / f"{name}.tsv")[::20]
        texts += [row[column] for row in rows for column in ("source", "full") if column in row]
    return texts


NEWS = {
    "en": "The news of day",
    "fr": "Les nouvelles du jour",
    "es": "Las noticias del día",
    "de": "Nachrichten von Tag",
}


def dev(recipe, folder):
    """Write news."""
    folder.mkdir()
    rows = [
        "\t".join(recipe.ALL),
        *("\t".join(f"{NEWS[each]} {n}." for each in recipe.ALL) for n in range(20)),
    ]
    write_lines(folder / "pud-news-wiki.tsv.gz", rows)


def open_text(recipe, folder):
    """Write a table for each source of the mixture: rows of its own, one with a gap, and some with what is held out."""
    folder.mkdir()
    leaks = leaked(recipe)
    for number, name in enumerate(sorted(files(recipe))):
        rows = [[f"{language} row {n} of {name}" for language in recipe.ALL] for n in range(3)]
        rows[1][2] = ""
        for n, leak in enumerate(leaks[number::7]):
            row = [f"{language} neighbour {n} of {name}" for language in recipe.ALL]
            row[n % 4] = leak
            rows.append(row)
        rows = ["\t".join(row) for row in (recipe.ALL, *rows)]
        write_lines(folder / f"{name}.tsv.gz", rows)


def mixture(recipe):
    """Return the groups of the mixture."""
    return tomllib.loads((recipe.HERE / "mixture.toml").read_text(encoding="utf-8"))["groups"]


def files(recipe):
    """Return the names of the sources of open text that the mixture names, each once."""
    return [name for about in mixture(recipe).values() for name in about.get("files", [])]
