"""Text as a model reads it: checked, in ids, and what the symbols among them stand for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any, NamedTuple

from clearhead.errors import TranslationError
from clearhead.storage import untrusted
from clearhead.surface.form import Form
from clearhead.surface.letter_case import as_sentence, case_of
from clearhead.surface.masking import Masked, Placed, mask, masked_pair
from clearhead.text.normalize import normalize
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.vocabulary import EOS


class Text(NamedTuple):
    """A side of a pair as the model reads it."""

    ids: Any
    """A list of ids, EOS last; or frames, of a source that is no text (`engines.protocol.Source`)."""
    placed: tuple[Placed, ...] = ()
    """What its symbols stand for, from left to right."""
    printed: str | None = None
    """The text as people read it, where the model reads it in another form."""


def checked(texts: Iterable[str]) -> Iterator[str]:
    """Yield texts; raise TranslationError, with its place, for what is none."""
    unordered = isinstance(texts, str | bytes | Mapping | Set)
    if unordered or not isinstance(texts, Iterable):
        raise TranslationError(
            f"the text is {untrusted.shown(texts)} ({type(texts).__name__}); give a string, or a list of strings"
        )
    for number, text in enumerate(texts, start=1):
        if not isinstance(text, str):
            raise TranslationError(
                f"text {number} of the list is {untrusted.shown(text)} ({type(text).__name__}), which is not text; "
                "give strings only"
            )
        yield text


def sides(sources: Sequence[str], targets: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return both sides; raise TranslationError for what are no texts, or not as many on either side."""
    sources, targets = list(checked(sources)), list(checked(targets))
    if len(sources) != len(targets):
        raise TranslationError(
            f"there are {len(sources)} sources and {len(targets)} targets; give one target for each source"
        )
    return sources, targets


def read_sentences(forms: Sequence[Form], tokenizer: Tokenizer, tag: str | None) -> list[list[int]]:
    """Return the ids of sentences without their form as the model reads them when it translates."""
    if not forms:
        return []
    return [[*ids, EOS] for ids in tokenizer.encode_batch([form.text for form in forms], to=tag)]


def read_target(target: str, tokenizer: Tokenizer) -> Text:
    """Return the target of a source that is no text as the model reads it."""
    return Text([*tokenizer.encode_target(normalize(target)), EOS])


def read_pairs(
    sources: Sequence[str], targets: Sequence[str], tokenizer: Tokenizer, tag: str | None, *, form: bool
) -> tuple[list[Text], list[Text]]:
    """Return both sides of pairs, each taken as one sentence, as the model reads them when it translates.

    What must come through is carried by symbols; with `form` capitals and Title Case are read as a sentence.
    """
    plain = [(normalize(src), normalize(tgt)) for src, tgt in zip(sources, targets, strict=True)]
    masked = [_masked(src, tgt, tokenizer, form) for src, tgt in plain]
    srcs = tokenizer.encode_batch([src.text for src, _ in masked], to=tag)
    tgts = tokenizer.encode_target_batch([tgt.text for _, tgt in masked])
    both = [
        (Text([*src_ids, EOS], src.placed, src_printed), Text([*tgt_ids, EOS], tgt.placed, tgt_printed))
        for src_ids, tgt_ids, (src, tgt), (src_printed, tgt_printed) in zip(
            srcs, tgts, masked, plain, strict=True
        )
    ]
    return [src for src, _ in both], [tgt for _, tgt in both]


def _masked(src: str, tgt: str, tokenizer: Tokenizer, form: bool) -> tuple[Masked, Masked]:
    """Return a pair with symbols for what both sides have, in the case of a sentence."""
    kinds, learned, likelihood = tokenizer.symbol_kinds, tokenizer.learned, tokenizer.likelihood
    case = case_of(mask(src, kinds).text, likelihood) if form else "plain"
    if case == "upper" and learned is not None:
        learned = learned | {letter.upper() for letter in learned}
    source, target = masked_pair(src, tgt, kinds, learned)
    source = replace(source, text=as_sentence(source.text, case, likelihood))
    if case != "plain" and case_of(target.text, likelihood) == case:
        target = replace(target, text=as_sentence(target.text, case, likelihood))
    return source, target
