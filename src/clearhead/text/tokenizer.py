"""Text to token ids and back: unigram, byte-pair, word and character vocabularies, and imported ones.

A tokenizer is one file, usually a SentencePiece model (Kudo and Richardson 2018), with four promises that the bare
library does not make:

- every text that normalisation returns comes back from its ids unchanged, because what the vocabulary has never
  seen is spelled in bytes; there is no unknown token;
- text is only ever text: `</s>`, `<pad>`, `<2fr>` or `<0x41>` typed by a user never becomes the
  control id of that name;
- U+2581, which SentencePiece uses for the space, is escaped and comes back;
- any ids in range decode, whatever a model made of them.

The vocabulary of an imported MarianMT model (`text.marian`) cannot promise the first.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Self, final

from clearhead.errors import TextError, TranslationError
from clearhead.storage.files import write_file
from clearhead.storage.untrusted import read_bytes
from clearhead.text import vocabulary
from clearhead.text.escape import SPACE_MARK, unescaped
from clearhead.text.marian import MarianSegmenter, is_packed
from clearhead.text.normalize import normalize
from clearhead.text.segmenter import Segmenter
from clearhead.text.sentencepiece_model import read_model
from clearhead.text.spans import places_of
from clearhead.text.subwords import SubwordSegmenter
from clearhead.text.symbols import KIND_OF, TERM_MARKS
from clearhead.text.vocabulary import BOS, PAD, UNK
from clearhead.text.whole_words import WordSegmenter
from clearhead.text.words import Span

_LARGEST = 64 << 20
"""Bytes of a file; those of the largest vocabularies take some 5 MB."""
LEARNED = 20
"""Times that a character must have occurred in the training sample of a vocabulary to count as learned."""


@final
class Tokenizer:
    """A vocabulary and the way to cut text into its pieces.

    Ids are 0 `<pad>`, 1 `<s>`, 2 `</s>`, 3 `<unk>`, then one tag a target language (`<2fr>`), the 256
    bytes and the pieces; tags that were added later come at the end. Instances do not change, and may be shared
    between threads and pickled.
    """

    kind: str
    """One of `unigram`, `bpe`, `word`, `char`; `marian` for one that was imported."""
    vocab_size: int
    """Number of ids, at most what was asked for in training."""
    languages: tuple[str, ...]
    """Languages that have a target tag, in the order of their ids; () for none."""
    vocabulary: tuple[str, ...]
    """The pieces by id, as SentencePiece writes them."""
    text_pieces: Mapping[str, int]
    """The ids of the pieces that stand for text as they are written: no controls, tags or bytes."""
    symbols: Mapping[str, int]
    """The ids of the symbols that stand for what must come through (`text.symbols`); empty where it has none."""
    spelling_ids: tuple[int, ...]
    """The ids of the bytes 0 to 255; () for a vocabulary without them."""
    forbidden_ids: frozenset[int]
    """Ids that a decoder must never produce: pad, bos, unk, the tags and the marks of terms, but not the end, eos."""
    takes_terms: bool
    """Whether the vocabulary has marks for terms that are given within a source (`text.symbols.with_term`)."""

    def __init__(self, model: bytes, *, source: str = "the tokenizer") -> None:
        """Read a serialised model of any kind; `source` names it in errors. Raises TextError for anything else."""
        self._model = model
        self._segmenter = _segmenter(model, source)
        table = self._segmenter.table
        self.kind = self._segmenter.kind
        self.vocab_size = len(table.pieces)
        self.vocabulary = table.pieces
        self.languages = tuple(table.tags)
        marks = {table.text_pieces[mark] for mark in TERM_MARKS if mark in table.text_pieces}
        self.takes_terms = len(marks) == len(TERM_MARKS)
        self.forbidden_ids = frozenset({PAD, BOS, UNK, *table.tags.values(), *marks})
        self.text_pieces = MappingProxyType(table.text_pieces)
        self.symbols = MappingProxyType(table.symbols)
        self.spelling_ids = table.spelling_ids
        self._tags, self._spelled, self._byte_of = table.tags, table.spelled, table.byte_of

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        *,
        kind: str = "unigram",
        vocab_size: int = 8000,
        languages: Sequence[str] = (),
        character_coverage: float = 0.9999,
        symbols: bool = False,
        terms: bool = False,
        split_digits: bool = False,
    ) -> Self:
        """Learn a vocabulary of at most `vocab_size` ids from texts.

        Equal texts in equal order give equal bytes. A small corpus gives a smaller vocabulary.
        Unigram: Kudo 2018; BPE: Sennrich et al. 2016; word and character vocabularies hold the most
        frequent ones. `character_coverage` is the share of the running characters that get pieces of
        their own (unigram, BPE); the rest, rare ones, are spelled in bytes. `symbols` adds those that stand for
        what must come through a translation (`text.symbols`), `terms` the marks of terms that are given within a
        source, `split_digits` makes each digit a piece. The
        texts are held in memory: give a sample of a very large corpus. Raises TextError for texts without a
        character, and for a size that is too small, with the least that will do.
        """
        return cls(
            vocabulary.learn(
                texts,
                kind=kind,
                vocab_size=vocab_size,
                languages=languages,
                character_coverage=character_coverage,
                symbols=symbols,
                terms=terms,
                split_digits=split_digits,
            )
        )

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a tokenizer from its file. Raises TextError if it is missing or damaged."""
        try:
            model = read_bytes(Path(path), _LARGEST)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise TextError(
                f"cannot read the tokenizer {path}: {reason}; give the tokenizer.model of a model directory"
            ) from error
        return cls(model, source=str(path))

    def save(self, path: Path | str) -> None:
        """Write the tokenizer to one file, the same bytes every time."""
        write_file(Path(path), self._model)

    @classmethod
    def from_bytes(cls, model: bytes) -> Self:
        """Read a tokenizer from what `to_bytes` returned. Raises TextError for other bytes."""
        return cls(model)

    def to_bytes(self) -> bytes:
        """Return the serialised model, the contents of its file."""
        return self._model

    def __reduce__(self) -> tuple[type[Self], tuple[bytes]]:
        """Pickle as the serialised model, for loader processes."""
        return type(self), (self._model,)

    def encode(self, text: str, *, to: str | None = None) -> list[int]:
        """Normalise a text and return its ids, without bos and eos; an empty text has none.

        `to` puts the tag of that target language first (Johnson et al. 2017) and raises
        TranslationError for one the vocabulary lacks. Raises TextError for a lone surrogate.
        """
        return self.encode_batch([text], to=to)[0]

    def encode_batch(
        self, texts: Sequence[str], *, to: str | None = None, normal: bool = False
    ) -> list[list[int]]:
        """Return what `encode` returns for each text, faster for many; `normal`: all are in their normal form."""
        batch = self._segmenter.segment(texts if normal else [normalize(text) for text in texts])
        if to is None:
            return batch
        tag = self.tag(to)
        return [[tag, *ids] for ids in batch]

    def encode_target_batch(self, texts: Sequence[str], *, normal: bool = False) -> list[list[int]]:
        """Return the ids of texts in the target language, to be learned or scored.

        They are those of `encode_batch` unless the vocabulary was imported with a model for each side.
        """
        return self._segmenter.segment_target(texts if normal else [normalize(text) for text in texts])

    def encode_target(self, text: str) -> list[int]:
        """Return the ids of a text in the target language."""
        return self.encode_target_batch([text])[0]

    def decode(self, ids: Sequence[int], *, broken: Literal["replace", "ignore"] = "replace") -> str:
        """Return the text of ids in its normal form: `decode(encode(text)) == normalize(text)`.

        Any ids in range decode: controls and tags add nothing, and bytes that are not UTF-8 become
        U+FFFD, or nothing where what is `broken` is ignored. Raises TextError for an id out of range.
        """
        spelled = b"".join([self._spelled[i] for i in self._checked(ids)])
        return normalize(unescaped(spelled.decode("utf-8", errors=broken)))

    def spans(self, ids: Sequence[int]) -> list[Span | None]:
        """Return the span of each id in `decode(ids)`; None for a control.

        A space belongs to no span; an id that is nothing but a space has an empty span where the next word
        begins. Bytes that spell one character share it, and where a word is not in its normal form, all
        its ids have the whole word. Raises TextError for an id out of range.
        """
        text = self.decode(ids)
        characters = b"".join([self._spelled[i] for i in ids]).decode("utf-8", errors="surrogateescape")
        starts: list[int] = []  # the character of each byte
        for place, character in enumerate(characters):
            starts += [place] * len(character.encode("utf-8", errors="surrogateescape"))
        homes = places_of(characters, text)
        spans: list[Span | None] = []
        begin = 0
        for i in ids:
            end = begin + len(self._spelled[i])
            inside = [homes[place] for place in starts[begin:end]]
            inside = [span for span in inside if span.end > span.start] or inside
            spans.append(Span(inside[0].start, inside[-1].end) if inside else None)
            begin = end
        return spans

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """Return a readable label for each id, for pictures; several ids may share one.

        Pieces and controls are as in the vocabulary, with U+2581 for a space. A byte that is a
        printable character shows as that character, another as `<0xF0>`, a symbol as `⟨number⟩`. Raises
        TextError for an id out of range.
        """
        return [self._labels(i) for i in self._checked(ids)]

    def tag(self, language: str) -> int:
        """Return the id of a target-language tag. Raises TranslationError if the vocabulary has no such tag."""
        if language in self._tags:
            return self._tags[language]
        if not self.languages:
            raise TranslationError(
                f"there is no tag for the target language {language!r}: this tokenizer was trained without "
                "languages; leave the target language out"
            )
        raise TranslationError(
            f"there is no tag for the target language {language!r}; choose one of {', '.join(self.languages)}"
        )

    def with_targets(self, languages: Sequence[str]) -> Self:
        """Return this tokenizer with tags for more target languages; their ids come after all others.

        Raises TextError for anything that is not a language code.
        """
        vocabulary.check_languages((*self.languages, *languages))
        return type(self)(self._segmenter.with_tags(languages))

    def knows_most_of(self, text: str) -> bool:
        """Say whether the vocabulary has half of a text's letters, or more, be they large or small.

        What it has not is spelled in bytes, and training has hardly or never shown it. True for a text without
        letters, and for vocabularies of words.
        """
        text = self._segmenter.as_read(text)
        if not self._segmenter.letters_tell or self._letters.issuperset(text.replace(" ", SPACE_MARK)):
            return True  # as nearly always
        letters = [character for character in normalize(text) if character.isalpha()]
        known = sum(
            not self._letters.isdisjoint((letter, letter.lower(), letter.upper())) for letter in letters
        )
        return 2 * known >= len(letters)

    @cached_property
    def learned(self) -> frozenset[str] | None:
        """Characters that pieces spell and the training text held often enough; None where that is not known."""
        counts = self._segmenter.character_counts()
        seen = {character for character, count in counts.items() if count >= LEARNED} & self._letters
        return frozenset(seen - KIND_OF.keys() | {" "}) if counts else None

    @cached_property
    def symbol_kinds(self) -> frozenset[str]:
        """Kinds of symbols that the vocabulary has and that its training text held often enough to be learned."""
        if not self.symbols:
            return frozenset()
        counts = Counter[str]()
        for character, count in self._segmenter.character_counts().items():
            if character in self.symbols:
                counts[KIND_OF[character]] += count
        return frozenset(kind for kind, count in counts.items() if count >= LEARNED)

    @cached_property
    def _letters(self) -> frozenset[str]:
        return frozenset(character for piece in self.text_pieces for character in piece)

    def scores(self) -> dict[str, float]:
        """Return the log-probability of each piece of a unigram vocabulary; nothing for other kinds."""
        scores = self._segmenter.log_probabilities()
        return {piece: scores[i] for piece, i in self.text_pieces.items()} if scores else {}

    def likelihood(self, word: str) -> float:
        """Return how likely a word is: the sum of its pieces' log-probabilities (unigram), or fewer pieces."""
        ids = self.encode(word)
        if not self._score_of:
            return -float(len(ids))
        return sum(self._score_of[i] for i in ids)

    @cached_property
    def _score_of(self) -> list[float]:
        """The log-probability of each id; of a byte, which has none, far below that of any piece."""
        scores = self._segmenter.log_probabilities()
        spelled = 2 * min(scores, default=0.0)
        return [spelled if i in self._byte_of else score for i, score in enumerate(scores)]

    def byte_ids(self, text: str) -> list[int]:
        """Return the ids that spell a text in bytes."""
        return [self.spelling_ids[byte] for byte in text.encode()]

    def _checked(self, ids: Sequence[int]) -> Sequence[int]:
        """Return the ids; raise TextError unless all are in the vocabulary."""
        last = self.vocab_size - 1
        if ids and not 0 <= min(ids) <= max(ids) <= last:
            strange = next(i for i in ids if not 0 <= i <= last)
            raise TextError(
                f"token id {strange} is not in this vocabulary of ids 0 to {last}; "
                "use the tokenizer that the ids were made with"
            )
        return ids

    @cached_property
    def _labels(self) -> Callable[[int], str]:
        return cache(self._label)

    def _label(self, i: int) -> str:
        """Return the readable form of one id."""
        piece = self.vocabulary[i]
        if piece in self.symbols:
            return f"⟨{KIND_OF[piece]}⟩"
        if piece in TERM_MARKS:
            return ("⟨term⟩", "⟨is⟩", "⟨/term⟩")[TERM_MARKS.index(piece)]
        if i not in self._byte_of:
            return unescaped(piece)
        byte = self._spelled[i].decode("latin-1")
        if byte == " ":
            return SPACE_MARK
        return byte if byte.isascii() and byte.isprintable() else piece


def _segmenter(model: bytes, source: str) -> Segmenter:
    """Return what cuts text into the pieces of a serialised model. Raises TextError for other bytes."""
    if is_packed(model):
        return MarianSegmenter(model, source)
    pieces = read_model(model, source)
    return WordSegmenter(pieces) if pieces.kind == WordSegmenter.kind else SubwordSegmenter(pieces)


def characters_per_token(tokenizer: Tokenizer, texts: Iterable[str]) -> float:
    """Return the mean number of characters a token stands for, over normalised texts.

    Spaces count as characters. Raises TextError if the texts hold no character.
    """
    lines = [normalize(text) for text in texts]
    tokens = sum(map(len, tokenizer.encode_batch(lines)))
    if tokens == 0:
        raise TextError(
            "there are no characters to count in the texts; give at least one line that is not blank"
        )
    return sum(map(len, lines)) / tokens
