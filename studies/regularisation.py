"""What §5 of the paper adds to the model: label smoothing, dropout and a warm-up, each left out in turn.

$ python -m studies.regularisation [--full]
"""

import argparse
from dataclasses import dataclass, replace

from clearhead.config import ModelConfig
from clearhead.config.model import Norm
from clearhead.evaluation.scores import bleu
from studies.claim import Claim, at_least, at_most, more
from studies.figure import Panel
from studies.learning import build, decoded, epochs, learn, token_losses
from studies.spread import cell
from studies.study import Raw, Results, Study, main
from studies.table import Table
from studies.words import translations, vocabulary


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a model is trained; the first is the paper's, others leave one thing out."""

    smoothing: float = 0.1
    dropout: float = 0.1
    warm: bool = True
    norm: Norm = "post"


WAYS = {
    "the paper's": Way(),
    "no label smoothing": Way(smoothing=0.0),
    "no dropout": Way(dropout=0.0),
    "dropout 0.3": Way(dropout=0.3),
    "no warm-up": Way(warm=False),
    "no warm-up, pre-norm": Way(warm=False, norm="pre"),
    "pre-norm": Way(norm="pre"),
}
SIZES: dict[str, dict[str, int]] = {
    "toy": {"d_model": 16, "layers": 1, "steps": 3, "warmup": 2, "pairs": 60, "tokens": 200, "held": 16},
    "quick": {
        "d_model": 32,
        "layers": 2,
        "steps": 300,
        "warmup": 60,
        "pairs": 500,
        "tokens": 500,
        "held": 100,
    },
    "full": {
        "d_model": 64,
        "layers": 2,
        "steps": 600,
        "warmup": 120,
        "pairs": 4000,
        "tokens": 1000,
        "held": 500,
    },
}
RATE = 0.003


def measure(seed: int, options: argparse.Namespace) -> Raw:
    """Train a model each way on few sentences, and measure it on these and on others."""
    size = SIZES[options.form]
    train, valid = translations(seed, size["pairs"], "train"), translations(seed, size["held"], "valid")
    known = replace(train, corpus=translations(seed, min(size["held"], size["pairs"]), "train").corpus)
    out: Raw = {"signature": bleu(["a"], ["a"], tokenize="none").signature}
    for name, way in WAYS.items():
        config = ModelConfig(
            vocab_size=len(vocabulary("en", "fr")),
            d_model=size["d_model"],
            d_ff=2 * size["d_model"],
            num_heads=4,
            num_encoder_layers=size["layers"],
            num_decoder_layers=size["layers"],
            dropout=way.dropout,
            norm=way.norm,
        )
        found = learn(
            build(config, seed),
            epochs(train.corpus, size["tokens"], seed),
            seed=seed,
            steps=size["steps"],
            rate=RATE,
            warmup=size["warmup"] if way.warm else 1,
            schedule="constant",  # so that the warm-up is all that a run without it lacks
            label_smoothing=way.smoothing,
        )
        loss, right = token_losses(found.model, valid.corpus)
        out[name] = {
            **found.facts(),
            "known": token_losses(found.model, known.corpus)[0],
            "loss": loss,
            "right": right,
            "bleu": valid.score(decoded(found.model, valid.corpus)),
        }
    return out


def of(results: Results, way: str, what: str) -> list[float]:
    """Return a figure of each seed."""
    return [one[way][what] for one in results]


def tables(results: Results) -> list[Table]:
    """Return what each way comes to."""
    whats = ("known", "loss", "right", "bleu", "seconds")
    return [
        Table(
            f"The same model trained each way (BLEU {results[0]['signature']})",
            [
                "",
                "loss on training text",
                "held-out loss",
                "words that come first",
                "BLEU",
                "processor seconds",
            ],
            [[way, *(cell(of(results, way, what)) for what in whats)] for way in WAYS],
        )
    ]


