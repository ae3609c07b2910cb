"""Alignment error rates of attention: of every head, of their mean, of a head that was taught."""

from collections.abc import Mapping, Sequence

import numpy as np
from benchmarks.gold_alignment import CHOOSE_ON, looked, read

from clearhead.config.alignment import Reader
from clearhead.data.batching import TokenizedCorpus
from clearhead.inspection.alignment import Words
from clearhead.inspection.gold import Gold, Pair, measured
from clearhead.inspection.record import attended
from clearhead.model.sequence_model import SequenceModel
from clearhead.model.transformer import PAD
from clearhead.text.vocabulary import BOS
from clearhead.translator import Translator
from studies import pairs
from studies.words import Translations


def with_links(part: Translations) -> TokenizedCorpus:
    """Return the sentences of the grammar with their links, so that a head can be taught (Garg et al. 2019)."""
    links = [sorted(each.alignment(part.source, part.target)) for each in part.examples]
    offsets = np.zeros(len(links) + 1, dtype=np.int64)
    np.cumsum([2 * len(row) for row in links], out=offsets[1:])
    flat = np.array([number for row in links for link in row for number in link], dtype=np.int32)
    corpus = part.corpus
    return TokenizedCorpus(corpus.src, corpus.src_offsets, corpus.tgt, corpus.tgt_offsets, flat, offsets)


def of_grammar(model: SequenceModel, part: Translations) -> list[Pair]:
    """Return the attention of sentences of the grammar beside their exact links."""
    sides = [
        [
            pairs.words(example, language, ids)
            for language, ids in zip((part.source, part.target), part.corpus.ids(number), strict=True)
        ]
        for number, example in enumerate(part.examples)
    ]
    found = attended(model, [side[0] for side in sides], [side[1] for side in sides], start=BOS, pad=PAD)
    return [
        Pair(
            seen,
            Words.of(seen.source, seen.target, example.spans(part.source), example.spans(part.target)),
            Gold(example.alignment(part.source, part.target)),
        )
        for seen, example in zip(found, part.examples, strict=True)
    ]


def of_default(translator: Translator, most: int) -> list[Pair]:
    """Return the attention of pairs linked by hand, without those that the model's reader was chosen on."""
    found = [
        pair
        for languages, linked in read().items()
        for pair in looked(translator, linked[CHOOSE_ON:][:most], languages[1])
    ]
    return found


def rates(found: Sequence[Pair], named: Mapping[str, Reader]) -> dict[str, float]:
    """Return the error rates of all heads alone (best, mean, worst), of all together, and of `named` readers."""
    layers, heads = found[0].attended.cross.shape[:2]
    every = [(layer, head) for layer in range(layers) for head in range(heads)]
    alone = [measured(found, Reader(heads=(one,))) for one in every]
    return {
        "best head": min(alone),
        "mean of all heads": sum(alone) / len(alone),
        "worst head": max(alone),
        "average of all heads": measured(found, Reader(heads=tuple(every))),
        "average of the last layer": measured(
            found, Reader(heads=tuple((layers - 1, head) for head in range(heads)))
        ),
        **{name: measured(found, reader) for name, reader in named.items()},
    }
