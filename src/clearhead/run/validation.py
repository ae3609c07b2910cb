"""How good a model is on pairs it does not learn from."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import mean
from typing import Any, Protocol

import torch

from clearhead.config import DecodingConfig, Selection
from clearhead.data.batching import TokenizedCorpus, collate, order_by_length
from clearhead.evaluation import Score, bleu, chrf, resolved
from clearhead.model.transformer import Transformer
from clearhead.model_directory import ModelInfo
from clearhead.run.corpora import SentencePair, tokenized
from clearhead.text.tokenizer import Tokenizer
from clearhead.training.loop import batch_loss


class Translate(Protocol):
    """Translates texts greedily or by beam with a model that is still learning.

    `run` is given one, so that training needs no translator: `translator.unsaved.translated` is the usual one.
    """

    def __call__(
        self, model: Transformer, tokenizer: Tokenizer, info: ModelInfo, texts: Sequence[str], to: str | None
    ) -> Sequence[str]: ...


_BATCH_TOKENS = 8192
_SHOWN = 2
"""Digits after the point of BLEU and chrF that are shown; what agrees in them is a tie."""
REASONS = {
    "bleu": "the highest validation BLEU (of equal ones the lowest loss)",
    "chrf": "the highest validation chrF (of equal ones the lowest loss)",
    "loss": "the lowest validation loss",
}
"""By which figure the best is chosen, in words, for each `training.select_by`."""


@dataclass(frozen=True)
class Validation:
    """Validation figures of one moment."""

    loss: float
    """Cross-entropy of a target token without smoothing, in nats."""
    perplexity: float
    bleu: float
    """Greedy search; the mean of the validation sets where there are several."""
    chrf: float
    bleu_signature: str
    """Several, each once, where the validation sets are parted into words in several ways."""
    bleu_by_set: dict[str, float] = field(default_factory=dict)
    """Such as {"en-fr": 40.1}: of each validation set and direction."""

    def better_than(self, other: dict[str, Any] | None, select_by: Selection) -> bool:
        """Say whether these figures beat earlier ones (as `to_dict` gave them).

        A young model has a BLEU of 0.00 while its loss falls: of equal ones the lower loss is better.
        """
        if other is None:
            return True
        if select_by != "loss":
            mine, before = (round(value, _SHOWN) for value in (getattr(self, select_by), other[select_by]))
            if mine != before:
                return bool(mine > before)
        return bool(self.loss < other["loss"])

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


@torch.inference_mode()
def validation_loss(model: Transformer, corpus: TokenizedCorpus) -> float:
    """Return the mean cross-entropy of a target token."""
    total, tokens = 0.0, 0
    for indices in order_by_length(corpus.src_lengths + corpus.tgt_lengths, _BATCH_TOKENS):
        batch = collate(corpus, indices)
        total += batch_loss(model, batch, smoothing=0.0).item()
        tokens += batch.num_tgt_tokens
    return total / tokens


def validate(
    model: Transformer,
    tokenizer: Tokenizer,
    pairs: Sequence[SentencePair],
    *,
    translate: Translate,
    decoding: DecodingConfig,
    tokenize: str,
) -> Validation:
    """Measure loss, and BLEU and chrF of translations against the references as written.

    The figures are those of `clearhead evaluate` on the same pairs, with this search.
    """
    model.eval()
    loss = validation_loss(model, TokenizedCorpus.from_ids(*tokenized(tokenizer, pairs)))
    translated = _translated(translate, model, tokenizer, pairs, decoding)
    by_set: dict[str, list[tuple[str, SentencePair]]] = {}
    for each, pair in zip(translated, pairs, strict=True):
        by_set.setdefault(pair.part, []).append((each, pair))
    bleus: dict[str, Score] = {}
    chrfs: dict[str, Score] = {}
    for name, members in by_set.items():
        hypotheses, references = [each for each, _ in members], [pair.tgt for _, pair in members]
        parting = resolved(tokenize, references, members[0][1].target_lang)
        bleus[name] = bleu(hypotheses, references, tokenize=parting)
        chrfs[name] = chrf(hypotheses, references)
    return Validation(
        loss=loss,
        perplexity=math.exp(min(loss, 700.0)),
        bleu=mean(score.value for score in bleus.values()),
        chrf=mean(score.value for score in chrfs.values()),
        bleu_signature=", ".join(dict.fromkeys(score.signature for score in bleus.values())),
        bleu_by_set={name: round(score.value, 4) for name, score in bleus.items()},
    )


def _translated(
    translate: Translate,
    model: Transformer,
    tokenizer: Tokenizer,
    pairs: Sequence[SentencePair],
    decoding: DecodingConfig,
) -> list[str]:
    """Translate pairs, direction by direction, as a finished model does."""
    by_direction: dict[tuple[str, str], list[int]] = {}
    for number, pair in enumerate(pairs):
        by_direction.setdefault((pair.source_lang, pair.target_lang), []).append(number)
    translations = [""] * len(pairs)
    for (source, target), numbers in by_direction.items():
        info = ModelInfo(
            model=model.config,
            decoding=decoding,
            tokenizer=tokenizer.kind,
            source_langs=(source,) if source else (),
            target_langs=(target,) if target else (),
        )
        texts = translate(model, tokenizer, info, [pairs[number].src for number in numbers], target or None)
        for number, text in zip(numbers, texts, strict=True):
            translations[number] = text
    return translations
