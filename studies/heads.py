"""How many heads are needed: one to sixteen at equal width, and heads removed one after the other after training.

$ python -m studies.heads [--full] [--model MODEL]
"""

import argparse
import random
from collections.abc import Sequence
from typing import Any

from clearhead.config import ModelConfig
from clearhead.inspection.looked import Looked
from clearhead.inspection.maps import AttentionMaps
from clearhead.inspection.record import record
from clearhead.inspection.roles import roles
from clearhead.model.transformer import Transformer
from clearhead.text.vocabulary import BOS
from clearhead.translator import Translator
from studies import pairs
from studies.claim import Claim, at_most, more
from studies.figure import Panel
from studies.learning import epochs, learn, token_losses, transformer
from studies.pruning import Head, Pairs, heads_of, importance, pruned
from studies.spread import cell
from studies.study import Raw, Results, Study, main
from studies.table import Table
from studies.words import Translations, translations, vocabulary

COUNTS = (1, 2, 4, 8, 16)
SHARES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9)
"""Of all heads of a model, how many are removed."""
ORDERS = ("least important first", "at random", "most important first")
PRUNED = 8
"""Heads a layer of the small model that is pruned; so many has the default model too."""
SIZES: dict[str, dict[str, int]] = {
    "toy": {"d_model": 16, "steps": 3, "pairs": 60, "tokens": 200, "held": 16, "hand": 4},
    "quick": {"d_model": 32, "steps": 250, "pairs": 2000, "tokens": 500, "held": 100, "hand": 60},
    "full": {"d_model": 64, "steps": 1000, "pairs": 30_000, "tokens": 1200, "held": 1000, "hand": 60},
}


def shape(d_model: int, num_heads: int) -> ModelConfig:
    """Return a model of two and two layers whose parameters do not depend on the number of heads."""
    return ModelConfig(
        vocab_size=len(vocabulary("en", "fr")),
        d_model=d_model,
        d_ff=2 * d_model,
        num_heads=num_heads,
        num_encoder_layers=2,
        num_decoder_layers=2,
        dropout=0.0,
        norm="pre",
    )


def orders(model: Transformer, chosen_on: Pairs, seed: int) -> dict[str, list[Head]]:
    """Return the heads of a model in each of ORDERS."""
    by_importance = importance(model, chosen_on)
    ascending = sorted(by_importance, key=by_importance.__getitem__)
    shuffled = random.Random(seed).sample(ascending, len(ascending))
    return dict(zip(ORDERS, (ascending, shuffled, ascending[::-1]), strict=True))


def pruning(model: Transformer, chosen_on: Pairs, measured_on: Pairs, seed: int) -> Raw:
    """Return the loss by the share of heads removed, in each order; the order is chosen on other sentences."""
    return {
        name: pruned(model, order, SHARES, measured_on)
        for name, order in orders(model, chosen_on, seed).items()
    }


def by_role(model: Transformer, maps: Sequence[Looked], chosen_on: Pairs) -> dict[str, dict[str, Any]]:
    """Return for each role how many heads have it, and their mean importance."""
    named = roles(maps)
    by_importance = importance(model, chosen_on)
    found: dict[str, list[float]] = {}
    for head in heads_of(model):
        role = f"{head.place}: {named[head.place][head.layer][head.number]}"
        found.setdefault(role, []).append(by_importance[head])
    return {
        role: {"heads": len(values), "importance": sum(values) / len(values)}
        for role, values in sorted(found.items())
    }


def looked(model: Transformer, part: Translations, count: int) -> list[AttentionMaps]:
    """Return the attention of some sentences of the grammar."""
    names = vocabulary(part.source, part.target)
    out = []
    for number in range(count):
        sides = [
            pairs.words(part.examples[number], language, word_ids)
            for language, word_ids in zip((part.source, part.target), part.corpus.ids(number), strict=True)
        ]
        out.append(record(model, *sides, start=BOS, piece=names.__getitem__))
    return out


