"""The causal mask: left out, and applied after the softmax instead of before."""

import argparse
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from clearhead.config import ModelConfig
from clearhead.model.attention import KeysValues, MultiHeadAttention, Observer, scaled_dot_product_attention
from clearhead.model.masks import causal_mask
from clearhead.model.transformer import Transformer
from clearhead.text.vocabulary import BOS
from studies.claim import Claim, at_least, at_most
from studies.figure import Panel
from studies.learning import decoded, epochs, learn, token_losses, transformer
from studies.spread import cell
from studies.study import Raw, Results, Study, main
from studies.table import Table
from studies.words import translations, vocabulary


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is measured."""

    d_model: int
    layers: int
    steps: int
    sentences: int
    translated: int


SIZES = {
    "toy": Size(d_model=32, layers=1, steps=4, sentences=50, translated=10),
    "quick": Size(d_model=96, layers=1, steps=300, sentences=6000, translated=60),
    "full": Size(d_model=192, layers=2, steps=1200, sentences=40_000, translated=300),
}


class Unmasked(MultiHeadAttention):
    """Self-attention that sees every position, the future too."""

    def forward(
        self,
        query: Tensor,
        kv: KeysValues,
        mask: Tensor | None = None,
        observer: Observer | None = None,
        start: int = 0,
        *,
        causal: bool = False,
    ) -> Tensor:
        """Attend without the mask, whatever it is."""
        return super().forward(query, kv, None, observer, start)


class MaskedAfter(MultiHeadAttention):
    """Self-attention whose mask multiplies the weights, when the softmax has already shared 1 among all positions."""

    def forward(
        self,
        query: Tensor,
        kv: KeysValues,
        mask: Tensor | None = None,
        observer: Observer | None = None,
        start: int = 0,
        *,
        causal: bool = False,
    ) -> Tensor:
        """Attend with weights that are softmax(scores) * mask."""
        q = self.split_heads(self.query(query))
        _, weights = scaled_dot_product_attention(q, kv.keys, kv.values)
        if mask is not None:
            weights = weights * mask.unsqueeze(1)
        if observer is not None:
            observer("weights", weights)
        attended = weights @ kv.values
        joined: Tensor = self.output(attended.transpose(1, 2).flatten(-2))
        return joined


WAYS: dict[str, type[MultiHeadAttention]] = {
    "before the softmax": MultiHeadAttention,
    "left out": Unmasked,
    "after the softmax": MaskedAfter,
}
PAPERS = "before the softmax"


def model_of(way: str, size: Size, seed: int) -> Transformer:
    """Return an untrained translator of the grammar whose decoder masks in one of the WAYS; equal weights in each."""
    config = ModelConfig(
        vocab_size=len(vocabulary("en", "fr")),
        d_model=size.d_model,
        d_ff=2 * size.d_model,
        num_heads=4,
        num_encoder_layers=size.layers,
        num_decoder_layers=size.layers,
        dropout=0.0,
    )
    model = transformer(config, seed)
    for layer in model.decoder.layers:
        attention = WAYS[way](config.d_model, config.num_heads)
        attention.load_state_dict(layer.self_attention.state_dict())  # type: ignore[union-attr]
        layer.self_attention = attention
    return model


@torch.inference_mode()
def leak(model: Transformer, vocabulary_size: int) -> float:
    """Return by how much the states of the first ten positions change when only the words after them change."""
    draws = torch.Generator().manual_seed(0)
    src, tgt = (torch.randint(4, vocabulary_size, (8, 20), generator=draws) for _ in range(2))
    tgt[:, 0] = BOS
    other = torch.cat([tgt[:, :10], tgt[:, 10:].flip(1)], dim=1)
    return float((model(src, tgt)[:, :10] - model(src, other)[:, :10]).abs().max())


@torch.inference_mode()
def row_sums(model: Transformer, vocabulary_size: int) -> list[float]:
    """Return what the first decoder layer's weights sum to, for each of 12 queries: mean over heads and sentences."""
    draws = torch.Generator().manual_seed(0)
    src, tgt = (torch.randint(4, vocabulary_size, (8, 12), generator=draws) for _ in range(2))
    seen: dict[str, Tensor] = {}
    model(src, tgt, observer=seen.__setitem__)
    sums: list[float] = seen["decoder.0.self.weights"].sum(dim=-1).mean(dim=(0, 1)).tolist()
    return sums


