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

from clearhead.errors import TextError
from clearhead.storage.untrusted import parse_json
from clearhead.text.segmenter import PieceTable, Segmenter
from clearhead.text.sentencepiece_model import processor
from clearhead.text.vocabulary import BOS, CONTROLS, EOS, PAD, UNK

KIND = "marian"
_TAG = re.compile(r">>(.+)<<")
_REPLACEMENT = "\ufffd"
_SOURCE, _TARGET, _PIECES = "source.spm", "target.spm", "pieces.json"
_BYTE = re.compile(r"<0x([0-9A-F]{2})>")
_LARGEST = 1 << 26
"""Bytes of a member of the archive; the tokenizers of the OPUS-MT family have some millions."""
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the first moment a zip archive can name: the same bytes every time


class MarianSegmenter(Segmenter):
    """Pieces of two SentencePiece models over one list of pieces.

    Ids are those of every vocabulary here, 0 `<pad>`, 1 `<s>`, 2 `</s>`, 3 `<unk>`, then the tags of target languages
    (`>>fra<<`) and the other pieces.
    """

    kind = KIND
    letters_tell = True

    def __init__(self, model: bytes, source: str) -> None:
        """Read what `pack` returned; `source` names it in errors. Raises TextError for anything else."""
        try:
            self._source_model, self._target_model, pieces = _unpacked(model)
        except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError, RecursionError) as error:
            raise TextError(f"{source} is damaged ({error}); import the model again") from None
        self._source = processor(self._source_model, source)
        self._target = processor(self._target_model, source)
        tags = {match[1]: i for i, piece in enumerate(pieces) if (match := _TAG.fullmatch(piece))}
        special = {PAD, BOS, EOS, UNK, *tags.values()}
        self._id_of = {piece: i for i, piece in enumerate(pieces) if i not in special}
        byte_of = {
            i: int(match[1], 16)
            for piece, i in self._id_of.items()
            if (match := _BYTE.fullmatch(piece)) and self._is_byte(piece)
        }
        self.table = PieceTable(tuple(pieces), tags, byte_of, unknown=_REPLACEMENT)

    def segment(self, lines: Sequence[str]) -> list[list[int]]:
        """Return the ids of each line as the source's model cuts it."""
        return [self._ids(pieces) for pieces in self._source.encode(list(lines), out_type=str)]

    def segment_target(self, lines: Sequence[str]) -> list[list[int]]:
        """Return the ids of each line as the target's model cuts it."""
        return [self._ids(pieces) for pieces in self._target.encode(list(lines), out_type=str)]

    def as_read(self, text: str) -> str:
        """Return a text as the source's model normalises it."""
        normalized: str = self._source.normalize(text)
        return normalized

    def log_probabilities(self) -> Sequence[float]:
        """Return nothing: each of the two models has its own."""
        return ()

    def character_counts(self) -> Mapping[str, int]:
        """Return nothing: what another program's training text held is not known."""
        return {}

    def with_tags(self, languages: Sequence[str]) -> bytes:
        """Return the archive with more tags at the end of its list of pieces."""
        tags = [f">>{language}<<" for language in languages]
        return pack(self._source_model, self._target_model, [*self.table.pieces, *tags])

    def _ids(self, pieces: Sequence[str]) -> list[int]:
        return [self._id_of.get(piece, UNK) for piece in pieces]

    def _is_byte(self, piece: str) -> bool:
        return bool(self._target.is_byte(self._target.piece_to_id(piece)))


def pack(source: bytes, target: bytes, pieces: Sequence[str]) -> bytes:
    """Join two serialised SentencePiece models and the pieces by id into one file, a zip archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in (
            (_SOURCE, source),
            (_TARGET, target),
            (_PIECES, json.dumps(list(pieces), ensure_ascii=False).encode()),
        ):
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def is_packed(model: bytes) -> bool:
    """Say whether a file is an archive, as `pack` writes it, and not one SentencePiece model."""
    return model.startswith(b"PK")


def side_models(packed: bytes) -> tuple[bytes, bytes]:
    """Return the serialised SentencePiece models of source and target in an archive that has been read before."""
    source, target, _ = _unpacked(packed)
    return source, target


def _unpacked(model: bytes) -> tuple[bytes, bytes, list[str]]:
    """Return the members of an archive. Raises what zipfile raises, KeyError and ValueError."""
    with zipfile.ZipFile(io.BytesIO(model)) as archive:
        pieces = _checked(parse_json(_member(archive, _PIECES)))
        return _member(archive, _SOURCE), _member(archive, _TARGET), pieces


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return a member's content; never more than `_LARGEST` bytes are unpacked, whatever it says of itself."""
    info = archive.getinfo(name)
    if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} is encrypted or compressed in an unsupported way")
    with archive.open(info) as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ValueError(f"{name} holds more than {_LARGEST} bytes")
    return content


def _checked(pieces: object) -> list[str]:
    """Return the pieces; raise ValueError unless they are a list without repetitions that begins with our controls."""
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
