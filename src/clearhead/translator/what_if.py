"""What if: a sentence translated again by a model that was changed, beside what the plain one makes of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from clearhead.config import ModelConfig
from clearhead.decoding.hypothesis import Hypothesis
from clearhead.engines.pytorch import PyTorchEngine
from clearhead.errors import TranslationError
from clearhead.inspection.intervention import Intervention, Row, check_changeable, taken
from clearhead.inspection.maps import AttentionMaps
from clearhead.inspection.part import Part, cross_heads_of, layers_of
from clearhead.inspection.passage import PassageMaps
from clearhead.inspection.patching import Patch, Transplant
from clearhead.inspection.tokens import Tokens
from clearhead.inspection.what_if import Changed, WhatIf, summed, words_of
from clearhead.storage import untrusted
from clearhead.text.words import word_of, words
from clearhead.translator.looking import Looking
from clearhead.translator.passage import Passage, Sentence, alone, put_together
from clearhead.translator.request import prefix_ids
from clearhead.translator.streaming import begin
from clearhead.translator.translation import Translation

_SPELLINGS = 8
"""Ways to write a forbidden word, in other tokens each time, that are forbidden one after the other."""

MOST_PARTS = 96
"""Parts that an overview tries; each costs a search, and there are 60 of a base model."""


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What is changed before a sentence is translated again."""

    without: tuple[str, ...] = ()
    """Parts of the model that bring nothing: `encoder.3.self.5`, `decoder.1.cross`, `encoder.0`."""
    masked: tuple[int, ...] = ()
    """Source words that no attention may look at, from 1, punctuation marks counted."""
    rows: tuple[Row, ...] = ()
    """Rows of attention, set by hand."""
    force: str = ""
    """What the translation must begin with."""
    forbid: tuple[str, ...] = ()
    """Words that the translation must not have."""
    patches: tuple[Patch, ...] = ()
    """Parts of the model whose output is that of a run on `patch_from`."""
    patch_from: str | None = None
    """Another sentence."""

    def __post_init__(self) -> None:
        if bool(self.patches) != (self.patch_from is not None):
            raise TranslationError(
                "a patch is a part and the sentence that its output is taken from; give both, patch and patch_from"
            )
        begins = {self.force[start:end].casefold() for start, end in words(self.force)}
        for word in self.forbid:
            if word.casefold() in begins:
                raise TranslationError(
                    f"the translation must begin with “{self.force}”, and “{word}” is forbidden; leave out one of them"
                )

    def __bool__(self) -> bool:
        return any((self.without, self.masked, self.rows, self.force, self.forbid, self.patches))

    def names(self, source: Tokens) -> tuple[str, ...]:
        """Return what is changed in words."""
        places = source.words()
        return (
            *(f"without {part}" for part in self.without),
            *(f"source word {number} ({_cut(source, places[number - 1])}) masked" for number in self.masked),
            *(f"row {row.query} of {row.head} set by hand" for row in self.rows),
            *([f"begins with “{self.force}”"] if self.force else []),
            *(f"“{word}” forbidden" for word in self.forbid),
            *(f"{patch} as in “{self.patch_from}”" for patch in self.patches),
        )

    def intervention(self, source: Tokens) -> Intervention:
        """Return what this changes of the model; raise TranslationError for a source word that is not there."""
        places = source.words()
        for number in self.masked:
            if not 1 <= number <= len(places):
                raise TranslationError(
                    f"the sentence has words 1 to {len(places)}, punctuation marks counted; {number} cannot be masked"
                )
        homes = word_of(source.spans, places)
        tokens = [token for token, home in enumerate(homes) if home is not None and home + 1 in self.masked]
        return Intervention(without=self.without, masked=tuple(tokens), rows=self.rows)


def _cut(tokens: Tokens, span: tuple[int, int]) -> str:
    return tokens.text[span[0] : span[1]]