def default_model(seed: int, count: int, path: str | None) -> Raw:
    """Prune the model that comes with the package, on sentences by hand."""
    translator = Translator.load(path, engine="pytorch")
    model = translator.pytorch.model
    assert isinstance(model, Transformer)
    choose_on, measure_on = pairs.halves(pairs.by_hand()[:count])
    chosen_on = pairs.ids(translator, choose_on)
    maps = [translator.look(one.source, to=one.to, target=one.target) for one in choose_on[:12]]
    return {
        "heads": len(heads_of(model)),
        "pruned": pruning(model, chosen_on, pairs.ids(translator, measure_on), seed),
        "roles": by_role(model, [each for one in maps for each in one.sentences], chosen_on),
    }


def measure(seed: int, options: argparse.Namespace) -> Raw:
    """Train a model for each number of heads, prune one of them and the default model."""
    size = SIZES[options.form]
    train = translations(seed, size["pairs"], "train").corpus
    valid, test = (translations(seed, size["held"], part) for part in ("valid", "test"))
    learned = {}
    small: Raw = {}
    for count in COUNTS:
        model = transformer(shape(size["d_model"], count), seed)
        found = learn(model, epochs(train, size["tokens"], seed), seed=seed, steps=size["steps"], rate=0.005)
        loss, right = token_losses(model, valid.corpus)
        learned[str(count)] = {**found.facts(), "loss": loss, "right": right}
        if count == PRUNED:
            chosen_on = pairs.of_grammar(valid)
            small = {
                "heads": len(heads_of(model)),
                "pruned": pruning(model, chosen_on, pairs.of_grammar(test), seed),
                "roles": by_role(model, looked(model, valid, min(24, size["held"])), chosen_on),
            }
    return {
        "d_model": size["d_model"],
        "learned": learned,
        "small": small,
        "default": default_model(seed, size["hand"], options.model),
    }


def of_learned(results: Results, count: int, what: str) -> list[float]:
    """Return a figure of each seed's model with so many heads."""
    return [one["learned"][str(count)][what] for one in results]


def risen(results: Results, which: str, order: str, share: float) -> list[float]:
    """Return by which share of itself the loss rises, of each seed, when so many heads are removed."""
    tables = [one[which]["pruned"][order] for one in results]
    return [table[str(share)] / table["0.0"] - 1 for table in tables]


