"""Our vocabulary as a MarianTokenizer of transformers reads it, and back.

Their padding is the last id: what converts such a model cuts the last row off its matrices. It is also what a
translation starts from there, so it has the row of our BOS; `<s>`, which nothing reads there, has the row of our
padding. The others keep their order, and so ours are theirs in another order, and nothing is lost.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from clearhead.errors import EngineError, TextError
from clearhead.text import marian
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.vocabulary import BOS, CONTROLS, EOS, PAD, UNK

SOURCE, TARGET, PIECES, SETTINGS = "source.spm", "target.spm", "vocab.json", "tokenizer_config.json"


def their_ids(vocab_size: int) -> list[int]:
    """Return the id there of each id here; what each stands for is exchanged for padding and BOS."""
    return [BOS - 1, vocab_size - 1, *range(EOS - 1, vocab_size - 1)]


def names(tokenizer: Tokenizer) -> dict[str, int]:
    """Return their id of each piece: the tags as `>>fr<<`, the padding last.

    Raises EngineError where a piece of text has the name of a tag.
    """
    tags = {f"<2{language}>": f">>{language}<<" for language in tokenizer.languages}
    pieces = [tags.get(piece, piece) for piece in tokenizer.vocabulary]
    ordered = {piece: number for number, piece in enumerate([*pieces[BOS:], pieces[PAD]])}
    if len(ordered) < len(pieces):
        twice = next(piece for piece in pieces if pieces.count(piece) > 1)
        raise EngineError(
            f"the vocabulary has {twice} as a piece of text too, which is a target's tag in transformers; train the "
            "tokenizer on text without it to export"
        )
    return ordered


def write(tokenizer: Tokenizer, folder: Path) -> None:
    """Write the files of their tokenizer."""
    for name, model in zip((SOURCE, TARGET), _sentencepiece_models(tokenizer), strict=True):
        (folder / name).write_bytes(model)
    settings = {
        "tokenizer_class": "MarianTokenizer",
        "model_max_length": 512,
        **{f"{name}_token": CONTROLS[i] for name, i in (("pad", PAD), ("eos", EOS), ("unk", UNK))},
    }
    for name, values in ((PIECES, names(tokenizer)), (SETTINGS, settings)):
        (folder / name).write_text(json.dumps(values, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _sentencepiece_models(tokenizer: Tokenizer) -> tuple[bytes, bytes]:
    """Return the models of source and target: ours once more, or the two that were imported."""
    if tokenizer.kind == marian.KIND:
        return marian.side_models(tokenizer.to_bytes())
    written = _removing_spaces(tokenizer.to_bytes(), True)  # after a tag; ours are removed before
    return written, written


def own_tokenizer(source: bytes, target: bytes, vocabulary: Mapping[str, int]) -> Tokenizer | None:
    """Return our tokenizer if these files are an export of it, byte for byte; None for another program's."""
    from google.protobuf.message import DecodeError

    if source != target:
        return None
    try:
        tokenizer = Tokenizer.from_bytes(_removing_spaces(source, False))
        return tokenizer if names(tokenizer) == vocabulary else None
    except (DecodeError, TextError, EngineError):
        return None


def _removing_spaces(model: bytes, removes: bool) -> bytes:
    """Return a serialised SentencePiece model that removes, or keeps, spaces beyond one between two words."""
    from sentencepiece import sentencepiece_model_pb2

    parsed = sentencepiece_model_pb2.ModelProto.FromString(model)
    parsed.normalizer_spec.remove_extra_whitespaces = removes
    written: bytes = parsed.SerializeToString()
    return written
