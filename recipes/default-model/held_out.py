"""Measure a model on what people type first: the lists of `held-out`, final marks, capitals, slips, news.

Usage: python recipes/default-model/held_out.py MODEL DATA [--json scores.json] [--show first-words]

DATA is what `data.py` made. `--show` prints what failed of one list.
"""

import argparse
import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from clearhead.data.augmentation import misspell
from clearhead.evaluation import bleu
from clearhead.translator import Translator
from data import HERE, LANGUAGES, key, read_rows  # the recipe's other script

DIRECTIONS = [pair for language in LANGUAGES for pair in (("en", language), (language, "en"))]
SAME = 200
"""Sentences written in several ways."""
MARKS = 100
"""Sentences of each direction whose final mark is watched, with and without one."""
PART = " \u241f "
"""What parts the things that must stand in a translation."""

Failures = list[str]


def translated(translator: Translator, texts: Sequence[str], to: str) -> list[str]:
    """Return the translations of texts."""
    return [each.text for each in translator.translate(list(texts), to=to)]


def first_words(translator: Translator) -> tuple[int, int, Failures]:
    """Count right first words and phrases: an accepted answer, case and marks aside."""
    rows = read_rows(HERE / "held-out" / "first-words.tsv")
    failures = []
    for source, target in DIRECTIONS:
        typed = [row[source].split(" | ")[0] for row in rows]
        for row, text, found in zip(rows, typed, translated(translator, typed, target), strict=True):
            if key(found) not in map(key, row[target].split(" | ")):
                failures.append(f"{source}-{target}: {text} -> {found}")
    return len(rows) * len(DIRECTIONS) - len(failures), len(rows) * len(DIRECTIONS), failures


def number_words(translator: Translator) -> tuple[int, int, Failures]:
    """Count sentences whose numbers in words come out as the same numbers."""
    return _by_rows(translator, "number-words", lambda row, found: bool(re.search(row["must"], found, re.IGNORECASE)))


def kept(translator: Translator) -> tuple[int, int, Failures]:
    """Count lines that keep everything that must come through."""
    return _by_rows(translator, "kept", lambda row, found: all(holds(part, found) for part in row["keeps"].split(PART)))


def holds(part: str, found: str) -> bool:
    """Say whether a part stands once in a translation; behind `~` it is a regular expression."""
    if part.startswith("~"):
        return re.search(part[1:], found, re.IGNORECASE) is not None
    return found.count(part) == 1


def _by_rows(
    translator: Translator, name: str, right: Callable[[Any, str], bool]
) -> tuple[int, int, Failures]:
    rows = read_rows(HERE / "held-out" / f"{name}.tsv")
    failures = []
    for source, target in DIRECTIONS:
        these = [row for row in rows if (row["from"], row["to"]) == (source, target)]
        found = translated(translator, [row["source"] for row in these], target)
        failures += [
            f"{source}-{target}: {row['source']} -> {text}"
            for row, text in zip(these, found, strict=True)
            if not right(row, text)
        ]
    return len(rows) - len(failures), len(rows), failures


def sentences(data: Path, source: str, target: str, part: str = "test") -> tuple[list[str], list[str]]:
    """Return the sides of a part with English."""
    other = target if source == "en" else source
    pairs = [line.split("\t") for line in (data / f"{part}.en-{other}.tsv").read_text(encoding="utf-8").splitlines()]
    sides = tuple([pair[side] for pair in pairs] for side in (0, 1))
    return sides if source == "en" else sides[::-1]  # type: ignore[return-value]


def final_marks(translator: Translator, data: Path) -> tuple[int, int, Failures]:
    """Count sentences that end as their source does, with its mark and without any."""
    failures, total = [], 0
    for source, target in DIRECTIONS:
        texts = [text for text in sentences(data, source, target)[0] if text[-1] in ".!?"][:MARKS]
        texts += [text.rstrip(".!?… ").lstrip("¿¡") for text in texts]
        total += len(texts)
        for text, found in zip(texts, translated(translator, texts, target), strict=True):
            mark = text[-1] if text[-1] in ".!?" else ""
            ends = found[-1:] if found[-1:] in (".", "!", "?") else ""
            if ends != mark:
                failures.append(f"{source}-{target}: {text} -> {found}")
    return total - len(failures), total, failures


def ways_of_writing(translator: Translator, data: Path) -> dict[str, float]:
    """Return BLEU (en-fr) of the same sentences plain, in capitals, in Title Case, and with one slip each."""
    sources, references = (side[:SAME] for side in sentences(data, "en", "fr"))
    draws = Random(1)
    written: dict[str, tuple[list[str], list[str]]] = {
        "plain": (sources, references),
        "upper": ([text.upper() for text in sources], [text.upper() for text in references]),
        "title": ([_title(text) for text in sources], [_title(text) for text in references]),
        "slip": ([misspell(text, draws) for text in sources], references),
    }
    return {
        name: round(bleu(translated(translator, texts, "fr"), wanted).value, 2)
        for name, (texts, wanted) in written.items()
    }


def _title(text: str) -> str:
    return re.sub(r"[^\W\d_]+(?:['’][^\W\d_]+)*", lambda match: match[0][0].upper() + match[0][1:], text)


def news(translator: Translator, data: Path) -> dict[str, Any]:
    """Return BLEU on news and encyclopedia sentences, and the share that loops or reaches the length limit."""
    scores, stopped, total = {}, 0, 0
    for source, target in DIRECTIONS:
        sources, references = sentences(data, source, target, "valid.news")
        found = translator.translate(sources, to=target)
        stopped += sum(any("repeat" in note or "limit" in note for note in each.notes) for each in found)
        total += len(found)
        scores[f"{source}-{target}"] = round(bleu([each.text for each in found], references).value, 2)
    return {"bleu": scores, "mean": round(sum(scores.values()) / len(scores), 2), "stopped": stopped, "of": total}


def left_out(translator: Translator) -> dict[str, float]:
    """Return how well words are found whose translation was cut out."""
    rows = read_rows(HERE / "held-out" / "cut-content.tsv")
    hits = told = 0
    for source, target in DIRECTIONS:
        these = [row for row in rows if (row["from"], row["to"]) == (source, target)]
        found = translator.align([row["source"] for row in these], [row["cut"] for row in these], to=target)
        for row, each in zip(these, found, strict=True):
            words = {each.source[number].lower() for number in each.left_out}
            missing = set(re.findall(r"[\w'’-]+", row["missing"].lower()))
            hits += bool(words & missing)
            told += len(words)
    return {"recall": round(hits / len(rows), 3), "precision": round(hits / max(1, told), 3), "of": len(rows)}


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--show", default="")
    arguments = parser.parse_args()
    translator = Translator.load(arguments.model)
    lists = {
        "first-words": first_words(translator),
        "number-words": number_words(translator),
        "kept": kept(translator),
        "final-marks": final_marks(translator, arguments.data),
    }
    result: dict[str, Any] = defaultdict(dict)
    for name, (right, total, failures) in lists.items():
        result[name] = {"right": right, "of": total, "share": round(right / total, 4)}
        if arguments.show in (name, "all"):
            print("\n".join(failures), file=sys.stderr)
    result["ways of writing"] = ways_of_writing(translator, arguments.data)
    result["news"] = news(translator, arguments.data)
    result["left out"] = left_out(translator)
    text = json.dumps(result, ensure_ascii=False, indent=1)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
