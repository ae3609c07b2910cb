"""A text cut into sentences for the engine, and put together again from what it found; nothing is left out."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from clearhead.config.choices import Split
from clearhead.decoding.hypothesis import Hypothesis
from clearhead.evaluation.confidence import Confidence
from clearhead.surface.carried import find
from clearhead.surface.form import Form, dressed, undressed
from clearhead.surface.literals import restored
from clearhead.text import sentences
from clearhead.text.normalize import normalize
from clearhead.text.symbols import with_term
from clearhead.text.tokenizer import Tokenizer
from clearhead.translator.holding import NO_TERMS, Glossary, HeldTerms, uses
from clearhead.translator.holding import notes as term_notes
from clearhead.translator.reading import read_sentences
from clearhead.translator.translation import TermUse, Translation

_LINE = re.compile("([\n\r\v\f\x1c-\x1e\x85\u2028\u2029\t]+)")
"""Where lines end and cells of a table."""
_BULLET = re.compile(r"\s*+(?:(?:[-*+•–—▪◦·>]|#{1,6}|\(?\d{1,3}[.)]|\(?[a-z]\)|\[[ xX]\])\s++)++(?=\S)")
_ORDINAL = re.compile(
    r"\s*+\d{1,2}\.\s++(?:Januar|Jänner|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember"
    r"|Weltkrieg|Jahrhundert|Jahrestag|Geburtstag|Klasse|Liga|Bundesliga|Platz|Etage|Stock|Auflage|Semester|Quartal"
    r"|Runde|Halbzeit|Kapitel|Teil|Akt|Tag|Woche|Monat|Jahr|Mal)s?\b"
)
"""What begins like numbering, and is an ordinal of German: dates, and what is commonly counted so."""
_BRACKETS = {"[": "]", "(": ")"}


@dataclass(frozen=True)
class Manner:
    """How a text is cut and encoded: what does not change from text to text."""

    tokenizer: Tokenizer
    tag: str | None
    """Target language that the first id names."""
    split: Split
    languages: Sequence[str]
    """Those by whose rules sentences end."""
    limit: int
    """Most tokens of a sentence; a longer one is split further, and that is noted."""
    form: bool = False
    """Whether bullets, cells, brackets, case and final marks are kept apart from what is translated."""
    source: str | None = None
    """Language of the text, where it is known."""
    to: str | None = None
    """Target language, where it is known; `tag` where the model has several."""
    literals: bool = False
    """Whether addresses, codes and long numbers of the translation are put right."""
    confidence: Confidence | None = None
    """How sure the model may be of what it finds."""
    all_of_it: bool = False
    """Translate what would be left as it is, too."""
    glossary: Glossary | None = None
    """Terms that translations are held to."""

    def terms_of(self, text: str) -> HeldTerms:
        """Return the terms of a sentence."""
        return self.glossary.terms_of(text) if self.glossary else NO_TERMS


@dataclass(frozen=True)
class Sentence:
    """A sentence of a text as the engine gets it."""

    text: str
    number: int
    """Which sentence of the text it is a part of, counted from 1."""
    form: Form
    ids: Any
    """A list of ids; or frames, where the source is no text (`engines.protocol.Source`)."""
    held: HeldTerms = NO_TERMS
    symbolic: "Sentence | None" = None
    """The same, with symbols in the place of its terms."""
    inline: "Sentence | None" = None
    """The same, with its terms beside their words, for a model that has learned to use these."""


@dataclass(frozen=True)
class Passage:
    """A text cut into sentences, and what must be said of it."""

    text: str
    spans: list[sentences.Stretch]
    """Those that are sentences are translated, the others stay."""
    sentences: list[Sentence]
    notes: tuple[str, ...] = ()

    @property
    def ids(self) -> list[Any]:
        """The source ids of each sentence."""
        return [sentence.ids for sentence in self.sentences]


def alone(sentence: Sentence) -> Passage:
    """Return the passage of one sentence."""
    return Passage(sentence.text, [sentences.Stretch(sentence.text, True)], [sentence])


@dataclass(frozen=True, slots=True)
class _Unread:
    """A sentence without its form, not yet in ids."""

    span: sentences.Stretch
    number: int
    held: HeldTerms
    form: Form


def cut(text: str, manner: Manner) -> Passage:
    """Cut a text into sentences of at most `manner.limit` tokens.

    A sentence in a script that the model has not learned would become invented text: it is left as it is, and that
    is noted, unless all of it is to be translated. So is what holds nothing but what must come through.
    """
    return cut_together([text], manner)[0]


def cut_together(texts: Sequence[str], manner: Manner) -> list[Passage]:
    """Return what `cut` returns for each text, faster for many: their sentences are encoded together."""
    apart = [_apart(text, manner) for text in texts]
    forms = [span.form for spans, _ in apart for span in spans if isinstance(span, _Unread)]
    ids = iter(read_sentences(forms, manner.tokenizer, manner.tag))
    return [_passage(text, *of_text, ids, manner) for text, of_text in zip(texts, apart, strict=True)]


def _apart(text: str, manner: Manner) -> tuple[list[sentences.Stretch | _Unread], list[str]]:
    """Return the spans of a text, sentences without their form, and what must be said of it."""
    if not normalize(text):  # blank, or nothing but characters that mean nothing
        return [sentences.Stretch(text, False)] if text else [], []
    tokenizer = manner.tokenizer
    spans: list[sentences.Stretch | _Unread] = []
    notes: list[str] = []
    number = 0
    for span in _whole(text, manner):
        if not span.is_sentence:
            spans.append(span)
            continue
        number += 1
        held = manner.terms_of(span.text)
        form = undressed(span.text, tokenizer, form=manner.form, terms=held.always)
        if not manner.all_of_it and not held.occurrences:
            stays = (manner.form or form.masked.placed) and not form.has_words
            if not stays and not tokenizer.knows_most_of(form.text):
                notes.append("left untranslated: written in a script the model has not learned")
                stays = True
            if stays:
                spans.append(sentences.Stretch(span.text, False))
                continue
        spans.append(_Unread(span, number, held, form))
    return spans, notes


def _passage(
    text: str,
    apart: Sequence[sentences.Stretch | _Unread],
    notes: list[str],
    ids: Iterator[list[int]],
    manner: Manner,
) -> Passage:
    """Return a text with the `ids` of its sentences, those above the limit split further."""
    spans: list[sentences.Stretch] = []
    of_passage: list[Sentence] = []
    beside = 1 if manner.tag is None else 2  # the end of a sentence, and the tag, are not its own tokens
    for span in apart:
        if isinstance(span, sentences.Stretch):
            spans.append(span)
            continue
        of_span = next(ids)
        if manner.split == "never" or len(of_span) - beside <= manner.limit:
            spans.append(span.span)
            of_passage.append(_sentence(span, of_span, manner))
            continue
        parts = _parts(span, manner)
        spans += [part.span if isinstance(part, _Unread) else part for part in parts]
        split = [part for part in parts if isinstance(part, _Unread)]
        of_parts = read_sentences([part.form for part in split], manner.tokenizer, manner.tag)
        of_passage += [
            _sentence(part, of_part, manner) for part, of_part in zip(split, of_parts, strict=True)
        ]
        notes.append(f"a sentence above {manner.limit} tokens was translated in {len(split)} parts")
    return Passage(text, spans, of_passage, tuple(dict.fromkeys(notes)) if notes else ())


def _parts(sentence: _Unread, manner: Manner) -> list[sentences.Stretch | _Unread]:
    """Return a sentence above the limit in parts that are not, and the text between them."""
    tokenizer, text = manner.tokenizer, sentence.span.text
    parts: list[sentences.Stretch | _Unread] = []
    for part in sentences.split_long(
        text,
        manner.limit,
        lambda part: len(tokenizer.encode(undressed(part, tokenizer, form=False).text)),
        [(place.start, place.end) for place in find(text)] if tokenizer.symbol_kinds else (),
    ):
        if not part.is_sentence:
            parts.append(part)
            continue
        held = manner.terms_of(part.text)
        form = undressed(part.text, tokenizer, form=manner.form, terms=held.always)
        parts.append(_Unread(part, sentence.number, held, form))
    return parts


def _sentence(unread: _Unread, ids: list[int], manner: Manner) -> Sentence:
    """Return a sentence as the engine gets it; where its terms say something new, with its other readings."""
    held = unread.held
    symbolic = _read_as(_symbolic(unread, manner), unread, manner) if held.carried else None
    inline = _read_as(_inline(unread, manner), unread, manner) if held.inline else None
    return Sentence(unread.span.text, unread.number, unread.form, ids, held, symbolic, inline)


def _read_as(form: Form, unread: _Unread, manner: Manner) -> Sentence:
    (ids,) = read_sentences([form], manner.tokenizer, manner.tag)
    return Sentence(unread.span.text, unread.number, form, ids, unread.held)


def _symbolic(unread: _Unread, manner: Manner) -> Form:
    """Return a sentence with symbols in the place of its terms."""
    return undressed(unread.span.text, manner.tokenizer, form=manner.form, terms=unread.held.carried)


def _inline(unread: _Unread, manner: Manner) -> Form:
    """Return a sentence with its terms beside their words, for a model that has learned to use them."""
    form = undressed(unread.span.text, manner.tokenizer, form=manner.form, terms=unread.held.inline)
    given = {placed.symbol: placed.carried for placed in form.masked.placed if placed.carried.kind == "term"}
    parts = (
        with_term(_as_word(given[sign].text, form), given[sign].written) if sign in given else sign
        for sign in form.text
    )
    return replace(form, text="".join(parts))


def _as_word(text: str, form: Form) -> str:
    """Return a term's words as they would stand in a plain sentence."""
    return text if form.case == "plain" else text.lower()


