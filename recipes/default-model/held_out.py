"""Measure a model on what people type first: the lists of `held-out`, final marks, capitals, slips, news.

Usage: python recipes/default-model/held_out.py MODEL DATA [--json scores.json] [--show first-words]

DATA is what `data.py` made. `--show` prints what failed of one list.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
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


@dataclass
class Tally:
    """How many of a list came out right, in all and by part, and what did not."""

    right: int = 0
    of: int = 0
    parts: dict[str, "Tally"] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def count(self, right: bool, part: str, failure: str) -> None:
        """Count one, and what it is a part of."""
        for each in (self, self.parts.setdefault(part, Tally())):
            each.right += right
            each.of += 1
        if not right:
            self.failures.append(failure)

    def to_dict(self, parts: str = "") -> dict[str, Any]:
        """Return plain values for JSON; the parts under a name, if any."""
        share = round(self.right / self.of, 4) if self.of else 0.0
        named = {parts: {name: each.to_dict() for name, each in self.parts.items()}} if parts else {}
        return {"right": self.right, "of": self.of, "share": share, **named}


def translated(translator: Translator, texts: Sequence[str], to: str) -> list[str]:
    """Return the translations of texts."""
    return [each.text for each in translator.translate(list(texts), to=to)]


def first_words(translator: Translator) -> Tally:
    """Count right first words and phrases by direction: an accepted answer, case and marks aside."""
    rows = read_rows(HERE / "held-out" / "first-words.tsv")
    tally = Tally()
    for source, target in DIRECTIONS:
        typed = [row[source].split(" | ")[0] for row in rows]
        for row, text, found in zip(rows, typed, translated(translator, typed, target), strict=True):
            right = key(found) in map(key, row[target].split(" | "))
            tally.count(right, f"{source}-{target}", f"{source}-{target}: {text} -> {found}")
    return tally


def number_words(translator: Translator) -> Tally:
    """Count sentences by direction whose numbers in words come out as the same numbers."""
    return _by_rows(
        translator, "number-words", lambda row, found: bool(re.search(row["must"], found, re.IGNORECASE))
    )


def kept(translator: Translator) -> Tally:
    """Count lines by kind that keep everything that must come through."""
    return _by_rows(
        translator,
        "kept",
        lambda row, found: all(holds(part, found) for part in row["keeps"].split(PART)),
        part="kind",
    )


def holds(part: str, found: str) -> bool:
    """Say whether a part stands once in a translation; behind `~` it is a regular expression."""
    if part.startswith("~"):
        return re.search(part[1:], found, re.IGNORECASE) is not None
    return found.count(part) == 1


def _by_rows(
    translator: Translator, name: str, right: Callable[[Any, str], bool], *, part: str = ""
) -> Tally:
    rows = read_rows(HERE / "held-out" / f"{name}.tsv")
    tally = Tally()
    for source, target in DIRECTIONS:
        direction = f"{source}-{target}"
        these = [row for row in rows if (row["from"], row["to"]) == (source, target)]
        for row, text in zip(
            these, translated(translator, [row["source"] for row in these], target), strict=True
        ):
            failure = f"{direction}: {row['source']} -> {text}"
            tally.count(right(row, text), row[part] if part else direction, failure)
    return tally


def sentences(data: Path, source: str, target: str, part: str = "test") -> tuple[list[str], list[str]]:
    """Return the sides of a part with English."""
    other = target if source == "en" else source
    pairs = [
        line.split("\t")
        for line in (data / f"{part}.en-{other}.tsv").read_text(encoding="utf-8").splitlines()
    ]
    sides = tuple([pair[side] for pair in pairs] for side in (0, 1))
    return sides if source == "en" else sides[::-1]  # type: ignore[return-value]


def final_marks(translator: Translator, data: Path) -> Tally:
    """Count sentences by direction that end as their source does, with its mark and without any."""
    tally = Tally()
    for source, target in DIRECTIONS:
        texts = [text for text in sentences(data, source, target)[0] if text[-1] in ".!?"][:MARKS]
        texts += [text.rstrip(".!?… ").lstrip("¿¡") for text in texts]
        for text, found in zip(texts, translated(translator, texts, target), strict=True):
            mark = text[-1] if text[-1] in ".!?" else ""
            ends = found[-1:] if found[-1:] in (".", "!", "?") else ""
            tally.count(ends == mark, f"{source}-{target}", f"{source}-{target}: {text} -> {found}")
    return tally


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
    return {
        "bleu": scores,
        "mean": round(sum(scores.values()) / len(scores), 2),
        "stopped": stopped,
        "of": total,
    }


def left_out(translator: Translator) -> dict[str, Any]:
    """Return how well the word is found whose translation was cut out, and how often one is told that was not.

    Recall is the share of cut translations of which the missing word is told. Precision counts words: those rightly
    told, of all that are told of cut and of full translations.
    """
    rows = read_rows(HERE / "held-out" / "cut-content.tsv")
    hits = right = wrong = on_full = 0
    for source, target in DIRECTIONS:
        these = [row for row in rows if (row["from"], row["to"]) == (source, target)]
        sources = [row["source"] for row in these]
        cut, full = (
            translator.align(sources, [row[which] for row in these], to=target) for which in ("cut", "full")
        )
        for row, of_cut, of_full in zip(these, cut, full, strict=True):
            told = [of_cut.source[number] for number in of_cut.left_out]
            missing = _words(row["missing"])
            found = sum(bool(_words(word) & missing) for word in told)
            hits += found > 0
            right += found
            wrong += len(told) - found
            on_full += len(of_full.left_out)
    return {
        "recall": round(hits / len(rows), 3),
        "precision": round(right / max(1, right + wrong + on_full), 3),
        "of": len(rows),
        "found": hits,
        "right words": right,
        "wrong words": wrong,
        "words of full": on_full,
    }


def _words(text: str) -> set[str]:
    return set(re.findall(r"[\w'’-]+", text.lower()))


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
        "first-words": (first_words(translator), "directions"),
        "number-words": (number_words(translator), "directions"),
        "kept": (kept(translator), "kinds"),
        "final-marks": (final_marks(translator, arguments.data), "directions"),
    }
    result: dict[str, Any] = {}
    for name, (tally, parts) in lists.items():
        result[name] = tally.to_dict(parts)
        if arguments.show in (name, "all"):
            print("\n".join(tally.failures), file=sys.stderr)
    result["ways of writing"] = ways_of_writing(translator, arguments.data)
    result["news"] = news(translator, arguments.data)
    result["left out"] = left_out(translator)
    text = json.dumps(result, ensure_ascii=False, indent=1)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
