"""Positions: none, sinusoidal, learned and rotary; does the order matter, and what is beyond the trained length?"""

import argparse
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import torch

from clearhead.config import ModelConfig, Positions
from clearhead.data.batching import TokenizedCorpus
from clearhead.model.transformer import Transformer
from clearhead.text.vocabulary import EOS
from studies.claim import Claim, at_least, at_most, more
from studies.figure import Panel
from studies.learning import FIRST, Pairs, decoded, exact, fresh, learn, token_losses, transformer
from studies.spread import cell
from studies.study import Raw, Results, Study, main
from studies.table import Table

SYMBOLS = 16
KINDS = ("none", *get_args(Positions))


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is measured."""

    longest: int
    """Longest string trained with; the measured go to twice that."""
    d_model: int
    layers: int
    steps: int
    rows: int

    @property
    def lengths(self) -> list[int]:
        """Lengths that are measured: up to the trained, and beyond."""
        return [*np.linspace(2, self.longest, 4).astype(int).tolist()] + [
            self.longest + extra for extra in (1, self.longest // 4, self.longest // 2, self.longest)
        ]


SIZES = {
    "toy": Size(longest=4, d_model=16, layers=1, steps=3, rows=4),
    "quick": Size(longest=10, d_model=64, layers=1, steps=350, rows=48),
    "full": Size(longest=24, d_model=128, layers=2, steps=1500, rows=64),
}


def strings(draws: np.random.Generator, rows: int, low: int, high: int) -> Pairs:
    """Return random strings of low to high symbols, which are to be said again in the same order."""
    found = [
        draws.integers(FIRST, FIRST + SYMBOLS, draws.integers(low, high + 1)).tolist() for _ in range(rows)
    ]
    return found, found


def model_of(kind: str, size: Size, seed: int) -> Transformer:
    """Return an untrained model with a kind of positions; `none` adds nothing to the embeddings."""
    config = ModelConfig(
        vocab_size=FIRST + SYMBOLS,
        d_model=size.d_model,
        d_ff=2 * size.d_model,
        num_heads=4,
        num_encoder_layers=size.layers,
        num_decoder_layers=size.layers,
        dropout=0.0,
        positions="sinusoidal" if kind == "none" else kind,  # type: ignore[arg-type]
        max_positions=2 * size.longest + 2,
    )
    model = transformer(config, seed)
    if kind == "none":
        model.positions.table = None
    return model


@torch.inference_mode()
def order_sensitivity(model: Transformer) -> float:
    """Return by how much the encoder's state of a word changes, as a share of its size, where others change places."""
    draws = torch.Generator().manual_seed(0)
    src = torch.randint(FIRST, FIRST + SYMBOLS, (16, 9), generator=draws)
    src[:, -1] = EOS
    order = torch.randperm(8, generator=draws)
    shuffled = torch.cat([src[:, order], src[:, 8:]], dim=1)
    seen: list[torch.Tensor] = []
    for ids in (src, shuffled):
        model.encode(ids, lambda place, tensor: seen.append(tensor) if place == "encoder.memory" else None)
    before, after = seen[0][:, order], seen[1][:, :8]
    return float((before - after).norm() / before.norm())


def measure(seed: int, options: argparse.Namespace) -> Raw:
    """Train a copier with each kind of positions and measure it by length."""
    size = SIZES[options.form]
    tests = {
        length: TokenizedCorpus.from_ids(
            *strings(np.random.default_rng([seed, length]), 2 * size.rows, length, length)
        )
        for length in size.lengths
    }
    found: dict[str, Any] = {}
    for kind in KINDS:
        model = model_of(kind, size, seed).eval()
        untrained = order_sensitivity(model)
        batches = fresh(lambda draws: strings(draws, size.rows, 2, size.longest), seed)
        learned = learn(model, batches, seed=seed, steps=size.steps, rate=0.005)
        found[kind] = {
            **learned.facts(),
            "order": {"untrained": untrained, "trained": order_sensitivity(model)},
            "tokens right": {str(length): token_losses(model, corpus)[1] for length, corpus in tests.items()},
            "exact": {str(length): exact(decoded(model, corpus), corpus) for length, corpus in tests.items()},
        }
    return {"longest": size.longest, "lengths": size.lengths, "kinds": found}


def at(results: Results, kind: str, fact: str, length: int) -> list[float]:
    """Return a measure at a length with each seed."""
    return [each["kinds"][kind][fact][str(length)] for each in results]


