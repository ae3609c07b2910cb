"""The scale of attention: what q·k grows to without it, what the softmax then does, and what learning makes of it."""

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from clearhead.config import ModelConfig
from clearhead.model.attention import MultiHeadAttention
from clearhead.model.transformer import Transformer
from studies.claim import Claim, at_least, at_most, between, more
from studies.figure import Panel
from studies.learning import epochs, learn, token_losses, transformer
from studies.spread import cell
from studies.study import Raw, Results, Study, main
from studies.table import Table
from studies.words import translations, vocabulary

D_KS = (8, 16, 32, 64, 128, 256, 512)
HEADS = 8
"""Of the model whose d_model is d_k times this, where 1/sqrt(d_model) is compared."""
KEYS = 64
SCALES: dict[str, Callable[[int, int], float]] = {
    "no scale": lambda d_k, d_model: 1.0,
    "1/sqrt(d_k)": lambda d_k, d_model: d_k**-0.5,
    "1/sqrt(d_model)": lambda d_k, d_model: d_model**-0.5,
    "1/d_k": lambda d_k, d_model: 1 / d_k,
}
"""(d_k, d_model) -> what q·k is multiplied by; the second is the paper's."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is measured."""

    rows: int
    d_model: int
    heads: tuple[int, ...]
    layers: int
    steps: int
    sentences: int


SIZES = {
    "toy": Size(rows=1024, d_model=16, heads=(1,), layers=1, steps=3, sentences=50),
    "quick": Size(rows=4000, d_model=128, heads=(1, 8), layers=1, steps=120, sentences=3000),
    "full": Size(rows=20_000, d_model=256, heads=(1, 8), layers=2, steps=500, sentences=30_000),
}


class Rescaled(nn.Module):
    """A projection of queries whose output is multiplied, so that q·k is scaled by something else than 1/sqrt(d_k)."""

    def __init__(self, projection: nn.Module, factor: float) -> None:
        super().__init__()
        self.projection = projection
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        """Project and multiply."""
        projected: Tensor = self.projection(x)
        return projected * self.factor


def rescale(model: Transformer, scale: Callable[[int, int], float]) -> Transformer:
    """Give every attention of a model another scale than 1/sqrt(d_k), which it has by itself."""
    for attention in [module for module in model.modules() if isinstance(module, MultiHeadAttention)]:
        d_k, d_model = attention.d_k, attention.d_k * attention.num_heads
        attention.query = Rescaled(attention.query, scale(d_k, d_model) * d_k**0.5)  # type: ignore[assignment]
    return model


