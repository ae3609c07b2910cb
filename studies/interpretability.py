"""What attention tells: is it a word alignment, and does it explain what the model does?

$ python -m studies.interpretability [--full] [--model MODEL]
"""

import argparse
from collections.abc import Callable, Sequence

import numpy as np
import torch

from clearhead.architectures.build import build as build_any
from clearhead.config import ModelConfig
from clearhead.config.alignment import Reader
from clearhead.inspection.maps import AttentionMaps
from clearhead.inspection.record import record
from clearhead.model.transformer import Transformer
from clearhead.text.vocabulary import BOS
from clearhead.training.guidance import guided_head
from clearhead.translator import Translator
from studies import linked, pairs
from studies.claim import Claim, at_least, at_most, more
from studies.deletion import ALONE, RANDOM, agreement, effects, explanations, may_go
from studies.figure import Panel
from studies.heads import shape
from studies.learning import epochs, learn, token_losses, transformer
from studies.spread import cell
from studies.study import Raw, Results, Study, main
from studies.table import Table
from studies.words import Translations, translations, vocabulary

SHARES = (0.1, 0.2, 0.5)
"""Of the source tokens, how many are taken away or left; DeYoung et al. also have 0.01 and 0.05, for long texts."""
GUIDANCE = 0.2
"""Weight of the loss that teaches a head; Garg et al. 2019 have 0.05 over many more steps."""
SIZES: dict[str, dict[str, int]] = {
    "toy": {
        "d_model": 16,
        "steps": 3,
        "pairs": 60,
        "tokens": 200,
        "held": 8,
        "looked": 1,
        "hand": 1,
        "ig": 4,
    },
    "quick": {
        "d_model": 32,
        "steps": 400,
        "pairs": 4000,
        "tokens": 500,
        "held": 100,
        "looked": 12,
        "hand": 2,
        "ig": 16,
    },
    "full": {
        "d_model": 64,
        "steps": 1000,
        "pairs": 30_000,
        "tokens": 1200,
        "held": 500,
        "looked": 60,
        "hand": 20,
        "ig": 64,
    },
}
KINDS = ("comprehensiveness", "sufficiency")
MODELS = {"small": "small model", "default": "default model"}


def recorded(model: Transformer, part: Translations, number: int) -> AttentionMaps:
    """Return all that is inside the model for one sentence of the grammar."""
    names = vocabulary(part.source, part.target)
    sides = [
        pairs.words(part.examples[number], language, ids)
        for language, ids in zip((part.source, part.target), part.corpus.ids(number), strict=True)
    ]
    return record(model, *sides, start=BOS, piece=names.__getitem__, inner=True)


def deleted(
    model: Transformer, looked: Sequence[AttentionMaps], reader: Reader, seed: int, steps: int
) -> Raw:
    """Return by method what its order of the source tokens predicts: falls by share, their mean, rank correlation."""
    falls: dict[str, dict[str, dict[str, list[float]]]] = {}
    ranks: dict[str, list[float]] = {}
    for maps in looked:
        scores = explanations(model, maps, BOS, reader, seed, steps)
        for method, kinds in effects(model, maps, BOS, scores, SHARES).items():
            for kind, by_share in kinds.items():
                for share, values in by_share.items():
                    falls.setdefault(method, {}).setdefault(kind, {}).setdefault(share, []).extend(values)
        for method, values in agreement(maps, scores).items():
            ranks.setdefault(method, []).extend(values)
    return {
        method: {
            **{
                kind: {share: float(np.mean(values)) for share, values in falls[method][kind].items()}
                for kind in KINDS
            },
            "rank": float(np.nanmean(ranks[method])),
        }
        for method in falls
    }


