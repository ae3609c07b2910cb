"""The vocabulary of a MarianMT model: two SentencePiece models, one a side, over one list of pieces.

The OPUS-MT family (Tiedemann and Thottingal 2020) is published in this form: `source.spm`, `target.spm` and
`vocab.json`. What it cannot promise, and our own tokenizers do: a character that neither model has seen becomes
`<unk>`, and the models' own normalisation (usually NFKC) is applied to every text.
"""

import io
import json
import re
import zipfile
import zlib
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Self

from clearhead.errors import TextError
from clearhead.storage.untrusted import parse_json
from clearhead.text.escape import SPACE_MARK
from clearhead.text.normalize import normalize
from clearhead.text.sentencepiece_model import processor
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.vocabulary import BOS, CONTROLS, EOS, PAD, UNK, check_languages

_TAG = re.compile(r">>(.+)<<")
_REPLACEMENT = "\ufffd"
_SOURCE, _TARGET, _PIECES = "source.spm", "target.spm", "pieces.json"
_BYTE = re.compile(r"<0x([0-9A-F]{2})>")
_LARGEST = 1 << 26
"""Bytes of a member of the archive; the tokenizers of the OPUS-MT family have some millions."""
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the first moment a zip archive can name: the same bytes every time


class MarianTokenizer(Tokenizer):
    """Pieces of two SentencePiece models; its file is a zip archive of both and of the list of pieces.

    Ids are those of every tokenizer here, 0 `<pad>`, 1 `<s>`, 2 `</s>`, 3 `<unk>`, then the tags of target languages
    (`>>fra<<`) and the other pieces.
    """

    def __init__(self, model: bytes, *, source: str = "the tokenizer") -> None:
        """Read what `pack` returned; `source` names it in errors. Raises TextError for anything else."""
        try:
            with zipfile.ZipFile(io.BytesIO(model)) as archive:
                self.source_model, self.target_model = _member(archive, _SOURCE), _member(archive, _TARGET)
                pieces = _checked(parse_json(_member(archive, _PIECES)))
        except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError, RecursionError) as error:
            raise TextError(f"{source} is damaged ({error}); import the model again") from None
        self._model = model
        self._processor = processor(self.source_model, source)
        self._target_processor = processor(self.target_model, source)
        self.kind = "marian"
        self.vocab_size = len(pieces)
        self.vocabulary = tuple(pieces)
        tags = {found[1]: i for i, piece in enumerate(pieces) if (found := _TAG.fullmatch(piece))}
        self.languages = tuple(tags)
        self._tags = tags
        self.forbidden_ids = frozenset({PAD, BOS, UNK, *tags.values()})
        special = self.forbidden_ids | {EOS}
        self._id_of = {piece: i for i, piece in enumerate(pieces) if i not in special}
        spelled_in_bytes = {
            i: bytes.fromhex(found[1])
            for piece, i in self._id_of.items()
            if (found := _BYTE.fullmatch(piece)) and self._is_byte(piece)
        }
        self.symbols = MappingProxyType({})
        self._byte_ids, self._bytes = [], frozenset(spelled_in_bytes)
        self.text_pieces = MappingProxyType({p: i for p, i in self._id_of.items() if i not in self._bytes})
        self._spelled = [piece.replace(SPACE_MARK, " ").encode() for piece in pieces]
        for i in special:
            self._spelled[i] = b""
        self._spelled[UNK] = _REPLACEMENT.encode()
        for i, byte in spelled_in_bytes.items():
            self._spelled[i] = byte

    @classmethod
    def pack(cls, source: bytes, target: bytes, pieces: Sequence[str]) -> Self:
        """Join two serialised SentencePiece models and the pieces by id."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, content in (
                (_SOURCE, source),
                (_TARGET, target),
                (_PIECES, json.dumps(list(pieces), ensure_ascii=False).encode()),
            ):
                archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), content, zipfile.ZIP_DEFLATED)
        return cls(packed.getvalue())

    def with_targets(self, languages: Sequence[str]) -> Self:
        """Return this tokenizer with tags for more target languages; their ids come after all others."""
        check_languages((*self.languages, *languages))
        tags = [f">>{language}<<" for language in languages]
        return self.pack(self.source_model, self.target_model, [*self.vocabulary, *tags])

    def knows_most_of(self, text: str) -> bool:
        """Say whether the vocabulary has half of a text's letters, as the source's model normalises them."""
        return super().knows_most_of(self._processor.normalize(text))

    @property
    def learned(self) -> None:
        """Nothing is known of what another program's training text held."""

    def encode(self, text: str, *, to: str | None = None) -> list[int]:
        """Return the ids of a source text, without EOS; see `Tokenizer.encode`."""
        return self.encode_batch([text], to=to)[0]

    def encode_batch(self, texts: Sequence[str], *, to: str | None = None) -> list[list[int]]:
        """Return what `encode` returns for each text."""
        tag = [] if to is None else [self.tag(to)]
        lines = [normalize(text) for text in texts]
        return [[*tag, *self._ids(pieces)] for pieces in self._processor.encode(lines, out_type=str)]

    def encode_target_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of texts as the target's model cuts them."""
        lines = [normalize(text) for text in texts]
        return [self._ids(pieces) for pieces in self._target_processor.encode(lines, out_type=str)]

    def _ids(self, pieces: Sequence[str]) -> list[int]:
        return [self._id_of.get(piece, UNK) for piece in pieces]

    def _is_byte(self, piece: str) -> bool:
        target = self._target_processor
        return bool(target.is_byte(target.piece_to_id(piece)))


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return a member's content; never more than `_LARGEST` bytes are unpacked, whatever it says of itself."""
    info = archive.getinfo(name)
    if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} is packed in a way that is not ours")
    with archive.open(info) as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ValueError(f"{name} holds more than {_LARGEST} bytes")
    return content


