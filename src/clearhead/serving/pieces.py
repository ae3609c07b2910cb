"""A translation that comes sentence by sentence, and is put together as if it had come at once."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

from clearhead.inspection.alignment import Alignment, joined
from clearhead.inspection.reprint import copied
from clearhead.serving.jobs import Job
from clearhead.text import sentences
from clearhead.text.sentences import Stretch
from clearhead.translator import Translation, Translator
from clearhead.translator.languages import Languages


class Pieces:
    """The sentences of a text, and the translations of those that were translated so far."""

    def __init__(self, job: Job, stretches: Sequence[Stretch]) -> None:
        self._job = job
        self._stretches = list(stretches) if _several(stretches) else [Stretch(job.text, True)]
        self._parts: list[Translation] = []
        self._length = 0

    @classmethod
    def of(cls, translator: Translator, job: Job) -> Self:
        """Cut a text where the translator would. Raises TranslationError for a language that it lacks."""
        languages = Languages.of(translator.tokenizer, translator.info)
        return cls(job, sentences.split(job.text, languages.rules(languages.source(job.source))))

    @property
    def jobs(self) -> list[Job]:
        """One for each sentence; alternatives are for a whole text, and there are none."""
        texts = [stretch.text for stretch in self._stretches if stretch.is_sentence]
        return [replace(self._job, text=text, num_hypotheses=1) for text in texts]

    def following(self, parts: Sequence[Translation]) -> str:
        """Take the translations of the next sentences; return the text that they add."""
        self._parts += parts
        text = self._text()
        added, self._length = text[self._length :], len(text)
        return added

    def _text(self) -> str:
        """Return the text up to the last sentence that was translated; all of it after the last."""
        return sentences.join(self._reached(), [part.text for part in self._parts])

    def _reached(self) -> list[Stretch]:
        count, end = 0, len(self._stretches)
        for place, stretch in enumerate(self._stretches):
            if stretch.is_sentence and count == len(self._parts):
                end = place
                break
            count += stretch.is_sentence
        return self._stretches[:end]

    def whole(self) -> Translation:
        """Return the translation of the whole text. Sentences count from 1 in its notes."""
        if len(self._stretches) == 1:
            return self._parts[0]
        parts = self._parts
        weights = [len(part.tokens) + 1 if part.tokens else 0 for part in parts]
        weighted = sum(part.score * weight for part, weight in zip(parts, weights, strict=True))
        sure = [part.confidence for part in parts if part.confidence is not None]
        return Translation(
            source=self._job.text,
            text=self._text(),
            to=parts[0].to,
            score=weighted / (sum(weights) or 1),
            tokens=tuple(piece for part in parts for piece in part.tokens),
            confidence=min(sure, default=None),
            words=tuple(word for part in parts for word in part.words),
            terms=tuple(term for part in parts for term in part.terms),
            notes=tuple(
                f"sentence {number}: {note}"
                for number, part in enumerate(parts, start=1)
                for note in part.notes
            ),
            alignment=self._alignment(),
        )

    def _alignment(self) -> Alignment | None:
        if not self._job.align:
            return None
        parts = iter(self._parts)
        found = [
            next(parts).alignment if stretch.is_sentence else copied(stretch.text)
            for stretch in self._stretches
        ]
        return joined([alignment for alignment in found if alignment is not None])


def _several(stretches: Sequence[Stretch]) -> bool:
    return sum(stretch.is_sentence for stretch in stretches) > 1