def _whole(text: str, manner: Manner) -> Iterator[sentences.Stretch]:
    """Yield sentences, and the text between them."""
    if manner.split == "never":
        yield sentences.Stretch(text, True)
        return
    if not manner.form or sentences.is_one(text):
        yield from sentences.split(text, manner.languages)
        return
    for piece in _LINE.split(text):
        if _LINE.fullmatch(piece):
            yield sentences.Stretch(piece, False)
            continue
        bullet = _BULLET.match(piece)
        if bullet and not _ORDINAL.match(piece) and any(map(str.isalpha, piece[bullet.end() :])):
            yield sentences.Stretch(bullet[0], False)
            piece = piece[bullet.end() :]
        for span in sentences.split(piece, manner.languages):
            yield from _unbracketed(span)


def _unbracketed(span: sentences.Stretch) -> Iterator[sentences.Stretch]:
    """Yield a sentence in brackets, such as [door opens], with these apart."""
    text = span.text
    closing = _BRACKETS.get(text[:1])
    if span.is_sentence and closing and text.endswith(closing) and len(text) > 2:
        inside = text[1:-1]
        if inside == inside.strip() and not any(mark in inside for mark in (text[0], closing)):
            yield sentences.Stretch(text[0], False)
            yield sentences.Stretch(inside, True)
            yield sentences.Stretch(closing, False)
            return
    yield span