def of_random_vectors(rows: int, draws: torch.Generator) -> dict[str, dict[str, Any]]:
    """Return, by d_k: the variance of q·k, and by scale what the softmax over KEYS keys becomes."""
    found: dict[str, dict[str, Any]] = {}
    for d_k in D_KS:
        query = torch.randn(rows, d_k, generator=draws)
        keys = torch.randn(rows // KEYS, KEYS, d_k, generator=draws)
        # one set of keys for KEYS queries: the memory of a set for each would be gigabytes
        scores = query[: len(keys) * KEYS].view(len(keys), KEYS, d_k) @ keys.transpose(1, 2)
        found[str(d_k)] = {
            "variance": scores.var().item(),
            "softmax": {
                name: softmax_facts(scores * scale(d_k, HEADS * d_k)) for name, scale in SCALES.items()
            },
        }
    return found


def softmax_facts(scores: Tensor) -> dict[str, float]:
    """Return the mean over rows of the largest weight, of the entropy (1: uniform), and of the gradient's size.

    The gradient's size is the Frobenius norm of the softmax's Jacobian diag(p) - p p', whose square is
    sum p_i^2 - 2 sum p_i^3 + (sum p_i^2)^2.
    """
    p = scores.double().softmax(dim=-1)
    squares = p.square().sum(dim=-1)
    jacobian = (squares - 2 * p.pow(3).sum(dim=-1) + squares.square()).clamp(min=0).sqrt()
    entropy = -torch.special.xlogy(p, p).sum(dim=-1) / math.log(p.shape[-1])
    return {
        "largest": p.amax(dim=-1).mean().item(),
        "entropy": entropy.mean().item(),
        "gradient": jacobian.mean().item(),
    }


def of_learning(seed: int, size: Size) -> dict[str, dict[str, Any]]:
    """Return cost, curve and held-out loss of a small translator with each scale, by number of heads."""
    train, valid = translations(seed, size.sentences, "train"), translations(0, 200, "valid")
    found: dict[str, dict[str, Any]] = {}
    for heads in size.heads:
        found[str(heads)] = {}
        for name, scale in SCALES.items():
            if heads == 1 and name == "1/sqrt(d_model)":
                continue  # with one head it is 1/sqrt(d_k)
            config = ModelConfig(
                vocab_size=len(vocabulary("en", "fr")),
                d_model=size.d_model,
                d_ff=2 * size.d_model,
                num_heads=heads,
                num_encoder_layers=size.layers,
                num_decoder_layers=size.layers,
                dropout=0.0,
            )
            model = rescale(transformer(config, seed), scale)
            learned = learn(model, epochs(train.corpus, 1000, seed), seed=seed, steps=size.steps)
            loss, _ = token_losses(learned.model, valid.corpus)
            found[str(heads)][name] = {**learned.facts(), "valid": loss}
    return found


def measure(seed: int, options: argparse.Namespace) -> Raw:
    """Measure random vectors, then learning."""
    size = SIZES[options.form]
    draws = torch.Generator().manual_seed(seed)
    return {"random": of_random_vectors(size.rows, draws), "learning": of_learning(seed, size)}


def softmax_values(results: Results, d_k: int, scale: str, fact: str) -> list[float]:
    """Return a fact of the softmax of random vectors with each seed."""
    return [each["random"][str(d_k)]["softmax"][scale][fact] for each in results]


def valid_losses(results: Results, heads: str, scale: str) -> list[float]:
    """Return the held-out loss with each seed."""
    return [each["learning"][heads][scale]["valid"] for each in results]


def ratios(results: Results, heads: str, scale: str) -> list[float]:
    """Return the held-out loss of a scale as a multiple of that with 1/sqrt(d_k), seed by seed."""
    pairs = zip(valid_losses(results, heads, scale), valid_losses(results, heads, "1/sqrt(d_k)"), strict=True)
    return [loss / papers for loss, papers in pairs]


def _worse(results: Results, heads: str) -> list[float]:
    pairs = zip(*(valid_losses(results, heads, scale) for scale in ("no scale", "1/sqrt(d_k)")), strict=True)
    return [without - papers for without, papers in pairs]


def tables(results: Results) -> list[Table]:
    """Return random vectors, then learning."""
    random = [
        [
            str(d_k),
            cell([each["random"][str(d_k)]["variance"] for each in results]),
            *(cell(softmax_values(results, d_k, scale, "largest")) for scale in SCALES),
            *(cell(softmax_values(results, d_k, scale, "gradient")) for scale in SCALES),
        ]
        for d_k in D_KS
    ]
    head = [
        "d_k",
        "variance of q·k",
        *(f"largest weight, {scale}" for scale in SCALES),
        *(f"gradient, {scale}" for scale in SCALES),
    ]
    learning = [
        [
            f"{heads} head(s), {scale}",
            cell([each["learning"][heads][scale]["parameters"] for each in results]),
            cell([each["learning"][heads][scale]["steps"] for each in results]),
            cell([each["learning"][heads][scale]["seconds"] for each in results]),
            cell(valid_losses(results, heads, scale)),
        ]
        for heads, by_scale in results[0]["learning"].items()
        for scale in by_scale
    ]
    return [
        Table(
            f"Random q and k of variance 1, {KEYS} keys, d_model = {HEADS} d_k; gradient: Frobenius norm of the "
            "softmax's Jacobian",
            head,
            random,
        ),
        Table(
            "A small translator of the grammar, en-fr",
            ["", "parameters", "steps", "processor seconds", "held-out loss, nats per token"],
            learning,
        ),
    ]


def panels(results: Results) -> list[Panel]:
    """Return variance, largest weight, gradient and learning curves."""
    found = [
        Panel(
            title="Variance of q·k",
            x="d_k",
            y="variance",
            lines={
                "no scale": {
                    float(d_k): [each["random"][str(d_k)]["variance"] for each in results] for d_k in D_KS
                }
            },
            log_x=True,
            log_y=True,
        )
    ]
    for fact, title in (("largest", "Largest of 64 weights"), ("gradient", "Gradient through the softmax")):
        lines = {
            scale: {float(d_k): softmax_values(results, d_k, scale, fact) for d_k in D_KS} for scale in SCALES
        }
        found.append(Panel(title=title, x="d_k", y=title.split()[0].lower(), lines=lines, log_x=True))
    for heads, by_scale in results[0]["learning"].items():
        curves = {
            scale: {
                float(step): [each["learning"][heads][scale]["curve"][step] for each in results]
                for step in facts["curve"]
            }
            for scale, facts in by_scale.items()
        }
        title = f"Learning, {heads} head{'s' * (heads != '1')}"
        found.append(Panel(title=title, x="step", y="training loss, nats", lines=curves))
    return found


def claims(results: Results) -> list[Claim]:
    """Return what the numbers say of scale."""
    largest = D_KS[-1]
    found = [
        Claim(
            name="variance is d_k",
            claim="The variance of q·k is d_k, and its standard deviation the square root.",
            criterion="variance / d_k within 10 % of 1 at every d_k.",
            parts=[
                between(
                    f"d_k = {d_k}",
                    [each["random"][str(d_k)]["variance"] / d_k for each in results],
                    0.9,
                    1.1,
                )
                for d_k in (D_KS[0], 64, largest)
            ],
        ),
        Claim(
            name="saturation without scale",
            claim="Without a scale the softmax saturates as d_k grows and lets little gradient through; with "
            "1/sqrt(d_k) it stays as it is.",
            criterion=f"from d_k = {D_KS[0]} to {largest} the gradient falls below a half without scale, and "
            "stays within 10 % with it.",
            parts=[
                at_most("without, as a share", gradient_shares(results, "no scale"), 0.5),
                between("with 1/sqrt(d_k), as a share", gradient_shares(results, "1/sqrt(d_k)"), 0.9, 1.1),
            ],
        ),
        Claim(
            name="less gradient without scale",
            claim="At every d_k less gradient comes through the softmax without a scale than with the paper's.",
            criterion="the gradient by the scaled scores, without a scale, less than with 1/sqrt(d_k).",
            parts=[at_most(f"d_k = {d_k}, as a multiple", gradients_over(results, d_k), 1.0) for d_k in D_KS],
        ),
        Claim(
            name="1/d_k flattens",
            claim="With 1/d_k the softmax comes close to a plain mean as d_k grows: attention that attends to nothing.",
            criterion=f"entropy at d_k = {largest} at least 0.99 of that of equal weights.",
            parts=[at_least("entropy", softmax_values(results, largest, "1/d_k", "entropy"), 0.99)],
        ),
    ]
    for heads in results[0]["learning"]:
        found.append(
            Claim(
                name=f"learning without scale, {heads} head(s)",
                claim=f"A translator with {heads} head(s) learns worse without scale.",
                criterion="held-out loss after equal steps, equal parameters, higher beyond the interval.",
                parts=[more("nats a word more", _worse(results, heads))],
            )
        )
        if heads != "1":
            found.append(
                Claim(
                    name="1/sqrt(d_model) learns alike",
                    claim=f"With {heads} heads, 1/sqrt(d_model), as some accounts have it, is another scale but learns "
                    "much alike, since the projections can make up for a constant factor.",
                    criterion="held-out loss within 10 %.",
                    parts=[
                        between("loss as a multiple", ratios(results, heads, "1/sqrt(d_model)"), 0.9, 1.1)
                    ],
                )
            )
    return found


def gradient_shares(results: Results, scale: str) -> list[float]:
    """Return the gradient at the largest d_k as a share of that at the smallest, seed by seed."""
    pairs = zip(
        *(softmax_values(results, d_k, scale, "gradient") for d_k in (D_KS[-1], D_KS[0])), strict=True
    )
    return [large / small for large, small in pairs]


def gradients_over(results: Results, d_k: int) -> list[float]:
    """Return the gradient without a scale as a multiple of that with the paper's, seed by seed."""
    pairs = zip(
        *(softmax_values(results, d_k, scale, "gradient") for scale in ("no scale", "1/sqrt(d_k)")),
        strict=True,
    )
    return [without / scaled for without, scaled in pairs]


STUDY = Study(
    name="scale",
    title="Why q·k is divided by the square root of d_k",
    question="Attention is softmax(q·k / sqrt(d_k)) (§3.2.1 of the paper, whose footnote 4 gives the reason: for "
    "independent entries of variance 1 the variance of q·k is d_k). Popular accounts divide by sqrt(d_model), or leave "
    "the reason out. What does each scale do to the softmax, and to learning?",
    method="Random vectors first, where everything else is excluded. Then a small encoder-decoder for the grammar "
    "(words as tokens, combinations of words held out), with the project's own model and loop; the scale is changed "
    "by a factor on the projected queries, so the models have equal parameters, start from equal weights and see equal "
    "batches. Time is equal up to noise, because the factor costs nothing: both are in the table.",
    reading="Adam can make the projections smaller or larger, so a wrong scale is a wrong start rather than a wall. "
    "Small models have small d_k, where the scale matters least.",
    measure=measure,
    tables=tables,
    panels=panels,
    claims=claims,
    estimate="estimated at ten minutes of two cores with --jobs 2 and three seeds, from the steps of the quick form.",
)

if __name__ == "__main__":
    main(STUDY)
