"""What a document is to whoever translates it, and the settings by which one is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from clearhead.config.choices import Wrap
from clearhead.segments.segment import Left, Marked, Segment


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a user says of a document; each format uses what concerns it."""

    columns: tuple[str, ...] = ()
    """Columns of a table to translate, by name or by number from 1; none: all that hold text."""
    keys: tuple[str, ...] = ()
    """Keys of JSON and YAML whose strings are translated, with * for any part; none: all."""
    wrap: Wrap = "auto"
    """auto: lines of plain text are joined to paragraphs where that is sure; join: always; keep: never."""
    everything: bool = False
    """Translate entries of PO and XLIFF that have a translation already, too."""


class Document(Protocol):
    """A file as segments to translate, and all that stays as it is.

    Written with the very segments it gave, a document is byte for byte what was read, or a canonical form that its
    format documents.
    """

    @property
    def segments(self) -> Sequence[Segment]:
        """Return what is to be translated, in the order of reading."""

    @property
    def left(self) -> Sequence[Left]:
        """Return what cannot be translated safely, with its place and the reason."""

    def written(self, translations: Sequence[Marked | None], to: str | None) -> bytes:
        """Return the document with a translation for each segment; None leaves a segment as it was.

        `to` is the language of the translations, where it is known: formats that name their language set it.
        """
