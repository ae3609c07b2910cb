"""Text as a model reads it: ids, and what the symbols among it stand for."""

from collections.abc import Sequence
from typing import NamedTuple

from clearhead.text.form import Form
from clearhead.text.masking import Placed, masked_pair
from clearhead.text.normalize import normalize
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.vocabulary import EOS


class Text(NamedTuple):
    """A side of a pair as the model reads it."""

    ids: list[int]
    """EOS last."""
    placed: tuple[Placed, ...] = ()
    """What its symbols stand for, from left to right."""


def read_sentence(form: Form, tokenizer: Tokenizer, tag: str | None) -> Text:
    """Return a sentence without its form as the model reads it when it translates."""
    return Text([*tokenizer.encode(form.text, to=tag), EOS], form.masked.placed)


def read_pairs(
    sources: Sequence[str], targets: Sequence[str], tokenizer: Tokenizer, tag: str | None
) -> tuple[list[Text], list[Text]]:
    """Return both sides of pairs, each taken as one sentence; what must come through is carried by symbols."""
    kinds, learned = tokenizer.symbol_kinds, tokenizer.learned
    pairs = [
        masked_pair(normalize(src), normalize(tgt), kinds, learned)
        for src, tgt in zip(sources, targets, strict=True)
    ]
    srcs = tokenizer.encode_batch([src.text for src, _ in pairs], to=tag)
    tgts = tokenizer.encode_target_batch([tgt.text for _, tgt in pairs])
    return (
        [Text([*ids, EOS], src.placed) for ids, (src, _) in zip(srcs, pairs, strict=True)],
        [Text([*ids, EOS], tgt.placed) for ids, (_, tgt) in zip(tgts, pairs, strict=True)],
    )
