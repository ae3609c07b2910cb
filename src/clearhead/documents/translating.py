"""The segments of a document translated, with their tags, and what there is to say of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from clearhead.documents.journal import Journal
from clearhead.engines.protocol import SearchOptions
from clearhead.memory import Memory, remembered
from clearhead.segments.inline import moved
from clearhead.segments.protocol import Document
from clearhead.segments.segment import Left, Marked, Segment
from clearhead.segments.spacing import loosened, tightened
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
    memory: Memory | None = None
    """Translations that are taken where they are of the very text."""
    terms: Terms | None = None
    """Words and how they must be translated."""

    def stream(self, translator: Translator, texts: Sequence[str], *, align: bool) -> Iterator[Translation]:
        """Yield the translation of each text."""
        if self.memory is None:
            return translator.stream(
                texts,
                to=self.to,
                source=self.source,
                align=align,
                options=self.options,
                terms=self.terms,
            )
        return remembered(
            translator,
            self.memory,
            texts,
            offer=False,
            to=self.to,
            source=self.source,
            align=align,
            options=self.options,
            terms=self.terms,
        )


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
        stream = request.stream(
            translator, [loosened(window[number]).text for number in numbers], align=tagged
        )
        for number, translation in zip(numbers, stream, strict=True):
            results[number] = marked(window[number], translation), translation.notes
    if journal:
        journal.write([(window[number], result) for number in missing if (result := results[number])])
    return [result for result in results if result is not None]


def marked(segment: Marked, translation: Translation) -> Marked:
    """Return the translation of a loosened segment with its tags, by its alignment."""
    alignment = translation.alignment
    if not segment.tags or alignment is None:
        return Marked(text=translation.text)
    result = moved(
        loosened(segment),
        translation.text,
        alignment.source,
        alignment.target,
        alignment.links,
        alignment.weights,
    )
    return tightened(segment, result)
