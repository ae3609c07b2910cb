"""Put a trained model into the package: its weights in half precision, its card with the scores that were measured.

Usage: python recipes/default-model/ship.py MODEL SCORES HELD_OUT [--began MODEL ...] [--without-share-alike]
           [--remark TEXT] [--out src/clearhead/pretrained]

MODEL is a model directory, SCORES what `measure.py --json` wrote of the very same directory, or of an earlier OUT,
HELD_OUT what `held_out.py --json` wrote of it; --began are the models that its training began with, the first one
first, where it had several parts; --without-share-alike where `data.py` was run so for all of them.
"""

import argparse
import json
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from clearhead import model_directory
from clearhead.storage import folders
from clearhead.storage.tensors import read_arrays
from data import HERE, SHARE_ALIKE, sources  # the recipe's other script

MOST_BYTES = 25_000_000
NAMES = {"en": "English", "fr": "French", "es": "Spanish", "de": "German"}
Scores = Mapping[str, Any]


def used(*, share_alike: bool = True) -> list[str]:
    """Return the names of the sources that are learned from, in the order of the mixture."""
    mixture = tomllib.loads((HERE / "mixture.toml").read_text(encoding="utf-8"))["groups"]
    known = sources()
    names = [
        name for group, about in mixture.items() for name in about.get("files", [group]) if name in known
    ]
    return [name for name in names if share_alike or name not in SHARE_ALIKE]


def table_of_sources(names: Iterable[str]) -> str:
    """Return a table of the sources, those of the same authors in one row."""
    known = sources()
    rows: dict[tuple[str, str], list[str]] = {}
    for name in names:
        about = known[name]
        licence = about["licence"] + (", **share-alike**" if about["share_alike"] else "")
        rows.setdefault((licence, about["attribution"]), []).append(name)
    lines = [f"| {', '.join(same)} | {licence} | {line} |" for (licence, line), same in rows.items()]
    return "\n".join(["| source | licence | attribution |", "|---|---|---|", *lines])


def direction(name: str) -> str:
    """Return how a direction is told, such as `en to fr`."""
    return name.replace("-", " to ")


def rate(counted: Scores) -> str:
    """Return a share, as a percentage."""
    return f"{100 * counted['right'] / counted['of']:.0f} %"


def each_part(parts: Mapping[str, Scores]) -> str:
    """Return the parts of a list, each with how many are right."""
    return ", ".join(f"{direction(name)} {part['right']} of {part['of']}" for name, part in parts.items())


def confidence(info: model_directory.ModelInfo) -> str:
    """Return what is known of how sure the model may be; empty where it was not calibrated."""
    if info.confidence is None:
        return ""
    curves = ", ".join(
        f"of {name} calibration error {curve.ece:.3f} and AUC {curve.auc:.3f} (on {curve.measured_on:,})"
        for name, curve in (("sentences", info.confidence.sentence), ("words", info.confidence.word))
    )
    return f"""
**How sure it is.** The probability it gives with a translation was fitted on validation pairs and measured on others: \
{curves}. The error is expected and of ten bins of equal count; the AUC is the chance that a right one gets more than \
a wrong one. Below {info.confidence.note_below:.2f} a note says so.
"""