def completed(
    passages: Sequence[Passage], numbered: Iterable[tuple[int, list[Hypothesis]]]
) -> Iterator[tuple[int, list[list[Hypothesis]]]]:
    """Yield (place of a passage, hypotheses of each of its sentences) as soon as its last sentence is found.

    `numbered` are those of all sentences, numbered through the passages, in any order. To put one passage together
    while an engine is busy with the next costs no time of its own.
    """
    home = [place for place, passage in enumerate(passages) for _ in passage.sentences]
    start = [0, *accumulate(len(passage.sentences) for passage in passages)]
    missing = [len(passage.sentences) for passage in passages]
    yield from ((place, []) for place, count in enumerate(missing) if not count)
    hypotheses: dict[int, list[Hypothesis]] = {}
    for number, ranked in numbered:
        hypotheses[number] = ranked
        place = home[number]
        missing[place] -= 1
        if not missing[place]:
            yield place, [hypotheses.pop(sentence) for sentence in range(start[place], start[place + 1])]


def put_together(
    passage: Passage,
    ranked: Sequence[Sequence[Hypothesis]],
    manner: Manner,
    *,
    wanted: int,
) -> Translation:
    """Join the hypotheses of every sentence, rank by rank, with the text's own separators.

    Where literals are corrected, a note says so. A text that an earlier rank has too is not given twice.
    """
    if wanted == 1:
        return _of_rank(passage, [hypotheses[0] for hypotheses in ranked], manner)
    different: dict[str, Translation] = {}
    for rank in range(min(wanted, *map(len, ranked)) if ranked else 1):
        translation = _of_rank(passage, [hypotheses[rank] for hypotheses in ranked], manner)
        different.setdefault(translation.text, translation)
    best, *others = different.values()
    return replace(best, alternatives=tuple(others)) if others else best