def renormalised_difference(seed: int) -> float:
    """Return how far `softmax(scores) * mask`, divided by its row sums, is from the softmax of masked scores."""
    scores = torch.randn(64, 20, 20, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    mask = causal_mask(20)
    after = scores.softmax(dim=-1) * mask
    before = scores.masked_fill(~mask, float("-inf")).softmax(dim=-1)
    return (after / after.sum(dim=-1, keepdim=True) - before).abs().max().item()


def measure(seed: int, options: argparse.Namespace) -> Raw:
    """Train a translator with the mask in each way, and look at it."""
    size = SIZES[options.form]
    train, valid = (
        translations(seed, size.sentences, "train"),
        translations(0, size.translated, "valid"),
    )
    found: dict[str, Any] = {"renormalised": renormalised_difference(seed), "ways": {}}
    for way in WAYS:
        model = model_of(way, size, seed)
        untrained = row_sums(model.eval(), model.config.vocab_size)
        learned = learn(model, epochs(train.corpus, 1000, seed), seed=seed, steps=size.steps)
        loss, _ = token_losses(model, valid.corpus)
        outputs = decoded(model, valid.corpus)
        found["ways"][way] = {
            **learned.facts(),
            "valid": loss,
            "bleu": valid.score(outputs),
            "leak": leak(model, model.config.vocab_size),
            "sums untrained": untrained,
            "sums": row_sums(model, model.config.vocab_size),
            "example": [" ".join(valid.sources[0]), valid.words(outputs[0])],
        }
    return found


def values(results: Results, way: str, fact: str) -> list[float]:
    """Return a fact of a way with each seed."""
    return [each["ways"][way][fact] for each in results]


def tables(results: Results) -> list[Table]:
    """Return one line a way, and what each says of one sentence."""
    facts = ("parameters", "steps", "seconds", "valid", "bleu", "leak")
    rows = [
        [
            way,
            *(cell(values(results, way, fact)) for fact in facts),
            cell([each["ways"][way]["sums"][0] for each in results]),
        ]
        for way in WAYS
    ]
    said = [[way, *results[0]["ways"][way]["example"]] for way in WAYS]
    return [
        Table(
            "Mask of the decoder's self-attention",
            ["", "parameters", "steps", "processor seconds", "held-out loss, all words given", "BLEU of its own",
             "change of the past by the future", "first row's sum"],
            rows,
        ),
        Table("The first sentence, first seed", ["", "source", "its own translation"], said),
    ]  # fmt: skip


def panels(results: Results) -> list[Panel]:
    """Return learning curves and sums of rows."""
    curves = {
        way: {
            float(step): [each["ways"][way]["curve"][step] for each in results]
            for step in results[0]["ways"][way]["curve"]
        }
        for way in WAYS
    }
    sums = {
        way: {float(row + 1): [each["ways"][way]["sums"][row] for each in results] for row in range(12)}
        for way in WAYS
    }
    return [
        Panel(title="Training loss", x="step", y="nats per token", lines=curves),
        Panel(
            title="What the weights of a row sum to", x="row (query)", y="sum", lines=sums, y_range=(0, 1.1)
        ),
        Panel(
            title="BLEU of its own translations",
            x="",
            y="BLEU",
            lines={way: {way.split()[0]: values(results, way, "bleu")} for way in WAYS},
        ),
    ]


def claims(results: Results) -> list[Claim]:
    """Return what the numbers say of the mask."""
    papers = {fact: values(results, PAPERS, fact) for fact in ("valid", "bleu", "leak")}
    left_out = {fact: values(results, "left out", fact) for fact in ("valid", "bleu")}
    after = {fact: values(results, "after the softmax", fact) for fact in ("valid", "bleu", "leak")}
    first = [each["ways"]["after the softmax"]["sums"][0] for each in results]
    return [
        Claim(
            name="no mask, no loss",
            claim="Without the causal mask the decoder reads the answer, so the loss falls to next to nothing.",
            criterion="held-out loss at most 0.05 nats per token, and at most a fifth of the loss with the mask.",
            parts=[
                at_most("loss", left_out["valid"], 0.05),
                at_most("share of the masked loss", _over(left_out["valid"], papers["valid"]), 0.2),
            ],
        ),
        Claim(
            name="no mask, no translation",
            claim="And its own translations, where there is no answer to read, are nonsense.",
            criterion="BLEU at most a tenth of that with the mask, after equal steps.",
            parts=[at_most("share of the masked BLEU", _over(left_out["bleu"], papers["bleu"]), 0.1)],
        ),
        Claim(
            name="after the softmax rows do not sum to 1",
            claim="Where the mask acts after the softmax, early rows sum to less than 1.",
            criterion="the first of 12 rows sums to at most 0.9.",
            parts=[at_most("sum of the first row", first, 0.9)],
        ),
        Claim(
            name="after the softmax the future leaks",
            claim="Such a mask does not even hide the future, which stands in the softmax's denominator; before the "
            "softmax it does.",
            criterion="changing later words changes earlier states by at least 0.001, and with the paper's by nothing.",
            parts=[
                at_least("after the softmax", after["leak"], 0.001),
                at_most("before the softmax", papers["leak"], 1e-5),
            ],
        ),
        Claim(
            name="after the softmax is worse",
            claim="The mask after the softmax makes a worse translator.",
            criterion="at least 1 BLEU less after equal steps, equal parameters.",
            parts=[at_least("BLEU lost", [a - b for a, b in zip(papers["bleu"], after["bleu"], strict=True)], 1.0)],
        ),
        Claim(
            name="renormalised it is the same",
            claim="Masked after the softmax and divided by the row's sum, the weights are those of the paper's mask.",
            criterion="largest difference at most 1e-12 in double precision.",
            parts=[at_most("difference", [each["renormalised"] for each in results], 1e-12)],
        ),
    ]  # fmt: skip


def _over(above: list[float], below: list[float]) -> list[float]:
    return [a / b if b else float("nan") for a, b in zip(above, below, strict=True)]


STUDY = Study(
    name="mask",
    title="The causal mask, left out and misplaced",
    question="The decoder learns from all positions at once, so a mask keeps it from seeing the words that it has to "
    "predict (§3.2.3). Some accounts leave the mask out of their code, others put it after the softmax. What happens?",
    method="Three small translators of the grammar (en-fr, words as tokens, held-out combinations of words), alike but "
    "for the mask of the decoder's self-attention: equal parameters, equal weights at the start, equal batches and "
    "steps; processor time is in the table. The loss is measured with all words given, as in training; BLEU on greedy "
    "translations, where the model has only its own words. `Change of the past by the future`: the largest change of a "
    "decoder state when only later words change.",
    measure=measure,
    tables=tables,
    panels=panels,
    claims=claims,
    estimate="estimated at ten minutes of two cores with --jobs 2 and three seeds, from the steps of the quick form.",
)

if __name__ == "__main__":
    main(STUDY)
