"""Recurrence against attention: quality at equal steps and at equal time, by length of the sentence."""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from clearhead.config import ModelConfig
from clearhead.model.sequence_model import SequenceModel
from studies.claim import Claim, at_least, more
from studies.figure import Panel
from studies.kinds import KINDS, TRANSFORMER, choice, of_equal_parameters, present, transformer_of
from studies.learning import build, decoded, epochs, learning, token_losses
from studies.spread import cell
from studies.study import Raw, Results, Study, main
from studies.table import Table
from studies.words import Translations, of_files, translations, vocabulary, vocabulary_of_files

GROUPS = 4
"""Groups of sentences by length, of equal size."""
READABLE = 20.0
"""BLEU below which what is lost on long sentences cannot be told from what was never learned."""
PAIRS = (("LSTM", "LSTM + additive"), ("GRU", "GRU + dot"))
"""Without and with attention."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is measured."""

    d_model: int
    layers: int
    steps: int
    batch_tokens: int
    sentences: int
    tested: int


SIZES = {
    "toy": Size(d_model=16, layers=1, steps=3, batch_tokens=300, sentences=50, tested=8),
    "quick": Size(d_model=64, layers=1, steps=150, batch_tokens=1000, sentences=4000, tested=60),
    "full": Size(d_model=128, layers=1, steps=200, batch_tokens=2000, sentences=29_000, tested=200),
}


def corpora(options: argparse.Namespace, seed: int, size: Size) -> tuple[Translations, Translations]:
    """Return the sentences to learn from and the held-out ones: of the grammar, or of a folder like Multi30k's."""
    if options.folder is None:
        return translations(seed, size.sentences, "train"), translations(0, size.tested, "valid")
    source, target = options.languages
    names = vocabulary_of_files(options.folder, "train", source, target)
    return (
        of_files(options.folder, "train", source, target, names, size.sentences),
        of_files(options.folder, "valid", source, target, names, size.tested),
    )


def measure(seed: int, options: argparse.Namespace) -> Raw:
    """Train every kind, the Transformer first, whose time is what the others get."""
    size = SIZES[options.form]
    size = replace(size, steps=options.steps or size.steps, tested=options.tested or size.tested)
    train, valid = corpora(options, seed, size)
    words = len(train.names) if options.folder else len(vocabulary("en", "fr"))
    transformer = transformer_of(words, size.d_model, size.layers)
    kinds = sorted(options.kinds, key=lambda kind: kind != TRANSFORMER)
    found: dict[str, Any] = {}
    budget = 0.0
    for kind in kinds:
        found[kind] = trained(of_equal_parameters(kind, transformer), seed, size, train, valid, budget)
        budget = budget or found[kind]["steps"]["seconds"]
    corpus = "grammar" if options.folder is None else "files"
    return {"corpus": corpus, "tested": len(valid.references), "budget": budget, "kinds": found}


def trained(
    config: ModelConfig, seed: int, size: Size, train: Translations, valid: Translations, budget: float
) -> dict[str, Any]:
    """Train until both the steps and the seconds are over, and measure when each is (no budget: the steps alone)."""
    found: dict[str, Any] = {}
    batches = epochs(train.corpus, size.batch_tokens, seed)
    for learned in learning(build(config, seed), batches, seed=seed):
        step = len(learned.losses)
        if step == size.steps:
            found["steps"] = {**learned.facts(), **quality(learned.model, valid)}
            if not budget:
                found["time"] = found["steps"]
        if budget and "time" not in found and learned.seconds >= budget:
            same = step == size.steps
            found["time"] = found["steps"] if same else {**learned.facts(), **quality(learned.model, valid)}
        if len(found) == 2:
            break
    return found


def quality(model: SequenceModel, valid: Translations) -> dict[str, Any]:
    """Return held-out loss and BLEU, all and by length of the source."""
    model.eval()
    outputs = decoded(model, valid.corpus)
    return {
        "loss": token_losses(model, valid.corpus)[0],
        "bleu": valid.score(outputs),
        "by length": {
            lengths: valid.score(outputs, chosen) for lengths, chosen in valid.by_length(GROUPS).items()
        },
    }


def values(results: Results, kind: str, equal: str, fact: str) -> list[float]:
    """Return a fact at equal `steps` or equal `time` with each seed."""
    return [each["kinds"][kind][equal][fact] for each in results]


def by_length(results: Results, kind: str, lengths: str) -> list[float]:
    """Return BLEU of a group of sentences at equal steps with each seed."""
    return [each["kinds"][kind]["steps"]["by length"][lengths] for each in results]


def tables(results: Results) -> list[Table]:
    """Return quality at equal steps, at equal time, and by length."""
    kinds = present(list(KINDS), results)
    facts = ("parameters", "steps", "seconds", "loss", "bleu")
    head = ["", "parameters", "steps", "processor seconds", "held-out loss", "BLEU"]
    groups = list(results[0]["kinds"][kinds[0]]["steps"]["by length"])
    return [
        Table(
            f"At equal {equal}",
            head,
            [[kind, *(cell(values(results, kind, equal, fact)) for fact in facts)] for kind in kinds],
        )
        for equal in ("steps", "time")
    ] + [
        Table(
            "BLEU by words of the source, at equal steps",
            ["", *groups],
            [[kind, *(cell(by_length(results, kind, group)) for group in groups)] for kind in kinds],
        )
    ]


