"""Text to token ids and back: unigram, byte-pair, word and character vocabularies.

A tokenizer is a SentencePiece model (Kudo and Richardson 2018) in one file, with four promises
that the bare library does not make:

- every text that normalisation returns comes back from its ids unchanged, for what the vocabulary
  has never seen is spelled in bytes; there is no unknown token;
- text is only ever text: `</s>`, `<pad>`, `<2fr>` or `<0x41>` typed by a user never becomes the
  control id of that name;
- U+2581, which SentencePiece uses for the space, is escaped and comes back;
- any ids in range decode, whatever a model made of them.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Self

from clearhead.errors import TextError, TranslationError
from clearhead.storage.untrusted import read_bytes
from clearhead.text import vocabulary
from clearhead.text.escape import SPACE_MARK, escaped, unescaped
from clearhead.text.normalize import normalize
from clearhead.text.sentencepiece_model import characters, processor, specifications
from clearhead.text.symbols import ALL_SYMBOLS, KIND_OF
from clearhead.text.vocabulary import BOS, CONTROLS, EOS, NUM_BYTES, PAD, UNK
from clearhead.text.words import Span

_TAG = re.compile(r"<2(.+)>")
_LARGEST = 64 << 20
"""Bytes of a file; those of the largest vocabularies take some 5 MB."""
LEARNED = 20
"""Times that a character must have stood in the sample a vocabulary was learned from to count as learned."""


class Tokenizer:
    """A vocabulary and the way to cut text into its pieces.

    Ids are 0 `<pad>`, 1 `<s>`, 2 `</s>`, 3 `<unk>`, then one tag a target language (`<2fr>`), the 256
    bytes and the pieces; tags that came later stand at the end. Instances do not change, and may be shared
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
    forbidden_ids: frozenset[int]
    """Ids that a decoder must never produce: pad, bos, unk and the tags. The end, eos, is not one of them."""

    def __init__(self, model: bytes, *, source: str = "the tokenizer") -> None:
        """Read a serialised model; `source` names it in errors. Raises TextError for anything else."""
        self._model = model
        self._processor = processor(model, source)
        kind, normalization = specifications(model)
        size = self._processor.get_piece_size()
        ids = range(size)
        try:
            pieces = [self._processor.id_to_piece(i) for i in ids]
        except UnicodeDecodeError as error:
            raise TextError(
                f"{source} is damaged (a piece is not UTF-8); copy tokenizer.model again, or train one"
            ) from error
        byte_ids = [i for i in ids if self._processor.is_byte(i)]
        tags = [i for i in ids if i > UNK and self._processor.is_control(i)]
        if (
            pieces[: len(CONTROLS)] != list(CONTROLS)
            or [pieces[i] for i in byte_ids] != [f"<0x{byte:02X}>" for byte in range(NUM_BYTES)]
            or not all(_TAG.fullmatch(pieces[i]) and pieces[i].isprintable() for i in tags)
            or normalization != b"identity"
        ):
            raise TextError(
                f"{source} is a SentencePiece model of another program (its control ids, bytes or "
                "normalisation differ); give a tokenizer.model that Clearhead wrote, or train one"
            )
        self.kind = kind
        self.vocab_size = size
        self.vocabulary = tuple(pieces)
        self.languages = tuple(pieces[i][2:-1] for i in tags)
        self.forbidden_ids = frozenset({PAD, BOS, UNK, *tags})
        self._tags = dict(zip(self.languages, tags, strict=True))
        self._byte_ids, self._bytes = byte_ids, frozenset(byte_ids)
        special = {PAD, BOS, EOS, UNK, *tags, *byte_ids}
        self.text_pieces = MappingProxyType({piece: i for i, piece in enumerate(pieces) if i not in special})
        self.symbols = MappingProxyType(
            {symbol: self.text_pieces[symbol] for symbol in ALL_SYMBOLS if symbol in self.text_pieces}
        )
        # What each id adds to a decoded text, in UTF-8.
        self._spelled = [piece.replace(SPACE_MARK, " ").encode() for piece in pieces]
        for i in (PAD, BOS, EOS, UNK, *tags):
            self._spelled[i] = b""
        for byte, i in enumerate(byte_ids):
            self._spelled[i] = bytes([byte])

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
        split_digits: bool = False,
    ) -> Self:
        """Learn a vocabulary of at most `vocab_size` ids from texts.

        Equal texts in equal order give equal bytes. A small corpus gives a smaller vocabulary.
        Unigram: Kudo 2018; BPE: Sennrich et al. 2016; word and character vocabularies hold the most
        frequent ones. `character_coverage` is the share of the running characters that get pieces of
        their own (unigram, BPE); the rest, rare ones, are spelled in bytes. `symbols` adds those that stand for
        what must come through a translation (`text.symbols`), `split_digits` makes each digit a piece. The
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
                f"cannot read the tokenizer {path}: {reason}; give the tokenizer.model of a model"
            ) from error
        return cls(model, source=str(path))

    def save(self, path: Path | str) -> None:
        """Write the tokenizer to one file, the same bytes every time."""
        Path(path).write_bytes(self._model)

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
        line = escaped(normalize(text))
        ids: list[int]
        if not line:
            ids = []
        elif self.kind == "word":
            ids = self._word_ids(line)
        else:
            ids = self._processor.encode(line, out_type=int)
        return ids if to is None else [self.tag(to), *ids]

    def encode_batch(self, texts: Sequence[str], *, to: str | None = None) -> list[list[int]]:
        """Return what `encode` returns for each text, faster for many."""
        lines = [escaped(normalize(text)) for text in texts]
        batch: list[list[int]]
        if self.kind == "word":
            batch = [self._word_ids(line) if line else [] for line in lines]
        else:
            batch = self._processor.encode(lines, out_type=int, num_threads=1)
        if to is None:
            return batch
        tag = self.tag(to)
        return [[tag, *ids] for ids in batch]

    def encode_target_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of texts in the target language, to be learned or scored; here those of `encode`."""
        return self.encode_batch(texts)

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
        """Return where each id stands in `decode(ids)`; None for a control.

        A space belongs to no span; an id that is nothing but a space stands, empty, where the next word
        begins. Bytes that spell one character share it, and where a word is not in its normal form, all
        its ids have the whole word. Raises TextError for an id out of range.
        """
        text = self.decode(ids)
        characters = b"".join([self._spelled[i] for i in ids]).decode("utf-8", errors="surrogateescape")
        starts: list[int] = []  # the character of each byte
        for place, character in enumerate(characters):
            starts += [place] * len(character.encode("utf-8", errors="surrogateescape"))
        homes = _places(characters, text)
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

    @property
    def spelling_ids(self) -> tuple[int, ...]:
        """The ids of the bytes 0 to 255; () for a vocabulary without them."""
        return tuple(self._byte_ids)

    def tag(self, language: str) -> int:
        """Return the id of a target-language tag. Raises TranslationError for one there is none of."""
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

        Raises TextError for what is no language code.
        """
        vocabulary.check_languages((*self.languages, *languages))
        return type(self)(self._model + vocabulary.tags_field(languages))

    def knows_most_of(self, text: str) -> bool:
        """Say whether the vocabulary has half of a text's letters, or more, be they large or small.

        What it has not is spelled in bytes, and training has hardly or never shown it. True for a text without
        letters, and for vocabularies of words.
        """
        if self._letters.issuperset(text.replace(" ", SPACE_MARK)):
            return True  # as nearly always
        letters = [character for character in normalize(text) if character.isalpha()]
        known = sum(not self._letters.isdisjoint((each, each.lower(), each.upper())) for each in letters)
        return self.kind == "word" or 2 * known >= len(letters)

    @cached_property
    def learned(self) -> frozenset[str] | None:
        """Characters that pieces spell and the training text held often enough; None where that is not known."""
        counts = characters(self._model)
        seen = {character for character, count in counts.items() if count >= LEARNED} & self._letters
        return frozenset(seen - KIND_OF.keys() | {" "}) if counts else None

    @cached_property
    def symbol_kinds(self) -> frozenset[str]:
        """Kinds of symbols that the vocabulary has and that its training text held often enough to be learned."""
        if not self.symbols:
            return frozenset()
        counts = Counter[str]()
        for character, count in characters(self._model).items():
            if character in self.symbols:
                counts[KIND_OF[character]] += count
        return frozenset(kind for kind, count in counts.items() if count >= LEARNED)

    @cached_property
    def _letters(self) -> frozenset[str]:
        return frozenset(character for piece in self.text_pieces for character in piece)

    def scores(self) -> dict[str, float]:
        """Return the log-probability of each piece of a unigram vocabulary."""
        return {piece: self._processor.get_score(i) for piece, i in self.text_pieces.items()}

    def likelihood(self, word: str) -> float:
        """Return how likely a word is: the sum of its pieces' log-probabilities (unigram), or fewer pieces."""
        ids = self.encode(word)
        if self.kind != "unigram":
            return -float(len(ids))
        return sum(self._score_of[i] for i in ids)

    @cached_property
    def _score_of(self) -> list[float]:
        """The log-probability of each id; of a byte, which has none, far below that of any piece."""
        scores = [self._processor.get_score(i) for i in range(self.vocab_size)]
        spelled = 2 * min(scores)
        return [spelled if i in self._bytes else score for i, score in enumerate(scores)]

    def byte_ids(self, text: str) -> list[int]:
        """Return the ids that spell a text in bytes."""
        return [self._byte_ids[byte] for byte in text.encode()]

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
        if i not in self._bytes:
            return unescaped(piece)
        byte = self._spelled[i].decode("latin-1")
        if byte == " ":
            return SPACE_MARK
        return byte if byte.isascii() and byte.isprintable() else piece

    def _word_ids(self, line: str) -> list[int]:
        """Return one id for each word of the vocabulary, and a space and its bytes for another."""
        ids: list[int] = []
        for word in line.split(" "):
            known = self.text_pieces.get(SPACE_MARK + word)
            if known is not None and self.symbols.keys().isdisjoint(word):
                ids.append(known)
                continue
            ids += self.byte_ids(" ")
            for character in word:
                symbol = self.symbols.get(character)
                ids += self.byte_ids(character) if symbol is None else [symbol]
        return ids


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


def _places(spelled: str, text: str) -> list[Span]:
    """Return where each character that ids spell stands in the text that they decode to.

    A space stands, empty, before the next word. A word that is changed by decoding is one place.
    """
    homes: list[Span] = []
    done = 0
    for match in re.finditer(" |[^ ]+", spelled):
        raw = match[0]
        shown = normalize(unescaped(raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace")))
        if not shown:
            homes += [Span(done, done)] * len(raw)
            continue
        start = text.find(shown, done)
        if start < 0 or text[done:start].strip(" "):  # words that only together have their normal form
            return [Span(0, len(text))] * len(spelled)
        if shown == raw:
            homes += [Span(start + place, start + place + 1) for place in range(len(raw))]
        else:
            homes += [Span(start, start + len(shown))] * len(raw)
        done = start + len(shown)
    # What stands between two words begins where the second does.
    following = len(text)
    for number in reversed(range(len(homes))):
        if homes[number].end == homes[number].start:
            homes[number] = Span(following, following)
        else:
            following = homes[number].start
    return homes