def tables(results: Results) -> list[Table]:
    """Return what each kind gets right by length, then order and cost."""
    lengths, longest = results[0]["lengths"], results[0]["longest"]
    head = ["strings copied whole", *(f"{length}{' (beyond)' * (length > longest)}" for length in lengths)]
    by_length = [[kind, *(cell(at(results, kind, "exact", length)) for length in lengths)] for kind in KINDS]
    cost = [
        [
            kind,
            *(
                cell([each["kinds"][kind]["order"][when] for each in results])
                for when in ("untrained", "trained")
            ),
            *(
                cell([each["kinds"][kind][fact] for each in results])
                for fact in ("parameters", "steps", "seconds")
            ),
        ]
        for kind in KINDS
    ]
    return [
        Table(
            f"Share of strings copied whole, by length; trained with lengths 2 to {longest}", head, by_length
        ),
        Table(
            "Sensitivity to order, and cost",
            ["positions", "order, untrained", "order, trained", "parameters", "steps", "processor seconds"],
            cost,
        ),
    ]


def panels(results: Results) -> list[Panel]:
    """Return accuracy by length and learning curves."""
    lengths, longest = results[0]["lengths"], results[0]["longest"]
    found = [
        Panel(
            title=f"{title} (trained to length {longest})",
            x="length",
            y="share",
            lines={
                kind: {float(length): at(results, kind, fact, length) for length in lengths} for kind in KINDS
            },
            y_range=(0, 1),
        )
        for fact, title in (("exact", "Copied whole"), ("tokens right", "Next symbols right"))
    ]
    curves = {
        kind: {
            float(step): [each["kinds"][kind]["curve"][step] for each in results]
            for step in results[0]["kinds"][kind]["curve"]
        }
        for kind in KINDS
    }
    return [*found, Panel(title="Learning", x="step", y="nats per symbol", lines=curves)]


def claims(results: Results) -> list[Claim]:
    """Return what the numbers say of positions."""
    longest = results[0]["longest"]

    def order(kind: str) -> list[float]:
        return [each["kinds"][kind]["order"]["trained"] for each in results]

    return [
        Claim(
            name="no positions, no order",
            claim="Without positions the encoder is blind to order: words that change places keep their states.",
            criterion="relative change of a word's state at most 1e-5 without, at least 0.01 with any kind.",
            parts=[
                at_most("none", order("none"), 1e-5),
                *(at_least(kind, order(kind), 0.01) for kind in KINDS if kind != "none"),
            ],
        ),
        Claim(
            name="no positions, no copy",
            claim="So it cannot say a string again, which every kind of position can.",
            criterion=f"of strings of {longest} symbols at most 0.05 copied whole without, at least 0.8 with any kind.",
            parts=[
                at_most("none", at(results, "none", "exact", longest), 0.05),
                *(at_least(kind, at(results, kind, "exact", longest), 0.8) for kind in KINDS if kind != "none"),
            ],
        ),
        Claim(
            name="sinusoids go beyond the trained length",
            claim="Sinusoids let a model go on to sequences longer than those it was trained with (§3.5: 'may').",
            criterion=f"at {longest + longest // 2} symbols, half as many again, at least half of the strings.",
            parts=[at_least("sinusoidal", at(results, "sinusoidal", "exact", longest + longest // 2), 0.5)],
        ),
        Claim(
            name="rotary goes further",
            claim="Rotary positions, which depend on distance alone, go further than sinusoids and learned ones.",
            criterion=f"at {longest + longest // 4} symbols at least 0.1 more of the next symbols right.",
            parts=[
                more(f"more than {kind}", _more(results, "rotary", kind, longest + longest // 4), 0.1)
                for kind in ("sinusoidal", "learned")
            ],
        ),
    ]  # fmt: skip


def _more(results: Results, one: str, other: str, length: int) -> list[float]:
    pairs = zip(*(at(results, kind, "tokens right", length) for kind in (one, other)), strict=True)
    return [a - b for a, b in pairs]


STUDY = Study(
    name="positions",
    title="Positions: what knows of order, and how far",
    question="Attention by itself sees a set: something must say where a word stands (§3.5). The paper adds fixed "
    "sinusoids, found learned vectors equally good, and hoped that sinusoids extrapolate to longer sequences. Rotary "
    "positions (Su et al. 2021) turn queries and keys of the self-attentions instead. What does each do, and what is "
    "left without any?",
    method=f"A small encoder-decoder learns to say random strings of {SYMBOLS} symbols again, the plainest task that "
    "is all order; every batch is new. Equal steps and batches; equal parameters but for the learned positions "
    "themselves; processor time is in the table. `Next symbols right`: with all earlier symbols given. Order: eight "
    "symbols change places, and the encoder's states are compared symbol by symbol (norm of the difference as a share "
    "of the norm).",
    reading="The decoder without positions still learns something of order from its causal mask, which lets each place "
    "see a different number of others; that is why the encoder is measured by itself. Rotary positions are not in the "
    "attention to the source, here as in most implementations.",
    measure=measure,
    tables=tables,
    panels=panels,
    claims=claims,
    estimate="half an hour of one core for three seeds.",
)

if __name__ == "__main__":
    main(STUDY)
