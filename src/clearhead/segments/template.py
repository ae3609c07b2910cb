"""A source with gaps: characters that stay, slots that translations fill, and names of the language."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from clearhead.segments.segment import Marked, Segment


@dataclass(frozen=True, slots=True)
class Language:
    """A place where the language of the text is named, or where its name is added."""

    original: str
    before: str = ""
    after: str = ""

    def named(self, language: str) -> str:
        """Return what stands there for a translation into a language."""
        return f"{self.before}{language}{self.after}"


Template = tuple[str | int | Language, ...]
"""Characters, numbers of slots, and names of the language."""


class Slot(Protocol):
    """A gap of a template: the segment that stands in it, and how its translation is written there."""

    @property
    def segment(self) -> Segment:
        """Return what is translated."""

    @property
    def original(self) -> Template:
        """Return what stands there untranslated."""

    def written(self, translation: Marked, fill: Callable[[Template], str]) -> str:
        """Return what stands there for a translation; `fill` gives the characters of templates within it."""


def is_changed(segment: Segment, translation: Marked | None) -> bool:
    """Say whether a translation is another text than its segment, or has its tags elsewhere."""
    return translation is not None and (translation.text != segment.text or translation.tags != segment.tags)


def filled(
    template: Template, slots: Sequence[Slot], translations: Sequence[Marked | None], to: str | None
) -> str:
    """Return the characters of a template with a translation in each slot, and the language named where it is known.

    A slot without a translation, or with one that is what it had, keeps its characters.
    """

    def fill(part: Template) -> str:
        return "".join(map(item, part))

    def item(value: str | int | Language) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, Language):
            return value.named(to) if to else value.original
        slot, translation = slots[value], translations[value]
        if translation is None or not is_changed(slot.segment, translation):
            return fill(slot.original)
        return slot.written(translation, fill)

    return fill(template)
