"""A synchronous grammar of English, French and Spanish: parallel text with exact word alignments.

A sentence is built once, in all three languages at a time, as words that carry the concepts they realise.
Two words are aligned if they realise a common concept; a word that realises none, or none that the other
language says, is null. Pairs of concepts (adjective + noun, subject + verb, verb + object) are dealt to
train, valid or test by a fixed hash, so that the test part holds combinations of words that training never
shows, of words that it does.
"""

import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal, get_args

from clearhead.config.choices import GrammarLanguage
from clearhead.grammar.lexicon import (
    ADJECTIVES,
    NOUNS,
    PAST_TIMES,
    PEOPLE,
    PLACES,
    PRESENT_TIMES,
    VERBS,
    Adjective,
    Noun,
    Verb,
)
from clearhead.text.words import Span

Part = Literal["train", "valid", "test"]
Link = tuple[int, int]
LANGUAGES: tuple[str, ...] = get_args(GrammarLanguage)
ARTICLE_SENTENCES = (
    ("en", "The ball is blue.", "es", "La bola es azul."),
    ("en", "The black cat drank the milk.", "fr", "Le chat noir a bu le lait."),
    ("en", "The black cat drank the milk.", "es", "El gato negro bebió la leche."),
    ("fr", "Je suis étudiant.", "en", "I am a student."),
)
"""What well-known articles about the Transformer translate: source language, text, target language, text."""

_VALID_SHARE, _TEST_SHARE = 4, 10  # percent of the pairs of concepts
_ALWAYS_TRAINED = {"blue+ball", "black+cat", "cat+drank", "drank+milk"}  # the articles' sentences are shown
_VOWELS = tuple("aeéèêiîoôuyhœ")

Word = tuple[str, tuple[str, ...]]
"""A surface and the concepts that it realises; none: it has no counterpart."""
Words = list[Word]


@dataclass(frozen=True, slots=True)
class Example:
    """One meaning in three languages."""

    tokens: dict[str, tuple[Word, ...]]
    pairs: frozenset[str]
    """The pairs of concepts that decide which part it belongs to."""

    def text(self, language: str) -> str:
        """Return the sentence as it is written."""
        out = ""
        for word, _ in self.tokens[language]:
            glued = not out or out.endswith(("'", "¿")) or word == "." or (word == "?" and language != "fr")
            out += word if glued else f" {word}"
        return out[:1].upper() + out[1:] if out[:1] != "¿" else "¿" + out[1:2].upper() + out[2:]

    def words(self, language: str) -> tuple[str, ...]:
        """Return the words that alignments refer to; an elided article and a stop are words."""
        return tuple(word for word, _ in self.tokens[language])

    def spans(self, language: str) -> tuple[Span, ...]:
        """Return the spans of those words in the text."""
        text, place, spans = self.text(language).lower(), 0, []
        for word in self.words(language):
            start = text.index(word.lower(), place)
            place = start + len(word)
            spans.append(Span(start, place))
        return tuple(spans)

    def alignment(self, source: str, target: str) -> frozenset[Link]:
        """Return the exact links, (source word, target word) counted from 0."""
        return frozenset(
            (i, j)
            for i, (_, mine) in enumerate(self.tokens[source])
            for j, (_, concepts) in enumerate(self.tokens[target])
            if not set(mine).isdisjoint(concepts)
        )

    def null(self, source: str, target: str) -> tuple[frozenset[int], frozenset[int]]:
        """Return the words of each side that have no link."""
        links = self.alignment(source, target)
        linked = {i for i, _ in links}, {j for _, j in links}
        sides = (self.tokens[source], self.tokens[target])
        unlinked = [frozenset(range(len(side))) - words for side, words in zip(sides, linked, strict=True)]
        return unlinked[0], unlinked[1]


@dataclass(frozen=True, slots=True)
class _Phrase:
    """Words in three languages; a noun phrase also has a number and genders."""

    en: Words
    fr: Words
    es: Words
    plural: bool = False
    noun: Noun | None = None
    front: Word | None = None
    """Of a question, the English word before the subject."""

    def form(self, language: Literal["fr", "es"]) -> int:
        """Return which of (m, f, m plural, f plural) agrees with it."""
        assert self.noun is not None
        gender = self.noun.fr_gender if language == "fr" else self.noun.es_gender
        return (gender == "f") + 2 * self.plural


