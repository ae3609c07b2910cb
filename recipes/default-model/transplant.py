"""Give a trained model another vocabulary, so that what it has learned is not lost with the old one.

Usage: python recipes/default-model/transplant.py MODEL TOKENIZER OUT [--encoder-layers N]

A piece that both vocabularies have keeps its vector; a new one gets the mean of the vectors of the old pieces that
spell it (Gee et al. 2022, "Fast Vocabulary Transfer for Language Model Compression"). The symbols of a kind begin
at what they stand for, a number or a name, with a little noise that tells them apart. Added encoder layers copy the
last one with what they put out set to zero, so that the model computes what it did before. OUT is trained on with
`clearhead train --init OUT`.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from clearhead import model_directory
from clearhead.storage import folders
from clearhead.storage.tensors import read_arrays
from clearhead.text.escape import SPACE_MARK
from clearhead.text.symbols import KIND_OF
from clearhead.text.tokenizer import Tokenizer

EXAMPLES = {
    "thing": ("it", "this"),
    "word": ("Tom", "Mary"),
    "mark": ("!", "."),
    "opening": ('"', "("),
    "closing": ('"', ")"),
    "number": ("30", "100"),
    "year": ("2013", "1999"),
    "amount": ("300 dollars", "50 euros"),
    "time": ("2:30", "6:30"),
    "date": ("October 20", "July 4"),
}
"""Text at whose vectors the symbols of a kind begin."""
NOISE = 0.3
"""Standard deviation of a symbol's difference from the others of its kind, in that of all vectors."""


def vectors(old: Tokenizer, new: Tokenizer, table: np.ndarray, seed: int = 1) -> np.ndarray:
    """Return the vectors of the new vocabulary, from the table of the old one."""
    draws = np.random.default_rng(seed)
    ids = {piece: number for number, piece in enumerate(old.vocabulary)}
    found = np.empty((new.vocab_size, table.shape[1]), dtype=np.float32)
    for number, piece in enumerate(new.vocabulary):
        if piece in KIND_OF:
            examples = [i for text in EXAMPLES[KIND_OF[piece]] for i in old.encode(text)]
            found[number] = table[examples].mean(axis=0) + NOISE * table.std() * draws.standard_normal(
                table.shape[1]
            )
        elif piece in ids:
            found[number] = table[ids[piece]]
        else:
            text = piece.replace(SPACE_MARK, " ")
            spelled = old.encode(text.strip())
            if not text.startswith(" ") and spelled and old.vocabulary[spelled[0]] == SPACE_MARK:
                spelled = spelled[1:]
            found[number] = table[spelled].mean(axis=0) if spelled else table.mean(axis=0)
    return found


def deeper(arrays: dict[str, np.ndarray], before: int, after: int) -> dict[str, np.ndarray]:
    """Return the weights of an encoder with more layers, the added ones putting out nothing as yet."""
    found = dict(arrays)
    for layer in range(before, after):
        for name, array in arrays.items():
            start = f"encoder.layers.{before - 1}."
            if name.startswith(start):
                rest = name.removeprefix(start)
                silent = rest.rsplit(".", 2)[-2] in ("output", "outer")
                found[f"encoder.layers.{layer}.{rest}"] = np.zeros_like(array) if silent else array.copy()
    return found


def main() -> None:
    """Read, transplant and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("model", "tokenizer", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--encoder-layers", type=int)
    arguments = parser.parse_args()
    model = model_directory.find(arguments.model)
    info, old = model_directory.read_info(model), model_directory.read_tokenizer(model)
    new = Tokenizer.load(arguments.tokenizer)
    arrays = dict(read_arrays(model / model_directory.WEIGHTS))
    layers = arguments.encoder_layers or info.model.num_encoder_layers
    arrays = deeper(arrays, info.model.num_encoder_layers, layers)
    (table,) = (name for name, array in arrays.items() if array.shape[0] == old.vocab_size)
    kept = len(set(old.vocabulary) & set(new.vocabulary))
    arrays[table] = vectors(old, new, arrays[table].astype(np.float32))
    info = replace(
        info,
        model=replace(info.model, vocab_size=new.vocab_size, num_encoder_layers=layers),
        alignment={},
    )
    folders.write_directory(
        arguments.out, model_directory.model_files(info, arrays, new, "A start for training.")
    )
    print(f"{arguments.out}: {kept:,} of {new.vocab_size:,} pieces keep their vectors")


if __name__ == "__main__":
    main()