def _checked(pieces: object) -> list[str]:
    """Return the pieces; raise ValueError for what is no list of different ones that our controls begin."""
    if not isinstance(pieces, list) or not all(isinstance(piece, str) for piece in pieces):
        raise ValueError(f"{_PIECES} is not a list of pieces")
    if pieces[: len(CONTROLS)] != list(CONTROLS) or len(set(pieces)) < len(pieces):
        raise ValueError(f"{_PIECES} does not begin with {', '.join(CONTROLS)}, or has a piece twice")
    return pieces


def pieces_in_order(
    vocabulary: Mapping[str, int], *, eos: int, unk: int, pad: int, unused: int | None = None
) -> list[tuple[str, int]]:
    """Return our name and their id of each of our ids, from theirs by piece.

    Our four controls come first, where BOS has the vector of their padding, from which a translation starts there, and
    our padding that of `unused`, an id that nothing there reads, or of theirs; then the tags, then the other pieces in
    their order. A piece that is named like a control of ours gets another name, since no text is cut into it. Raises
    TextError where their ids do not count from 0 or two are the same.
    """
    names = {number: piece for piece, number in vocabulary.items()}
    if sorted(names) != list(range(len(vocabulary))):
        raise TextError("the ids of its vocabulary do not count from 0 without a gap")
    for number in (eos, unk, pad):
        if number not in names:
            raise TextError(f"its vocabulary of {len(names)} pieces has no id {number}")
    controls = dict(zip(CONTROLS, (pad if unused is None else unused, pad, eos, unk), strict=True))
    rest = [number for number in sorted(names) if number not in (eos, unk, pad, unused)]
    tags = [number for number in rest if _TAG.fullmatch(names[number])]
    others = [number for number in rest if not _TAG.fullmatch(names[number])]
    return [*controls.items(), *((_free(names[i], vocabulary), i) for i in (*tags, *others))]


def _free(name: str, taken: Container[str]) -> str:
    """Return a piece's name, or another that no piece has where it is that of a control."""
    if name in CONTROLS:
        while name in taken:
            name += "'"
    return name


def load_tokenizer(path: Path) -> Tokenizer:
    """Read a tokenizer of either form from its file. Raises TextError if it is missing or damaged."""
    packed = path.is_file() and zipfile.is_zipfile(path)  # a pipe would be waited for
    return (MarianTokenizer if packed else Tokenizer).load(path)