def tables(results: Results) -> list[Table]:
    """Return losses by heads, by share removed, and importance by role."""
    return [
        Table(
            "Heads at equal width",
            [
                "heads",
                "d_k",
                "parameters",
                "held-out loss (nats a word)",
                "words that come first",
                "processor seconds",
            ],
            [
                [
                    str(count),
                    str(results[0]["d_model"] // count),
                    f"{results[0]['learned'][str(count)]['parameters']:,}",
                    *(cell(of_learned(results, count, what)) for what in ("loss", "right", "seconds")),
                ]
                for count in COUNTS
            ],
        ),
        *(
            Table(
                f"{title}: rise of the held-out loss when heads are removed",
                ["share removed", *ORDERS],
                [
                    [f"{100 * share:.0f} %", *(cell(risen(results, which, order, share)) for order in ORDERS)]
                    for share in SHARES[1:]
                ],
            )
            for which, title in (("small", "Small model (8 heads)"), ("default", "Default model"))
        ),
        *(
            Table(
                f"{title}: what heads do, and how much they matter (first seed)",
                ["role", "heads", "mean importance in its layer"],
                [
                    [role, str(row["heads"]), f"{row['importance']:.2f}"]
                    for role, row in results[0][which]["roles"].items()
                ],
            )
            for which, title in (("small", "Small model (8 heads)"), ("default", "Default model"))
        ),
    ]


def panels(results: Results) -> list[Panel]:
    """Draw loss by heads, and the rise of the loss by share removed."""
    by_count = {float(count): of_learned(results, count, "loss") for count in COUNTS}
    return [
        Panel(
            title="Heads at equal width",
            x="heads a layer",
            y="held-out loss (nats a word)",
            lines={"held-out loss": by_count},
            log_x=True,
        ),
        *(
            Panel(
                title=title,
                x="share of heads removed",
                y="rise of the loss",
                lines={
                    order: {share: risen(results, which, order, share) for share in SHARES}
                    for order in ORDERS
                },
            )
            for which, title in (
                ("small", "Small model, heads removed"),
                ("default", "Default model, heads removed"),
            )
        ),
    ]


def claims(results: Results) -> list[Claim]:
    """Decide what several heads bring and how many are needed afterwards."""

    def better(one: int, other: int) -> list[float]:
        losses = zip(of_learned(results, other, "loss"), of_learned(results, one, "loss"), strict=True)
        return [more - less for more, less in losses]

    def spared(which: str) -> list[float]:
        shares = zip(
            risen(results, which, ORDERS[1], 0.5), risen(results, which, ORDERS[0], 0.5), strict=True
        )
        return [chance - chosen for chance, chosen in shares]

    return [
        Claim(
            name="several heads",
            claim="At equal width several heads are better than one, and too many are worse again (Table 3, rows A).",
            criterion="the held-out loss with 4 heads is below those with 1 and with 16, beyond the interval.",
            parts=[
                more("loss with 1 head less loss with 4", better(4, 1)),
                more("loss with 16 heads less loss with 4", better(4, 16)),
            ],
        ),
        Claim(
            name="pruning",
            claim="After training many heads can be removed with little loss (Michel et al. 2019, who measure BLEU and "
            "accuracy; Voita et al. 2019 go on training while they remove).",
            criterion="a quarter of all heads, the least important on other sentences, raises the held-out "
            "loss by at most 5 % of itself; half of them by at most 25 %.",
            parts=[
                at_most(
                    f"{title}, {100 * share:.0f} % removed, rise",
                    risen(results, which, ORDERS[0], share),
                    most,
                )
                for which, title in (("small", "small model"), ("default", "default model"))
                for share, most in ((0.25, 0.05), (0.5, 0.25))
            ],
        ),
        Claim(
            name="importance",
            claim="Which heads matter can be told from gradients on other sentences.",
            criterion="half of the heads removed in that order raise the loss less than half of them at "
            "random, beyond the interval.",
            parts=[
                more("small model, rise at random less rise by importance", spared("small")),
                more("default model, the same", spared("default")),
            ],
        ),
    ]


STUDY = Study(
    name="heads",
    title="Heads: how many are needed, and what each does",
    question="Multi-head attention is said to let a model look at several things at a time (§3.2.2). How many "
    "heads does it take at equal width (Table 3, rows A), how many can be removed once the model is trained, "
    "and what do those do that cannot?",
    method="*Equal width*: models of 2+2 layers (pre-norm, no dropout) that differ in the number of heads "
    "alone, so in nothing that costs parameters; same steps, batches and rate, on the built-in grammar "
    "(English to French, words as ids); the processor time of each is in the table. *Pruning*: a head is "
    "removed by taking its rows out of W^O. Its importance is the mean of |gradient by a gate on its output| "
    "over one half of the sentences (Michel et al. 2019, Eq. 2, divided by its layer's root of squares); the "
    "loss is measured on the other half. The random order differs from seed to seed. *Small model*: the one "
    "with 8 heads, chosen on held-out sentences and measured on others. *Default model*: the one that comes "
    "with the package, on the 60 pairs of `recipes/default-model/alignments.tsv` in six directions. *Roles* "
    "are those of `clearhead.inspection.roles`.",
    measure=measure,
    tables=tables,
    panels=panels,
    claims=claims,
    options=lambda parser: parser.add_argument("--model", help="model to prune instead of the default one"),
    estimate="about 9 minutes on two cores with three seeds (`--jobs 2`), reckoned from the steps of small runs.",
    reading="Nothing is trained on after a head is removed, so this says how much of a finished model is idle, "
    "not how small a model could be. The roles are names for where most of a head's weight goes; what it takes "
    "from there is another question ([interpretability](interpretability.md)).",
)

if __name__ == "__main__":
    main(STUDY)
