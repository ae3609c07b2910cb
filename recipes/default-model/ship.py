"""Put a trained model into the package: its weights in half precision, its card with the scores that were measured.

Usage: python recipes/default-model/ship.py MODEL SCORES [--began MODEL ...] [--out src/clearhead/pretrained]

MODEL is a model directory, SCORES what `measure.py --json` wrote of the very same directory, or of an earlier OUT;
--began are the models that its training began with, the first one first, where it had several parts.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from clearhead import checkpoint
from clearhead.engines import directory

MOST_BYTES = 25_000_000
HERE = Path(__file__).parent
NAMES = {"en": "English", "fr": "French", "es": "Spanish", "de": "German"}


def card(info: directory.ModelInfo, scores: dict[str, Any], began: Sequence[directory.ModelInfo] = ()) -> str:
    """Return the model card of a model whose training went on from others, each from the one before it."""
    shape, training = info.model, info.training
    everyday, copies = scores["everyday"], scores["copies"]
    rows = "\n".join(
        f"| {direction.replace('-', ' to ')} | {each['bleu']['value']:.2f} | {each['chrf']['value']:.2f} |"
        for direction, each in scores["directions"].items()
    )
    signatures = next(iter(scores["directions"].values()))
    parts = ", then ".join(
        f"{each['steps']:,} steps (up to pass {each['epochs'] + 1} over {each['pairs']:,} pairs, seed {each['seed']})"
        for each in (*(earlier.training for earlier in began), training)
    )
    odd = scores["oddities"]
    unchanged, asked = (sum(each[name] for each in odd["same"].values()) for name in ("unchanged", "of"))
    kinds = ", ".join(f"{kind.replace('_', ' ')} {count}" for kind, count in copies["kinds"].items())
    return f"""# Everyday English, French, Spanish and German

The model that comes with Clearhead: an encoder-decoder Transformer of {shape.num_encoder_layers}+\
{shape.num_decoder_layers} layers (d_model {shape.d_model}, d_ff {shape.d_ff}, {shape.num_heads} heads, \
{shape.norm}-norm, {shape.num_parameters:,} parameters, {info.tokenizer} vocabulary of {shape.vocab_size:,}), \
for all twelve directions between {", ".join(NAMES.values())}. The target is named, the source is not. Weights in \
half precision.

    clearhead translate "Je suis étudiant."
    clearhead translate --to es "The ball is blue."

**Data.** Sentence pairs of Tatoeba (<https://tatoeba.org>), by way of <https://www.manythings.org/anki>, licence
CC-BY 2.0 FR; the sentences are the work of Tatoeba's contributors. French, Spanish and German meet where their
sentences translate the same English one. Trained by `clearhead train` from nothing else, {parts}; \
`recipes/default-model` in Clearhead's sources repeats it. The weights may be used under the licence of Clearhead; \
name Tatoeba as above.

**Scores** on sentences that are in no training part, beam {info.decoding.beam_size}:

| | BLEU | chrF |
|---|---|---|
{rows}

BLEU `{signatures["bleu"]["signature"]}`, chrF `{signatures["chrf"]["signature"]}`.

Of {everyday["of"]} everyday sentences written down before training, {everyday["right"]} are translated by an answer \
that was accepted beforehand ({100 * everyday["right"] / everyday["of"]:.0f} %). Of {copies["of"]} made sentences with \
a name, number, code or address, {copies["right"]} keep it unchanged ({kinds}).

Text that is in the target language already stays as it is in {unchanged} of {asked} sentences. Of \
{odd["emoji"]["of"]} sentences with an emoji {odd["emoji"]["kept"]} keep it; what is in a script that it has not \
learned is left as it is ({odd["scripts"]["left"]} of {odd["scripts"]["of"]}). Of {odd["long"]["of"]} translations of \
tables, lines of code, repetitions and overlong sentences {odd["long"]["grown"]} come out more than twice as long.

**Limits.** It has learned from short everyday sentences, and is for such. It is not for news, law, medicine or
anything that matters unread: it does not know most names of things, it mistakes rare words for others that look like
them, it may leave out a clause of a long sentence, and it takes the gender and the politeness of its examples. Between
French, Spanish and German it has learned less than with English.
"""


def main() -> None:
    """Read, halve, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("scores", type=Path)
    parser.add_argument("--began", type=Path, nargs="*", default=[])
    parser.add_argument("--out", type=Path, default=HERE.parents[1] / "src" / "clearhead" / "pretrained")
    arguments = parser.parse_args()
    model = directory.find(arguments.model)
    info = directory.read_info(model)
    began = [directory.read_info(directory.find(earlier)) for earlier in arguments.began]
    weights = checkpoint.read_arrays(model / directory.WEIGHTS)
    files = directory.model_files(
        info,
        {name: array.astype(np.float16) for name, array in weights.items()},
        directory.read_tokenizer(model),
        card(info, json.loads(arguments.scores.read_text(encoding="utf-8")), began),
    )
    checkpoint.write_directory(arguments.out, files)
    size = sum(file.stat().st_size for file in arguments.out.iterdir())
    print(f"{arguments.out}: {size / 1e6:.1f} MB")
    if size > MOST_BYTES:
        raise SystemExit(f"that is more than the {MOST_BYTES / 1e6:.0f} MB that the package may carry")


if __name__ == "__main__":
    main()
