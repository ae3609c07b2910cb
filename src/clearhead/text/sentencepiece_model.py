"""Reading a serialised SentencePiece model, and what it says of itself."""

import json
from collections.abc import Iterator, Mapping

import sentencepiece

from clearhead.errors import TextError
from clearhead.text.vocabulary import CHARACTERS_FIELD, KINDS


def processor(model: bytes, source: str) -> sentencepiece.SentencePieceProcessor:
    """Return the library's reader of a serialised model. Raises TextError for what is none."""
    processor = sentencepiece.SentencePieceProcessor()
    try:
        processor.LoadFromSerializedProto(model)
    except RuntimeError as error:
        raise TextError(
            f"{source} is damaged or not a tokenizer ({len(model)} bytes that are no SentencePiece model); "
            "copy tokenizer.model again, or train one"
        ) from error
    return processor


def specifications(model: bytes) -> tuple[str, int | bytes]:
    """Return the kind of a serialised model and the name of the normalisation inside it.

    In sentencepiece_model.proto these are ModelProto.trainer_spec (field 2) .model_type (3, by
    default 1, unigram) and ModelProto.normalizer_spec (3) .name (1).
    """
    parts = dict(_fields(model))
    trainer, normalizer = (dict(_fields(bytes(parts.get(number, b"")))) for number in (2, 3))
    return KINDS[int(trainer.get(3, 1)) - 1], normalizer.get(1, b"")


def characters(model: bytes) -> Mapping[str, int]:
    """Return how often each character stood in the text that a vocabulary was learned from; empty if unknown."""
    field = dict(_fields(model)).get(CHARACTERS_FIELD)
    try:
        counts = json.loads(field) if isinstance(field, bytes) else {}
        return {str(character): int(count) for character, count in counts.items()}
    except (ValueError, AttributeError, TypeError):
        return {}


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the number and value of each field of a protocol buffer (the library has no accessor)."""
    place = 0

    def varint() -> int:
        nonlocal place
        value = shift = 0
        while True:
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
