"""Texts with markup, as requests send them: their segments out, translated, and in again."""

from collections.abc import Sequence
from typing import Literal

from clearhead.documents.translating import marked
from clearhead.segments.protocol import Document
from clearhead.segments.segment import Segment
from clearhead.segments.spacing import loosened
from clearhead.translator import Translation
from clearhead.webpages.html import page

Markup = Literal["html", "xml"]


def opened(texts: Sequence[str], markup: Markup) -> list[Document]:
    """Return each text as a document. Raises DocumentError for what cannot be read."""
    return [page(text.encode(), xml=markup == "xml") for text in texts]


def segments(documents: Sequence[Document]) -> list[Segment]:
    """Return the segments of all documents, in order."""
    return [segment for document in documents for segment in document.segments]


def readable(parts: Sequence[Segment]) -> list[str]:
    """Return what of each segment is translated."""
    return [loosened(part).text for part in parts]


def written(documents: Sequence[Document], translations: Sequence[Translation]) -> list[str]:
    """Return each document with its translations, which are those of `segments`, aligned where there are tags."""
    remaining = iter(translations)
    return [
        document.written([marked(segment, next(remaining)) for segment in document.segments], None).decode()
        for document in documents
    ]
