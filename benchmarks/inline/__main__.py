"""Tags at the right words, beside tags as placeholders and beside pieces translated apart.

    $ python -m benchmarks.inline [--model MODEL] [--half improving|reported|both] [--wrong] [--speed]

The sentences and what is right are described in README.md. Without `--half`, the even lines are reported, on which
nothing was chosen.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.inline.gold import Sentence, read
from benchmarks.inline.judging import Placed, Verdict, clean, verdict
from benchmarks.inline.systems import SYSTEMS, by_direction
from clearhead.evaluation import chrf
from clearhead.segments.segment import Marked
from clearhead.translator import Translator

HALVES = {"improving": slice(0, None, 2), "reported": slice(1, None, 2), "both": slice(None)}
Judged = list[list[Verdict]]


def percent(part: int, whole: int) -> str:
    """Return a share as it is printed."""
    return f"{100 * part / whole:5.1f}" if whole else "    -"


def shares(verdicts: Iterable[Verdict]) -> str:
    """Return how many tags are right of those that can be judged, how many cannot, and the share of all."""
    listed = list(verdicts)
    right, open_ = listed.count("right"), listed.count("open")
    return (
        f"{percent(right, len(listed) - open_)} % right of {len(listed) - open_:3}, {open_:2} not to be judged "
        f"(strict {percent(right, len(listed))} %)"
    )


def judged(sentences: Sequence[Sentence], results: Sequence[Placed]) -> Judged:
    """Judge every tag of every sentence."""
    return [
        [verdict(sentence, number, placed) for number in range(len(placed.tags))]
        for sentence, placed in zip(sentences, results, strict=True)
    ]


def table(sentences: Sequence[Sentence], verdicts: Judged) -> None:
    """Print the shares by kind and by direction."""
    groups: dict[str, list[Verdict]] = defaultdict(list)
    for sentence, some in zip(sentences, verdicts, strict=True):
        groups[sentence.kind] += some
    for sentence, some in zip(sentences, verdicts, strict=True):
        groups[f"{sentence.source} > {sentence.target}"] += some
    for name, some in groups.items():
        print(f"    {name:10} {shares(some)}")


def shown(placed: Placed) -> str:
    """Return a translation with numbered tags, those that were lost left out."""
    at = [(tag.end, 0, f"</{n + 1}>") for n, tag in enumerate(placed.tags) if tag]
    at += [(tag.start, 1, f"<{n + 1}>") for n, tag in enumerate(placed.tags) if tag]
    text = placed.text
    for place, _, written in sorted(at, key=lambda item: (item[0], item[1]), reverse=True):
        text = text[:place] + written + text[place:]
    return text


def summary(
    name: str, sentences: Sequence[Sentence], results: Sequence[Placed], plain: Sequence[str]
) -> Judged:
    """Print what a system comes to."""
    verdicts = judged(sentences, results)
    tags = [
        (one, n, placed)
        for one, placed in zip(sentences, results, strict=True)
        for n in range(len(placed.tags))
    ]
    words = [
        (gloss, placed.text) for one, placed in zip(sentences, results, strict=True) for gloss in one.glosses
    ]
    print(f"{name}: {shares(verdict for some in verdicts for verdict in some)}")
    print(
        f"    well-formed {percent(sum(r.well_formed for r in results), len(results))} %, "
        f"the same tags {percent(sum(r.same for r in results), len(results))} %, "
        f"clean edges {percent(sum(clean(*tag) for tag in tags), len(tags))} %, "
        f"words translated {percent(sum(bool(gloss.places(text)) for gloss, text in words), len(words))} %, "
        f"chrF to the translation without tags {chrf([r.text for r in results], list(plain)).value:.1f}"
    )
    return verdicts


def speed(translator: Translator, sentences: Sequence[Sentence]) -> None:
    """Print the time of a sentence with and without its tags, in turns, the best of three."""
    best = {False: float("inf"), True: float("inf")}
    texts = [[sentence.marked.text] for sentence in sentences]
    for _ in range(3):
        for tagged in best:
            began = time.perf_counter()
            if tagged:
                SYSTEMS["moved by alignment"](translator, sentences)
            else:
                by_direction(translator, sentences, texts)
            best[tagged] = min(best[tagged], time.perf_counter() - began)
    without, having = (1000 * best[tagged] / len(sentences) for tagged in (False, True))
    print(f"{without:.1f} ms a sentence without tags, {having:.1f} ms with ({having / without:.2f} times)")


def main() -> None:
    """Translate in the three ways, judge and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path)
    parser.add_argument("--half", choices=HALVES, default="reported")
    parser.add_argument("--only", choices=SYSTEMS, nargs="+", default=list(SYSTEMS))
    parser.add_argument("--wrong", action="store_true", help="show what is not right, with moved tags")
    parser.add_argument(
        "--speed", action="store_true", help="the time of a sentence with and without its tags"
    )
    arguments = parser.parse_args()
    translator = Translator.load(arguments.model)
    sentences = read()[HALVES[arguments.half]]
    plain = by_direction(translator, sentences, [[one.marked.text] for one in sentences])
    print(f"{len(sentences)} sentences, {sum(len(one.marked.tags) for one in sentences)} tags")
    for name in arguments.only:
        results = SYSTEMS[name](translator, sentences)
        verdicts = summary(name, sentences, results, [one.text for (one,) in plain])
        table(sentences, verdicts)
        for sentence, placed, some in zip(sentences, results, verdicts, strict=True):
            if arguments.wrong and set(some) != {"right"}:
                source = Marked(text=sentence.marked.text, tags=sentence.marked.tags)
                print(f"  {sentence.kind} {some}\n    {shown(Placed.of(source))}\n    {shown(placed)}")
    if arguments.speed:
        speed(translator, sentences)


if __name__ == "__main__":
    main()