def panels(results: Results) -> list[Panel]:
    """Draw the curves of training, and what is known against what is held out."""
    curves = {
        way: {float(step): [one[way]["curve"][step] for one in results] for step in results[0][way]["curve"]}
        for way in WAYS
    }
    ends = {
        way: {"training text": of(results, way, "known"), "held out": of(results, way, "loss")}
        for way in WAYS
    }
    return [
        Panel(title="Training (smoothed where labels are)", x="step", y="loss (nats a word)", lines=curves),
        Panel(title="At the end, not smoothed", x="", y="loss (nats a word)", lines=ends),
    ]


def claims(results: Results) -> list[Claim]:
    """Decide what each part brings."""

    def less(first: str, second: str, what: str) -> list[float]:
        return [
            one - two for one, two in zip(of(results, first, what), of(results, second, what), strict=True)
        ]

    paper = "the paper's"
    gap = [
        without - with_it
        for without, with_it in zip(
            *(
                [one[way]["loss"] - one[way]["known"] for one in results]
                for way in ("no dropout", "dropout 0.3")
            ),
            strict=True,
        )
    ]
    return [
        Claim(
            name="label smoothing",
            claim="Label smoothing hurts perplexity, as the model learns to be less sure, and helps BLEU (§5.4).",
            criterion="with it the held-out loss is higher than without, and BLEU is higher, beyond the interval.",
            parts=[
                more("held-out loss with less without", less(paper, "no label smoothing", "loss")),
                more("BLEU with less without", less(paper, "no label smoothing", "bleu")),
            ],
        ),
        Claim(
            name="dropout",
            claim="Dropout keeps a model from learning its sentences by heart, and so helps with few of them (§5.4).",
            criterion="without it the loss on training text is lower than with 0.1; the gap between held-out and "
            "training loss is smaller with 0.3, and the held-out loss with 0.1 or 0.3 lower; beyond the interval.",
            parts=[
                more("training loss with 0.1 less with none", less(paper, "no dropout", "known")),
                more("gap without dropout less gap with 0.3", gap),
                more("held-out loss with none less with 0.1", less("no dropout", paper, "loss")),
                more("held-out loss with none less with 0.3", less("no dropout", "dropout 0.3", "loss")),
            ],
        ),
        Claim(
            name="warm-up",
            claim="Post-norm needs the warm-up (§5.3); pre-norm can do without (Xiong et al. 2020).",
            criterion="without it the held-out loss of post-norm rises by at least 0.3 nats a word and that of "
            "pre-norm by at most 0.1, with every seed.",
            parts=[
                at_least("post-norm, without less with", less("no warm-up", paper, "loss"), 0.3),
                at_most("pre-norm, without less with", less("no warm-up, pre-norm", "pre-norm", "loss"), 0.1),
            ],
        ),
    ]


STUDY = Study(
    name="regularisation",
    title="Label smoothing, dropout and warm-up",
    question="§5.3 and §5.4 of the paper train with a warm-up, dropout 0.1 and labels smoothed by 0.1. What "
    "does each of them do when it is left out?",
    method=f"One small model with post-norm (4 heads), the same steps, batches and rate ({RATE}, reached in a "
    "line and then held), on few sentences of the built-in grammar (English to French, words as ids), read "
    "many times, so that there is something to learn by heart. Losses are compared without smoothing. *No "
    "warm-up* has that rate from the first step on. BLEU is that of greedy search on word ids, measured "
    "against held-out combinations of words. The parameters are equal but for the last "
    "norms of pre-norm, and so is the time but for what dropout costs (in the table).",
    measure=measure,
    tables=tables,
    panels=panels,
    claims=claims,
    estimate="about 6 minutes on two cores with three seeds (`--jobs 2`), reckoned from the steps of small runs.",
    reading="The steps are the same for all, and dropout learns more slowly: with fewer steps it looks worse "
    "than it is, with more better. One rate serves all ways; without a warm-up a lower one might do.",
)

if __name__ == "__main__":
    main(STUDY)