def small(seed: int, size: dict[str, int]) -> Raw:
    """Train the same model without and with a taught head; ask the first what its attention explains."""
    train = translations(seed, size["pairs"], "train")
    valid, test = (translations(seed, size["held"], part) for part in ("valid", "test"))
    out: Raw = {}
    for name, weight in (("plain", 0.0), ("taught", GUIDANCE)):
        model = transformer(shape(size["d_model"], 4), seed)
        batches = epochs(linked.with_links(train), size["tokens"], seed)
        found = learn(model, batches, seed=seed, steps=size["steps"], rate=0.005, guided_alignment=weight)
        loss, right = token_losses(model, valid.corpus)
        head = Reader(heads=(guided_head(model.config),))
        out[name] = {
            **found.facts(),
            "loss": loss,
            "right": right,
            "rates": linked.rates(linked.of_grammar(model, test), {"the head that is taught": head}),
        }
        if name == "plain":
            looked = [recorded(model, test, number) for number in range(size["looked"])]
            out["deleted"] = deleted(model, looked, Reader.usual(2, 4), seed, size["ig"])
    return out


def recurrent(seed: int, size: dict[str, int]) -> Raw:
    """Train a GRU encoder-decoder with attention (Luong et al. 2015) on the same, for its alignments."""
    train = translations(seed, size["pairs"], "train").corpus
    valid, test = (translations(seed, size["held"], part) for part in ("valid", "test"))
    config = ModelConfig(
        vocab_size=len(vocabulary("en", "fr")),
        kind="gru",
        attention="dot",
        d_model=size["d_model"],
        num_encoder_layers=2,
        num_decoder_layers=2,
        dropout=0.0,
    )
    torch.manual_seed(seed)
    model = build_any(config)
    batches = epochs(train, size["tokens"], seed)
    found = learn(model, batches, seed=seed, steps=size["steps"], rate=0.005)
    loss, right = token_losses(model, valid.corpus)
    rates = linked.rates(linked.of_grammar(model, test), {"its one head": Reader(heads=((0, 0),))})
    return {**found.facts(), "loss": loss, "right": right, "rates": rates}


def default_model(seed: int, size: dict[str, int], path: str | None) -> Raw:
    """Ask the default model the same, on pairs linked by hand."""
    translator = Translator.load(path, engine="pytorch")
    chosen = linked.of_default(translator, 1 if size["steps"] < 10 else 10)
    sentences = pairs.by_hand()[seed % 7 :: 7][: size["hand"]]
    looked = [
        translator.look(one.source, to=one.to, target=one.target, inner=True).sentences[0]
        for one in sentences
    ]
    model = translator.pytorch.model
    assert isinstance(model, Transformer)
    return {
        "rates": linked.rates(chosen, {"the heads that were chosen": translator.reader}),
        "deleted": deleted(
            model, [maps for maps in looked if may_go(maps)], translator.reader, seed, size["ig"]
        ),
    }


def measure(seed: int, options: argparse.Namespace) -> Raw:
    """Measure alignments and explanations of a small model and of the default one."""
    size = SIZES[options.form]
    found = small(seed, size)
    found["recurrent"] = recurrent(seed, size)
    return {"small": found, "default": default_model(seed, size, options.model)}


def rate(results: Results, which: str, name: str) -> list[float]:
    """Return an alignment error rate of each seed; `which` is plain, taught, recurrent or default."""
    if which == "default":
        return [one["default"]["rates"][name] for one in results]
    return [one["small"][which]["rates"][name] for one in results]


def area(results: Results, which: str, method: str, kind: str) -> list[float]:
    """Return the mean fall over all shares, of each seed (AOPC)."""
    return [float(np.mean(list(one[which]["deleted"][method][kind].values()))) for one in results]


def rank(results: Results, which: str, method: str) -> list[float]:
    """Return the rank correlation with leaving one out, of each seed."""
    return [one[which]["deleted"][method]["rank"] for one in results]