def part_of(pairs: frozenset[str]) -> Part | None:
    """Return the part of a sentence with these pairs; None for one that would mix valid and test."""
    places = {_deal(pair) for pair in pairs}
    if "test" in places:
        return None if "valid" in places else "test"
    return "valid" if "valid" in places else "train"


def _deal(pair: str) -> Part:
    if pair in _ALWAYS_TRAINED:
        return "train"
    place = zlib.crc32(pair.encode()) % 100
    return "test" if place < _TEST_SHARE else "valid" if place < _TEST_SHARE + _VALID_SHARE else "train"


def generate(seed: int, count: int | None = None, *, part: Part = "train") -> Iterator[Example]:
    """Yield sentences of a part, each text once, always the same for a seed; without end where count is None.

    One in five statements has no full stop, on all sides; it does not make another text.
    """
    maker = _Maker(random.Random(f"{seed}/{part}"))
    seen: set[int] = set()
    while count is None or len(seen) < count:
        example = maker.sentence()
        if part_of(example.pairs) != part:
            continue
        key = hash(tuple(word for word in example.tokens["en"] if word[0] != "."))
        if key not in seen:
            seen.add(key)
            yield example


def article_examples() -> list[Example]:
    """Build the articles' sentences with the grammar itself."""
    by_en = {noun.en[0]: noun for noun in NOUNS}
    adjectives = {adjective.en: adjective for adjective in ADJECTIVES}
    drink = next(verb for verb in VERBS if verb.en[2] == "drank")
    maker = _Maker(random.Random(0))
    ball = maker.noun_phrase(by_en["ball"], None, plural=False, definite=True)
    cat = maker.noun_phrase(by_en["cat"], adjectives["black"], plural=False, definite=True)
    milk = maker.noun_phrase(by_en["milk"], None, plural=False, definite=True)
    return [
        maker.finished(maker.quality(ball, adjectives["blue"], past=False, negative=False)),
        maker.finished(maker.action(cat, drink, milk, past=True, negative=False)),
        maker.finished(maker.profession(0, by_en["student"], negative=False)),
    ]


def vocabulary(language: str) -> frozenset[str]:
    """Return every word that the grammar can say in a language, in lower case."""
    words: set[str] = set()
    for example in _everything():
        words.update(word.lower() for word in example.words(language))
    return frozenset(words)


def _everything() -> Iterator[Example]:
    """Yield enough sentences to say every word of the lexicon in every form."""
    maker = _Maker(random.Random(0))
    for noun in NOUNS:
        for plural in (False, True) if noun.countable else (False,):
            for definite in (True, False) if noun.countable and not plural else (True,):
                phrase = maker.noun_phrase(noun, None, plural=plural, definite=definite)
                for adjective in (a for a in ADJECTIVES if a.group in noun.groups):
                    for past in (False, True):
                        yield maker.finished(maker.quality(phrase, adjective, past, True, question=past))
    boy, girl = (maker.noun_phrase(noun, None, plural=False, definite=True) for noun in NOUNS[:2])
    boys = maker.noun_phrase(NOUNS[0], None, plural=True, definite=True)
    places = [noun for noun in NOUNS if noun.en[0] in ("garden", "house")]
    for verb, subject, past, negative in product(VERBS, (boy, boys), (False, True), (False, True)):
        statement = maker.action(subject, verb, boy, past, negative, question=negative)
        for preposition, noun, plural in product(PLACES, places, (False, True)):
            where = maker.place(preposition, maker.noun_phrase(noun, None, plural=plural, definite=True))
            for time in PAST_TIMES if past else PRESENT_TIMES:
                yield maker.finished(maker.joined(statement, where, maker.time(time)))
        yield maker.finished(maker.action(maker.relative(boys, verb, girl, past), verb, boy, past, negative))
    for person in range(len(PEOPLE)):
        for noun in (noun for noun in NOUNS if noun.kind == "job"):
            yield maker.finished(maker.profession(person, noun, negative=True, question=True))


