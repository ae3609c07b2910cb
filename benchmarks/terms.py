"""Translations held to a glossary beside those without: how often terms are used, BLEU, and the cost.

The sets are those of `benchmarks.term_sets`, one term a sentence, chosen before any output is seen. Each sentence is
translated alone, since each has a glossary of its own; all ways take turns, sentence by sentence. For a model that has
learned to use terms within its source, `symbols` is the way of models that have not.

Usage: python -m benchmarks.terms terms.en-fr.tsv terms.en-es.tsv [--model M]
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.interleaved import versions
from benchmarks.term_sets import Held, read
from clearhead.evaluation.scores import bleu
from clearhead.terms import Terms
from clearhead.terms.finding import Held as HeldWords
from clearhead.translator import Translation, Translator


@dataclass
class Way:
    """One way to translate, and what came of it."""

    name: str
    translate: Callable[[Held], Translation]
    translations: list[Translation] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def run(self, held: Held) -> None:
        """Translate a sentence and keep how long it took."""
        started = time.perf_counter()
        self.translations.append(self.translate(held))
        self.seconds.append(time.perf_counter() - started)


def used(held: Held, text: str) -> bool:
    """Say whether a text has the term as words."""
    return HeldWords(text).take([held.target]) is not None


def with_terms(name: str, translator: Translator, to: str | None) -> Way:
    """Return the way of a translator that is given the term of each sentence."""
    return Way(
        name, lambda held: translator.translate(held.src, to=to, terms=Terms.of((held.source, held.target)))
    )


def measured(sets: Sequence[Held], translator: Translator, to: str | None) -> list[Way]:
    """Translate every sentence with and without its term, in turns."""
    ways = [
        Way("without", lambda held: translator.translate(held.src, to=to)),
        with_terms("terms", translator, to),
    ]
    if translator.tokenizer.takes_terms:
        other = copy(translator)
        other.tokenizer = copy(translator.tokenizer)
        other.tokenizer.takes_terms = False
        ways.append(with_terms("symbols", other, to))
    for way in ways:  # models are loaded, and the machine's caches warm
        way.translate(sets[0])
    for number, held in enumerate(sets):
        for way in ways if number % 2 else ways[::-1]:
            way.run(held)
    return ways


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", type=Path, nargs="+", help="named ...en-fr.tsv, by the languages")
    parser.add_argument("--model", default=None)
    options = parser.parse_args()
    translator = Translator.load(options.model)
    print(f"{translator!r}; {versions('ctranslate2', 'torch', 'sacrebleu')}")
    print("| languages | sentences | way | terms used | BLEU | notes on terms | times as long |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    signature = ""
    for path in options.sets:
        languages = path.stem.rpartition(".")[2]
        sets = read(path)
        ways = measured(sets, translator, languages.partition("-")[2] if translator.targets else None)
        for way in ways:
            texts = [translation.text for translation in way.translations]
            value = bleu(texts, [held.ref for held in sets])
            signature = value.signature
            share = statistics.mean(used(held, text) for held, text in zip(sets, texts, strict=True))
            noted = sum(any("term" in note for note in each.notes) for each in way.translations)
            slower = sum(way.seconds) / sum(ways[0].seconds)
            print(
                f"| {languages} | {len(sets)} | {way.name} | {share:.1%} | {value.value:.2f} | {noted} "
                f"| {slower:.2f} |",
                flush=True,
            )
    print(f"BLEU: {signature}")


if __name__ == "__main__":
    main()