def typed(held_out: Scores) -> str:
    """Return the section on what people type and what must not get lost."""
    ways, news, cut = held_out["ways of writing"], held_out["news"], held_out["left out"]
    first, numbers, kept, marks = (
        held_out[name] for name in ("first-words", "number-words", "kept", "final-marks")
    )
    lists = {
        "first words and phrases, an accepted answer": first,
        "numbers in words are the same numbers": numbers,
        "amounts, dates, codes, tags and the like all come through": kept,
        "the final mark is the source's, or none where it has none": marks,
    }
    rows = "\n".join(
        f"| {name} | {each['right']:,} of {each['of']:,} | {rate(each)} |" for name, each in lists.items()
    )
    scored = ", ".join(f"{direction(name)} {value:.2f}" for name, value in news["bleu"].items())
    return f"""**What people type**, on lists written down before training; the final mark on test sentences:

| | right | |
|---|---|---|
{rows}

First words: {each_part(first["directions"])}. Rows of these are not kept out of the training text, since a model that \
has never seen *hello* cannot know it; the other lists are, from three words on. What comes through: \
{each_part(kept["kinds"])}.

The same English sentences to French as they are, in capitals, In Title Case, with a slip of the keyboard in each: \
BLEU {ways["plain"]:.2f}, {ways["upper"]:.2f}, {ways["title"]:.2f}, {ways["slip"]:.2f}. Sentences of news and of an \
encyclopedia, long and from another world: BLEU {news["mean"]:.2f} on average ({scored}); {news["stopped"]:,} of \
{news["of"]:,} loop or run into the length limit.

Left-out words: of {cut["of"]} translations from which a word was cut, the missing word is told of \
{100 * cut["recall"]:.0f} %; of all words that are told of these and of the same translations whole, \
{100 * cut["precision"]:.0f} % are missing indeed."""


def failures(scores: Scores, held_out: Scores) -> str:
    """Return how often what is measured fails."""
    odd, news, kinds = scores["oddities"], held_out["news"], held_out["kept"]["kinds"]
    worst = sorted(kinds, key=lambda name: kinds[name]["right"] / kinds[name]["of"])[:3]
    counted = {
        "everyday sentences": scores["everyday"],
        "first words": held_out["first-words"],
        "sentences with numbers in words": held_out["number-words"],
        "lines with something that must come through": held_out["kept"],
    }
    wrong = {name: (each["of"] - each["right"], each["of"]) for name, each in counted.items()}
    wrong["long sentences, which loop or run into the limit"] = news["stopped"], news["of"]
    wrong["tables, code and repetitions, which grow"] = odd["long"]["grown"], odd["long"]["of"]
    told = "; ".join(f"{100 * bad / of:.1f} % of {name}" for name, (bad, of) in wrong.items())
    return f"{told}. Of what must come through, these fare worst: {each_part({n: kinds[n] for n in worst})}."


