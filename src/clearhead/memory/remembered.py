"""Texts translated with a memory in front of the model: what a person translated is not translated again."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from clearhead.errors import TranslationError
from clearhead.memory.memory import Memory
from clearhead.memory.similar import Match
from clearhead.translator import Translation, Translator


@dataclass(frozen=True, kw_only=True)
class Remembered(Translation):
    """A translation, and what the memory has for its source."""

    matches: tuple[Match, ...] = ()
    """Entries, best first; the first has score 1 where the translation is that of the memory."""


class Counts(NamedTuple):
    """For how many texts a memory has an entry."""

    exact: int
    similar: int
    """For which it has no entry, but one for a text much like it."""


def remembered(
    translator: Translator, memory: Memory, texts: Iterable[str], *, offer: bool = True, **options: Any
) -> Iterator[Remembered]:
    """Yield the translation of each text, in order: that of the memory where it has the text, else the model's.

    `options` are those of `Translator.stream`; a translation of the memory keeps the white space around its text, has
    the score 0 and no confidence, which are the model's, and is aligned where `align` asks for it. With `offer` each
    has its matches. Raises TranslationError for a model whose sources are no text, and for a prefix.
    """
    if translator.reads_features:
        raise TranslationError("this model's sources are frames of numbers; a translation memory is for text")
    if options.get("prefix"):
        raise TranslationError("a translation memory knows nothing of a prefix; leave out one of the two")
    read: deque[tuple[str, Match | None]] = deque()

    def unknown() -> Iterator[str]:
        for text in texts:
            match = memory.exact(text) if isinstance(text, str) else None
            read.append((text, match))
            yield "" if match else text  # a blank text costs nothing and keeps the place

    for translation in translator.stream(unknown(), **options):
        text, match = read.popleft()
        if match:
            translation = _of(match, text, translation, translator, align=bool(options.get("align")))
        matches = memory.similar(text) if offer else (match,) if match else ()
        values = {name: getattr(translation, name) for name in Translation.__dataclass_fields__}
        yield Remembered(**values, matches=matches)


def _of(match: Match, text: str, blank: Translation, translator: Translator, *, align: bool) -> Translation:
    """Return the translation that a memory has for a text."""
    stripped = text.strip()
    before, _, after = text.partition(stripped)
    alignment = None
    if align:
        (alignment,) = translator.align([stripped], [match.target], to=blank.to)
    return replace(blank, source=text, text=before + match.target + after, alignment=alignment)


def counted(memory: Memory, texts: Iterable[str]) -> Counts:
    """Return for how many texts a memory has an entry, and for how many others a similar one."""
    exact = similar = 0
    for text in texts:
        if memory.exact(text):
            exact += 1
        elif memory.similar(text):
            similar += 1
    return Counts(exact, similar)
