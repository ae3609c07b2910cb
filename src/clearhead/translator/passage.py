"""A text cut into sentences for the engine, and put together again from what it found; nothing is left out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, islice
from typing import TypeVar

from clearhead.decoding.hypothesis import Hypothesis
from clearhead.errors import ClearheadError
from clearhead.text import sentences
from clearhead.text.literals import restored
from clearhead.text.normalize import normalize
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.vocabulary import EOS
from clearhead.translator.translation import Split, Translation

Item = TypeVar("Item")


@dataclass(frozen=True)
class Passage:
    """A text cut into sentences, each with its source ids, and what must be said of it."""

    text: str
    spans: list[sentences.Span]
    """Those that are sentences are translated, the others stay."""
    ids: list[list[int]]
    numbers: list[int]
    """Which sentence of the text each of `ids` is of, counted from 1."""
    notes: tuple[str, ...]


def cut(
    text: str,
    tokenizer: Tokenizer,
    tag: str | None,
    split: Split,
    language: str,
    limit: int,
    *,
    all_of_it: bool = False,
) -> Passage:
    """Cut a text into sentences of at most `limit` tokens; a longer one is split further, and that is noted.

    A sentence in a script that the model has not learned would become invented text: it is left as it is, and that
    is noted, unless `all_of_it` is to be translated.
    """
    if not normalize(text):  # blank, or nothing but characters that mean nothing
        return Passage(text, [sentences.Span(text, False)] if text else [], [], [], ())
    whole = [sentences.Span(text, True)] if split == "never" else sentences.split(text, language)
    spans: list[sentences.Span] = []
    numbers: list[int] = []
    notes: list[str] = []
    number = 0
    for span in whole:
        parts, number = [span], number + span.is_sentence
        if span.is_sentence and not all_of_it and not tokenizer.knows_most_of(span.text):
            notes.append("what is in letters that the model has not learned was left as it is")
            parts = [sentences.Span(span.text, False)]
        elif span.is_sentence and split != "never" and len(tokenizer.encode(span.text)) > limit:
            parts = sentences.split_long(span.text, limit, lambda part: len(tokenizer.encode(part)))
            count = sum(part.is_sentence for part in parts)
            notes.append(f"a sentence above {limit} tokens was translated in {count} parts")
        spans += parts
        numbers += [number] * sum(part.is_sentence for part in parts)
    ids = [[*tokenizer.encode(span.text, to=tag), EOS] for span in spans if span.is_sentence]
    return Passage(text, spans, ids, numbers, tuple(dict.fromkeys(notes)))


def completed(
    passages: Sequence[Passage], found: Iterable[tuple[int, list[Hypothesis]]]
) -> Iterator[tuple[int, list[list[Hypothesis]]]]:
    """Yield (place of a passage, hypotheses of each of its sentences) as soon as its last sentence is found.

    `found` are those of all sentences, numbered through the passages, in any order. To put one passage together
    while an engine is busy with the next costs no time of its own.
    """
    home = [place for place, passage in enumerate(passages) for _ in passage.ids]
    start = [0, *accumulate(len(passage.ids) for passage in passages)]
    missing = [len(passage.ids) for passage in passages]
    yield from ((place, []) for place, count in enumerate(missing) if not count)
    hypotheses: dict[int, list[Hypothesis]] = {}
    for number, each in found:
        hypotheses[number] = each
        place = home[number]
        missing[place] -= 1
        if not missing[place]:
            yield place, [hypotheses.pop(one) for one in range(start[place], start[place + 1])]


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


def put_together(
    passage: Passage,
    found: Sequence[Sequence[Hypothesis]],
    tokenizer: Tokenizer,
    to: str | None,
    *,
    wanted: int,
    literals: bool,
) -> Translation:
    """Join the hypotheses of every sentence, rank by rank, with the text's own separators.

    With `literals` addresses, codes and long numbers are put right, and that is noted.
    """
    ranks = min(wanted, *map(len, found)) if found else 1
    best, *others = (
        _of_rank(passage, [hypotheses[rank] for hypotheses in found], tokenizer, to, literals)
        for rank in range(ranks)
    )
    return replace(best, alternatives=tuple(others)) if others else best


def _of_rank(
    passage: Passage, found: Sequence[Hypothesis], tokenizer: Tokenizer, to: str | None, literals: bool
) -> Translation:
    notes = list(passage.notes)
    texts = []
    sources = [span.text for span in passage.spans if span.is_sentence]
    several = len(passage.spans) > 1 and sum(bool(normalize(span.text)) for span in passage.spans) > 1
    for number, source, each in zip(passage.numbers, sources, found, strict=True):
        text = tokenizer.decode(each.tokens)
        text, right = restored(source, text) if literals else (text, ())
        texts.append(text)
        where = f"sentence {number}: " if several else ""
        if each.truncated:
            notes.append(f"{where}the translation reached the length limit and was ended there")
        if each.repetition:
            notes.append(f"{where}the translation began to repeat itself and was kept from it")
        if right:
            notes.append(f"{where}{', '.join(right)} had come out otherwise and was put right")
    lengths = [len(each.tokens) + 1 for each in found]
    weighted = sum(each.score * length for each, length in zip(found, lengths, strict=True))
    return Translation(
        source=passage.text,
        text=sentences.join(passage.spans, texts),
        to=to,
        score=weighted / (sum(lengths) or 1),
        tokens=tuple(piece for each in found for piece in tokenizer.pieces(each.tokens)),
        notes=tuple(notes),
    )
