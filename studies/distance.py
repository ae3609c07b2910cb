"""Distance: what is still known of a word read long ago, and how much gradient arrives from there."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from clearhead.config import ModelConfig
from clearhead.data.batching import TokenizedCorpus, collate
from clearhead.model.sequence_model import SequenceModel
from clearhead.text.vocabulary import EOS, PAD
from studies.claim import Claim, Part, at_least, at_most, more
from studies.figure import Panel
from studies.kinds import (
    KINDS,
    TRANSFORMER,
    WITHOUT_ATTENTION,
    choice,
    of_equal_parameters,
    present,
    transformer_of,
)
from studies.learning import FIRST, Pairs, build, fresh, learn
from studies.spread import cell
from studies.study import Raw, Results, Study, main
from studies.table import Table

SYMBOLS = 16
MARKED = FIRST + SYMBOLS
"""The first of the marked symbols, one for each plain one."""
VOCABULARY = FIRST + 2 * SYMBOLS


def recall(draws: np.random.Generator, rows: int, distance: int) -> Pairs:
    """Return strings with one marked symbol, `distance` plain ones on either side of it; the answer is it, unmarked."""
    symbols = draws.integers(FIRST, FIRST + SYMBOLS, (rows, 2 * distance + 1))
    answers = symbols[:, distance].copy()
    symbols[:, distance] += SYMBOLS
    return symbols.tolist(), answers[:, None].tolist()


def agreement(draws: np.random.Generator, rows: int, distance: int) -> Pairs:
    """Return strings with one marked noun, `distance` words on either side, other nouns among them; the answer agrees.

    Of the symbols the first quarter are singular nouns, the second plural, the rest no nouns. The answer is the first
    symbol for a singular subject and the second for a plural one.
    """
    symbols = draws.integers(FIRST, FIRST + SYMBOLS, (rows, 2 * distance + 1))
    nouns = draws.integers(0, SYMBOLS // 2, rows)
    symbols[:, distance] = MARKED + nouns
    return symbols.tolist(), (FIRST + nouns // (SYMBOLS // 4))[:, None].tolist()


def copy(draws: np.random.Generator, rows: int, distance: int) -> Pairs:
    """Return random strings of `distance` symbols, to be said again: each is needed that many steps later."""
    symbols = draws.integers(FIRST, FIRST + SYMBOLS, (rows, distance)).tolist()
    return symbols, symbols


TASKS: dict[str, Callable[[np.random.Generator, int, int], Pairs]] = {
    "recall": recall,
    "agreement": agreement,
    "copy": copy,
}


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is measured."""

    distances: tuple[int, ...]
    d_model: int
    layers: int
    steps: int
    tokens: int
    """Source and target symbols of a batch."""
    tasks: tuple[str, ...] = ("recall", "agreement", "copy")

    def rows(self, distance: int) -> int:
        """Return how many strings a batch has."""
        return max(4, self.tokens // (2 * distance + 2))


SIZES = {
    "toy": Size(distances=(2, 6), d_model=16, layers=1, steps=4, tokens=300),
    "quick": Size(
        distances=(2, 8, 32, 64), d_model=32, layers=1, steps=300, tokens=800, tasks=("recall", "copy")
    ),
    "full": Size(distances=(2, 8, 32, 128, 512), d_model=64, layers=1, steps=700, tokens=2000),
}
TESTED = 100
"""Strings of each distance that are measured, so that a share is known to some hundredths."""
ENOUGH = 0.9
"""Share of right answers from which on a task counts as learned."""


def mixed(task: str, size: Size, nearest: int | None = None) -> Callable[[np.random.Generator], Pairs]:
    """Return a drawer of batches whose distance is drawn anew, small and large ones alike, up to the largest."""

    def draw(draws: np.random.Generator) -> Pairs:
        low, high = np.log2(nearest or size.distances[0]), np.log2(size.distances[-1])
        distance = round(float(2 ** draws.uniform(low, high)))
        return TASKS[task](draws, size.rows(distance), distance)

    return draw


def only(distance: int, rows: int) -> Callable[[np.random.Generator], Pairs]:
    """Return a drawer of batches of recall at one distance."""
    return lambda draws: recall(draws, rows, distance)


@torch.inference_mode()
def share_right(model: SequenceModel, corpus: TokenizedCorpus) -> float:
    """Return the share of the answer's symbols that come first, EOS not counted."""
    batch = collate(corpus, np.arange(len(corpus)))
    src, tgt = torch.from_numpy(batch.src), torch.from_numpy(batch.tgt)
    targets = tgt[:, 1:]
    real = (targets != PAD) & (targets != EOS)
    right = model.logits(model(src, tgt[:, :-1])).argmax(dim=-1) == targets
    return float(right[real].float().mean())


def gradient_norm(model: SequenceModel, corpus: TokenizedCorpus, position: int) -> float:
    """Return the norm of the gradient of the first answer's logit by the source vector at a position, mean over rows.

    Of the logit and not of the loss, whose gradient is small wherever the answer is already right.
    """
    batch = collate(corpus, np.arange(len(corpus)))
    src, tgt = torch.from_numpy(batch.src), torch.from_numpy(batch.tgt)
    vectors: list[Tensor] = []
    shared = model.target_embedding  # by both sides; the source is looked up first
    hook = shared.register_forward_hook(lambda _module, _inputs, output: vectors.append(output))
    try:
        logits = model.logits(model(src, tgt[:, :2]))[:, 0]
    finally:
        hook.remove()
    chosen = logits.gather(1, tgt[:, 1:2]).sum()
    (gradient,) = torch.autograd.grad(chosen, vectors[0])
    return float(gradient[:, position].norm(dim=-1).mean())


def measure(seed: int, options: argparse.Namespace) -> Raw:
    """Train each kind on each task at mixed distances, and measure it at each.

    And on recall from far away alone, and from near by alone with as many answers.
    """
    size = SIZES[options.form]
    tests = {
        task: {
            distance: TokenizedCorpus.from_ids(
                *TASKS[task](np.random.default_rng([seed, distance]), TESTED, distance)
            )
            for distance in size.distances
        }
        for task in size.tasks
    }
    near, far = size.distances[0], size.distances[-1]
    transformer = transformer_of(VOCABULARY, size.d_model, size.layers)
    found: dict[str, Any] = {}
    for kind in options.kinds:
        config = of_equal_parameters(kind, transformer)
        untrained = build(config, seed).eval()
        found[kind] = {"untrained": norms(untrained, tests["recall"]), "tasks": {}}
        for task, corpora in tests.items():
            learned = learn(
                build(config, seed), fresh(mixed(task, size), seed), seed=seed, steps=size.steps, rate=0.005
            )
            right = {
                str(distance): share_right(learned.model, corpus) for distance, corpus in corpora.items()
            }
            found[kind]["tasks"][task] = {**learned.facts(), "right": right}
            if task == "recall":
                found[kind]["trained"] = norms(learned.model, corpora)
        alone = learn(
            build(config, seed),
            fresh(mixed("recall", size, nearest=far), seed),
            seed=seed,
            steps=size.steps,
            rate=0.005,
        )
        found[kind]["alone"] = {**alone.facts(), "right": share_right(alone.model, tests["recall"][far])}
        found[kind]["near alone"] = near_alone(config, size, seed, tests["recall"][near])
    return {"distances": size.distances, "tasks": size.tasks, "kinds": found}


def near_alone(config: ModelConfig, size: Size, seed: int, test: TokenizedCorpus) -> Raw:
    """Train on recall at the smallest distance alone, with as many answers as are learned from the largest alone."""
    near, far = size.distances[0], size.distances[-1]
    drawn = fresh(only(near, size.rows(far)), seed)
    learned = learn(build(config, seed), drawn, seed=seed, steps=size.steps, rate=0.005)
    return {**learned.facts(), "right": share_right(learned.model, test)}


def norms(model: SequenceModel, corpora: dict[int, TokenizedCorpus]) -> dict[str, float]:
    """Return the gradient that arrives at the marked symbol, by its distance."""
    return {
        str(distance): gradient_norm(model, corpus, position=distance) for distance, corpus in corpora.items()
    }


def right(results: Results, kind: str, task: str, distance: int) -> list[float]:
    """Return the share of right answers with each seed."""
    return [each["kinds"][kind]["tasks"][task]["right"][str(distance)] for each in results]


def from_afar(results: Results, kind: str) -> list[float]:
    """Return the share of right answers at the largest distance of a model that learned from no other, by seed."""
    return [each["kinds"][kind]["alone"]["right"] for each in results]


def from_near_by(results: Results, kind: str) -> list[float]:
    """Return the share at the smallest distance of a model that learned as many answers from no other, by seed."""
    return [each["kinds"][kind]["near alone"]["right"] for each in results]


def answers(results: Results, kind: str) -> list[float]:
    """Return how many answers a model learned from at mixed distances; each is two tokens."""
    return [each["kinds"][kind]["tasks"]["recall"]["tokens"] / 2 for each in results]


def gradient(results: Results, kind: str, when: str, distance: int) -> list[float]:
    """Return the gradient that arrives with each seed."""
    return [each["kinds"][kind][when][str(distance)] for each in results]


def tables(results: Results) -> list[Table]:
    """Return right answers by distance, gradients, and cost."""
    distances, kinds = results[0]["distances"], present(list(KINDS), results)
    head = [str(distance) for distance in distances]
    by_task = [
        Table(
            f"{task.capitalize()}: share of right answers, by distance",
            ["", *head],
            [[kind, *(cell(right(results, kind, task, at)) for at in distances)] for kind in kinds],
        )
        for task in results[0]["tasks"]
    ]
    far = distances[-1]
    alone = [
        [
            kind,
            cell(right(results, kind, "recall", far)),
            cell(from_afar(results, kind)),
            cell(from_near_by(results, kind)),
            cell(answers(results, kind)),
            cell([each["kinds"][kind]["alone"]["tokens"] / 2 for each in results]),
        ]
        for kind in kinds
    ]
    gradients = [
        [f"{kind}, {when}", *(cell(gradient(results, kind, when, at)) for at in distances)]
        for kind in kinds
        for when in ("untrained", "trained")
    ]
    facts = ("parameters", "steps", "seconds")
    cost = [
        [
            f"{kind}, {task}",
            *(cell([each["kinds"][kind]["tasks"][task][fact] for each in results]) for fact in facts),
        ]
        for kind in kinds
        for task in results[0]["tasks"]
    ]
    return [
        *by_task,
        Table(
            "Recall: share of right answers, by what was learned from",
            [
                "",
                f"at {far}, of {distances[0]} to {far}",
                f"at {far}, of {far} alone",
                f"at {distances[0]}, of {distances[0]} alone",
                "answers, mixed",
                "answers, one distance",
            ],
            alone,
        ),
        Table(
            "Recall: norm of the gradient that arrives at the marked symbol, by distance",
            ["", *head],
            gradients,
        ),
        Table("Cost", ["", "parameters", "steps", "processor seconds"], cost),
    ]


def panels(results: Results) -> list[Panel]:
    """Return right answers of each task, and gradients."""
    distances, kinds = results[0]["distances"], present(list(KINDS), results)
    found = [
        Panel(
            title=task.capitalize(),
            x="distance",
            y="share right",
            lines={kind: {float(at): right(results, kind, task, at) for at in distances} for kind in kinds},
            log_x=True,
            y_range=(0, 1),
        )
        for task in results[0]["tasks"]
    ]
    untrained = {
        kind: {float(at): gradient(results, kind, "untrained", at) for at in distances} for kind in kinds
    }
    title = "Gradient that arrives, untrained"
    return [*found, Panel(title=title, x="distance", y="norm", lines=untrained, log_x=True, log_y=True)]


def claims(results: Results) -> list[Claim]:
    """Return what the numbers say of distance."""
    near, far = results[0]["distances"][0], results[0]["distances"][-1]
    tasks = results[0]["tasks"]
    found = [
        Claim(
            name="what is near is learned",
            claim="Every kind learns its tasks where the distance is small, without which near and far could not be "
            "compared.",
            criterion=f"at distance {near} at least {ENOUGH} of the answers of each task are right.",
            parts=[
                at_least(f"{kind}, {task} at {near}", right(results, kind, task, near), ENOUGH)
                for kind in present(list(KINDS), results)
                for task in tasks
            ],
        )
    ]
    if present([TRANSFORMER], results):
        one_answer = [task for task in tasks if task != "copy"]
        found += [
            Claim(
                name="attention reaches far",
                claim="A Transformer answers from far away as from near.",
                criterion=f"{' and '.join(one_answer)} at distance {far} at least {ENOUGH}, at most 0.1 below that "
                f"at {near}.",
                parts=[
                    part
                    for task in one_answer
                    for part in (
                        at_most(f"{task}, lost", lost(results, TRANSFORMER, task), 0.1),
                        at_least(f"{task} at {far}", right(results, TRANSFORMER, task, far), ENOUGH),
                    )
                ],
            ),
            Claim(
                name="attention learns from afar",
                claim="A Transformer learns what is far away from such examples alone.",
                criterion=f"recall at {far}, learned from distance {far} alone, at least {ENOUGH}.",
                given=[_learnable(results, TRANSFORMER)],
                parts=[at_least(f"recall at {far}", from_afar(results, TRANSFORMER), ENOUGH)],
            ),
            Claim(
                name="attention's gradient only thins",
                claim="Before training, a Transformer's gradient thins no faster than the words that share it grow.",
                criterion=f"from distance {near} to {far}, at least half of what 1/distance would leave.",
                parts=[at_least("share of the gradient left", left(results, TRANSFORMER), 0.5 * near / far)],
            ),
        ]
    for kind in present(WITHOUT_ATTENTION, results):
        found += of_recurrence(results, kind)
    middle = results[0]["distances"][1]
    for kind, attending in (("LSTM", "LSTM + additive"), ("GRU", "GRU + dot")):
        if len(present([kind, attending], results)) == 2:
            pairs = zip(*(right(results, each, "copy", middle) for each in (attending, kind)), strict=True)
            found.append(
                Claim(
                    name=f"{kind}: attention mends it",
                    claim=f"Attention gives the {kind} back a string that its state holds badly.",
                    criterion=f"copying {middle} symbols, at least 0.1 more of them right with attention.",
                    parts=[more("more right", [a - b for a, b in pairs], 0.1)],
                )
            )
        if present([attending], results):
            found.append(
                Claim(
                    name=f"{attending}: learns from afar",
                    claim=f"With attention a {kind} learns what is always far away.",
                    criterion=f"recall at {far}, learned from distance {far} alone, at least {ENOUGH}; not decided "
                    f"unless as many answers from distance {near} alone teach it {near}.",
                    given=[_learnable(results, attending)],
                    parts=[at_least(f"recall at {far}", from_afar(results, attending), ENOUGH)],
                )
            )
    return found


def _learnable(results: Results, kind: str) -> Part:
    near = results[0]["distances"][0]
    return at_least(f"recall at {near}, of as many answers", from_near_by(results, kind), ENOUGH)


def of_recurrence(results: Results, kind: str) -> list[Claim]:
    """Return what the numbers say of a recurrent kind without attention."""
    near, far = results[0]["distances"][0], results[0]["distances"][-1]
    return [
        Claim(
            name=f"{kind}: vanishing gradient",
            claim=f"In the untrained {kind} without attention the gradient from far away vanishes.",
            criterion=f"from distance {near} to {far}, less than a hundredth of what 1/distance would leave.",
            parts=[at_most("share of the gradient left", left(results, kind), 0.01 * near / far)],
        ),
        Claim(
            name=f"{kind}: learns nothing from afar",
            claim=f"The {kind} without attention does not learn what is always far away.",
            criterion=f"recall at {far}, learned from distance {far} alone, at most 0.2, where chance is "
            f"{1 / SYMBOLS:.2f}; not decided unless as many answers from distance {near} alone teach it {near}.",
            given=[_learnable(results, kind)],
            parts=[at_most(f"recall at {far}", from_afar(results, kind), 0.2)],
        ),
        Claim(
            name=f"{kind}: forgets",
            claim=f"The {kind} without attention forgets one word that was read long ago.",
            criterion=f"learned from all distances, recall at {far} at least 0.2 below that at {near}.",
            parts=[at_least("recall lost", lost(results, kind, "recall"), 0.2)],
        ),
    ]


def lost(results: Results, kind: str, task: str) -> list[float]:
    """Return how much less is right at the largest distance than at the smallest, seed by seed."""
    ends = (results[0]["distances"][0], results[0]["distances"][-1])
    return [near - far for near, far in zip(*(right(results, kind, task, at) for at in ends), strict=True)]


def left(results: Results, kind: str) -> list[float]:
    """Return the untrained gradient at the largest distance as a share of that at the smallest, seed by seed."""
    ends = (results[0]["distances"][0], results[0]["distances"][-1])
    pairs = zip(*(gradient(results, kind, "untrained", at) for at in ends), strict=True)
    return [far / near for near, far in pairs]


STUDY = Study(
    name="distance",
    title="Distance: what is known of a word read long ago",
    question="It is said that recurrent networks forget long dependencies because their gradients vanish, and that "
    "attention joins any two places in a constant number of steps (Table 1 of the paper). So: how much is right, and "
    "how much gradient arrives, at growing distance?",
    method="Three tasks (the quick form has the first and the last). *Recall*: one marked symbol among plain ones; say "
    "it. *Agreement*: one marked noun among other nouns and words; say whether it is singular or plural. *Copy*: say a "
    "string again. In the first two the marked symbol stands in the middle, as far from one end as from the other, "
    "since a bidirectional encoder would otherwise have it at hand. One model a task and kind learns at mixed "
    "distances, the smallest to the largest that are measured, on batches that are always new; one more learns "
    "recall from the largest distance alone, which is what a vanishing gradient should prevent, and one from the "
    "smallest alone with as many answers: batches have as many symbols, so that far examples are fewer. Equal "
    "parameters as nearly as the width allows, and equal steps, processor time in the table. The gradient is that of "
    "the right answer's logit by the vector of the marked symbol: of the logit, because the loss of a right answer has "
    f"next to none. Each share is of {TESTED} strings. An earlier quick form had 80 steps, no distance below 8 and 16 "
    "strings at 64, so that nothing was learned at all; length, distances and criteria were fixed anew, after trials "
    "of three kinds with another seed and before the runs below.",
    reading="Few steps: a kind that is wrong here might learn it with more, above all copying; and where the "
    "near is not learned, what is lost farther away is a matter of steps too. By chance right: "
    f"1 in {SYMBOLS} for recall and copy, 1 in 2 for agreement.",
    measure=measure,
    tables=tables,
    panels=panels,
    claims=claims,
    options=choice,
    estimate="33 minutes of one core for each seed.",
)

if __name__ == "__main__":
    main(STUDY)