@dataclass(frozen=True, kw_only=True)
class Plain:
    """A sentence as the plain model has it, which changes are held against."""

    looking: Looking
    sentence: Sentence
    hypothesis: Hypothesis
    translation: Translation
    source: Tokens
    target: Tokens

    @classmethod
    def of(cls, looking: Looking, sentence: Sentence, hypothesis: Hypothesis) -> "Plain":
        """Return it with its translation and its tokens."""
        translation = put_together(alone(sentence), [[hypothesis]], looking.manner, wanted=1)
        source, target = looking.sides(sentence, hypothesis, translation)
        return cls(
            looking=looking,
            sentence=sentence,
            hypothesis=hypothesis,
            translation=translation,
            source=source,
            target=target,
        )

    def log_probs(self, engine: PyTorchEngine) -> tuple[float, ...]:
        """Return what a model gives each word of the plain translation."""
        names, homes = words_of(self.target)
        (of_tokens,) = engine.score([self.sentence.ids], [self.hypothesis.tokens])
        return summed(of_tokens, homes, len(names))

    def against(self, changes: Sequence[Changed]) -> WhatIf:
        """Return the plain translation beside what came of changes."""
        return WhatIf(
            text=self.translation.text,
            words=words_of(self.target)[0],
            log_probs=self.log_probs(self.looking.pytorch),
            changes=tuple(changes),
        )


@dataclass(frozen=True)
class Trial:
    """A change that was carried out."""

    engine: PyTorchEngine
    hypothesis: Hypothesis
    translation: Translation
    changed: Changed


def tried(plain: Plain, changes: Changes) -> Trial:
    """Translate the sentence again with these changes, and score the plain translation with the changed model."""
    looking = plain.looking
    intervention = replace(changes.intervention(plain.source), transplants=transplants(plain, changes))
    engine = PyTorchEngine(intervention.of(looking.pytorch.model), looking.pytorch.ids)
    engine, hypothesis = _searched(engine, plain, changes)
    translation = put_together(alone(plain.sentence), [[hypothesis]], looking.manner, wanted=1)
    changed = Changed(
        names=changes.names(plain.source), text=translation.text, log_probs=plain.log_probs(engine)
    )
    return Trial(engine, hypothesis, translation, changed)


def transplants(plain: Plain, changes: Changes) -> tuple[Transplant, ...]:
    """Return what the parts to patch put out for the other sentence, while the plain translation is read.

    Raises TranslationError for another text than one sentence; ConfigError for a part that is not there, and where
    the sentences do not fit.
    """
    if changes.patch_from is None:
        return ()
    engine = plain.looking.pytorch
    config = engine.model.config
    (other,), _ = begin(engine, config, [changes.patch_from], plain.looking.request)
    if len(other.sentences) != 1:
        raise TranslationError(
            f"a patch is taken from one sentence, and {untrusted.shown(changes.patch_from)} has "
            f"{len(other.sentences)} to translate; give one"
        )
    parts = [Part.of(patch.part, config) for patch in changes.patches]
    outputs = taken(
        engine.model,
        parts,
        lambda model: PyTorchEngine(model, engine.ids).score(other.ids, [plain.hypothesis.tokens]),
    )
    lengths = {"encoder": len(plain.source), "decoder": len(plain.target)}
    return tuple(
        Transplant.of(patch, part, outputs[part], lengths[part.stack])
        for patch, part in zip(changes.patches, parts, strict=True)
    )


def _searched(engine: PyTorchEngine, plain: Plain, changes: Changes) -> tuple[PyTorchEngine, Hypothesis]:
    """Return the best hypothesis that begins as it must and has no forbidden word, and the engine that found it."""
    tokenizer = plain.looking.tokenizer
    prefixes = [prefix_ids(changes.force, tokenizer)] if changes.force else None
    banned = [ids for word in changes.forbid if (ids := tokenizer.encode_target(word))]
    for _ in range(_SPELLINGS):
        engine = PyTorchEngine(engine.model, engine.ids, banned)
        ((_, (hypothesis, *_)),) = engine.translate(
            [plain.sentence.ids], plain.looking.request.search, prefixes
        )
        written = _spelled(plain.looking, hypothesis, changes.forbid)
        if not written:
            return engine, hypothesis
        banned = [*banned, *written]
    raise TranslationError(
        f"the translation keeps a forbidden word ({', '.join(changes.forbid)}) however it is written; leave it out"
    )


