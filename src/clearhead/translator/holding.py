"""What the terms of a sentence mean for its translation: what the search must hold, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice, product

from clearhead.decoding.phrases import NOTHING, Sequences, Wanted, WordEdges
from clearhead.engines.protocol import word_edges
from clearhead.surface.carried import Carried, find
from clearhead.surface.masking import Masked
from clearhead.terms.finding import Finder, Held, Occurrence
from clearhead.terms.term import Term
from clearhead.text.normalize import normalize
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.vocabulary import UNK
from clearhead.translator.translation import TermUse

LOSS = 3.0
"""Length-normalised score that may be given up for terms without a note."""


@dataclass(frozen=True)
class HeldTerms:
    """The terms of one sentence."""

    occurrences: tuple[Occurrence, ...] = ()
    """Those with a target, from left to right."""
    forbidden: tuple[str, ...] = ()
    wanted: Wanted = NOTHING
    always: tuple[Carried, ...] = ()
    """Terms that hold what is carried anyway, such as a number: a symbol takes their place, and is replaced."""
    carried: tuple[Carried, ...] = ()
    """All terms as symbols; () where the vocabulary has no symbol for them, or they are symbols already."""
    inline: tuple[Carried, ...] = ()
    """All terms as what is given within the source; () where the vocabulary has no marks for that."""

    def __bool__(self) -> bool:
        return bool(self.occurrences or self.forbidden)


NO_TERMS = HeldTerms()
_KIND = "word"
"""Kind of symbol that stands for a term."""


@dataclass(frozen=True)
class Glossary:
    """The terms of a request, as a vocabulary writes them."""

    finder: Finder
    tokenizer: Tokenizer

    @cached_property
    def edges(self) -> WordEdges:
        """Where words begin and end."""
        return word_edges(self.tokenizer)

    def terms_of(self, text: str) -> HeldTerms:
        """Return the terms of a sentence."""
        plain = normalize(text)
        occurrences = self.finder.find(plain)
        terms = tuple(each for each in occurrences if each.term.targets)
        targets = {form for each in terms for form in each.term.targets}
        entries = (*self.finder.always, *(each.term for each in occurrences))
        forbidden = tuple(
            dict.fromkeys(word for term in entries for word in term.forbidden if word not in targets)
        )
        if not terms and not forbidden:
            return NO_TERMS
        symbols = self.tokenizer.symbol_kinds
        special = find(plain) if symbols else []
        always = [each for each in terms if any(_overlap(each, stretch) for stretch in special)]
        others = [each for each in terms if each not in always]
        phrases = [(ways, self._initial(each.term)) for each in others if (ways := self._phrase(each.term))]
        return HeldTerms(
            terms,
            forbidden,
            Wanted(
                phrases=tuple(ways for ways, _ in phrases),
                initial=tuple(initial for _, initial in phrases),
                forbidden=tuple(
                    ids for word in forbidden for each in (word, capital(word)) for ids in self._ways(each)
                ),
            ),
            tuple(map(_carried, always)),
            tuple(map(_carried, terms)) if _KIND in symbols and others else (),
            self._inline(always, others) if self.tokenizer.takes_terms and others else (),
        )

    def _inline(self, always: Sequence[Occurrence], others: Sequence[Occurrence]) -> tuple[Carried, ...]:
        given = [replace(_carried(each), kind="term") for each in others]
        return tuple(sorted([*map(_carried, always), *given], key=lambda each: each.start))

    def _phrase(self, term: Term) -> Sequences:
        """Return the ways to write a term; none where the vocabulary lacks its characters."""
        return tuple(dict.fromkeys(ids for form in term.targets for ids in self._ways(form)))

    def _initial(self, term: Term) -> Sequences:
        """Return the ways to write a term at the beginning of a sentence."""
        if term.case == "keep":
            return ()
        return tuple(dict.fromkeys(ids for form in term.targets for ids in self._ways(capital(form))))

    def _ways(self, word: str) -> list[tuple[int, ...]]:
        """Return the ids of a word after a space, and after an apostrophe."""
        behind = self.tokenizer.encode_target(_BEFORE + word)
        cuts = (cut for cut in range(1, len(behind)) if self.tokenizer.decode(behind[:cut]) == _BEFORE)
        ways = [self.tokenizer.encode_target(word), behind[next(cuts, len(behind)) :]]
        return [tuple(ids) for ids in ways if ids and UNK not in ids]


def capital(word: str) -> str:
    """Return a word with a capital letter."""
    return word[:1].upper() + word[1:]


_BEFORE = "l'"
"""Text that a word may follow without a space."""


def _overlap(occurrence: Occurrence, stretch: Carried) -> bool:
    return stretch.start < occurrence.end and occurrence.start < stretch.end


def _carried(occurrence: Occurrence) -> Carried:
    """Return a term as what a symbol stands for."""
    return Carried(occurrence.start, occurrence.end, _KIND, occurrence.text, occurrence.term.targets[0])


_MOST_WAYS = 16
"""Ways to write one translation that are compared."""


def spelled(
    tokens: Sequence[int], tokenizer: Tokenizer, held: HeldTerms, symbolic: Masked, usual: Masked
) -> list[list[int]]:
    """Return the ids of a translation of the symbolic reading with terms in the place of their symbols.

    One for each way to write the terms. Other symbols become those that the usual reading has for the same.
    """
    forms = {(each.text, each.term.targets[0]): each.term.targets for each in held.occurrences}
    of_usual = {placed.carried.text: placed.symbol for placed in reversed(usual.placed)}
    choices = {
        placed.symbol: forms[placed.carried.text, placed.carried.written]
        if placed.carried.written and placed.carried.text not in of_usual
        else (of_usual.get(placed.carried.text, placed.symbol),)
        for placed in reversed(symbolic.placed)
    }
    text = tokenizer.decode(tokens, broken="ignore")
    parts = [choices.get(character, (character,)) for character in text]
    ways = islice(product(*parts), _MOST_WAYS)
    may = any(each.term.case == "any" for each in held.occurrences)
    begins = may and text[:1] in choices and text[:1] not in of_usual.values()  # a term is the first word
    return tokenizer.encode_target_batch([capital("".join(way)) if begins else "".join(way) for way in ways])


def uses(held: HeldTerms, text: str) -> tuple[TermUse, ...]:
    """Return what became of each term in the translation of its sentence, in the order of the source."""
    there = Held(text)
    longest_first = sorted(
        range(len(held.occurrences)), key=lambda number: -len(held.occurrences[number].term.targets[0])
    )
    taken = {
        number: there.take(held.occurrences[number].term.targets, held.occurrences[number].term.case)
        for number in longest_first
    }
    return tuple(
        TermUse(
            source=each.text, target=taken[number] or each.term.targets[0], used=taken[number] is not None
        )
        for number, each in enumerate(held.occurrences)
    )


def notes(held: HeldTerms, text: str, terms: Sequence[TermUse], given_up: float) -> list[str]:
    """Return what a reader should know of the terms of a sentence."""
    said = [
        f"the term {use.target!r} for {use.source!r} is not in the translation"
        for use in terms
        if not use.used
    ]
    said += [
        f"the forbidden {word!r} is in the translation" for word in held.forbidden if Held(text).take([word])
    ]
    if given_up > LOSS:
        said.append(
            f"the model finds its terms unlikely here (score {given_up:.2f} lower than without); check how it reads"
        )
    return said
