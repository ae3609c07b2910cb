"""What tags cost the translation: BLEU of three ways to move them, on pairs with tags drawn at random.

    $ python -m benchmarks.inline.quality SOURCE TARGET --direction en-fr [--lines 200] [--seed 0] [--model MODEL]

In each source one run of one to three words is tagged; the text of each translation, without its tags, is scored
against the reference, beside that of the source without tags.
"""

import argparse
from itertools import islice
from pathlib import Path
from random import Random

from benchmarks.inline.gold import Sentence
from benchmarks.inline.systems import SYSTEMS, by_direction
from clearhead.corpora.lines import read_lines
from clearhead.evaluation import bleu
from clearhead.segments.segment import Marked, Tag
from clearhead.text.words import is_punctuation, words
from clearhead.translator import Translator


def drawn(text: str, direction: tuple[str, str], random: Random) -> Sentence:
    """Return a text with one tag around one to three of its words."""
    spans = [span for span in words(text) if not is_punctuation(text[slice(*span)])]
    first = random.randrange(len(spans))
    last = min(first + random.randrange(3), len(spans) - 1)
    tag = Tag(start=spans[first].start, end=spans[last].end)
    return Sentence(
        source=direction[0],
        target=direction[1],
        kind="drawn",
        marked=Marked(text=text, tags=(tag,)),
        glosses=(),
    )


def main() -> None:
    """Translate in three ways, and without tags, and print the scores."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--direction", required=True)
    parser.add_argument("--lines", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", type=Path)
    arguments = parser.parse_args()
    sources, references = (
        list(islice(read_lines(file), arguments.lines)) for file in (arguments.source, arguments.target)
    )
    direction = tuple(arguments.direction.split("-"))
    random = Random(arguments.seed)
    sentences = [drawn(text, (direction[0], direction[1]), random) for text in sources]
    translator = Translator.load(arguments.model)
    plain = by_direction(translator, sentences, [[text] for text in sources])
    texts = {"without tags": [one.text for (one,) in plain]}
    for name, system in SYSTEMS.items():
        texts[name] = [placed.text for placed in system(translator, sentences)]
    for name, hypotheses in texts.items():
        score = bleu(hypotheses, references)
        print(f"{arguments.direction} {name:18} BLEU {score.value:.1f}")
    print(score.signature)


if __name__ == "__main__":
    main()
