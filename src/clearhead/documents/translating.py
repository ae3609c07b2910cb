"""The segments of a document translated, with their tags, and what there is to say of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from clearhead.documents.inline import moved
from clearhead.documents.journal import Journal
from clearhead.documents.protocol import Document
from clearhead.documents.segment import Left, Marked, Segment
from clearhead.engines.protocol import SearchOptions
from clearhead.terms import Terms
from clearhead.translator import Translation, Translator

WINDOW = 256
"""Segments translated together; after each window what is done is in the journal."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """How to translate: the target language, the source's where it is known, the search, and terms."""

    to: str | None = None
    source: str | None = None
    options: SearchOptions | None = None
    terms: Terms | None = None


def translated(
    document: Document,
    translator: Translator,
    request: Request,
    journal: Journal | None = None,
    reached: Callable[[int], None] | None = None,
) -> tuple[list[Marked], list[Left]]:
    """Return the translation of each segment, and the notes on them.

    A segment that `journal` has is not translated again; what is, is written there. `reached` is called with how many
    segments are done.
    """
    done: list[Marked] = []
    notes: list[Left] = []
    for window in _windows(document.segments):
        for segment, (marked, said) in zip(
            window, _window(window, translator, request, journal), strict=True
        ):
            done.append(marked)
            notes += [Left(place=segment.place, why=note) for note in said]
        if reached:
            reached(len(done))
    return done, notes


def _windows(segments: Sequence[Segment]) -> Iterator[list[Segment]]:
    remaining = iter(segments)
    while window := list(islice(remaining, WINDOW)):
        yield window


Result = tuple[Marked, tuple[str, ...]]


def _window(
    window: list[Segment], translator: Translator, request: Request, journal: Journal | None
) -> list[Result]:
    """Return the results of some segments, taken from the journal where it has them."""
    results = [journal.result(segment) if journal else None for segment in window]
    missing = [number for number, result in enumerate(results) if result is None]
    for tagged in (False, True):  # aligning takes another pass, so only where there are tags
        numbers = [number for number in missing if bool(window[number].tags) is tagged]
        stream = translator.stream(
            [window[number].text for number in numbers],
            to=request.to,
            source=request.source,
            align=tagged,
            options=request.options,
            terms=request.terms,
        )
        for number, translation in zip(numbers, stream, strict=True):
            results[number] = marked(window[number], translation), translation.notes
    if journal:
        journal.write([(window[number], result) for number in missing if (result := results[number])])
    return [result for result in results if result is not None]


def marked(segment: Marked, translation: Translation) -> Marked:
    """Return a translation with the tags of its segment, by its alignment."""
    alignment = translation.alignment
    if not segment.tags or alignment is None:
        return Marked(text=translation.text)
    return moved(segment, translation.text, alignment.source, alignment.target, alignment.links)
