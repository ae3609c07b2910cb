"""Reading a serialised SentencePiece model, and what it says of itself."""

from collections.abc import Iterator, Mapping

import sentencepiece

from clearhead.errors import TextError
from clearhead.storage.untrusted import parse_json, shown
from clearhead.text.vocabulary import CHARACTERS_FIELD, KINDS

_WIDEST = 63
"""Bits of the numbers that protocol buffers hold."""


def processor(model: bytes, source: str) -> sentencepiece.SentencePieceProcessor:
    """Return the library's reader of a serialised model. Raises TextError for what is none."""
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
    parts = dict(_fields(model))
    trainer, normalizer = (dict(_fields(_message(parts.get(number)))) for number in (2, 3))
    kind = trainer.get(3, 1)
    if not (isinstance(kind, int) and 1 <= kind <= len(KINDS)):
        raise TextError(f"unknown tokenizer kind {shown(kind)}; the kinds are {', '.join(KINDS)}")
    return KINDS[kind - 1], normalizer.get(1, b"")


def characters(model: bytes) -> Mapping[str, int]:
    """Return how often each character stood in the text that a vocabulary was learned from; empty if unknown."""
    try:
        counts = parse_json(_message(dict(_fields(model)).get(CHARACTERS_FIELD)) or b"{}")
    except ValueError:
        return {}
    whole = isinstance(counts, dict) and all(isinstance(count, int) for count in counts.values())
    return counts if whole else {}


def _message(field: int | bytes | None) -> bytes:
    """Return a field that holds a message; nothing where it holds a number, which the library passes over too."""
    return field if isinstance(field, bytes) else b""


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the number and value of each field of a protocol buffer (the library has no accessor).

    Raises TextError for bytes that are none.
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
