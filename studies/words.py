"""Sentences of the built-in grammar as word ids, for models that are trained in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from clearhead.data.batching import TokenizedCorpus
from clearhead.evaluation.scores import bleu
from clearhead.grammar import grammar
from clearhead.grammar.grammar import Example, Part
from studies.learning import FIRST


@dataclass(frozen=True)
class Translations:
    """Sentences of one part, in two languages, and their ids: words are lower-cased and joined in one vocabulary."""

    examples: Sequence[Example]
    source: str
    target: str
    corpus: TokenizedCorpus

    def score(self, outputs: Sequence[Sequence[int]]) -> float:
        """Return the BLEU of outputs, over words as the grammar has them."""
        hypotheses = [self.words(output) for output in outputs]
        references = [" ".join(_words(example, self.target)) for example in self.examples]
        return bleu(hypotheses, references, tokenize="none").value

    def words(self, output: Sequence[int]) -> str:
        """Return the words of an output, with spaces between."""
        names = vocabulary(self.source, self.target)
        return " ".join(names[word] for word in output)


def translations(seed: int, count: int, part: Part, source: str = "en", target: str = "fr") -> Translations:
    """Return sentences of a part of the grammar; the test part holds combinations that training never shows."""
    examples = list(grammar.generate(seed, count, part=part))
    ids = {word: place for place, word in enumerate(vocabulary(source, target))}
    sides = [
        [[ids[word] for word in _words(example, language)] for example in examples]
        for language in (source, target)
    ]
    return Translations(examples, source, target, TokenizedCorpus.from_ids(*sides))


@cache
def vocabulary(source: str, target: str) -> tuple[str, ...]:
    """Return the word of every id, control ids first."""
    words = sorted(grammar.vocabulary(source) | grammar.vocabulary(target))
    return ("<pad>", "<s>", "</s>", "<unk>", *words)[: FIRST + len(words)]


def _words(example: Example, language: str) -> list[str]:
    return [word.lower() for word in example.words(language)]
