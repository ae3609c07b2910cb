"""How good a model is on pairs it does not learn from."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from clearhead.config import DecodingConfig, Selection
from clearhead.data.batching import TokenizedCorpus, collate, order_by_length
from clearhead.engines.protocol import SearchOptions
from clearhead.engines.pytorch import PyTorchEngine
from clearhead.evaluation import bleu, chrf
from clearhead.model.transformer import Transformer
from clearhead.pipeline.corpora import SentencePair
from clearhead.text.tokenizer import EOS, Tokenizer
from clearhead.training.loop import batch_loss

_BATCH_TOKENS = 8192


@dataclass(frozen=True)
class Validation:
    """Validation figures of one moment."""

    loss: float
    """Cross-entropy of a target token without smoothing, in nats."""
    perplexity: float
    bleu: float
    """Greedy search."""
    chrf: float
    bleu_signature: str

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
    corpus: TokenizedCorpus,
    pairs: Sequence[SentencePair],
    *,
    decoding: DecodingConfig,
    tokenize: str,
) -> Validation:
    """Measure loss, and BLEU and chrF of greedy translations against the references as written."""
    model.eval()
    loss = validation_loss(model, corpus)
    engine = PyTorchEngine(model, tokenizer.forbidden_ids)
    srcs = [[*tokenizer.encode(pair.src, to=pair.to), EOS] for pair in pairs]
    found = dict(engine.translate(srcs, SearchOptions(decoding=decoding)))
    hypotheses = [tokenizer.decode(found[number][0].tokens) for number in range(len(pairs))]
    references = [pair.tgt for pair in pairs]
    score = bleu(hypotheses, references, tokenize=tokenize)
    return Validation(
        loss=loss,
        perplexity=math.exp(min(loss, 700.0)),
        bleu=score.value,
        chrf=chrf(hypotheses, references).value,
        bleu_signature=score.signature,
    )
