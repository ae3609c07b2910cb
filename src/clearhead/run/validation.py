"""How good a model is on pairs that it does not learn from."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any, Protocol

import torch

from clearhead.config import DecodingConfig
from clearhead.data.batching import TokenizedCorpus, collate, order_by_length
from clearhead.evaluation import Score, bleu, chrf, resolved
from clearhead.evaluation.behaviour import Behaviour
from clearhead.evaluation.validation import Validation
from clearhead.model.sequence_model import SequenceModel
from clearhead.model_directory import ModelInfo
from clearhead.run.corpora import SentencePair, tokenized
from clearhead.run.entropy import SENTENCES, Entropies, attention_entropy
from clearhead.text.tokenizer import Tokenizer
from clearhead.training.loop import batch_loss


class Translate(Protocol):
    """Translates texts greedily or by beam with a model that is still learning.

    `run` is given one, so that training needs no translator: `translator.unsaved.translated` is the usual one.
    """

    def __call__(
        self,
        model: SequenceModel,
        tokenizer: Tokenizer,
        info: ModelInfo,
        texts: Sequence[str],
        to: str | None,
    ) -> Sequence[str]: ...


@dataclass(frozen=True)
class Measured:
    """What a model does on pairs that it does not learn from."""

    figures: Validation
    behaviour: Behaviour
    """Of its translations."""
    attention_entropy: Entropies
    """Of its heads, on some of the pairs."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for the log."""
        return {
            **self.figures.to_dict(),
            "behaviour": self.behaviour.to_dict(),
            "attention_entropy": self.attention_entropy,
        }


_BATCH_TOKENS = 8192
REASONS = {
    "bleu": "the highest validation BLEU (of equal ones the lowest loss)",
    "chrf": "the highest validation chrF (of equal ones the lowest loss)",
    "loss": "the lowest validation loss",
}
"""How the best model is chosen, in words, for each `training.select_by`."""


@torch.inference_mode()
def validation_loss(model: SequenceModel, corpus: TokenizedCorpus) -> float:
    """Return the mean cross-entropy of a target token."""
    total, tokens = 0.0, 0
    for indices in order_by_length(corpus.src_lengths + corpus.tgt_lengths, _BATCH_TOKENS):
        batch = collate(corpus, indices)
        total += batch_loss(model, batch, smoothing=0.0).item()
        tokens += batch.num_tgt_tokens
    return total / tokens


def validate(
    model: SequenceModel,
    tokenizer: Tokenizer,
    pairs: Sequence[SentencePair],
    *,
    translate: Translate,
    decoding: DecodingConfig,
    tokenize: str,
) -> Measured:
    """Measure loss, and BLEU and chrF of translations against the references as written, where there is a source.

    The figures are those of `clearhead evaluate` on the same pairs, with this search.
    """
    model.eval()
    srcs, tgts = tokenized(tokenizer, pairs, model.config.source_features)
    loss = validation_loss(model, TokenizedCorpus.from_ids(srcs, tgts))
    entropies = attention_entropy(model, TokenizedCorpus.from_ids(srcs[:SENTENCES], tgts[:SENTENCES]))
    pairs = [pair for pair in pairs if pair.src]  # what follows nothing is no translation
    translations = _translated(translate, model, tokenizer, pairs, decoding)
    behaviour = Behaviour.of([pair.src for pair in pairs], translations, [pair.tgt for pair in pairs])
    return Measured(_figures(loss, pairs, translations, tokenize), behaviour, entropies)


def _figures(
    loss: float, pairs: Sequence[SentencePair], translations: Sequence[str], tokenize: str
) -> Validation:
    """Return the loss, and the scores of translations by validation set, where there are any."""
    if not pairs:
        return Validation(loss, math.exp(min(loss, 700.0)), bleu=0.0, chrf=0.0, bleu_signature="")
    by_set: dict[str, list[tuple[str, SentencePair]]] = {}
    for translation, pair in zip(translations, pairs, strict=True):
        by_set.setdefault(pair.part, []).append((translation, pair))
    bleus: dict[str, Score] = {}
    chrfs: dict[str, Score] = {}
    for name, members in by_set.items():
        hypotheses, references = (
            [translation for translation, _ in members],
            [pair.tgt for _, pair in members],
        )
        tokenizer_name = resolved(tokenize, references, members[0][1].target_lang)
        bleus[name] = bleu(hypotheses, references, tokenize=tokenizer_name)
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
    model: SequenceModel,
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
