"""Word alignments of the built-in grammar, read from the attention of the demo's model, beside eflomal's.

    $ clearhead demo --out runs/demo
    $ python -m benchmarks.alignment runs/demo [--guided runs/guided] [--eflomal DIR]

Heads and thresholds, and how eflomal's two directions are put together, are chosen on the part of the grammar for
validation and measured on that for testing; sentences of both hold combinations of words that training never showed.
eflomal (Östling and Tiedemann 2016; `pip install eflomal`) learns from the sentences that the demo learned from, and
from functools import partial
from those it is measured on; DIR holds its `eflomal-align`. With --guided the demo's model is trained once more, where
that was not done before, on the same sentences with spaces around every word, one head being taught their alignments.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from benchmarks import eflomal
from clearhead.config import CorpusConfig
from clearhead.corpora.pair import Pair as TextPair
from clearhead.data.preparation import CorpusText
from clearhead.grammar import grammar
from clearhead.inspection.alignment import Words
from clearhead.inspection.gold import Gold, Pair, measured
from clearhead.measuring.align import best
from clearhead.run import train
from clearhead.run.corpora import Corpora, SentencePair
from clearhead.terminal.demo import DIRECTIONS, TRAIN_SENTENCES, demo_config
from clearhead.translator import Translator
from clearhead.translator.unsaved import translated

run = partial(train.run, translate=translated)

DEV, TEST = 100, 500
STEPS = 1500


def examples(part: grammar.Part, count: int) -> list[grammar.Example]:
    """Return sentences of a part of the grammar."""
    return list(islice(grammar.generate(9, count, part=part), count))


def spaced(example: grammar.Example, language: str) -> str:
    """Return a sentence with spaces around every word."""
    return " ".join(example.words(language))


def ours(translator: Translator, source: str, target: str, *, guided: bool = False) -> tuple[float, str]:
    """Choose on one part, measure on the other; return the error rate and what was chosen."""

    def pairs(part: grammar.Part, count: int) -> list[Pair]:
        found = examples(part, count)
        sides = [
            [spaced(each, side) if guided else each.text(side) for each in found] for side in (source, target)
        ]
        attended = translator.attended(*sides, to=target)
        return [
            Pair(
                seen,
                Words.usual(seen.source, seen.target, "space")
                if guided
                else Words.of(seen.source, seen.target, each.spans(source), each.spans(target)),
                Gold(each.alignment(source, target)),
            )
            for each, seen in zip(found, attended, strict=True)
        ]

    chosen = best(pairs("valid", DEV), translator.reader)
    return measured(pairs("test", TEST), chosen.reader), str(chosen.reader)


def taught(out: Path, weight: float = 0.05) -> Translator:
    """Return the model of the demo with one head taught the alignments, trained where `out` is not yet there."""
    if not (out / "model").exists():
        config = demo_config(STEPS, seed=1)
        config = replace(config, training=replace(config.training, guided_alignment=weight))
        languages = [
            CorpusConfig(source_lang=source, target_lang=target, alignments="the grammar")
            for source, target in DIRECTIONS
        ]
        train = [CorpusText(each, list(linked(each))) for each in languages]
        valid = [
            SentencePair(spaced(each, source), spaced(each, target), source, target)
            for source, target in DIRECTIONS
            for each in examples("valid", 50)
        ]
        for _ in run(config, out, resume=out.exists(), corpora=Corpora(train, valid)):
            pass
    return Translator.load(out, engine="pytorch")


def linked(config: CorpusConfig) -> Iterator[TextPair]:
    """Yield the demo's sentences of a direction with spaces around every word, and their links."""
    source, target = config.source_lang, config.target_lang
    found = islice(grammar.generate(1, TRAIN_SENTENCES), TRAIN_SENTENCES)
    for number, each in enumerate(found, start=1):
        links = tuple(sorted(each.alignment(source, target)))
        yield TextPair(spaced(each, source), spaced(each, target), "the grammar", number, links)


def peer(folder: str | None, source: str, target: str) -> tuple[float, str] | None:
    """Return eflomal's error rate with the best way of putting its directions together; None without it."""
    parts = {"valid": examples("valid", DEV), "test": examples("test", TEST)}
    text = [
        *islice(grammar.generate(1, TRAIN_SENTENCES), TRAIN_SENTENCES),
        *(each for part in parts.values() for each in part),
    ]
    found = eflomal.align(folder, [(spaced(each, source), spaced(each, target)) for each in text])
    if found is None:
        return None
    dev, test = ([Gold(each.alignment(source, target)) for each in part] for part in parts.values())
    return eflomal.best(found, dev, test)


def main() -> None:
    """Measure and print a line a direction."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--guided", type=Path)
    parser.add_argument("--eflomal")
    arguments = parser.parse_args()
    translator = Translator.load(arguments.model, engine="pytorch")
    guided = taught(arguments.guided) if arguments.guided else None
    print("AER in percent on", TEST, "sentences")
    for source, target in DIRECTIONS:
        rate, how = ours(translator, source, target)
        print(f"{source}-{target}: attention {100 * rate:.2f} ({how})")
        if guided is not None:
            rate, how = ours(guided, source, target, guided=True)
            print(f"{source}-{target}: guided {100 * rate:.2f} ({how})")
        theirs = peer(arguments.eflomal, source, target)
        print(
            f"{source}-{target}: eflomal "
            + (f"{100 * theirs[0]:.2f} ({theirs[1]})" if theirs else "not found")
        )


if __name__ == "__main__":
    main()
