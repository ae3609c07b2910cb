"""What else could stand at a place of a translation: the words that a model would go on with, and what follows each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from clearhead.decoding.hypothesis import Hypothesis
from clearhead.engines.protocol import Engine, SearchOptions
from clearhead.errors import TranslationError
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.words import words
from clearhead.translator.passage import cut, put_together
from clearhead.translator.request import Request

MOST = 20
"""Words that are asked for at most."""
_TRIED = 3
"""Tokens that are gone on with for each word that is wanted: several may begin the same word, or none."""
_WIDTH = 64
"""Beam in which these are found. CTranslate2 looks a token further, and what begins several words is split there."""


@dataclass(frozen=True, kw_only=True)
class Continuation:
    """A word that a translation may go on with."""

    word: str
    probability: float
    """Of the word, after what stands before it."""
    text: str
    """The best translation that has it there."""


def continuations(
    engine: Engine, tokenizer: Tokenizer, text: str, before: str, request: Request, count: int
) -> list[Continuation]:
    """Return up to `count` words that may follow `before` in the translation of a sentence, the likeliest first.

    `request` forces what it begins with: `before` without the space at its end. First the likeliest next tokens are
    found, then the best translation with each of them; one that goes on with the word before is left out. Raises
    TranslationError for a text with more tokens than a sentence may have.
    """
    passage, forced = cut(text, request.manner), request.prefix or []
    if not passage.sentences:
        return []
    (sentence,), most = passage.sentences, request.manner.limit  # with a prefix a text is one sentence
    if len(sentence.ids) > most:
        raise TranslationError(
            f"the text has {len(sentence.ids):,} tokens, and a sentence has {most:,} at most; give one of its "
            "sentences, and the beginning of that one's translation"
        )
    tokens = _next_tokens(engine, sentence.ids, request, _TRIED * count)
    prefixes = [[*forced, token] for token in tokens]
    ranked = dict(engine.translate([sentence.ids] * len(prefixes), request.search, prefixes))
    best = [several[0] for place in range(len(prefixes)) if (several := ranked[place])]
    found: dict[str, Continuation] = {}
    for hypothesis in best:
        whole = put_together(passage, [[hypothesis]], request.manner, wanted=1).text
        if (word := _word_after(whole, before)) and word not in found:
            probability = _probability(hypothesis, tokenizer, len(forced), word)
            found[word] = Continuation(word=word, probability=probability, text=whole)
    return sorted(found.values(), key=lambda one: -one.probability)[:count]


def _next_tokens(engine: Engine, src: Sequence[int], request: Request, count: int) -> list[int]:
    """Return the likeliest tokens after what is forced, different ones, best first: a search of one step."""
    forced = request.prefix or []
    decoding = replace(
        request.search.decoding, beam_size=_WIDTH, max_length_factor=0.0, max_length_offset=len(forced) + 1
    )
    ((_, ranked),) = engine.translate(
        [src], SearchOptions(decoding=decoding, num_hypotheses=_WIDTH), [forced]
    )
    place = len(forced)
    chances = {
        one.tokens[place]: one.token_log_probs[place] for one in ranked if len(one.tokens) > place
    }  # a search cut so short ranks by what ends soon, too
    return sorted(chances, key=lambda token: -chances[token])[:count]


def _word_after(text: str, before: str) -> str:
    """Return the word that comes next in a text that begins so; empty where it does not, or has none there."""
    if not text.startswith(before):
        return ""
    places = words(text[len(before) :])
    return text[len(before) :][places[0].start : places[0].end] if places and not places[0].start else ""


def _probability(hypothesis: Hypothesis, tokenizer: Tokenizer, forced: int, word: str) -> float:
    """Return the probability of the tokens that spell a word behind those that were forced."""
    end = forced + 1
    while end < len(hypothesis.tokens) and not _spelled(tokenizer, hypothesis.tokens[forced:end], word):
        end += 1
    return math.exp(math.fsum(hypothesis.token_log_probs[forced:end]))


def _spelled(tokenizer: Tokenizer, tokens: Sequence[int], word: str) -> bool:
    return len(tokenizer.decode(list(tokens)).strip()) >= len(word)
