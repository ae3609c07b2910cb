"""What is taken off a sentence before it is translated, and put back on its translation.

A model translates words. What must come through, how the text is written and how it ends are its form: symbols
take the place of the first (`masking`), capitals become a sentence (`letter_case`), the final mark is the source's.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from clearhead.surface.carried import Carried, find, with_strange
from clearhead.surface.final_mark import final_mark, with_mark
from clearhead.surface.fold import folded
from clearhead.surface.letter_case import Case, as_sentence, case_of, put_back
from clearhead.surface.masking import Masked, lost_digits, mask, restored
from clearhead.text.normalize import normalize
from clearhead.text.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class Form:
    """A sentence as the model gets it, and what its translation gets back."""

    text: str
    """What is translated, with symbols for what is carried."""
    masked: Masked
    case: Case = "plain"
    mark: str | None = None
    """The marks that end the sentence; None: as the model has them."""

    @property
    def has_words(self) -> bool:
        """Whether there is anything to translate besides what is carried."""
        return any(map(str.isalpha, self.text))  # a symbol is not a letter


@dataclass(frozen=True, slots=True)
class Dressed:
    """A translation in the form of its source, and what must be said of it."""

    text: str
    notes: tuple[str, ...] = ()


def undressed(text: str, tokenizer: Tokenizer, *, form: bool, terms: Sequence[Carried] = ()) -> Form:
    """Return a sentence without its form. `form`: whether case and marks are part of it, besides what is carried.

    `terms` are carried in the place of what they overlap; their places are those in the normal form of the text.
    """
    kinds, learned = tokenizer.symbol_kinds, tokenizer.learned
    if any(term.kind == "term" for term in terms):  # which are written out before anybody reads the text
        kinds |= {"term"}
    plain = normalize(text)
    if not kinds and not form:
        return Form(plain, Masked(plain))
    stretches = _with_terms(find(plain), terms) if kinds else []
    plain, stretches = _folded(plain, stretches, learned)
    case: Case = "plain"
    if form:
        case = case_of(mask(plain, kinds, stretches=stretches).text, tokenizer.likelihood)
        if case == "upper" and learned is not None:
            learned = learned | {letter.upper() for letter in learned}
    masked = mask(plain, kinds, stretches=with_strange(plain, stretches, learned) if kinds else stretches)
    bare = as_sentence(masked.text, case, tokenizer.likelihood)
    return Form(bare, masked, case, final_mark(masked.text) if form else None)


def _with_terms(stretches: list[Carried], terms: Sequence[Carried]) -> list[Carried]:
    """Return what is carried, terms in the place of what they overlap."""
    if not terms:
        return stretches
    others = [
        stretch
        for stretch in stretches
        if not any(term.start < stretch.end and stretch.start < term.end for term in terms)
    ]
    return sorted([*others, *terms], key=lambda stretch: stretch.start)


def _folded(
    text: str, stretches: Sequence[Carried], learned: Collection[str] | None
) -> tuple[str, list[Carried]]:
    """Return a text folded, but for what was found in it, and where that is now."""
    if learned is None or text.isascii() or set(text).issubset(learned):
        return text, list(stretches)
    parts: list[str] = []
    moved: list[Carried] = []
    place = done = 0
    for stretch in stretches:
        between = folded(text[done : stretch.start], learned)
        parts += [between, stretch.text]
        start = place + len(between)
        done, place = stretch.end, start + len(stretch.text)
        moved.append(replace(stretch, start=start, end=place))
    return "".join(parts) + folded(text[done:], learned), moved


def dressed(translation: str, form: Form, target: str | None, source: str | None = None) -> Dressed:
    """Return a translation in the form of its source, for which `undressed` was asked."""
    text = with_mark(put_back(translation, form.case), form.mark, target)
    back = restored(text, form.masked, target, source)
    notes = []
    if back.missing:
        notes.append(f"{_listed(back.missing)} is missing from the translation")
    if back.doubled:
        notes.append(f"{_listed(back.doubled)} appears in the translation more often than in the source")
    lost = lost_digits(form.text, translation)
    gained = lost_digits(translation, form.text) if lost else []
    if gained:
        notes.append(f"the figures {_listed(tuple(lost))} became {_listed(tuple(gained))}; check them")
    return Dressed(back.text, tuple(notes))


def _listed(texts: tuple[str, ...]) -> str:
    return ", ".join(
        f"{text} ({count} times)" if count > 1 else text for text, count in Counter(texts).items()
    )