def tables(results: Results) -> list[Table]:
    """Return error rates, and what explanations predict."""
    methods = list(results[0]["small"]["deleted"])
    named = {
        "plain": "small model",
        "taught": "small model, one head taught",
        "recurrent": "GRU with attention",
        "default": "default model",
    }
    columns = list(results[0]["small"]["plain"]["rates"])[:-1]
    last = {which: list(_rates(results[0], which))[-1] for which in named}
    return [
        Table(
            "Word alignment: error rate of attention (AER; 0 is best)",
            ["", *columns, "the head taught or chosen, or the only one"],
            [
                [title, *(cell(rate(results, which, name)) for name in (*columns, last[which]))]
                for which, title in named.items()
            ],
        ),
        Table(
            "Translation: held-out loss, with and without a taught head and of the recurrent model",
            ["", "parameters", "loss (nats a word)", "words that come first", "processor seconds"],
            [
                [
                    named[which],
                    *(
                        cell([one["small"][which][what] for one in results])
                        for what in ("parameters", "loss", "right", "seconds")
                    ),
                ]
                for which in ("plain", "taught", "recurrent")
            ],
        ),
        *(
            Table(
                f"{title.capitalize()}: what each explanation predicts",
                [
                    "",
                    "comprehensiveness (more is better)",
                    "sufficiency (less is better)",
                    "rank correlation with leave one out",
                ],
                [
                    [
                        method,
                        *(cell(area(results, which, method, kind)) for kind in KINDS),
                        cell(rank(results, which, method)),
                    ]
                    for method in methods
                ],
            )
            for which, title in MODELS.items()
        ),
    ]


def _rates(one: Raw, which: str) -> dict[str, float]:
    found: dict[str, float] = one["default"]["rates"] if which == "default" else one["small"][which]["rates"]
    return found


def panels(results: Results) -> list[Panel]:
    """Draw the deletion curves."""
    return [
        Panel(
            title=f"{title.capitalize()}: {kind}",
            x="share of the source " + ("taken away" if kind == "comprehensiveness" else "left"),
            y="fall of the probability",
            lines={
                method: {
                    share: [one[which]["deleted"][method][kind][str(share)] for one in results]
                    for share in SHARES
                }
                for method in results[0][which]["deleted"]
            },
        )
        for which, title in MODELS.items()
        for kind in KINDS
    ]


