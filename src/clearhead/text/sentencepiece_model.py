"""Reading a serialised SentencePiece model, and what it says of itself."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sentencepiece

from clearhead.errors import TextError
from clearhead.storage.untrusted import parse_json, shown
from clearhead.text.segmenter import PieceTable
from clearhead.text.symbols import ALL_SYMBOLS
from clearhead.text.vocabulary import CHARACTERS_FIELD, CONTROLS, KINDS, NUM_BYTES, UNK

_TAG = re.compile(r"<2(.+)>")
_WIDEST = 63
"""Bits of the numbers that protocol buffers hold."""
_PIECE = 0x0A
"""The first byte of a piece. A model is thousands of these, nearly all with one more byte for their size."""


@dataclass(frozen=True, eq=False)
class SentencePieceModel:
    """A vocabulary of one SentencePiece model, as Clearhead trains it."""

    kind: str
    """One of `unigram`, `bpe`, `word` and `char`."""
    table: PieceTable
    processor: sentencepiece.SentencePieceProcessor
    serialised: bytes


def read_model(model: bytes, source: str) -> SentencePieceModel:
    """Read what `vocabulary.learn` returned; `source` names it in errors. Raises TextError for anything else."""
    reader = processor(model, source)
    kind, normalization = specifications(model)
    ids = range(reader.get_piece_size())
    try:
        pieces = [reader.id_to_piece(i) for i in ids]
    except UnicodeDecodeError as error:
        raise TextError(
            f"{source} is damaged (a piece is not UTF-8); copy tokenizer.model again, or train one"
        ) from error
    byte_ids = tuple(i for i in ids if reader.is_byte(i))
    tags = [i for i in ids if i > UNK and reader.is_control(i)]
    if (
        pieces[: len(CONTROLS)] != list(CONTROLS)
        or [pieces[i] for i in byte_ids] != [f"<0x{byte:02X}>" for byte in range(NUM_BYTES)]
        or not all(_TAG.fullmatch(pieces[i]) and pieces[i].isprintable() for i in tags)
        or normalization != b"identity"
    ):
        raise TextError(
            f"{source} is a SentencePiece model that another program wrote (its control ids, bytes or "
            "normalisation differ); give a tokenizer.model that Clearhead wrote, or train one"
        )
    special = {*range(len(CONTROLS)), *tags, *byte_ids}
    id_of = {piece: i for i, piece in enumerate(pieces) if i not in special}
    table = PieceTable(
        tuple(pieces),
        tags={pieces[i][2:-1]: i for i in tags},
        byte_of={i: byte for byte, i in enumerate(byte_ids)},
        spelling_ids=byte_ids,
        symbols={symbol: id_of[symbol] for symbol in ALL_SYMBOLS if symbol in id_of},
    )
    return SentencePieceModel(kind, table, reader, model)


def processor(model: bytes, source: str) -> sentencepiece.SentencePieceProcessor:
    """Return the library's reader of a serialised model. Raises TextError if it is not one."""
    processor = sentencepiece.SentencePieceProcessor()
    try:
        processor.LoadFromSerializedProto(model)
    except RuntimeError as error:
        raise TextError(
            f"{source} is damaged or not a tokenizer ({len(model)} bytes that are not a SentencePiece model); "
            "copy tokenizer.model again, or train one"
        ) from error
    return processor


def specifications(model: bytes) -> tuple[str, int | bytes]:
    """Return the kind of a serialised model and the name of the normalisation inside it.

    In sentencepiece_model.proto these are ModelProto.trainer_spec (field 2) .model_type (3, by
    default 1, unigram) and ModelProto.normalizer_spec (3) .name (1).
    """
    parts = _parts(model)
    trainer, normalizer = (dict(_fields(_message(parts.get(number)))) for number in (2, 3))
    kind = trainer.get(3, 1)
    if not (isinstance(kind, int) and 1 <= kind <= len(KINDS)):
        raise TextError(
            f"the tokenizer is of an unknown kind, {shown(kind)}; this release reads {', '.join(KINDS)}"
        )
    return KINDS[kind - 1], normalizer.get(1, b"")


def characters(model: bytes) -> Mapping[str, int]:
    """Return how often each character stood in the text that a vocabulary was learned from; empty if unknown."""
    try:
        counts = parse_json(_message(_parts(model).get(CHARACTERS_FIELD)) or b"{}")
    except ValueError:
        return {}
    whole = isinstance(counts, dict) and all(isinstance(count, int) for count in counts.values())
    return counts if whole else {}


def _parts(model: bytes) -> dict[int, int | bytes]:
    """Return the fields of a model behind its pieces, which stand first, by number."""
    place, end = 0, len(model) - 1
    while place < end and model[place] == _PIECE and model[place + 1] < 0x80:
        place += 2 + model[place + 1]
    return dict(_fields(model[place:]))


def _message(field: int | bytes | None) -> bytes:
    """Return a field that holds a message; nothing where it holds a number, which the library passes over too."""
    return field if isinstance(field, bytes) else b""


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the number and value of each field of a protocol buffer (the library has no accessor).

    Raises TextError for other bytes.
    """
    place = 0

    def varint() -> int:
        nonlocal place
        value = shift = 0
        while True:
            if place >= len(message) or shift > _WIDEST:
                raise TextError(
                    "a tokenizer is damaged: a number in it does not end; copy tokenizer.model again"
                )
            byte = message[place]
            place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while place < len(message):
        number, wire_type = divmod(varint(), 8)
        if wire_type == 0:
            yield number, varint()
            continue
        size = {1: 8, 5: 4}.get(wire_type) or varint()
        yield number, message[place : place + size]
        place += size