def _of_rank(passage: Passage, hypotheses: Sequence[Hypothesis], manner: Manner) -> Translation:
    tokenizer = manner.tokenizer
    notes = list(passage.notes)
    texts = []
    terms: list[TermUse] = []
    sureness = []
    several = len(passage.spans) > 1 and sum(bool(normalize(span.text)) for span in passage.spans) > 1
    for sentence, hypothesis in zip(passage.sentences, hypotheses, strict=True):
        text, right, form_notes = _shown(sentence, hypothesis, manner)
        texts.append(text)
        where = f"sentence {sentence.number}: " if several else ""
        if hypothesis.truncated:
            notes.append(f"{where}the translation reached the length limit and was cut there")
        if hypothesis.repetition:
            notes.append(f"{where}the model started repeating itself; repetition was suppressed")
        if right:
            notes.append(f"{where}corrected to match the source: {', '.join(right)}")
        notes += [where + note for note in form_notes]
        if sentence.held:
            of_sentence = uses(sentence.held, text)
            terms += of_sentence
            said = term_notes(sentence.held, text, of_sentence, hypothesis.given_up)
            notes += [where + note for note in said]
        if manner.confidence:
            sure = manner.confidence.of_sentence(
                hypothesis.log_prob, len(sentence.ids), len(hypothesis.tokens) + 1
            )
            sureness.append(sure)
            if sure < manner.confidence.note_below:
                notes.append(f"{where}unsure of this translation (confidence {sure:.2f})")
    lengths = [len(hypothesis.tokens) + 1 for hypothesis in hypotheses]
    weighted = sum(hypothesis.score * length for hypothesis, length in zip(hypotheses, lengths, strict=True))
    return Translation(
        source=passage.text,
        text=sentences.join(passage.spans, texts),
        to=manner.to,
        score=weighted / (sum(lengths) or 1),
        tokens=tuple(piece for hypothesis in hypotheses for piece in tokenizer.pieces(hypothesis.tokens)),
        confidence=min(sureness, default=None),
        terms=tuple(terms),
        notes=tuple(notes),
    )


def shown(passage: Passage, hypotheses: Sequence[Hypothesis], manner: Manner) -> list[str]:
    """Return the translation of each sentence as it is printed."""
    return [
        _shown(sentence, hypothesis, manner)[0]
        for sentence, hypothesis in zip(passage.sentences, hypotheses, strict=True)
    ]


def _shown(
    sentence: Sentence, hypothesis: Hypothesis, manner: Manner
) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Return a translation in the form of its source, the literals that were corrected in it, and notes."""
    decoded = manner.tokenizer.decode(hypothesis.tokens, broken="ignore")
    back = dressed(decoded, sentence.form, manner.to, manner.source)
    text, right = restored(sentence.text, back.text) if manner.literals else (back.text, ())
    return text, right, back.notes
