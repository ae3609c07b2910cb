"""The ids that every vocabulary has, and learning the others from text."""

import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import sentencepiece

from clearhead.errors import TextError
from clearhead.text.escape import escaped
from clearhead.text.normalize import normalize
from clearhead.text.symbols import ALL_SYMBOLS, TERM_MARKS

PAD, BOS, EOS, UNK = 0, 1, 2, 3
"""The same ids in every tokenizer. UNK exists because SentencePiece demands it; encode never gives it."""

CONTROLS = ("<pad>", "<s>", "</s>", "<unk>")
"""Their names, by id."""

KINDS = ("unigram", "bpe", "word", "char")
"""The kinds of vocabulary, in the order of SentencePiece's model types 1 to 4."""

NUM_BYTES = 256
"""How many ids spell the bytes of what the pieces cannot."""

CHARACTERS_FIELD = 200
"""Field of the serialised model that holds the characters: the first that SentencePiece leaves to others."""

_CONTROL = 3
"""SentencePiece's type of a piece that no text is cut into."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*")

# The trainer leaves out lines of more than 4,192 bytes, and lines with U+2585, which it uses itself.
_TRAINING_LINE = re.compile(r"\S.{0,998}(?!\S)|\S.{0,999}")
_TRAINER_MARK = "\u2585"


def learn(
    texts: Iterable[str],
    *,
    kind: str,
    vocab_size: int,
    languages: Sequence[str],
    character_coverage: float,
    symbols: bool = False,
    terms: bool = False,
    split_digits: bool = False,
) -> bytes:
    """Return the serialised model of a vocabulary of at most `vocab_size` ids, as `Tokenizer.train` describes it."""
    if kind not in KINDS:
        raise TextError(f"unknown tokenizer kind {kind!r}; choose one of {', '.join(KINDS)}")
    if not 0.0 < character_coverage <= 1.0:
        raise TextError(
            f"character_coverage must be more than 0 and at most 1, got {character_coverage}; 0.9999 is usual"
        )
    check_languages(languages)
    reserved = [*(ALL_SYMBOLS if symbols else ()), *(TERM_MARKS if terms else ())]
    least = len(CONTROLS) + len(languages) + len(reserved) + NUM_BYTES + 1
    if vocab_size < least:
        carried = f", {len(reserved)} symbols" if reserved else ""
        raise TextError(
            f"vocab_size={vocab_size} is too small; controls, {len(languages)} language tags{carried} and "
            f"{NUM_BYTES} bytes already take {least - 1}, so give at least {least}, such as 8000"
        )
    lines = [line for text in texts for line in _training_lines(text)]
    if not lines:
        raise TextError(
            "the texts to train a tokenizer on are empty; give at least one line with a character"
        )
    model = io.BytesIO()
    options: dict[str, Any] = {
        "model_type": kind,
        "vocab_size": vocab_size,
        "character_coverage": character_coverage,
        "hard_vocab_limit": False,  # a small corpus gives what it can
        "byte_fallback": True,
        "normalization_rule_name": "identity",
        "remove_extra_whitespaces": False,
        "add_dummy_prefix": True,
        "control_symbols": [f"<2{language}>" for language in languages],
        "user_defined_symbols": reserved,
        "split_digits": split_digits,
        "num_threads": 1,  # the sums of several depend on their timing
        "minloglevel": 2,
    }
    for name, i in (("pad", PAD), ("bos", BOS), ("eos", EOS), ("unk", UNK)):
        options[f"{name}_id"] = i
        options[f"{name}_piece"] = CONTROLS[i]
    try:
        sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(lines), model_writer=model, **options)
    except RuntimeError as error:
        raise TextError(_training_fault(str(error), vocab_size)) from error
    return model.getvalue() + _characters_field(Counter(chain.from_iterable(lines)))


def _characters_field(counts: Mapping[str, int]) -> bytes:
    """Return how often each character was seen, as a field that other readers of the model pass over."""
    ordered = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
    data = json.dumps(ordered, ensure_ascii=False, separators=(",", ":")).encode()
    return _message(CHARACTERS_FIELD, data)


def tags_field(languages: Sequence[str]) -> bytes:
    """Return tags as pieces that a serialised model is to be continued with (ModelProto.pieces, field 1).

    A piece is its text (1), its score (2, a float) and its type (3).
    """
    return b"".join(
        _message(1, _message(1, f"<2{language}>".encode()) + b"\x15\0\0\0\0\x18" + _varint(_CONTROL))
        for language in languages
    )


def _message(field: int, data: bytes) -> bytes:
    """Write what has a length as protocol buffers do."""
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    """Write a number as protocol buffers do: seven bits a byte, the lowest first."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def check_languages(languages: Sequence[str]) -> None:
    """Raise TextError unless the languages are different codes."""
    if isinstance(languages, str):
        raise TextError(
            f"languages must be a list of codes such as ['en', 'fr'], got the string {languages!r}"
        )
    for language in languages:
        if not _LANGUAGE.fullmatch(language):
            raise TextError(
                f"{language!r} is not a language code; give letters and digits such as 'fr' or 'pt-BR'"
            )
    if len(set(languages)) != len(languages):
        raise TextError(f"a language is named twice in {', '.join(languages)}; name each once")


def _training_lines(text: str) -> Iterator[str]:
    """Yield a text in lines that the trainer takes, cut at spaces where they are too long."""
    line = escaped(normalize(text.replace(_TRAINER_MARK, " ")))
    for match in _TRAINING_LINE.finditer(line):
        yield match[0]


def _training_fault(message: str, vocab_size: int) -> str:
    """Say what the trainer's complaint asks of the user."""
    if required := re.search(r"smaller than required_chars\. \d+ vs (\d+)", message):
        return (
            f"vocab_size={vocab_size} is too small for the characters of these texts; "
            f"give at least {required[1]}, or lower character_coverage so that rare ones are spelled in bytes"
        )
    return f"the tokenizer could not be trained: {message.strip()}; try another vocab_size or more text"