class _Maker:
    """Builds phrases; each concept of a sentence gets a name of its own."""

    def __init__(self, draws: random.Random) -> None:
        self.draws = draws
        self.names = 0
        self.pairs: set[str] = set()

    def name(self, what: str) -> str:
        """Return a concept's name, distinct from others of its kind."""
        self.names += 1
        return f"{what}{self.names}"

    # Sentences

    def sentence(self) -> Example:
        """Draw a sentence."""
        draws = self.draws
        self.names, self.pairs = 0, set()
        past, negative, question = draws.random() < 0.5, draws.random() < 0.2, draws.random() < 0.15
        kind = draws.random()
        if kind < 0.03:
            statement = self.profession(draws.randrange(len(PEOPLE)), self.pick("job"), negative, question)
        elif kind < 0.25:
            subject = self.drawn("any", relative=draws.random() < 0.35)
            adjective = self.adjective(subject.noun)
            statement = self.quality(subject, adjective, past, negative, question)
            if draws.random() < 0.3:
                statement = self.joined(
                    statement, self.time(draws.choice(PAST_TIMES if past else PRESENT_TIMES))
                )
        else:
            statement = self.drawn_action(past, negative, question)
        return self.finished(statement, stopped=draws.random() < 0.8)

    def drawn_action(self, past: bool, negative: bool, question: bool) -> _Phrase:
        """Draw a subject, a verb, an object and perhaps a place and a time."""
        draws = self.draws
        verb = draws.choice(VERBS)
        subject = self.drawn(verb.subjects, relative=draws.random() < 0.15)
        statement = self.action(
            subject, verb, self.drawn(verb.objects, definite=negative), past, negative, question
        )
        if draws.random() < 0.35:
            statement = self.joined(
                statement, self.place(draws.choice(PLACES), self.drawn("place", definite=True))
            )
        if draws.random() < 0.25:
            statement = self.joined(statement, self.time(draws.choice(PAST_TIMES if past else PRESENT_TIMES)))
        return statement

    def finished(self, statement: _Phrase, stopped: bool = True) -> Example:
        """Make a sentence of a clause."""
        if statement.front is not None:
            # "Does" and "est-ce que" both make a question of a statement; "is" is the verb itself.
            ask = ("ask",) if "ask" in statement.front[1] else ()
            que = "qu'" if statement.fr[0][0].startswith(_VOWELS) else "que"
            mark: Word = ("?", ("stop",))
            en = (statement.front, *statement.en, mark)
            fr = (("est-ce", ask), (que, ask), *statement.fr, mark)
            es = (("¿", ()), *statement.es, mark)
            return Example({"en": en, "fr": fr, "es": es}, frozenset(self.pairs))
        stop: Words = [(".", ("stop",))] if stopped else []
        tokens = {"en": (*statement.en, *stop), "fr": (*statement.fr, *stop), "es": (*statement.es, *stop)}
        return Example(tokens, frozenset(self.pairs))

    # Clauses

    def action(
        self, subject: _Phrase, verb: Verb, obj: _Phrase, past: bool, negative: bool, question: bool = False
    ) -> _Phrase:
        """Say that someone does something to something."""
        assert subject.noun is not None
        assert obj.noun is not None
        self.pairs |= {f"{subject.noun.en[0]}+{verb.en[2]}", f"{verb.en[2]}+{obj.noun.en[0]}"}
        done = self.verb(verb, subject.plural, past, negative, question)
        to = self.personal(obj)
        return _Phrase(
            [*subject.en, *done.en, *obj.en],
            [*subject.fr, *done.fr, *obj.fr],
            [*subject.es, *done.es, *to],
            subject.plural,
            front=done.front,
        )

    def verb(
        self, verb: Verb, plural: bool, past: bool, negative: bool = False, question: bool = False
    ) -> _Phrase:
        """Inflect a verb."""
        did, no = (self.name("do"),), (self.name("not"),)
        helper = "did" if past else "do" if plural else "does"
        if not negative and not question:
            en: Words = [(verb.en[2] if past else verb.en[1] if plural else verb.en[0], did)]
        else:  # a question's helper goes before the subject
            en = [
                *([] if question else [(helper, ())]),
                *([("not", no)] if negative else []),
                (verb.en[1], did),
            ]
        if past:
            finite: Words = [("ont" if plural else "a", did)]
            rest: Words = [(verb.fr[2], did)]
        else:
            finite, rest = [(verb.fr[plural], did)], []
        fr = [*_french_not(finite[0][0], no), *finite, ("pas", no), *rest] if negative else [*finite, *rest]
        es: Words = [(verb.es[2 * past + plural], did)]
        front = (helper, ("ask",)) if question else None
        return _Phrase(en, fr, [("no", no), *es] if negative else es, front=front)

    def quality(
        self, subject: _Phrase, adjective: Adjective, past: bool, negative: bool, question: bool = False
    ) -> _Phrase:
        """Say that something is of a quality."""
        assert subject.noun is not None
        self.pairs.add(f"{adjective.en}+{subject.noun.en[0]}")
        be, what, no = (self.name("be"),), (self.name("quality"),), (self.name("not"),)
        plural = subject.plural
        is_en = ("were" if plural else "was") if past else ("are" if plural else "is")
        is_fr = ("étaient" if plural else "était") if past else ("sont" if plural else "est")
        is_es = _COPULAS[adjective.copula][2 * past + plural]
        en: Words = [*subject.en, *([] if question else [(is_en, be)])]
        fr: Words = [(is_fr, be)]
        es: Words = [(is_es, be)]
        if negative:
            en.append(("not", no))
            fr = [*_french_not(is_fr, no), *fr, ("pas", no)]
            es = [("no", no), *es]
        return _Phrase(
            [*en, (adjective.en, what)],
            [*subject.fr, *fr, (adjective.fr[subject.form("fr")], what)],
            [*subject.es, *es, (adjective.es[subject.form("es")], what)],
            plural,
            front=(is_en, be) if question else None,
        )

    def profession(self, person: int, noun: Noun, negative: bool, question: bool = False) -> _Phrase:
        """Say what someone's job is: French and Spanish use no article."""
        en_words, fr_words, es_words, plural = PEOPLE[person]
        who, be, job, no = (self.name("who"),), (self.name("be"),), (self.name("job"),), (self.name("not"),)
        en: Words = [(en_words[0], who), *([] if question else [(en_words[1], be)])]
        if negative:
            en.append(("not", no))
        if not plural:
            en.append((_english_a(noun.en[0]), ()))
        fr_be: Words = [(fr_words[1], be)]
        if negative:
            fr_be = [*_french_not(fr_words[1], no), *fr_be, ("pas", no)]
        es: Words = [(es_words[0], who)] if es_words[0] else []
        if negative:
            es.append(("no", no))
        return _Phrase(
            [*en, (noun.en[plural], job)],
            [(fr_words[0], who), *fr_be, (noun.fr[plural], job)],
            [*es, (es_words[1], be), (noun.es[plural], job)],
            plural,
            front=(en_words[1], be) if question else None,
        )

    # Phrases

    def pick(self, group: str) -> Noun:
        """Draw a noun of a group."""
        return self.draws.choice(_NOUNS_OF[group])

    def adjective(self, noun: Noun | None) -> Adjective:
        """Draw an adjective that goes with a noun."""
        assert noun is not None
        return self.draws.choice(_ADJECTIVES_OF[noun.groups])

    def drawn(self, group: str, *, definite: bool = False, relative: bool = False) -> _Phrase:
        """Draw a noun phrase, perhaps with an adjective, perhaps with a relative clause."""
        draws, noun = self.draws, self.pick(group)
        plural = noun.countable and draws.random() < 0.3
        the = definite or plural or not noun.countable or draws.random() < 0.65
        adjective = self.adjective(noun) if draws.random() < (0.25 if relative else 0.45) else None
        phrase = self.noun_phrase(noun, adjective, plural=plural, definite=the)
        if not relative or "living" not in noun.groups:
            return phrase
        choices = _VERBS_OF_LIVING if "people" not in noun.groups else VERBS
        verb = draws.choice(choices)
        return self.relative(phrase, verb, self.drawn(verb.objects), past=draws.random() < 0.5)

    def relative(self, phrase: _Phrase, verb: Verb, obj: _Phrase, past: bool) -> _Phrase:
        """Say of a noun what it does."""
        assert phrase.noun is not None
        assert obj.noun is not None
        self.pairs |= {f"{phrase.noun.en[0]}+{verb.en[2]}", f"{verb.en[2]}+{obj.noun.en[0]}"}
        done, that = self.verb(verb, phrase.plural, past), (self.name("that"),)
        return _Phrase(
            [*phrase.en, ("that", that), *done.en, *obj.en],
            [*phrase.fr, ("qui", that), *done.fr, *obj.fr],
            [*phrase.es, ("que", that), *done.es, *self.personal(obj)],
            phrase.plural,
            phrase.noun,
        )

    def noun_phrase(
        self, noun: Noun, adjective: Adjective | None, *, plural: bool, definite: bool
    ) -> _Phrase:
        """Build article, adjective and noun, agreeing in gender and number."""
        the, thing = (self.name("the"),), (self.name("thing"),)
        en: Words = [(noun.en[plural], thing)]
        fr: Words = [(noun.fr[plural], thing)]
        es: Words = [(noun.es[plural], thing)]
        if adjective is not None:
            self.pairs.add(f"{adjective.en}+{noun.en[0]}")
            quality = (self.name("quality"),)
            en.insert(0, (adjective.en, quality))
            form = (noun.fr_gender == "f") + 2 * plural
            fr.insert(0 if adjective.before else 1, (adjective.fr[form], quality))
            es.append((adjective.es[(noun.es_gender == "f") + 2 * plural], quality))
        if definite:
            le = "les" if plural else "l'" if fr[0][0].startswith(_VOWELS) else _FRENCH_THE[noun.fr_gender]
            el = _SPANISH_THE[noun.es_gender][plural]
            articles = ("the", le, el)
        else:
            articles = (_english_a(en[0][0]), _FRENCH_A[noun.fr_gender], _SPANISH_A[noun.es_gender])
        return _Phrase(
            [(articles[0], the), *en], [(articles[1], the), *fr], [(articles[2], the), *es], plural, noun
        )

    def personal(self, obj: _Phrase) -> Words:
        """Return a Spanish object, with `a` before a living being."""
        assert obj.noun is not None
        if "living" not in obj.noun.groups:
            return obj.es
        (article, the), *rest = obj.es
        return [("al", the), *rest] if article == "el" else [("a", ()), *obj.es]

    def place(self, preposition: tuple[str, str, bool, str, bool], where: _Phrase) -> _Phrase:
        """Build a prepositional phrase, with French and Spanish `de` run together with the article."""
        en, fr, fr_de, es, es_de = preposition
        at = (self.name("at"),)
        fr_words: Words = [(fr, at), *(_contracted(where.fr, at, _FRENCH_DE) if fr_de else where.fr)]
        es_words: Words = [(es, at), *(_contracted(where.es, at, _SPANISH_DE) if es_de else where.es)]
        return _Phrase([(en, at), *where.en], fr_words, es_words)

    def time(self, when: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]) -> _Phrase:
        """Say when; the words of such an expression are one concept."""
        at = (self.name("when"),)
        en, fr, es = ([(word, at) for word in side] for side in when)
        return _Phrase(list[Word](en), list[Word](fr), list[Word](es))

    def joined(self, clause: _Phrase, *more: _Phrase) -> _Phrase:
        """Put phrases after a clause."""
        return _Phrase(
            [word for phrase in (clause, *more) for word in phrase.en],
            [word for phrase in (clause, *more) for word in phrase.fr],
            [word for phrase in (clause, *more) for word in phrase.es],
            clause.plural,
            front=clause.front,
        )


