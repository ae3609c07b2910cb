"""What holds a deep model together: gradients by layer, post- and pre-norm, without residuals, without LayerNorm.

$ python -m studies.depth [--full]
"""

import argparse
import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from clearhead.config import ModelConfig
from clearhead.config.model import Norm
from clearhead.data.batching import TokenizedCorpus, collate
from clearhead.errors import TrainingError
from clearhead.model.transformer import Transformer
from clearhead.text.vocabulary import PAD
from studies.claim import Claim, at_least, at_most, between, more
from studies.figure import Panel
from studies.learning import epochs, learn, token_losses, transformer
from studies.spread import cell
from studies.study import Raw, Results, Study, main
from studies.table import Table
from studies.without import LEFT_OUT
from studies.words import translations, vocabulary


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large the experiment is."""

    depths: tuple[int, ...]
    """Encoder layers of the models whose gradients are measured before training."""
    trained: int
    """Encoder layers of the models that are also trained."""
    d_model: int
    steps: int
    pairs: int
    tokens: int
    """Source and target tokens of a batch."""
    held: int


SIZES = {
    "toy": Size(depths=(2, 4), trained=2, d_model=16, steps=3, pairs=60, tokens=200, held=20),
    "quick": Size(depths=(2, 6, 18), trained=6, d_model=32, steps=100, pairs=2000, tokens=500, held=200),
    "full": Size(
        depths=(2, 6, 18, 48), trained=12, d_model=64, steps=400, pairs=20_000, tokens=1000, held=500
    ),
}


def shape(d_model: int, layers: int, norm: Norm) -> ModelConfig:
    """Return a model of so many encoder layers and two decoder layers."""
    return ModelConfig(
        vocab_size=len(vocabulary("en", "fr")),
        d_model=d_model,
        d_ff=2 * d_model,
        num_heads=4,
        num_encoder_layers=layers,
        num_decoder_layers=2,
        dropout=0.0,
        norm=norm,
    )


def variant(name: str, d_model: int, layers: int, seed: int) -> Transformer:
    """Return an untrained model by its name in LEFT_OUT."""
    norm, change = LEFT_OUT[name]
    return change(transformer(shape(d_model, layers, norm), seed))


def gradient_norms(model: Transformer, corpus: TokenizedCorpus) -> list[float]:
    """Return the norm of the loss's gradient by all weights of each encoder layer, in order, for one batch.

    In double precision and with attention written out: where states are large, fused attention in single precision
    gives gradients that are off by orders of magnitude, or no numbers at all.
    """
    batch = collate(corpus, np.arange(min(32, len(corpus))))
    exact = copy.deepcopy(model).double()
    src, tgt = torch.from_numpy(batch.src), torch.from_numpy(batch.tgt)
    logits = exact.logits(exact(src, tgt[:, :-1], _unheard))
    loss = F.cross_entropy(logits.transpose(1, 2), tgt[:, 1:], ignore_index=PAD)
    loss.backward()  # type: ignore[no-untyped-call]
    return [
        torch.stack([p.grad.norm() for p in layer.parameters() if p.grad is not None]).norm().item()
        for layer in exact.encoder.layers
    ]


def _unheard(place: str, tensor: Tensor) -> None:
    """Observe nothing: with an observer attention is the written-out equation."""


def measure(seed: int, options: argparse.Namespace) -> Raw:
    """Measure gradients before training for every depth, and train one depth."""
    size = SIZES[options.form]
    train = translations(seed, size.pairs, "train").corpus
    valid = translations(seed, size.held, "valid").corpus
    gradients = {
        name: {
            str(depth): gradient_norms(variant(name, size.d_model, depth, seed), train)
            for depth in size.depths
        }
        for name in LEFT_OUT
    }
    learned = {}
    for name in LEFT_OUT:
        model = variant(name, size.d_model, size.trained, seed)
        batches = epochs(train, size.tokens, seed)
        try:
            found = learn(model, batches, seed=seed, steps=size.steps, rate=0.002, warmup=min(50, size.steps))
        except TrainingError as error:
            learned[name] = {"diverged": str(error), "loss": math.inf, "right": 0.0, "seconds": math.nan}
            continue
        loss, right = token_losses(model, valid)
        learned[name] = {**found.facts(), "loss": loss, "right": right}
    return {"depths": [str(depth) for depth in size.depths], "gradients": gradients, "learned": learned}


def reach(results: Results, name: str, depth: str) -> list[float]:
    """Return, of each seed, the gradient of the first layer over that of the last."""
    return [
        one["gradients"][name][depth][0] / max(one["gradients"][name][depth][-1], 1e-30) for one in results
    ]


def size_of(results: Results, name: str, depth: str) -> list[float]:
    """Return, of each seed, the gradient of the first layer."""
    return [float(one["gradients"][name][depth][0]) for one in results]


def of_learned(results: Results, name: str, what: str) -> list[float]:
    """Return a figure of each seed's trained model."""
    return [one["learned"][name][what] for one in results]