def panels(results: Results) -> list[Panel]:
    """Return curves, BLEU at equal steps and time, and BLEU by length."""
    kinds = present(list(KINDS), results)
    curves = {
        kind: {
            float(step): [each["kinds"][kind]["steps"]["curve"][step] for each in results]
            for step in results[0]["kinds"][kind]["steps"]["curve"]
        }
        for kind in kinds
    }
    groups = list(results[0]["kinds"][kinds[0]]["steps"]["by length"])
    return [
        Panel(title="Training loss", x="step", y="nats per token", lines=curves),
        Panel(
            title="BLEU at equal steps and time",
            x="",
            y="BLEU",
            lines={
                kind: {f"equal {equal}": values(results, kind, equal, "bleu") for equal in ("steps", "time")}
                for kind in kinds
            },
        ),
        Panel(
            title="BLEU by words of the source",
            x="words",
            y="BLEU",
            lines={kind: {group: by_length(results, kind, group) for group in groups} for kind in kinds},
        ),
    ]


def claims(results: Results) -> list[Claim]:
    """Return what the numbers say of recurrence."""
    found = []
    for without, attending in PAIRS:
        if len(present([without, attending], results)) < 2:
            continue
        gained = [
            difference(values(results, attending, equal, "bleu"), values(results, without, equal, "bleu"))
            for equal in ("steps", "time")
        ]
        groups = list(results[0]["kinds"][without]["steps"]["by length"])
        bare = by_length(results, without, groups[0])
        gains = [
            difference(by_length(results, attending, group), by_length(results, without, group))
            for group in (groups[-1], groups[0])
        ]
        found += [
            Claim(
                name=f"{without}: better with attention",
                claim=f"Attention makes the {without} a better translator.",
                criterion="more than 2 BLEU more, beyond the interval, at equal steps and at equal time.",
                parts=[
                    more("more at equal steps", gained[0], 2.0),
                    more("at equal time", gained[1], 2.0),
                ],
            ),
            Claim(
                name=f"{without}: long sentences",
                claim=f"And most of all for long sentences, which a {without} alone forgets.",
                criterion="the gain in BLEU is larger in the longest quarter than in the shortest; not decided while "
                f"{without} alone is below {READABLE:.0f} BLEU on the shortest.",
                given=[at_least("BLEU without attention, shortest quarter", bare, READABLE)],
                parts=[more("gain of the longest less the shortest", difference(*gains))],
            ),
        ]
    for kind in present([kind for kind in KINDS if kind != TRANSFORMER], results):
        if present([TRANSFORMER], results):
            found.append(
                Claim(
                    name=f"Transformer over {kind}",
                    claim=f"The Transformer translates better than {kind}.",
                    criterion="more than 1 BLEU more, beyond the interval, at equal steps and at equal time.",
                    parts=[
                        more(
                            f"more at equal {equal}",
                            difference(
                                values(results, TRANSFORMER, equal, "bleu"),
                                values(results, kind, equal, "bleu"),
                            ),
                            1.0,
                        )
                        for equal in ("steps", "time")
                    ],
                )
            )
    return found


def difference(one: list[float], other: list[float]) -> list[float]:
    """Return differences, seed by seed."""
    return [a - b for a, b in zip(one, other, strict=True)]


def flags(found: argparse.ArgumentParser) -> None:
    """Add the flags of this study."""
    choice(found)
    found.add_argument(
        "--folder",
        type=Path,
        help="folder with train.LANGUAGE.gz and valid.LANGUAGE.gz, tokenised; else the grammar",
    )
    found.add_argument("--languages", nargs=2, default=["en", "de"], help="of the folder: source and target")
    found.add_argument("--steps", type=int, help="training steps of every kind instead of the form's")
    found.add_argument("--tested", type=int, help="held-out sentences instead of the form's")


STUDY = Study(
    name="recurrence",
    title="Recurrence against attention",
    question="Recurrent translators, with attention and without, convolutional ones and the Transformer: which "
    "translates better after the same number of steps, and which after the same time? And is it true that recurrence "
    "without attention fails on long sentences?",
    method="Every kind has as many layers and, as nearly as its width allows, as many parameters. All "
    "see the same batches with the same loss and schedule. *Equal steps*: measured after so many steps. *Equal time*: "
    "measured when the processor time that the Transformer took for them is over. Words are tokens: of the built-in "
    "grammar (en-fr, combinations of words held out), or with `--folder` of tokenised files such as Multi30k's (words "
    "seen once are unknown). Validation data (200 sentences in the full form, or what --tested says), greedy search, "
    "BLEU over words. Recurrent encoders read both ways, also without attention, where Sutskever et al. (2014) read "
    "one way, backwards; what was attended is "
    "not fed into the next step (input feeding, Luong et al. 2015).",
    reading="One learning rate for all, which is not the best for each; short runs favour what learns fast.",
    measure=measure,
    tables=tables,
    panels=panels,
    claims=claims,
    options=flags,
    estimate="estimated at ten minutes of two cores with --jobs 2 and three seeds, from the steps of the quick form; "
    "its corpus is given with --folder (the grammar without). --steps makes it longer, --tested more exact.",
)

if __name__ == "__main__":
    main(STUDY)