_FRENCH_THE, _FRENCH_A = {"m": "le", "f": "la"}, {"m": "un", "f": "une"}
_SPANISH_THE, _SPANISH_A = {"m": ("el", "los"), "f": ("la", "las")}, {"m": "un", "f": "una"}
_FRENCH_DE, _SPANISH_DE = {"le": "du", "les": "des"}, {"el": "del"}
_COPULAS = {"ser": ("es", "son", "era", "eran"), "estar": ("está", "están", "estaba", "estaban")}
_GROUPS = {group for noun in NOUNS for group in noun.groups}
_NOUNS_OF = {group: [noun for noun in NOUNS if group in noun.groups] for group in _GROUPS}
_ADJECTIVES_OF = {noun.groups: [a for a in ADJECTIVES if a.group in noun.groups] for noun in NOUNS}
_VERBS_OF_LIVING = [verb for verb in VERBS if verb.subjects == "living"]


def _english_a(word: str) -> str:
    return "an" if word.startswith(tuple("aeiou")) else "a"


def _french_not(finite: str, no: tuple[str, ...]) -> Words:
    return [("n'" if finite.startswith(_VOWELS) else "ne", no)]


def _contracted(words: Words, at: tuple[str, ...], forms: dict[str, str]) -> Words:
    (article, the), *rest = words
    if article in forms:
        return [(forms[article], at + the), *rest]
    return [("de", at), *words]