def card(
    info: model_directory.ModelInfo,
    scores: Scores,
    held_out: Scores,
    began: Sequence[model_directory.ModelInfo] = (),
    *,
    share_alike: bool = True,
    remark: str = "",
) -> str:
    """Return the model card of a model whose training went on from others, each from the one before it."""
    shape, training = info.model, info.training
    everyday, copies = scores["everyday"], scores["copies"]
    rows = "\n".join(
        f"| {direction(name)} | {each['bleu']['value']:.2f} | {each['chrf']['value']:.2f} |"
        for name, each in scores["directions"].items()
    )
    signatures = next(iter(scores["directions"].values()))
    parts = ", then ".join(
        f"{part.steps:,} steps (up to pass {part.epochs + 1} over {part.pairs:,} pairs, seed {part.seed})"
        for part in (*(earlier.training for earlier in began), training)
    )
    odd = scores["oddities"]
    unchanged, asked = (sum(each[name] for each in odd["same"].values()) for name in ("unchanged", "of"))
    kinds = ", ".join(f"{kind.replace('_', ' ')} {count}" for kind, count in copies["kinds"].items())
    names = used(share_alike=share_alike)
    shared = (
        "The licences of those marked share-alike ask that what is adapted from them is passed on under the same "
        "licence; their text itself is not in this package, and `data.py --without-share-alike` leaves them out."
        if share_alike
        else "No text under a share-alike licence was used."
    )
    return f"""# Everyday English, French, Spanish and German

The model that comes with Clearhead: an encoder-decoder Transformer of {shape.num_encoder_layers}+\
{shape.num_decoder_layers} layers (d_model {shape.d_model}, d_ff {shape.d_ff}, {shape.num_heads} heads, \
{shape.norm}-norm, {shape.num_parameters:,} parameters, {info.tokenizer} vocabulary of {shape.vocab_size:,}), \
for all twelve directions between {", ".join(NAMES.values())}. It is for what people say and write every day: words, \
phrases, short sentences, labels of programs. The target is named, the source is not. Weights in half precision.

    clearhead translate "Je suis étudiant."
    clearhead translate --to es "The ball is blue."

**Data.** First of all sentence pairs of Tatoeba (<https://tatoeba.org>), by way of \
<https://www.manythings.org/anki>, licence CC-BY 2.0 FR; the sentences are the work of Tatoeba's contributors. French, \
Spanish and German meet where their sentences translate the same English one. Then the open text of the table, a \
phrasebook and made lines. Trained by `clearhead train` from nothing else, {parts}; `recipes/default-model` in \
Clearhead's sources repeats it, and says in `sources.toml` what each source is and where it was taken. The weights may \
be used under the licence of Clearhead; name the sources as here. {shared}

{table_of_sources(names)}

**Scores** on sentences that are in no training part, beam {info.decoding.beam_size}:

| | BLEU | chrF |
|---|---|---|
{rows}

BLEU `{signatures["bleu"]["signature"]}`, chrF `{signatures["chrf"]["signature"]}`. BLEU further down has the same \
signature.

Of {everyday["of"]} everyday sentences written down before training and, from three words on, kept out of it, \
{everyday["right"]} are translated by an answer that was accepted beforehand ({rate(everyday)}). Of {copies["of"]} \
made sentences with a name, number, code or address, {copies["right"]} keep it unchanged ({kinds}).

{typed(held_out)}

Text that is in the target language already stays as it is in {unchanged} of {asked} sentences. Of \
{odd["emoji"]["of"]} sentences with an emoji {odd["emoji"]["kept"]} keep it; what is in a script that it has not \
learned is left as it is ({odd["scripts"]["left"]} of {odd["scripts"]["of"]}). Of {odd["long"]["of"]} translations of \
tables, lines of code, repetitions and overlong sentences {odd["long"]["grown"]} come out more than twice as long.
{confidence(info)}
**What fails**: {failures(scores, held_out)}

**Limits.** It has learned from short sentences, words and labels, and is for such. It is not for news, law, medicine or
anything that matters unread: it does not know most names of things, it mistakes rare words for others that look like
them, it may leave out a clause of a long sentence, and it takes the gender and the politeness of its examples. Between
French, Spanish and German it has learned less than with English.{f" {remark}" if remark else ""}
"""


def main() -> None:
    """Read, halve, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("scores", type=Path)
    parser.add_argument("held_out", type=Path)
    parser.add_argument("--began", type=Path, nargs="*", default=[])
    parser.add_argument("--without-share-alike", action="store_true", help="no such text was learned from")
    parser.add_argument("--remark", default="", help="a sentence that the limits end with")
    parser.add_argument("--out", type=Path, default=HERE.parents[1] / "src" / "clearhead" / "pretrained")
    arguments = parser.parse_args()
    model = model_directory.find(arguments.model)
    info = model_directory.read_info(model)
    began = [model_directory.read_info(model_directory.find(earlier)) for earlier in arguments.began]
    scores, held_out = (
        json.loads(file.read_text(encoding="utf-8")) for file in (arguments.scores, arguments.held_out)
    )
    weights = read_arrays(model / model_directory.WEIGHTS)
    files = model_directory.model_files(
        info,
        {name: array.astype(np.float16) for name, array in weights.items()},
        model_directory.read_tokenizer(model),
        card(
            info,
            scores,
            held_out,
            began,
            share_alike=not arguments.without_share_alike,
            remark=arguments.remark,
        ),
    )
    folders.write_directory(arguments.out, files)
    size = sum(file.stat().st_size for file in arguments.out.iterdir())
    print(f"{arguments.out}: {size / 1e6:.1f} MB")
    if size > MOST_BYTES:
        raise SystemExit(f"that is more than the {MOST_BYTES / 1e6:.0f} MB that the package may carry")


if __name__ == "__main__":
    main()
