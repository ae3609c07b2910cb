"""What the service's own interface takes and gives, as OpenAPI describes it; an unknown field is an error."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from clearhead.config.choices import WordKind
from clearhead.terms import Term, Terms
from clearhead.terms.term import Case, Match
from clearhead.translator import PairScore, Translation

_MOST_TERMS = 1_000
_MOST_NAMES = 200
_Names = Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=_MOST_NAMES)]
_SOURCE = Field("auto", description="Code of the text's language, or auto", examples=["auto", "en"])
_TARGET = Field(min_length=1, description="Code of the language to translate into", examples=["fr"])
_MODEL = Field(None, min_length=1, description="Name of a model; without it the first that has the languages")


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class TermBody(_Body):
    """An entry of a glossary."""

    source: str = Field("", description="Word or phrase of the text; empty for one that only forbids")
    target: str | list[str] = Field("", description="What it is called, in one form or several that will do")
    forbidden: _Names = Field([], description="Words that must not be in the translation")
    match: Match = "exact"
    case: Case = "any"

    def term(self) -> Term:
        """Return the entry. Raises DataError."""
        targets = self.target if isinstance(self.target, list) else [self.target] if self.target else []
        return Term(
            source=self.source,
            targets=tuple(targets),
            forbidden=tuple(self.forbidden),
            match=self.match,
            case=self.case,
        )


class _Directed(_Body):
    source: str = _SOURCE
    target: str = _TARGET
    model: str | None = _MODEL


class _Text(_Directed):
    words: bool = Field(False, description="Say how sure each word is, where the model was calibrated")
    align: bool = Field(False, description="Say which words come from which")
    beam_size: int | None = Field(None, ge=1, description="How wide to search")
    terms: list[TermBody] = Field(
        [],
        max_length=_MOST_TERMS,
        description="A glossary that the translation is held to",
        examples=[[{"source": "invoice", "target": "facture"}]],
    )

    def glossary(self) -> Terms | None:
        """Return the terms, None where there are none. Raises DataError."""
        return Terms(tuple(term.term() for term in self.terms)) if self.terms else None


class TranslateBody(_Text):
    """Texts to translate."""

    q: str | list[str] = Field(
        description="A text, or a list of texts", examples=["The ball is blue.", ["One.", "Two."]]
    )
    alternatives: int = Field(0, ge=0, description="How many other translations to give")
    prefix: str = Field(
        "", max_length=1_000, description="What each translation must begin with; texts are then sentences"
    )


class ContinueBody(_Directed):
    """A sentence and how its translation begins."""

    q: str = Field(min_length=1, description="The sentence", examples=["The black cat drank the milk."])
    before: str = Field(
        "",
        max_length=10_000,
        description="The translation up to a place, with the space there",
        examples=["Le chat noir "],
    )
    count: int = Field(5, ge=1, le=20, description="How many words to give at most")


class ContinuationAnswer(BaseModel):
    """A word that the translation may go on with."""

    word: str
    probability: float = Field(description="From 0 to 1, after what stands before it")
    text: str = Field(description="The best translation that has the word there")


class ContinuationsAnswer(BaseModel):
    """Such words, the likeliest first."""

    continuations: list[ContinuationAnswer]


class StreamBody(_Text):
    """A text to translate as it comes."""

    q: str = Field(description="The text", examples=["The ball is blue. She sleeps."])


class LookBody(_Directed):
    """A text to look into while it is translated; with changes to the model, what would become of it."""

    q: str = Field(min_length=1, description="A sentence, or several", examples=["The ball is blue."])
    translation: str | None = Field(None, description="A translation to look at instead of the model's own")
    page: bool = Field(True, description="Give what the page's renderer shows; otherwise the plain numbers")
    inner: bool = Field(False, description="Also queries, keys, values and all other vectors")
    measures: bool = Field(False, description="Also measures beyond raw attention; takes seconds")
    search: bool = Field(False, description="Also the story of the search")
    without: _Names = Field(
        [], description="Parts to take away", examples=[["encoder.0", "decoder.1.cross.3"]]
    )
    mask_source: list[int] = Field([], max_length=_MOST_NAMES, description="Words to hide, from 1")
    attend: _Names = Field(
        [], description="Rows of attention set by hand: HEAD:QUERY=KEY", examples=[["decoder.1.cross.3:2=3"]]
    )
    force: str = Field("", max_length=1_000, description="What the translation must begin with")
    forbid: _Names = Field([], description="Words that it must not have")
    patch: _Names = Field(
        [],
        description="Parts whose output is that for `patch_from`, at all tokens or at some",
        examples=[["encoder.3", "decoder.1.cross.3:2"]],
    )
    patch_from: str | None = Field(None, max_length=1_000, description="The other sentence for `patch`")
    what_if: bool = Field(False, description="Try each layer and each head off; takes seconds a sentence")


class PairsBody(_Body):
    """Texts and their translations, each pair taken as one sentence."""

    q: list[str] = Field(description="The texts", examples=[["The ball is blue."]])
    translations: list[str] = Field(description="Their translations", examples=[["La balle est bleue."]])
    source: str | None = Field(None, description="Code of the texts' language", examples=["en"])
    target: str = _TARGET
    model: str | None = _MODEL


class AlignBody(PairsBody):
    """The same, to be aligned."""

    words: WordKind = Field("split", description="Whether punctuation marks are words (split) or not (space)")


class Detected(BaseModel):
    """The language of a text that was left open."""

    language: str
    confidence: float = Field(description="From 0 to 100")


class WordAnswer(BaseModel):
    """A word and the probability that it is right."""

    text: str
    confidence: float


class TermAnswer(BaseModel):
    """A term of the glossary in a text, and whether the translation has it."""

    source: str
    target: str
    used: bool


class AlternativeAnswer(BaseModel):
    """Another translation."""

    text: str
    score: float
    confidence: float | None


class TranslationAnswer(BaseModel):
    """A translation and what there is to know of it."""

    text: str
    source: str | None = Field(description="Code of the text's language, as far as it is known")
    target: str | None
    detected: Detected | None = Field(description="Where the language was left open")
    confidence: float | None = Field(
        description="Probability that it is right; null where the model is not calibrated"
    )
    score: float = Field(description="Mean log-probability, divided by the length penalty")
    words: list[WordAnswer]
    alignment: list[tuple[int, int]] = Field(
        description="Pairs of numbers of words, from 0: of source_words, of target_words"
    )
    source_words: list[str]
    target_words: list[str]
    left_out: list[int] = Field(description="Words of the source whose translation seems to be missing")
    terms: list[TermAnswer]
    alternatives: list[AlternativeAnswer]
    notes: list[str] = Field(description="What a reader should know, such as a sentence that was cut")

    @classmethod
    def of(
        cls, translation: Translation, source: str | None, detected: Detected | None
    ) -> "TranslationAnswer":
        """Return the answer for a translation."""
        alignment = translation.alignment
        return cls(
            text=translation.text,
            source=source,
            target=translation.to,
            detected=detected,
            confidence=translation.confidence,
            score=translation.score,
            words=[WordAnswer(text=word.text, confidence=word.confidence) for word in translation.words],
            alignment=list(alignment.links) if alignment else [],
            source_words=list(alignment.source) if alignment else [],
            target_words=list(alignment.target) if alignment else [],
            left_out=list(alignment.left_out) if alignment else [],
            terms=[
                TermAnswer(source=use.source, target=use.target, used=use.used) for use in translation.terms
            ],
            alternatives=[
                AlternativeAnswer(text=other.text, score=other.score, confidence=other.confidence)
                for other in translation.alternatives
            ],
            notes=list(translation.notes),
        )


class TranslateAnswer(BaseModel):
    """The translation of each text, in order."""

    translations: list[TranslationAnswer]


class ScoreAnswer(BaseModel):
    """How probable a translation is to the model."""

    log_prob: float = Field(description="Sum over the tokens and the end of the sentence, in nats")
    score: float = Field(description="The same, divided by the length penalty")
    num_tokens: int
    perplexity: float

    @classmethod
    def of(cls, score: PairScore) -> "ScoreAnswer":
        """Return the answer for a pair."""
        return cls(
            log_prob=score.log_prob,
            score=score.score,
            num_tokens=score.num_tokens,
            perplexity=score.perplexity,
        )


class ScoresAnswer(BaseModel):
    """The score of each pair, in order."""

    scores: list[ScoreAnswer]


class AlignmentAnswer(BaseModel):
    """Which words of a translation come from which of its text."""

    source: list[str]
    target: list[str]
    links: list[tuple[int, int]]
    coverage: list[float] = Field(description="Of each source word, how much it was looked at")
    confidence: list[float] = Field(description="Of each target word")
    left_out: list[int] = Field(description="Source words whose translation seems to be missing")


class AlignmentsAnswer(BaseModel):
    """The alignment of each pair, in order."""

    alignments: list[AlignmentAnswer]


class ModelAnswer(BaseModel):
    """A model of this service."""

    name: str
    sources: list[str]
    targets: list[str]
    loaded: bool = Field(description="Whether it is in memory; another is loaded when it is asked for")
    bytes: int = Field(description="Of its weights")


class ModelsAnswer(BaseModel):
    """The models, the one that answers by default first."""

    models: list[ModelAnswer]
