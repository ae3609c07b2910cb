"""How good a model is on pairs it does not learn from."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import mean
from typing import Any

import torch

from clearhead.config import DecodingConfig, Selection
from clearhead.data.batching import TokenizedCorpus, collate, order_by_length
from clearhead.engines.protocol import SearchOptions, SpecialIds
from clearhead.engines.pytorch import PyTorchEngine
from clearhead.evaluation import bleu, chrf
from clearhead.model.transformer import Transformer
from clearhead.pipeline.corpora import SentencePair, source_ids, tokenized
from clearhead.text.masking import mask, restored
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.vocabulary import EOS
from clearhead.training.loop import batch_loss

_BATCH_TOKENS = 8192


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
    bleu_by_set: dict[str, float] = field(default_factory=dict)
    """Such as {"en-fr": 40.1}: of each validation set and direction."""

    def better_than(self, other: dict[str, Any] | None, select_by: Selection) -> bool:
        """Say whether these figures beat earlier ones (as `to_dict` gave them)."""
        if other is None:
            return True
        mine: float = getattr(self, select_by)
        before: float = other[select_by]
        return mine < before if select_by == "loss" else mine > before

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
    decoding: DecodingConfig,
    tokenize: str,
) -> Validation:
    """Measure loss, and BLEU and chrF of greedy translations against the references as written."""
    model.eval()
    srcs, tgts = tokenized(tokenizer, pairs)
    loss = validation_loss(model, TokenizedCorpus.from_ids(srcs, tgts))
    engine = PyTorchEngine(model, SpecialIds.of(tokenizer))
    masks = [mask(pair.src, tokenizer.symbol_kinds, tokenizer.learned) for pair in pairs]
    asked = source_ids(tokenizer, [masked.text for masked in masks], pairs)
    found = dict(engine.translate([[*ids, EOS] for ids in asked], SearchOptions(decoding=decoding)))
    by_set: dict[str, list[tuple[str, str]]] = {}
    for number, pair in enumerate(pairs):
        translated = tokenizer.decode(found[number][0].tokens)
        translated = restored(translated, masks[number], pair.target_lang, pair.source_lang).text
        by_set.setdefault(pair.part, []).append((translated, pair.tgt))
    bleus, chrfs = {}, {}
    for name, translations in by_set.items():
        hypotheses, references = zip(*translations, strict=True)
        bleus[name] = bleu(hypotheses, references, tokenize=tokenize)
        chrfs[name] = chrf(hypotheses, references)
    return Validation(
        loss=loss,
        perplexity=math.exp(min(loss, 700.0)),
        bleu=mean(score.value for score in bleus.values()),
        chrf=mean(score.value for score in chrfs.values()),
        bleu_signature=next(iter(bleus.values())).signature,
        bleu_by_set={name: round(score.value, 4) for name, score in bleus.items()},
    )
