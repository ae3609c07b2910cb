"""The model card: what a model is, said in its own directory."""

from collections.abc import Mapping
from typing import Any

from clearhead.model_directory import ModelInfo


def model_card(info: ModelInfo) -> str:
    """Return the README of a model directory."""
    shape, training = info.model, info.training
    figures = training["validation"]
    ended = f" It ended with {training['ending']}." if training.get("ending") else ""
    direction = ""
    if info.source_langs and info.target_langs:
        direction = f" from {', '.join(info.source_langs)} to {', '.join(info.target_langs)}"
    corpora = "\n".join(
        f"- {each['name'] or 'text'}{_direction(each)}: {each['read']:,} pairs read, {each['kept']:,} kept"
        + "".join(f"; {count:,} {fault}" for fault, count in each["faults"].items())
        for each in training["corpora"]
    )
    init = f" It started from the model {training['init']}." if training["init"] else ""
    before = training.get("before", {})
    return f"""# A Clearhead model

An encoder-decoder Transformer{direction}: {shape.num_encoder_layers}+{shape.num_decoder_layers} layers, d_model \
{shape.d_model}, d_ff {shape.d_ff}, {shape.num_heads} heads, {shape.norm}-norm, {shape.num_parameters:,} parameters, \
{info.tokenizer} vocabulary of {shape.vocab_size:,} pieces ({info.characters_per_token:.2f} characters a token).

Trained on {training["pairs"]:,} sentence pairs for {training["steps"]:,} steps ({training["epochs"]} epochs, seed \
{training["seed"]}, torch {training["torch"]}).{ended} The weights are the {training["chosen"]}.{init}

{corpora}

{_figures(figures, before) if figures else "It was not measured."}

    clearhead translate --model THIS_DIRECTORY "A sentence."

Data, licence and limits: those of the training text, which whoever trained the model must state here.
"""


def _figures(figures: Mapping[str, Any], before: Mapping[str, float]) -> str:
    """Return the table of what validation found."""
    sets = "".join(
        f"| BLEU {name} | {value:.2f}{f' (before: {before[name]:.2f})' if name in before else ''} |\n"
        for name, value in figures["bleu_by_set"].items()
        if before or len(figures["bleu_by_set"]) > 1
    )
    return f"""| validation | greedy search |
|---|---|
| BLEU | {figures["bleu"]:.2f} |
{sets}| chrF | {figures["chrf"]:.2f} |
| perplexity of a token | {figures["perplexity"]:.2f} |

BLEU signature: `{figures["bleu_signature"]}`. These figures chose the weights, so they flatter them; measure on text
of your own with `clearhead evaluate`."""


def _direction(corpus: Mapping[str, str]) -> str:
    langs = (corpus["source_lang"], corpus["target_lang"])
    return f" ({' to '.join(langs)})" if all(langs) else ""