def claims(results: Results) -> list[Claim]:
    """Decide what attention tells."""

    def lead(which: str, method: str, other: str) -> list[float]:
        both = (area(results, which, name, "comprehensiveness") for name in (method, other))
        return [one - two for one, two in zip(*both, strict=True)]

    def less(first: Sequence[float], second: Sequence[float]) -> list[float]:
        return [one - two for one, two in zip(first, second, strict=True)]

    attention, integrated = "attention, all layers", "integrated gradients"
    taught = rate(results, "taught", "the head that is taught")
    losses: Callable[[str], list[float]] = lambda which: [one["small"][which]["loss"] for one in results]  # noqa: E731
    return [
        Claim(
            name="recurrent networks",
            claim="Recurrent networks cannot be looked into, which attention put right in the Transformer.",
            criterion="the error rate of the recurrent network's attention is at least 0.1 above that of the "
            "small Transformer's averaged attention, with every seed.",
            parts=[
                at_least(
                    "rate of the GRU less rate of the average",
                    less(
                        rate(results, "recurrent", "its one head"),
                        rate(results, "plain", "average of all heads"),
                    ),
                    0.1,
                )
            ],
        ),
        Claim(
            name="alignment",
            claim="Attention shows which word a word of the translation comes from.",
            criterion="the alignment error rate of the attention to the source, averaged over all heads and "
            "layers, is at most 0.15, and so is the mean of the rates of all single heads.",
            parts=[
                at_most(f"{title}, {name}", rate(results, which, name), 0.15)
                for which, title in (("plain", "small model"), ("default", "default model"))
                for name in ("average of all heads", "mean of all heads")
            ],
        ),
        Claim(
            name="taught head",
            claim="A head can be taught to align, at no cost to translation (Garg et al. 2019).",
            criterion="its error rate is at most half of that of the same model's attention averaged, "
            "untaught, and the held-out loss rises by at most 0.05 nats a word.",
            parts=[
                at_most(
                    "rate of the taught head over that of the average",
                    [
                        one / other
                        for one, other in zip(
                            taught, rate(results, "plain", "average of all heads"), strict=True
                        )
                    ],
                    0.5,
                ),
                at_most("loss with less loss without", less(losses("taught"), losses("plain")), 0.05),
            ],
        ),
        Claim(
            name="attention explains",
            claim="Attention shows what a prediction depends on.",
            criterion="taking away the tokens with most attention lowers probabilities more than taking away "
            "random ones, and at least as much as those with the largest integrated gradients; its rank "
            "correlation with leaving one token out is at least 0.5.",
            parts=[
                part
                for which, title in MODELS.items()
                for part in (
                    more(f"{title}, attention less random", lead(which, attention, RANDOM)),
                    more(f"{title}, attention less integrated gradients", lead(which, attention, integrated)),
                    at_least(f"{title}, rank correlation", rank(results, which, attention), 0.5),
                )
            ],
        ),
        Claim(
            name="best explanation",
            claim="Norms of weighted values and gradients predict better than the weights alone.",
            criterion="the comprehensiveness of each is above that of attention averaged over all heads, beyond "
            "the interval.",
            parts=[
                more(f"{title}, {method} less attention", lead(which, method, attention))
                for which, title in MODELS.items()
                for method in ("norms of weighted values", "gradient times input", integrated)
            ],
        ),
    ]


STUDY = Study(
    name="interpretability",
    title="Interpretability: is attention an alignment, is it an explanation?",
    question="Recurrent networks are said to be black boxes, and attention to show what a model looks at. Two "
    "things can be measured: whether attention finds the word that a word was translated from, and whether "
    "taking away what an explanation points at changes what the model does.",
    method="*Alignment*: error rate (Och and Ney 2003) of the attention to the source as it is while a word is "
    "produced, sinks set aside, each target word linked as `clearhead align` does; every head alone, all "
    f"averaged, and one head taught with the grammar's links (weight {GUIDANCE}). The small model (2+2 layers, "
    "4 heads, pre-norm) learns the built-in grammar (English to French) and is measured on combinations of "
    "words it has not seen; the default model on the pairs of `recipes/default-model/alignments.tsv` that its "
    "heads were not chosen on. Beside it a GRU encoder-decoder of the same width and depth with dot-product "
    "attention (Luong et al. 2015), which has fewer parameters, same steps and batches. "
    "*Explanations* (DeYoung et al. 2020): for every target word, given all before it, source tokens are "
    "ranked by a method and the first 10, 20 and 50 % (at least one) are taken away (comprehensiveness: how "
    "far its probability falls, which should be far) or left alone (sufficiency: how far it falls, which "
    "should be little); the table has the mean over the three shares. *Leave one out* ranks by what each "
    "token's own absence costs: at one token no method can be better, so it is the mark to reach. The "
    "sentences differ from seed to seed (of the default model's pairs every seventh, from another one on); the "
    "default model is the same.",
    measure=measure,
    tables=tables,
    panels=panels,
    claims=claims,
    options=lambda parser: parser.add_argument("--model", help="model to ask instead of the default one"),
    estimate="about 10 minutes on two cores with three seeds (`--jobs 2`), reckoned from the steps of small runs.",
    reading="A token is taken away by masking it, which the model has never seen in training (padding stands "
    "at the end), so part of each fall is surprise; it is the same for all methods. Languages' tags and the "
    f"end of the sentence always stay. What is called *{ALONE}* knows the answer at one token and is no rival.",
)

if __name__ == "__main__":
    main(STUDY)
