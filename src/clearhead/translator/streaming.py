"""Many texts through an engine: read in windows, begun together, counted, and put together in their order."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import TypeVar

from clearhead.config import ModelConfig
from clearhead.decoding.hypothesis import Hypothesis
from clearhead.engines.choice import OwnCode
from clearhead.engines.held import HeldSource, Reading, translate_held
from clearhead.engines.protocol import Engine, check_positions
from clearhead.errors import ClearheadError
from clearhead.translator.holding import spelled
from clearhead.translator.passage import Passage, Sentence, completed, cut_together, put_together
from clearhead.translator.request import Request
from clearhead.translator.sources import frames_passage
from clearhead.translator.translation import Translation

Item = TypeVar("Item")
Begun = tuple[list[Passage], Iterator[tuple[int, list[Hypothesis]]]]
"""Texts as they were cut, and what an engine finds for their sentences, numbered through, in any order."""

WINDOW = 2048
"""Texts read ahead so that sentences of like length share a batch."""
WINDOW_MOST = 1_000_000
MOST_FRAMES = 256
"""Most sources that are read ahead where they are frames, which take more room."""


def windows(texts: Iterable[str], size: int, waits: Callable[[], bool] | None) -> Iterator[list[str]]:
    """Yield texts in windows of `size`; less where the next has yet to come, or cannot be read.

    After a window beyond which nothing is there yet comes an empty one, so that it is given out before
    anybody waits.
    """
    source = iter(texts)
    while True:
        read: list[str] = []
        empty = False
        try:
            for text in islice(source, size):
                read.append(text)
                empty = waits is not None and waits()
                if empty:
                    break
        except ClearheadError:
            if read:
                yield read
            raise
        if not read:
            return
        yield read
        if empty:
            yield []


def begin(
    engine: Engine, shape: ModelConfig, texts: Sequence[str], request: Request, own: OwnCode | None = None
) -> Begun:
    """Cut texts into sentences and hand these to the engine; `own` is our own code, for what has terms.

    Raises TranslationError for a sentence with more tokens than the model has positions.
    """
    if shape.source_features:
        passages = [frames_passage(source, shape) for source in texts]
    else:
        passages = cut_together(texts, request.manner)
    flat = [ids for passage in passages for ids in passage.ids]
    check_positions([shape.source_positions(len(ids)) for ids in flat], shape.longest)
    prefixes = None if request.prefix is None else [request.prefix] * len(flat)
    glossary = request.manner.glossary
    if glossary is not None and own is not None and any(map(_has_terms, passages)):
        held = [_held(sentence, request) for passage in passages for sentence in passage.sentences]
        return passages, translate_held(engine, own, held, request.search, glossary.edges)
    return passages, engine.translate(flat, request.search, prefixes)


def _has_terms(passage: Passage) -> bool:
    return any(sentence.held.wanted for sentence in passage.sentences)


def _held(sentence: Sentence, request: Request) -> HeldSource:
    """Return a sentence as an engine is to hold it to its terms."""
    wanted = sentence.held.wanted
    readings = []
    for other, must_hold in ((sentence.inline, wanted), (sentence.symbolic, wanted.without_phrases)):
        if other is not None and request.prefix is None:
            written = partial(
                spelled,
                tokenizer=request.manner.tokenizer,
                held=sentence.held,
                symbolic=other.form.masked,
                usual=sentence.form.masked,
            )
            readings.append(Reading(other.ids, must_hold, written))
    return HeldSource(ids=sentence.ids, wanted=wanted, readings=tuple(readings), prefix=request.prefix)


def begun(
    engine: Engine, shape: ModelConfig, texts: Sequence[str], request: Request, own: OwnCode | None = None
) -> Iterator[Begun]:
    """Begin texts together; where one of them cannot be, those before it all the same, then raise."""
    try:
        together = begin(engine, shape, texts, request, own)
    except ClearheadError:
        if len(texts) < 2:
            raise
        half = len(texts) // 2
        yield from begun(engine, shape, texts[:half], request, own)
        yield from begun(engine, shape, texts[half:], request, own)
    else:
        yield together


def one_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Yield each item when the next has been made, so that nobody waits for what was begun with it.

    Where making the next fails, that is raised after those before it.
    """
    held = list(islice(items, 1))
    while held:
        try:
            following = list(islice(items, 1))
        except ClearheadError:
            yield from held
            raise
        yield from held
        held = following


def counted(
    found: Iterator[tuple[int, list[Hypothesis]]],
    passages: Sequence[Passage],
    before: int,
    reached: Callable[[int], None],
) -> Iterator[tuple[int, list[Hypothesis]]]:
    """Pass on what is found, telling how many texts that comes to, by the share of their sentences."""
    sentences = sum(len(passage.sentences) for passage in passages)
    for count, numbered in enumerate(found, start=1):
        reached(before + count * len(passages) // sentences)
        yield numbered


def finished(
    passages: Sequence[Passage], found: Iterator[tuple[int, list[Hypothesis]]], request: Request
) -> tuple[list[Translation], list[list[Hypothesis]]]:
    """Return the translation of each text, in order, and the best hypothesis of each of its sentences."""
    translations: dict[int, Translation] = {}
    best: dict[int, list[Hypothesis]] = {}
    for place, ranked in completed(passages, found):
        translations[place] = put_together(
            passages[place], ranked, request.manner, wanted=request.search.num_hypotheses
        )
        best[place] = [hypotheses[0] for hypotheses in ranked]
    in_order = range(len(passages))
    return [translations[place] for place in in_order], [best[place] for place in in_order]
