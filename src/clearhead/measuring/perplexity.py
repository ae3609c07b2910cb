"""How well a language model predicts a text: per token, and per character and word, so that tokenizers compare."""

import math
from dataclasses import dataclass

from clearhead.corpora.lines import read_lines
from clearhead.errors import DataError
from clearhead.measuring.watching import Watch, unwatched
from clearhead.text.normalize import normalize
from clearhead.translator import WINDOW
from clearhead.translator.generation import Writer


@dataclass(frozen=True, kw_only=True)
class Perplexity:
    """The log-probability of a text, shared out among its parts.

    The end of each line is one token, one character and one word more, for it must be predicted too.
    """

    log_prob: float
    """Of the whole text, ends of lines included (natural logarithm)."""
    lines: int
    """Blank ones are not counted, and not measured."""
    tokens: int
    characters: int
    words: int
    """What is between spaces."""

    @property
    def per_token(self) -> float:
        """The perplexity that training reports; it depends on the tokenizer."""
        return math.exp(-self.log_prob / self.tokens)

    @property
    def per_character(self) -> float:
        """Perplexity per character, whatever the tokens are."""
        return math.exp(-self.log_prob / self.characters)

    @property
    def per_word(self) -> float:
        """Perplexity per word, whatever the tokens are."""
        return math.exp(min(-self.log_prob / self.words, 700.0))

    @property
    def bits_per_character(self) -> float:
        """The same as `per_character`, as its binary logarithm."""
        return -self.log_prob / self.characters / math.log(2)


def perplexity_of_text(writer: Writer, source: str, watch: Watch = unwatched) -> Perplexity:
    """Measure a language model on the lines of a file, each a text of its own; raise DataError for one without text."""
    texts = [text for text in map(normalize, read_lines(source)) if text]
    if not texts:
        raise DataError(f"{source} has no text; give a file with at least one line of it")
    log_prob, tokens = 0.0, 0
    with watch("reading", len(texts)) as reach:
        for start in range(0, len(texts), WINDOW):
            window = writer.score(texts[start : start + WINDOW])
            log_prob += math.fsum(map(math.fsum, window))
            tokens += sum(map(len, window))
            reach(min(start + WINDOW, len(texts)))
    return Perplexity(
        log_prob=log_prob,
        lines=len(texts),
        tokens=tokens,
        characters=sum(len(text) + 1 for text in texts),
        words=sum(len(text.split()) + 1 for text in texts),
    )
