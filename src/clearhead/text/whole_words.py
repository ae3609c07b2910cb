"""Vocabularies of whole words: a word that is not in it is spelled in bytes, which SentencePiece would not do."""

from collections.abc import Iterator, Mapping, Sequence

from clearhead.text.escape import SPACE_MARK, escaped
from clearhead.text.segmenter import Segmenter
from clearhead.text.sentencepiece_model import SentencePieceModel, characters
from clearhead.text.vocabulary import tags_field


class WordSegmenter(Segmenter):
    """The most frequent words between spaces."""

    kind = "word"
    letters_tell = False

    def __init__(self, model: SentencePieceModel) -> None:
        """Take a model of the kind `word`."""
        self.table = model.table
        self._serialised = model.serialised

    def segment(self, lines: Sequence[str]) -> list[list[int]]:
        """Return one id for each word of the vocabulary, and a space and its bytes for another."""
        return [
            [i for word in line.split(" ") for i in self._ids(word)] if line else []
            for line in map(escaped, lines)
        ]

    def _ids(self, word: str) -> Iterator[int]:
        table = self.table
        known = table.text_pieces.get(SPACE_MARK + word)
        if known is not None and table.symbols.keys().isdisjoint(word):
            yield known
            return
        yield table.spelling_ids[ord(" ")]
        for character in word:
            if character in table.symbols:
                yield table.symbols[character]
            else:
                yield from (table.spelling_ids[byte] for byte in character.encode())

    def segment_target(self, lines: Sequence[str]) -> list[list[int]]:
        """Return the ids of each line: the vocabulary is a joint one."""
        return self.segment(lines)

    def as_read(self, text: str) -> str:
        """Return the text: it is normalised before it gets here."""
        return text

    def log_probabilities(self) -> Sequence[float]:
        """Return nothing: SentencePiece numbers words by their rank."""
        return ()

    def character_counts(self) -> Mapping[str, int]:
        """Return what the model's file says of its training text."""
        return characters(self._serialised)

    def with_tags(self, languages: Sequence[str]) -> bytes:
        """Return the model with more tags at its end."""
        return self._serialised + tags_field(languages)
