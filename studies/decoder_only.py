"""A translator as a language model beside an encoder-decoder, at equal parameters and equal time.

$ python -m studies.decoder_only
$ python -m studies.decoder_only --full --source train.en --target train.fr --test-source t.en --test-target t.fr
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F

from clearhead.architectures.build import build
from clearhead.config import ModelConfig
from clearhead.corpora.lines import read_lines
from clearhead.data.batching import TokenizedCorpus
from clearhead.decoding.constraints import Ban, Length
from clearhead.decoding.rules import Rules
from clearhead.decoding.search import finish, search
from clearhead.decoding.strategies import Greedy
from clearhead.engines.pytorch import next_token
from clearhead.evaluation.scores import bleu
from clearhead.model.padding import padded
from clearhead.model.sequence_model import SequenceModel
from clearhead.text.normalize import normalize
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.vocabulary import BOS, EOS, PAD, UNK
from studies.claim import Claim, at_least, more
from studies.figure import Panel
from studies.learning import epochs, learn
from studies.spread import cell
from studies.study import Raw, Results, Study, main
from studies.table import Table
from studies.words import translations, vocabulary

BOTH, TARGET, ALL, STEPS = (
    "encoder-decoder",
    "decoder-only, loss on the target",
    "decoder-only, loss on all",
    "decoder-only, as many steps",
)
SHORT = {BOTH: "with encoder", TARGET: "on target", ALL: "on all", STEPS: "as many steps"}
"""What stands below the points of the figure."""
WIDTH = {"toy": 32, "quick": 64, "full": 128}
SECONDS = {"toy": 1.0, "quick": 8.0, "full": 900.0}
COUNT = {"toy": (200, 20), "quick": (4_000, 200), "full": (20_000, 1_000)}
"""Pairs to learn from and to measure with, of the grammar."""
_MEASURED = 64
"""Pairs decoded at a time."""


@dataclass(frozen=True)
class Task:
    """Pairs to learn from and to measure with, as ids, and how outputs are scored."""

    vocab_size: int
    train: TokenizedCorpus
    test: TokenizedCorpus
    score: Callable[[Sequence[Sequence[int]]], float]

    @property
    def separator(self) -> int:
        """An id of its own, which stands between source and target where the loss is on all."""
        return self.vocab_size - 1


def task(seed: int, options: argparse.Namespace) -> Task:
    """Return the files that were named, or else sentences of the built-in grammar, English to French."""
    if options.source:
        return _of_files(options)
    learned, measured = COUNT[options.form]
    train, test = translations(seed, learned, "train"), translations(seed, measured, "test")
    return Task(len(vocabulary("en", "fr")) + 1, train.corpus, test.corpus, test.score)


def _of_files(options: argparse.Namespace) -> Task:
    sides = [
        list(map(normalize, read_lines(file)))
        for file in (options.source, options.target, options.test_source, options.test_target)
    ]
    tokenizer = Tokenizer.train((text for side in sides[:2] for text in side), vocab_size=options.vocab_size)
    ids = [[tokenizer.encode(text) for text in side] for side in sides]
    kept = [
        n
        for n, pair in enumerate(zip(*ids[:2], strict=True))
        if 0 < min(map(len, pair)) <= max(map(len, pair)) < 128
    ]
    train = TokenizedCorpus.from_ids(*([side[number] for number in kept] for side in ids[:2]))
    return Task(
        tokenizer.vocab_size + 1,
        train,
        TokenizedCorpus.from_ids(*ids[2:]),
        lambda outputs: bleu([tokenizer.decode(list(each)) for each in outputs], sides[3]).value,
    )


def shapes(vocab_size: int, width: int) -> tuple[ModelConfig, ModelConfig]:
    """Return an encoder-decoder of 2+2 layers and a decoder of 5: with d_ff = 2 d_model both have as many weights.

    An encoder layer has 8 d_model**2 of them, and a decoder layer, with its attention to the memory, 12.
    """
    both = ModelConfig(
        vocab_size=vocab_size,
        d_model=width,
        d_ff=2 * width,
        num_heads=4,
        num_encoder_layers=2,
        num_decoder_layers=2,
        norm="pre",
    )
    return both, replace(both, kind="lm", num_decoder_layers=5)


def one_sequence(corpus: TokenizedCorpus, separator: int) -> TokenizedCorpus:
    """Return pairs as plain text: no source, and a target of source, separator and target."""
    pairs = [corpus.ids(index) for index in range(len(corpus))]
    return TokenizedCorpus.from_ids([[]] * len(pairs), [[*src, separator, *tgt] for src, tgt in pairs])


@torch.inference_mode()
def measured(
    model: SequenceModel, corpus: TokenizedCorpus, separator: int, *, whole: bool
) -> tuple[float, list[list[int]]]:
    """Return the loss per target token and what greedy search writes.

    A model of `whole` texts reads `<s> source separator` before the target, others the source and `<s>`.
    """
    start, head = (separator, [BOS]) if whole else (BOS, [])
    total, tokens, outputs = 0.0, 0, []
    for begin in range(0, len(corpus), _MEASURED):
        pairs = [corpus.ids(index) for index in range(begin, min(begin + _MEASURED, len(corpus)))]
        src = padded([[*head, *src, EOS] for src, _ in pairs], PAD, torch.device("cpu"))
        tgt = padded([[start, *tgt, EOS] for _, tgt in pairs], PAD, torch.device("cpu"))
        states, _ = model.decode(tgt[:, :-1], model.encode(src))
        losses = F.cross_entropy(
            model.logits(states).transpose(1, 2), tgt[:, 1:], ignore_index=PAD, reduction="sum"
        )
        total, tokens = total + losses.item(), tokens + int((tgt[:, 1:] != PAD).sum())
        never = Ban((PAD, BOS, UNK, separator))
        rules = Rules(length=Length(EOS, [2 * len(src) + 10 for src, _ in pairs]), filters=[never])
        found = finish(search(next_token(model), model.encode(src), Greedy(), rules, bos=start))
        outputs += [list(hypotheses[0].tokens) for hypotheses in found]
    return total / tokens, outputs


def measure(seed: int, options: argparse.Namespace) -> Raw:
    """Train the four models with one seed and measure them on pairs that none has learned from."""
    data = task(seed, options)
    both, alone = shapes(data.vocab_size, options.width or WIDTH[options.form])
    seconds = options.seconds or SECONDS[options.form]
    raw: Raw = {}
    for name, config in ((BOTH, both), (TARGET, alone), (ALL, alone), (STEPS, alone)):
        corpus = one_sequence(data.train, data.separator) if name == ALL else data.train
        torch.manual_seed(seed)
        limit = {"steps": raw[BOTH]["steps"]} if name == STEPS else {"seconds": seconds}
        batches = epochs(corpus, options.batch_tokens, seed)
        learned = learn(build(config), batches, seed=seed, rate=0.003, warmup=50, **limit)
        loss, outputs = measured(learned.model, data.test, data.separator, whole=name == ALL)
        targets = [data.test.ids(index)[1] for index in range(len(data.test))]
        equal = [list(output) == target for output, target in zip(outputs, targets, strict=True)]
        raw[name] = {
            **learned.facts(),
            "loss": loss,
            "bleu": data.score(outputs),
            "exact": float(np.mean(equal)),
        }
    return raw


def tables(results: Results) -> list[Table]:
    """Return what each model cost and reached."""

    def row(name: str) -> tuple[str, ...]:
        of = [each[name] for each in results]
        figures = ("parameters", "steps", "seconds", "loss", "bleu")
        exact = cell([100 * each["exact"] for each in of])
        return (name, *(cell([float(each[figure]) for each in of]) for figure in figures), exact)

    head = (
        "model",
        "parameters",
        "steps",
        "seconds of one core",
        "loss per target token",
        "BLEU",
        "exact, %",
    )
    return [Table("Unseen pairs, greedy search", head, [row(name) for name in (BOTH, TARGET, ALL, STEPS)])]


def panels(results: Results) -> list[Panel]:
    """Return BLEU and loss of the four."""
    return [
        Panel(
            title=title,
            x="",
            y=title,
            lines={
                name: {SHORT[name]: [each[name][key] for each in results]}
                for name in (BOTH, TARGET, ALL, STEPS)
            },
        )
        for title, key in (("BLEU", "bleu"), ("loss per target token", "loss"))
    ]


def claims(results: Results) -> list[Claim]:
    """Decide who wins."""

    def ahead(one: str, other: str) -> list[float]:
        return [each[one]["bleu"] - each[other]["bleu"] for each in results]

    return [
        Claim(
            name="encoder-decoder or decoder-only",
            claim="At equal parameters and equal time an encoder-decoder translates better than a language model of "
            "source, separator and target.",
            criterion="its BLEU is higher, beyond the interval, against a loss on the target alone and on all.",
            parts=[
                more("BLEU ahead of the loss on the target", ahead(BOTH, TARGET)),
                more("BLEU ahead of the loss on all", ahead(BOTH, ALL)),
            ],
        ),
        Claim(
            name="what the time costs a decoder-only translator",
            claim="The difference is that of time alone: after as many steps the language model is as good.",
            criterion="within 1 BLEU of the encoder-decoder, or ahead, with every seed.",
            parts=[at_least("BLEU after as many steps", ahead(STEPS, BOTH), -1.0)],
        ),
    ]


def flags(parser: argparse.ArgumentParser) -> None:
    """Add what is learned from, and for how long."""
    for name in ("source", "target", "test-source", "test-target"):
        parser.add_argument(
            f"--{name}", help="plain text, a sentence a line; without it the built-in grammar"
        )
    parser.add_argument("--vocab-size", type=int, default=8_000, help="of the joint vocabulary of files")
    parser.add_argument("--batch-tokens", type=int, default=1_024)
    parser.add_argument("--width", type=int, help="d_model")
    parser.add_argument("--seconds", type=float, help="of one core, for each model")


STUDY = Study(
    name="decoder_only",
    title="A translator as a language model",
    question="A decoder alone can translate: it reads source, separator and target as one text. What does the "
    "encoder of Figure 1 give that such a model lacks, and what does it cost?",
    method="An encoder-decoder of 2+2 layers and a decoder-only model of 5, equally wide, d_ff = 2 d_model, "
    "which makes their weights as many; pre-norm, Adam at the same rate, greedy search. Each trains for "
    "the same time of one core; the decoder-only model once with the loss on the target alone and once on"
    " source and target, and again for as many steps as the encoder-decoder took. Built-in grammar, "
    "English to French, combinations that training never shows; or files that are named.",
    measure=measure,
    tables=tables,
    panels=panels,
    claims=claims,
    options=flags,
    estimate="an hour of one core for each seed; with --seconds 150 a quarter of one.",
    reading="Where BLEU is near 0 nothing was learned in the time, and the verdicts mean nothing: give more --seconds. "
    "Small models and little text. A decoder-only model reads the source under the causal mask, so that a"
    " word of it never sees those after it; and it spends all its layers on the source too, which is what"
    " costs it steps.",
)


if __name__ == "__main__":
    main(STUDY)
