"""What a model of each kind reaches on the built-in grammar after the same steps: `python -m benchmarks.architectures`.

English to French; the test sentences ask for combinations of words that training never showed. Same trainer, batches,
learning rate and width for all; the number of parameters is what each kind makes of that width.
"""

import argparse
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any

from clearhead.config import CorpusConfig, RunConfig
from clearhead.corpora.pair import Pair
from clearhead.data.preparation import CorpusText
from clearhead.evaluation import bleu
from clearhead.grammar import grammar
from clearhead.run import train
from clearhead.run.corpora import Corpora, SentencePair
from clearhead.translator import Translator
from clearhead.translator.unsaved import translated

KINDS: dict[str, dict[str, Any]] = {
    "transformer": {"kind": "transformer", "norm": "pre"},
    "convolutional": {"kind": "convolutional"},
    "gru dot": {"kind": "gru", "attention": "dot"},
    "lstm additive": {"kind": "lstm", "attention": "additive"},
    "lstm none": {"kind": "lstm", "attention": "none"},
}
TRAIN, VALID, TEST = 12_000, 50, 250


def settings(model: dict[str, Any], width: int, steps: int, seed: int) -> RunConfig:
    """Return the settings of one run: two layers on each side, no dropout, as the demo has them."""
    shape = {"d_model": width, "d_ff": 2 * width, "num_encoder_layers": 2, "num_decoder_layers": 2}
    return RunConfig.from_dict(
        {
            "preset": "tiny",
            "tokenizer": {"vocab_size": 1000},
            "model": {**shape, "dropout": 0.0, **model},
            "training": {
                "seed": seed,
                "max_steps": steps,
                "batch_tokens": 1250,
                "label_smoothing": 0.0,
                "schedule": "cosine",
                "learning_rate": 3e-3,
                "warmup_steps": max(1, steps // 15),
                "valid_every": steps,
                "save_every": steps,
                "average_last": 1,
                "select_by": "loss",
                "precision": "fp32",
                "threads": 1,
            },
        }
    )


def pairs(part: grammar.Part, seed: int, count: int) -> list[tuple[str, str]]:
    """Return sentences of a part of the grammar, English and French."""
    examples = islice(grammar.generate(seed, count, part=part), count)
    return [(example.text("en"), example.text("fr")) for example in examples]


def corpora(seed: int) -> Corpora:
    """Return the text to learn from and to validate on."""
    learned = (
        Pair(src, tgt, "the built-in grammar", number)
        for number, (src, tgt) in enumerate(pairs("train", seed, TRAIN), start=1)
    )
    return Corpora(
        train=[CorpusText(CorpusConfig(source_lang="en", target_lang="fr"), learned)],
        valid=[SentencePair(src, tgt, "en", "fr") for src, tgt in pairs("valid", seed, VALID)],
    )


def main() -> None:
    """Train, translate the test sentences greedily, print a row for each kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=list(KINDS))
    given = parser.parse_args()
    test = pairs("test", given.seed, TEST)
    print("| kind | parameters | training, s of processor | BLEU | exact |\n|---|---|---|---|---|")
    signature = ""
    for name in given.kinds:
        config = settings(KINDS[name], given.width, given.steps, given.seed)
        with tempfile.TemporaryDirectory() as folder:
            started = time.process_time()
            for _ in train.run(
                config, Path(folder) / "run", translate=translated, corpora=corpora(given.seed)
            ):
                pass
            seconds = time.process_time() - started
            translator = Translator.load(Path(folder) / "run" / "model", engine="pytorch")
            found = [t.text for t in translator.translate([src for src, _ in test], beam_size=1)]
            size = translator.info.model.num_parameters
        references = [tgt for _, tgt in test]
        score = bleu(found, references)
        signature = score.signature
        exact = sum(one == other for one, other in zip(found, references, strict=True)) / len(test)
        print(f"| {name} | {size:,} | {seconds:.0f} | {score.value:.1f} | {100 * exact:.0f} % |", flush=True)
    print(
        f"\n{TEST} sentences, {given.steps} steps, width {given.width}, seed {given.seed}, greedy; {signature}"
    )


if __name__ == "__main__":
    main()
