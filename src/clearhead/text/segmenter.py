"""What the kinds of vocabulary have in common: a table of pieces, and a way to cut a line into them.

`Tokenizer` is one class for all; what differs from kind to kind is a `Segmenter`. Its finished classes are
`subwords.SubwordSegmenter`, `whole_words.WordSegmenter` and `marian.MarianSegmenter`; none inherits from another.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from clearhead.text.escape import SPACE_MARK
from clearhead.text.vocabulary import BOS, EOS, PAD, UNK


@dataclass(frozen=True, eq=False)
class PieceTable:
    """The pieces of a vocabulary by id, and what each one stands for."""

    pieces: tuple[str, ...]
    """As SentencePiece writes them: U+2581 is a space."""
    tags: Mapping[str, int]
    """The ids of the target languages, in the order of the ids."""
    byte_of: Mapping[int, int]
    """The byte that an id spells, for the ids that spell one."""
    spelling_ids: tuple[int, ...] = ()
    """The ids of the bytes 0 to 255; () for a vocabulary in which bytes cannot spell every character."""
    symbols: Mapping[str, int] = field(default_factory=dict)
    """The ids of the symbols of `text.symbols`."""
    unknown: str = ""
    """What the id of an unknown piece decodes to."""

    @cached_property
    def text_pieces(self) -> Mapping[str, int]:
        """The ids of the pieces that stand for text as they are written: no controls, tags or bytes."""
        special = {PAD, BOS, EOS, UNK, *self.tags.values(), *self.byte_of}
        return {piece: i for i, piece in enumerate(self.pieces) if i not in special}

    @cached_property
    def spelled(self) -> Sequence[bytes]:
        """What each id adds to a decoded text, in UTF-8."""
        spelled = [piece.replace(SPACE_MARK, " ").encode() for piece in self.pieces]
        for i in (PAD, BOS, EOS, *self.tags.values()):
            spelled[i] = b""
        spelled[UNK] = self.unknown.encode()
        for i, byte in self.byte_of.items():
            spelled[i] = bytes([byte])
        return spelled


class Segmenter(ABC):
    """One kind of vocabulary."""

    kind: str
    """One of `unigram`, `bpe`, `word`, `char` and `marian`."""
    table: PieceTable
    letters_tell: bool
    """Whether the letters of the pieces say which texts the vocabulary can spell; whole words do not."""

    @abstractmethod
    def segment(self, lines: Sequence[str]) -> list[list[int]]:
        """Return the ids of each normalised source line."""

    @abstractmethod
    def segment_target(self, lines: Sequence[str]) -> list[list[int]]:
        """Return the ids of each normalised line in the target language."""

    @abstractmethod
    def as_read(self, text: str) -> str:
        """Return a text as the vocabulary's own normalisation leaves it."""

    @abstractmethod
    def log_probabilities(self) -> Sequence[float]:
        """Return the log-probability of each id; () where the pieces have none."""

    @abstractmethod
    def character_counts(self) -> Mapping[str, int]:
        """Return how often each character occurred in the training text; empty where that is not known."""

    @abstractmethod
    def with_tags(self, languages: Sequence[str]) -> bytes:
        """Return the serialised model with tags for more target languages; their ids follow all others."""