def tables(results: Results) -> list[Table]:
    """Return gradients before training and losses after it."""
    depths: Sequence[str] = results[0]["depths"]
    return [
        Table(
            "Before training: gradient of the first encoder layer over that of the last",
            ["", *(f"{depth} layers" for depth in depths)],
            [[name, *(cell(reach(results, name, depth)) for depth in depths)] for name in LEFT_OUT],
        ),
        Table(
            "Before training: norm of the gradient of the first encoder layer",
            ["", *(f"{depth} layers" for depth in depths)],
            [[name, *(cell(size_of(results, name, depth)) for depth in depths)] for name in LEFT_OUT],
        ),
        Table(
            "After training: held-out loss per target word (nats), and the share of words that come first",
            ["", "loss", "first", "processor seconds"],
            [
                [name, *(cell(of_learned(results, name, what)) for what in ("loss", "right", "seconds"))]
                for name in LEFT_OUT
            ],
        ),
    ]


def panels(results: Results) -> list[Panel]:
    """Draw the gradient by layer of the deepest model, and the training curves."""
    deepest = results[0]["depths"][-1]
    by_layer = {
        name: {
            float(layer + 1): [one["gradients"][name][deepest][layer] for one in results]
            for layer in range(len(results[0]["gradients"][name][deepest]))
        }
        for name in LEFT_OUT
    }
    curves = {
        name: {
            float(step): [one["learned"][name]["curve"][step] for one in results]
            for step in results[0]["learned"][name]["curve"]
        }
        for name in LEFT_OUT
        if not any("diverged" in one["learned"][name] for one in results)
    }
    return [
        Panel(
            title=f"Before training, {deepest} layers",
            x="encoder layer",
            y="norm of the gradient",
            lines=by_layer,
            log_y=True,
        ),
        Panel(title="Training", x="step", y="loss per word (nats)", lines=curves),
    ]


def claims(results: Results) -> list[Claim]:
    """Decide what residuals, LayerNorm and its place do."""
    deepest = results[0]["depths"][-1]
    gap = [
        without - whole
        for without, whole in zip(
            of_learned(results, "no residuals", "loss"), of_learned(results, "post-norm", "loss"), strict=True
        )
    ]
    grown = [
        bare / max(normed, 1e-30)
        for bare, normed in zip(
            size_of(results, "no LayerNorm", deepest), size_of(results, "post-norm", deepest), strict=True
        )
    ]
    return [
        Claim(
            name="residuals",
            claim="Residual connections let the gradient reach the first layers of a deep model.",
            criterion=f"before training, with {deepest} layers, the first layer's gradient is below a hundredth "
            "of the last one's without residuals and above a tenth with them (post-norm); trained, the model "
            "without them has a held-out loss at least 0.2 nats a word higher.",
            parts=[
                at_most("without residuals, first over last", reach(results, "no residuals", deepest), 0.01),
                at_least("with them, first over last", reach(results, "post-norm", deepest), 0.1),
                at_least("loss without residuals less loss with them", gap, 0.2),
            ],
        ),
        Claim(
            name="LayerNorm",
            claim="Without LayerNorm the sums of the residual stream, and with them the gradients, grow with depth.",
            criterion=f"before training, with {deepest} layers, the first layer's gradient is at least ten "
            "times that of the model with post-norm.",
            parts=[at_least("without over with, first layer", grown, 10)],
        ),
        Claim(
            name="pre-norm",
            claim="Pre-norm spreads the gradient more evenly over layers than post-norm (Xiong et al. 2020).",
            criterion=f"with {deepest} layers, first over last is between 0.3 and 3 with pre-norm, and farther "
            "from 1 with post-norm.",
            parts=[
                between("pre-norm, first over last", reach(results, "pre-norm", deepest), 0.3, 3),
                more(
                    "log distance from 1, post-norm less pre-norm",
                    [
                        abs(np.log(post)) - abs(np.log(pre))
                        for post, pre in zip(
                            reach(results, "post-norm", deepest),
                            reach(results, "pre-norm", deepest),
                            strict=True,
                        )
                    ],
                ),
            ],
        ),
    ]


STUDY = Study(
    name="depth",
    title="Depth: residuals, LayerNorm and its place",
    question="Each sub-layer of the paper stands inside LayerNorm(x + Sublayer(x)) (§3.1). What does each part "
    "of that do for a deep model, and what changes if the norm is moved inside (pre-norm)?",
    method="Encoders of several depths with a decoder of two layers, sinusoids, no dropout, weights as the "
    "project draws them. *Before training*, one batch of 32 sentences of the built-in grammar (English to "
    "French, word ids) gives the norm of the loss's gradient by the weights of each encoder layer, computed in "
    "double precision with attention written out. *Trained*, "
    "all variants of one depth take the same steps on the same batches at the same rate (0.002 after 50 steps, "
    "falling as 1/sqrt(step)). *No residuals* is LayerNorm(Sublayer(x)), *no LayerNorm* is x + Sublayer(x). "
    "A variant whose loss stops being a number is given up, and its loss counts as infinite. The parameters are equal "
    "but for the norms' own.",
    measure=measure,
    tables=tables,
    panels=panels,
    claims=claims,
    estimate="7 minutes of one core for three seeds.",
    reading="One rate serves all variants, so a variant that wants another one is worse here than it could be. "
    "Adam rescales gradients by their own size, which hides part of a gradient that vanishes evenly and "
    "nothing of one that is lost in rounding.",
)

if __name__ == "__main__":
    main(STUDY)
