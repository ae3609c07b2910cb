"""Translations with the alignment of the words that are printed, whatever form the model read and wrote."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from clearhead.decoding.hypothesis import Hypothesis
from clearhead.inspection.alignment import Alignment, joined
from clearhead.inspection.reprint import copied, reprinted
from clearhead.surface.printed import printed
from clearhead.text.vocabulary import EOS
from clearhead.translator.passage import Manner, Passage, shown
from clearhead.translator.reading import Text
from clearhead.translator.translation import Translation


def aligned_translations(
    passages: Sequence[Passage],
    translations: Sequence[Translation],
    best: Sequence[Sequence[Hypothesis]],
    manner: Manner,
    align: Callable[[list[Text], list[Text]], list[Alignment]],
) -> Iterator[Translation]:
    """Yield translations with their word alignment; `align` reads those of all sentences at once.

    `best` are the hypotheses that were taken for the sentences of each text.
    """
    sources = [Text(ids) for passage in passages for ids in passage.ids]
    targets = [Text([*one.tokens, EOS]) for hypotheses in best for one in hypotheses]
    alignments = iter(align(sources, targets))
    for passage, translation, hypotheses in zip(passages, translations, best, strict=True):
        texts = shown(passage, hypotheses, manner)
        parts = as_printed(passage, texts, islice(alignments, len(texts)))
        yield replace(translation, alignment=joined(list(parts)))


def as_printed(
    passage: Passage, texts: Sequence[str], alignments: Iterable[Alignment]
) -> Iterator[Alignment]:
    """Yield the alignment of each span of a text with its translation, between the words that are printed.

    `texts` are the translations of its sentences; what stays as it is belongs to itself.
    """
    translated = iter(zip(passage.sentences, texts, alignments, strict=True))
    for span in passage.spans:
        if not span.is_sentence:
            yield copied(span.text)
            continue
        sentence, text, alignment = next(translated)
        placed = sentence.form.masked.placed
        yield reprinted(
            alignment,
            printed(alignment.source, sentence.text, placed),
            printed(alignment.target, text, placed),
        )