def _spelled(looking: Looking, hypothesis: Hypothesis, forbidden: Sequence[str]) -> list[list[int]]:
    """Return the tokens of each forbidden word that a hypothesis has, whatever its case."""
    ids = list(hypothesis.tokens)
    text, spans = looking.tokenizer.decode(ids), looking.tokenizer.spans(ids)
    places = words(text)
    homes = word_of(spans, places)
    folded = {word.casefold() for word in forbidden}
    hits = [
        number for number, place in enumerate(places) if text[place.start : place.end].casefold() in folded
    ]
    return [[token for token, home in zip(ids, homes, strict=True) if home == number] for number in hits]


def changed_maps(
    looking: Looking, passage: Passage, hypotheses: Sequence[Hypothesis], changes: Changes
) -> AttentionMaps:
    """Return the maps of a changed model and of its own translation, with the plain one in `what_if`.

    How sure the plain model is was calibrated, how sure a changed one is was not; and measures beyond attention
    take the model as it is. Both are left out. Raises TranslationError for a text of several sentences.
    """
    if len(passage.sentences) > 1:
        raise TranslationError(
            f"a change is tried on one sentence, and the text has {len(passage.sentences)}; give them one by one"
        )
    request = looking.request
    looking = replace(looking, request=replace(request, manner=replace(request.manner, confidence=None)))
    plain = Plain.of(looking, passage.sentences[0], hypotheses[0])
    trial = tried(plain, changes)
    wanted = looking.wanted
    changed = replace(
        looking,
        engine=trial.engine,
        pytorch=trial.engine,
        wanted=replace(wanted, measures=False, inner=wanted.inner or wanted.measures),
    )
    maps = changed.of_sentence(plain.sentence, trial.hypothesis, trial.translation)
    notes = (f"changed: {', '.join(trial.changed.names)}", *maps.about.notes)
    return replace(maps, about=replace(maps.about, notes=notes), what_if=plain.against([trial.changed]))


def overview(plain: Plain) -> WhatIf:
    """Try each layer off, and each head that looks at the source, but no more than `MOST_PARTS` in all."""
    parts = parts_of(plain.looking.pytorch.model.config)
    return plain.against([tried(plain, Changes(without=(str(part),))).changed for part in parts[:MOST_PARTS]])


def parts_of(config: ModelConfig) -> tuple[Part, ...]:
    """Return what an overview is of. Raises ConfigError for another model than a Transformer."""
    check_changeable(config)
    return (*layers_of(config), *cross_heads_of(config))


def with_overviews(
    maps: AttentionMaps | PassageMaps,
    looking: Looking,
    passage: Passage,
    hypotheses: Sequence[Hypothesis],
) -> AttentionMaps | PassageMaps:
    """Return maps with the overview of each sentence in `what_if`."""
    several = tuple(
        replace(of_it, what_if=overview(Plain.of(looking, sentence, hypothesis)))
        for of_it, sentence, hypothesis in zip(maps.sentences, passage.sentences, hypotheses, strict=False)
    )
    count = len(parts_of(looking.pytorch.model.config))
    note = (
        f"what if: the first {MOST_PARTS} of {count} layers and heads were tried; --without tries any other"
    )
    notes = (note,) if count > MOST_PARTS else ()
    if isinstance(maps, PassageMaps):
        return replace(maps, sentences=several, notes=(*maps.notes, *notes))
    (one,) = several
    return replace(one, about=replace(one.about, notes=(*one.about.notes, *notes)))
