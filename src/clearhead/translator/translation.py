"""What a translator is asked for, and what it gives."""

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict

from clearhead.config.choices import Split
from clearhead.engines.protocol import SearchOptions

if TYPE_CHECKING:
    from clearhead.inspection.alignment import Alignment
    from clearhead.terms import Terms


class TranslateOptions(TypedDict, total=False):
    """The options of `Translator.stream`, which explains them."""

    to: str | None
    source: str | None
    beam_size: int | None
    alpha: float | None
    num_hypotheses: int
    split: Split
    prefix: str
    align: bool
    word_confidence: bool
    terms: "Terms | None"
    window: int
    options: SearchOptions | None


@dataclass(frozen=True)
class Word:
    """A word of a translation, as the model wrote it."""

    text: str
    confidence: float
    """Probability that it is right, according to the pairs that the model was calibrated on."""


@dataclass(frozen=True, kw_only=True)
class TermUse:
    """A term of the glossary in a text, and whether its translation has it."""

    source: str
    """As the text has it."""
    target: str
    used: bool


@dataclass(frozen=True, kw_only=True)
class Translation:
    """One translation of a text."""

    source: str
    text: str
    to: str | None
    """Target language, where the model has several."""
    score: float
    """Length-normalised log-probability; of several sentences their mean, weighted by tokens."""
    tokens: tuple[str, ...]
    """The target's pieces as the model produced them."""
    confidence: float | None = None
    """Probability that the translation is right, of several sentences that of the one least sure; None where the
    model was not calibrated, or nothing was translated. A product would be near 0 for every long text, whose reader
    looks for its weakest sentence."""
    words: tuple[Word, ...] = ()
    """With how sure each is, where that was asked for and the model was calibrated."""
    terms: tuple[TermUse, ...] = ()
    """The terms of the glossary that the text has, in its order."""
    alternatives: tuple["Translation", ...] = ()
    """The rest of the n best, best first."""
    notes: tuple[str, ...] = ()
    """What a reader should know: a cut at the length limit, a stopped repetition, a split sentence, low confidence."""
    alignment: "Alignment | None" = field(default=None, repr=False, compare=False)
    """Where it was asked for: which printed words come from which, what was left out, how sure each is."""


@dataclass(frozen=True, kw_only=True)
class PairScore:
    """How probable a translation is to the model."""

    log_prob: float
    """Sum over the target's tokens and the end of the sentence, in nats."""
    score: float
    """The same, divided by the length penalty that translating uses."""
    num_tokens: int
    """Target tokens, the end of the sentence counted."""

    @property
    def perplexity(self) -> float:
        """exp of the mean negative log-probability of a token."""
        return math.exp(-self.log_prob / self.num_tokens)
