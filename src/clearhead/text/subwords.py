"""Subword and character vocabularies: SentencePiece cuts the text, and bytes spell what it has never seen."""

from collections.abc import Mapping, Sequence

from clearhead.text.escape import escaped
from clearhead.text.segmenter import Segmenter
from clearhead.text.sentencepiece_model import SentencePieceModel, characters
from clearhead.text.vocabulary import tags_field


class SubwordSegmenter(Segmenter):
    """A unigram, byte-pair or character vocabulary."""

    letters_tell = True

    def __init__(self, model: SentencePieceModel) -> None:
        """Take a model of any kind but `word`."""
        self.kind, self.table = model.kind, model.table
        self._model = model

    def segment(self, lines: Sequence[str]) -> list[list[int]]:
        """Return the ids of each line."""
        if len(lines) == 1:  # a batch starts a thread, which takes longer than a short line
            return [self._model.processor.encode(escaped(lines[0]), out_type=int)]
        batch: list[list[int]] = self._model.processor.encode(
            [escaped(line) for line in lines], out_type=int, num_threads=1
        )
        return batch

    def segment_target(self, lines: Sequence[str]) -> list[list[int]]:
        """Return the ids of each line: the vocabulary is a joint one."""
        return self.segment(lines)

    def as_read(self, text: str) -> str:
        """Return the text: it is normalised before it gets here."""
        return text

    def log_probabilities(self) -> Sequence[float]:
        """Return those of a unigram vocabulary; the scores of the others are ranks."""
        if self.kind != "unigram":
            return ()
        return [self._model.processor.get_score(i) for i in range(len(self.table.pieces))]

    def character_counts(self) -> Mapping[str, int]:
        """Return what the model's file says of its training text."""
        return characters(self._model.serialised)

    def with_tags(self, languages: Sequence[str]) -> bytes:
        """Return the model with more tags at its end."""
        return self._model.serialised + tags_field(languages)
